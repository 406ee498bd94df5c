//! What is given in this exercise: the answer uses it and does not change it.
#![allow(dead_code, reason = "the stub does not use all of it")]

use std::future::Future;
use std::time::Duration;

/// When requests are sent: the first one at once, each further one `every` after the one before.
#[derive(Clone, Copy, Debug)]
pub struct Timetable {
    /// The time between two requests.
    pub every: Duration,
    /// How many requests there are in all. Their numbers are 0, 1, 2 and so on.
    pub requests: u32,
    /// So many requests may be under way at the same time: sent, and not answered yet.
    pub at_most: u32,
}

/// The answer to one request.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// The number of the request.
    pub number: u32,
    /// False: the site has answered with an error.
    pub good: bool,
}

/// The site that is measured, and the clock to measure it by.
pub trait Site {
    /// The time now.
    fn now(&self) -> Duration;

    /// Returns at this time or later: a timer may be late. It returns at once if the time has passed.
    fn sleep_until(&self, time: Duration) -> impl Future<Output = ()>;

    /// Sends the request of this number. It does not wait for the answer.
    fn send(&self, number: u32);

    /// Waits for the next answer. Answers come in any order. A request that is under way gets one for sure, within 5 s. This
    /// future can be dropped at any time, and no answer is lost.
    fn answer(&self) -> impl Future<Output = Answer>;
}

/// What was measured.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The latency of each request that got a good answer, in any order.
    pub latencies: Vec<Duration>,
    /// How many requests were answered with an error.
    pub failed: u32,
    /// How many requests of the timetable were not sent, because too many were under way.
    pub not_sent: u32,
}
