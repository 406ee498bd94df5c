//! What is given in this exercise: the answer uses it and does not change it.

use std::future::Future;
use std::time::Duration;

/// A pitch at the market is yours for a time, and for no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    pub number: u64,
    /// From the moment in which the office has said so.
    pub time: Duration,
}

/// Why the office has not done it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nobody has picked up the telephone. Somebody may, next time.
    Away,
    /// There is no such lease, or no longer.
    Ended,
}

/// The office of the market, by telephone, and a clock. Any call may be lost, and one may be left hanging for ever.
pub trait Office {
    /// A new lease for the same pitch. The office may give less time than you want.
    fn rent(&self, time: Duration) -> impl Future<Output = Result<Lease, Trouble>>;
    /// The lease begins anew, as it were: the answer is how long it runs from now on.
    fn renew(&self, number: u64) -> impl Future<Output = Result<Duration, Trouble>>;
    /// It ends at once.
    fn give_back(&self, number: u64) -> impl Future<Output = Result<(), Trouble>>;
    /// Sleeps, by the clock of the check. Any other clock is wrong here.
    fn sleep(&self, time: Duration) -> impl Future<Output = ()>;
}
