//! belief: what-was-asked-once-is-known
//! words: What was asked once is known.
//! check: b_good_for_a_while_and_not_for_ever
//! says: from yesterday

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OnceCell;

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
pub struct Cache<A> {
    ask: A,
    kept: OnceCell<Result<List, Away>>,
}

impl<A, F> Cache<A>
where
    A: Fn() -> F,
    F: Future<Output = Result<List, Away>>,
{
    pub fn new(ask: A) -> Self {
        let kept = OnceCell::new();
        Cache { ask, kept }
    }

    pub async fn get(&self, now: Duration) -> Result<List, Away> {
        let _ = now;
        self.kept.get_or_init(|| (self.ask)()).await.clone()
    }
}
