//! Stage 9: the healthy instances of `motto`, as Consul last listed them.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;

use crate::http::ask_with_index;

/// The list, shared by all calls.
#[derive(Clone, Default)]
pub struct Mottos {
    list: Arc<RwLock<Vec<String>>>,
    turn: Arc<AtomicUsize>,
}

impl Mottos {
    /// The address of a healthy instance; each in its turn.
    pub fn next(&self) -> Option<String> {
        let list = self.list.read().unwrap_or_else(PoisonError::into_inner);
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let index = turn.checked_rem(list.len())?;
        Some(list[index].clone())
    }

    /// Follows the changes in the Consul at `consul`. While it is away, the last list stays.
    pub async fn follow(self, consul: String) {
        let mut index = 0;
        loop {
            match healthy(&consul, index).await {
                Ok((new, list)) => {
                    *self.list.write().unwrap_or_else(PoisonError::into_inner) = list;
                    index = new;
                }
                Err(_) => {
                    // Consul may come back with a smaller index.
                    index = 0;
                    sleep(Duration::from_millis(200)).await;
                }
            }
        }
    }
}

/// A blocking query: it is answered when the index is above `index`, or after the time to wait.
async fn healthy(consul: &str, index: u64) -> io::Result<(u64, Vec<String>)> {
    let path = format!("/v1/health/service/motto?passing=true&index={index}&wait=5s");
    let (index, entries) = ask_with_index(consul, "GET", &path, "").await?;
    let entries = entries.as_array().map_or(&[][..], Vec::as_slice);
    Ok((index, entries.iter().filter_map(address).collect()))
}

/// An entry without an address of its own has the one of its node.
fn address(entry: &Value) -> Option<String> {
    let service = &entry["Service"];
    let host = match service["Address"].as_str() {
        None | Some("") => entry["Node"]["Address"].as_str()?,
        Some(host) => host,
    };
    Some(format!("{host}:{}", service["Port"]))
}
