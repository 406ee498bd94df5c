//! Who is first, the service or its registry, is nobody's choice: machines start in any order, and Consul
//! is restarted as well. So being away is a state and not an error, and only an answer that will be the
//! same tomorrow ends the attempts. The pause doubles, because at first milliseconds matter and later
//! they do not; it has a longest value, else after hours of absence nobody would come back for
//! hours; and it begins anew after a success. A random part, from half of the pause to all of it,
//! spreads those who have lost Consul in the same moment. Forgotten is the cheap case: Consul is there, so
//! the registration goes out at once.

use std::time::Duration;

// Given in given.rs, beside this file: `Outcome`, `Step`, `Keeper`.
pub use super::given::*;

const FIRST: Duration = Duration::from_millis(200);

const LONGEST: Duration = Duration::from_secs(8);

const LOOK: Duration = Duration::from_secs(10);

impl Keeper {
    /// `random` gives numbers from 0 to 1 (1 itself never comes), others in each service.
    pub fn new(random: impl FnMut() -> f64 + 'static) -> Self {
        Keeper {
            random: Box::new(random),
            failed: 0,
        }
    }

    /// What to do after `outcome`.
    pub fn next(&mut self, outcome: Outcome) -> Step {
        match outcome {
            Outcome::Started | Outcome::Unknown => Step::Register(Duration::ZERO),
            Outcome::Registered | Outcome::Known => {
                self.failed = 0;
                Step::Look(self.spread(LOOK))
            }
            Outcome::Refused(code) if code < 500 && code != 429 => Step::GiveUp,
            Outcome::Away | Outcome::Refused(_) => {
                let pause = FIRST.saturating_mul(1 << self.failed.min(16)).min(LONGEST);
                self.failed += 1;
                Step::Register(self.spread(pause))
            }
        }
    }

    /// Anything from half of it to all of it.
    fn spread(&mut self, time: Duration) -> Duration {
        time / 2 + (time / 2).mul_f64((self.random)())
    }
}
