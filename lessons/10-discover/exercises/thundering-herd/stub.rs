use std::future::Future;
use std::time::Duration;

// Given in given.rs, beside this file: `List`, `Unavailable`, `FRESH`, `random_freshness`.
pub use super::given::*;

/// A cache between many callers and one Consul.
///
/// * At most one query is under way. A caller that comes meanwhile waits for its answer, and shares it: also a failure.
/// * An answer is fresh for a `random_freshness()` of its own, counted from the `now` of the caller that asked. A caller
///   gets a fresh answer without a query.
/// * A failure is shared with the callers that waited for it. The next caller after them asks again.
/// * A caller may give up: then its future is dropped, wherever it waits. The others get their answer.
///
/// `query` asks Consul. `now` is the time since the program started.
pub struct Cache<Q> {
    query: Q,
}

impl<Q, F> Cache<Q>
where
    Q: Fn() -> F,
    F: Future<Output = Result<List, Unavailable>>,
{
    pub fn new(query: Q) -> Self {
        Cache { query }
    }

    pub async fn get(&self, now: Duration) -> Result<List, Unavailable> {
        let answer = (self.query)().await;
        let _until = now + random_freshness();
        answer
    }
}
