//! belief: equal-times-are-fair
//! words: The same time for everybody is fair.
//! check: e_a_hundred_programs_ask_again
//! says: in the same moment

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

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
    /// The last outcome, and until when it is good. Locked while somebody asks.
    kept: Mutex<Option<(Result<List, Away>, Duration)>>,
}

impl<A, F> Cache<A>
where
    A: Fn() -> F,
    F: Future<Output = Result<List, Away>>,
{
    pub fn new(ask: A) -> Self {
        let kept = Mutex::new(None);
        Cache { ask, kept }
    }

    pub async fn get(&self, now: Duration) -> Result<List, Away> {
        let mut kept = self.kept.lock().await;
        if let Some((outcome, until)) = &*kept
            && now < *until
        {
            return outcome.clone();
        }
        let outcome = (self.ask)().await;
        let good = match &outcome {
            Ok(_) => GOOD,
            Err(Away) => SORE,
        };
        *kept = Some((outcome.clone(), now + good));
        outcome
    }
}
