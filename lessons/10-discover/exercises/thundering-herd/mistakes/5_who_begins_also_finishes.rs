//! belief: who-begins-also-finishes
//! words: Who begins to ask also finishes.
//! check: d_one_who_asks_loses_patience
//! says: nobody asks any more

use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;

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

type Kept = Option<(Result<List, Away>, Duration)>;

/// What stands between many callers and one Consul.
pub struct Cache<A> {
    ask: A,
    asking: AtomicBool,
    kept: watch::Sender<Kept>,
}

impl<A, F> Cache<A>
where
    A: Fn() -> F,
    F: Future<Output = Result<List, Away>>,
{
    pub fn new(ask: A) -> Self {
        let (kept, _) = watch::channel(None);
        let asking = AtomicBool::new(false);
        Cache { ask, asking, kept }
    }

    pub async fn get(&self, now: Duration) -> Result<List, Away> {
        let good = |kept: &Kept| kept.as_ref().is_some_and(|(_, until)| now < *until);
        let mut seen = self.kept.subscribe();
        if !good(&seen.borrow()) && !self.asking.swap(true, Ordering::SeqCst) {
            let outcome = (self.ask)().await;
            let time = match &outcome {
                Ok(_) => lot(GOOD),
                Err(Away) => SORE,
            };
            self.kept.send_replace(Some((outcome, now + time)));
            self.asking.store(false, Ordering::SeqCst);
        }
        let kept = seen.wait_for(good).await.map_err(|_| Away)?;
        kept.as_ref()
            .map_or(Err(Away), |(outcome, _)| outcome.clone())
    }
}

/// Anything from three quarters to all of it. The standard library has no random numbers, but its hash
/// maps have random keys.
fn lot(all: Duration) -> Duration {
    let thousandth = RandomState::new().hash_one(()) % 1000;
    all * 3 / 4 + all / 4 * u32::try_from(thousandth).unwrap_or(0) / 1000
}
