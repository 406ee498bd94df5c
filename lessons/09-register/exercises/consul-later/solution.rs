//! Machines start in any order, and Consul is restarted too. So an absent Consul is a state and no error of the service. Only
//! a refusal that stays the same ends the attempts. The pause doubles, because milliseconds matter at first and not
//! later. It has a maximum, so that a service is back soon after hours of absence. It starts again after a
//! success. A random part, from half of the pause to all of it, spreads the services that lost Consul together. After
//! `Unknown` Consul is there, so the registration is sent at once.

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
