//! What is given in this exercise: the answer uses it and does not change it.
#![allow(dead_code, reason = "the stub does not use all of it")]

use std::time::Duration;

/// The longest time for one request, from its arrival until the response is at the client.
pub const LIMIT: Duration = Duration::from_secs(5);

/// The time that the response needs on its way to the client.
pub const RETURN: Duration = Duration::from_millis(50);

/// The time for a release.
pub const CLEANUP: Duration = Duration::from_secs(2);

/// The deadline of a call is over, and the service has stopped its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeadlineExceeded;

/// The services behind the handler. Each call has a timeout, `within`: the service works no longer than that.
pub trait Services {
    /// The time by the clock of this machine.
    fn now(&self) -> Duration;
    /// The stock service reserves an item. After a failed call nothing is reserved.
    fn reserve(&self, within: Duration) -> Result<u32, DeadlineExceeded>;
    /// The payment service charges the client. After a failed call nothing is charged.
    fn charge(&self, within: Duration) -> Result<u32, DeadlineExceeded>;
    /// The stock service releases an item that was reserved.
    fn release(&self, item: u32, within: Duration) -> Result<(), DeadlineExceeded>;
}

/// A request of a client.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// When it arrived, by the clock of this machine. It may have waited in a queue since.
    pub arrived: Duration,
    /// How long after that the client closes its connection, if it has said so: `x-timeout-ms`.
    pub timeout: Option<Duration>,
}

/// An item that is reserved, and its receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    pub item: u32,
    pub receipt: u32,
}
