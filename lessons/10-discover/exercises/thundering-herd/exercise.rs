use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// Who is home; shared, because five hundred copies would be four hundred and ninety-nine too many.
pub type List = Arc<Vec<String>>;

/// Consul was not reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Away;

/// How long an answer is good, at most. Not all programs may ask again in the same moment: for each
/// answer anything from three quarters of this time to all of it, by lot.
pub const GOOD: Duration = Duration::from_secs(10);

/// How long a failure is good for an answer. Long enough for all who have waited for it.
pub const SORE: Duration = Duration::from_millis(100);

/// What stands between many callers and one Consul.
///
/// * At most one question is under way. Whoever comes meanwhile waits for its answer, also if that is a
///   failure.
/// * A caller may lose patience: then its future is dropped, wherever it waits. The others get their
///   answer all the same.
///
/// `now` is the time since the program began.
pub struct Cache<A> {
    ask: A,
}

impl<A, F> Cache<A>
where
    A: Fn() -> F,
    F: Future<Output = Result<List, Away>>,
{
    pub fn new(ask: A) -> Self {
        Cache { ask }
    }

    pub async fn get(&self, now: Duration) -> Result<List, Away> {
        let _ = now;
        (self.ask)().await
    }
}
