//! What is given in this exercise: the answer uses it and does not change it.

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
    /// Consul has not answered.
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

/// Keeps one service registered. The caller reports each outcome and does the step that it
/// returns, so that a check can run years in a moment.
pub struct Keeper {
    pub random: Box<dyn FnMut() -> f64>,
    pub failed: u32,
}
