//! belief: one-pause-is-good-for-all
//! words: One pause is good for all times.
//! check: b_an_hour_is_long_but_not_for_ever
//! says: Let the pauses grow

use std::time::Duration;

/// What the last step has brought.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// The service has started; nothing has been tried.
    Started,
    /// Consul has taken the registration.
    Registered,
    /// Consul has looked, and the service is in its list.
    Known,
    /// Consul has looked, and the service is not in its list: it has been restarted, for example.
    Unknown,
    /// Nobody has answered.
    Away,
    /// Consul has answered with this status of HTTP, and has not done it.
    Refused(u16),
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// Wait so long, then try to register.
    Register(Duration),
    /// Wait so long, then ask whether the service is in the list.
    Look(Duration),
    /// It will never work: tell a person.
    GiveUp,
}

/// Keeps one service registered. It does nothing by itself: somebody tells it what has happened, and
/// does what it answers, so that a check can let years pass in a moment.
pub struct Keeper {
    random: Box<dyn FnMut() -> f64>,
    failed: u32,
}

const FIRST: Duration = Duration::from_millis(200);
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
                let pause = FIRST;
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
