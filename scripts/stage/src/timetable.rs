//! An open-loop load generator: requests at the times of a timetable, whatever became of those before.
//!
//! A caller that waits for its answer leaves out those requests that would have been slow. Gil Tene calls that coordinated
//! omission; the documentation of wrk2 and of HdrHistogram explains it. So a latency begins here when the request was due.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// The times at which requests are sent.
#[derive(Clone, Copy, Debug)]
pub struct Timetable {
    /// Requests a second; more than 0.
    pub rate: f64,
    /// How many requests in all.
    pub requests: u32,
    /// So many may be under way at the same time.
    pub at_most: usize,
}

impl Timetable {
    /// Returns the time of a request after the start.
    pub fn due(&self, number: u32) -> Duration {
        Duration::from_secs_f64(f64::from(number) / self.rate)
    }
}

/// The results of a run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// From due to answered, for each request with a good answer; the shortest first.
    pub latencies: Vec<Duration>,
    /// What failed requests got, in the order in which they did.
    pub failed: Vec<String>,
    /// Requests that were not sent, because too many were under way when they were due.
    pub not_sent: u32,
}

impl Report {
    /// Returns a quantile: so many of a thousand good answers took this long or less; 500 is the median, 1000
    /// the slowest. Zero without an answer.
    pub fn within(&self, of_thousand: usize) -> Duration {
        let place = (self.latencies.len() * of_thousand).div_ceil(1000);
        let place = place.max(1) - 1;
        self.latencies.get(place).copied().unwrap_or_default()
    }
}

// ANCHOR: run
/// Sends all requests of the timetable, and returns when each that was sent has ended. `call` gets the number of the request,
/// from 0, and must end by itself: it has a deadline of its own.
pub async fn run<F>(timetable: Timetable, call: impl Fn(u32) -> F) -> Report
where
    F: Future<Output = Result<(), String>> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(timetable.at_most));
    let (mut report, mut under_way) = (Report::default(), JoinSet::new());
    let start = Instant::now();
    for number in 0..timetable.requests {
        let due = start + timetable.due(number);
        sleep_until(due).await;
        // Finished calls are taken out while the run goes on, so that they do not pile up.
        while let Some(ended) = under_way.try_join_next() {
            report.note(ended);
        }
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            report.not_sent += 1;
            continue;
        };
        let call = call(number);
        under_way.spawn(async move {
            let outcome = call.await;
            drop(place);
            outcome.map(|()| due.elapsed())
        });
    }
    while let Some(ended) = under_way.join_next().await {
        report.note(ended);
    }
    report.latencies.sort_unstable();
    report
}
// ANCHOR_END: run

impl Report {
    fn note(&mut self, ended: Result<Result<Duration, String>, tokio::task::JoinError>) {
        match ended {
            Ok(Ok(latency)) => self.latencies.push(latency),
            Ok(Err(words)) => self.failed.push(words),
            Err(error) => self.failed.push(format!("the call has panicked: {error}")),
        }
    }
}
