//! The retry policy of a client: only after UNAVAILABLE, which says that the server was not reached or is about
//! to end; only calls that may run twice; a few attempts; and with random pauses, so that not all callers come
//! back in the same moment.

use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tonic::{Code, Status};

/// Whether a call is idempotent: running it twice is the same as running it once. The contract has
/// to say it: nothing on the wire does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// `idempotency_level` in the .proto file says that nothing changes.
    Safe,
    /// The contract does not say so.
    Never,
}

/// The number of attempts, and the pauses between them.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// All attempts, the first one included.
    pub attempts: u32,
    /// The most before the second attempt; it doubles each time.
    pub first: Duration,
    /// It never grows beyond this.
    pub longest: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            attempts: 4,
            first: Duration::from_millis(50),
            longest: Duration::from_secs(1),
        }
    }
}

impl Policy {
    /// The pause after so many failed attempts: anything from half of the step to all of it. A
    /// thousand clients that lost the same server must not come back in the same moment.
    pub fn pause(&self, failed: u32) -> Duration {
        let step = self
            .first
            .saturating_mul(1 << failed.saturating_sub(1).min(16));
        let step = step.min(self.longest);
        // The standard library has no random numbers, but its hash maps have random keys.
        let random = RandomState::new().hash_one(failed) % 1000;
        step / 2 + step / 2 * u32::try_from(random).unwrap_or(0) / 1000
    }
}

// ANCHOR: retry
/// Makes the call, and makes it again where that is allowed. A call that ends at `until` does not
/// begin a pause that is longer than what remains.
///
/// # Errors
/// The last status.
pub async fn retry<T, F>(
    policy: Policy,
    repeat: Repeat,
    until: Instant,
    mut call: impl FnMut() -> F,
) -> Result<T, Status>
where
    F: Future<Output = Result<T, Status>>,
{
    let mut failed = 0;
    loop {
        let status = match call().await {
            Ok(value) => return Ok(value),
            Err(status) => status,
        };
        failed += 1;
        let again = repeat == Repeat::Safe && status.code() == Code::Unavailable;
        let pause = policy.pause(failed);
        if !again || failed >= policy.attempts || Instant::now() + pause >= until {
            return Err(status);
        }
        sleep(pause).await;
    }
}
// ANCHOR_END: retry
