//! How much each sender may send: token buckets, of which there is a bounded number.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Token buckets by name. They are forgotten once they are full again.
#[derive(Default)]
pub struct Rates(Mutex<HashMap<String, (f64, Instant)>>);

impl Rates {
    /// Takes one of at most `burst` tokens, which come back with `rate` in a second; false if there is none.
    pub fn take(&self, name: &str, burst: f64, rate: f64) -> bool {
        const MOST: usize = 4096;
        let now = Instant::now();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            // A minute fills every bucket.
            all.retain(|_, (_, at)| now.duration_since(*at) < Duration::from_secs(60));
        }
        if all.len() >= MOST && !all.contains_key(name) {
            return false;
        }
        let (tokens, at) = all.entry(name.to_owned()).or_insert((burst, now));
        *tokens = (*tokens + now.duration_since(*at).as_secs_f64() * rate).min(burst);
        *at = now;
        let some = *tokens >= 1.0;
        if some {
            *tokens -= 1.0;
        }
        some
    }
}
