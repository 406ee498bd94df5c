//! The lock is held during the query, so a caller that comes meanwhile waits at the lock. It has to be tokio's
//! lock, because it is held across an `.await`. The number of answers tells a waiting caller whether an answer has
//! come since it arrived; then it shares that one, a failure too, and no time has to be compared. A caller that is
//! dropped during its query releases the lock, and the next one asks.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;

// Given in given.rs, beside this file: `List`, `Unavailable`, `FRESH`, `random_freshness`.
pub use super::given::*;

/// A cache between many callers and one Consul.
pub struct Cache<Q> {
    query: Q,
    /// How many queries have ended with an answer or a failure.
    answers: AtomicU64,
    /// The last of them, and until when it is fresh. Locked during a query.
    last: Mutex<Option<(Result<List, Unavailable>, Duration)>>,
}

impl<Q, F> Cache<Q>
where
    Q: Fn() -> F,
    F: Future<Output = Result<List, Unavailable>>,
{
    pub fn new(query: Q) -> Self {
        Cache {
            query,
            answers: AtomicU64::new(0),
            last: Mutex::new(None),
        }
    }

    pub async fn get(&self, now: Duration) -> Result<List, Unavailable> {
        let before = self.answers.load(Ordering::SeqCst);
        let mut last = self.last.lock().await;
        let waited = self.answers.load(Ordering::SeqCst) > before;
        if let Some((answer, until)) = &*last
            && (waited || (answer.is_ok() && now < *until))
        {
            return answer.clone();
        }
        let answer = (self.query)().await;
        *last = Some((answer.clone(), now + random_freshness()));
        self.answers.fetch_add(1, Ordering::SeqCst);
        answer
    }
}
