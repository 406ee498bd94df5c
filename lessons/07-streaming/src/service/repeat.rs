//! One request, many replies. A task produces them, and a bounded channel carries them to the call.

use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::SendError;
use tokio::time::{Instant, sleep, timeout};
use tonic::Status;

use crate::observe::{Call, Event};
use crate::pb::{RepeatRequest, RepeatResponse};

use super::given;

/// The most greetings in one call.
pub const COUNT: u32 = 1_000_000;
/// The longest time for one greeting, in milliseconds.
pub const INTERVAL_MS: u32 = 60_000;
/// The most bytes beside one greeting.
pub const PAYLOAD: u32 = 32 * 1024;

/// One slot of the channel is reserved for the final error: when it must be sent, all others are taken.
pub(crate) const FOR_THE_ERROR: usize = 1;

/// A request that was checked.
#[derive(Debug)]
pub struct Order {
    message: String,
    count: u32,
    interval: Duration,
    payload: Vec<u8>,
    since: Instant,
}

impl Order {
    /// Checks the request before any work begins.
    ///
    /// # Errors
    /// INVALID_ARGUMENT, with the limit that it exceeds.
    pub fn check(asked: RepeatRequest) -> Result<Self, Status> {
        let since = Instant::now();
        let name = given(asked.name)?;
        for (what, value, most) in [
            ("count", asked.count, COUNT),
            ("interval_ms", asked.interval_ms, INTERVAL_MS),
            ("payload_bytes", asked.payload_bytes, PAYLOAD),
        ] {
            if value > most {
                let words = format!("{what} is {value}; {most} is the most");
                return Err(Status::invalid_argument(words));
            }
        }
        Ok(Order {
            message: format!("hello {name}"),
            count: asked.count,
            interval: Duration::from_millis(asked.interval_ms.into()),
            payload: vec![b'.'; asked.payload_bytes as usize],
            since,
        })
    }

    async fn next(&self, number: u32) -> RepeatResponse {
        if !self.interval.is_zero() {
            sleep(self.interval).await;
        }
        self.greeting(number)
    }

    /// The greeting with this number, produced now.
    pub fn greeting(&self, number: u32) -> RepeatResponse {
        RepeatResponse {
            message: self.message.clone(),
            number,
            made_us: u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX),
            payload: self.payload.clone(),
        }
    }
}

type Replies = Sender<Result<RepeatResponse, Status>>;

/// Produces the greetings, one after the other, until the client cancels.
pub(crate) async fn produce(order: Order, out: Replies, idle: Duration, call: Call) {
    let Ok(slot) = out.clone().try_reserve_owned() else {
        return;
    };
    // ANCHOR: produce
    for number in 1..=order.count {
        // The client may cancel while the greeting is produced: then `closed` is ready.
        let greeting = tokio::select! {
            () = out.closed() => return call.report(Event::Cancelled),
            greeting = order.next(number) => greeting,
        };
        call.report(Event::Produced(number));
        // While the channel is full, `send` waits, and no further greeting is produced.
        match timeout(idle, out.send(Ok(greeting))).await {
            Ok(Ok(())) => {}
            Ok(Err(SendError(_))) => return call.report(Event::Cancelled),
            Err(_) => {
                let words = format!("the client has read nothing for {idle:?}");
                call.report(Event::Refused(words.clone()));
                slot.send(Err(Status::deadline_exceeded(words)));
                return;
            }
        }
    }
    // ANCHOR_END: produce
    call.report(Event::Done);
}
