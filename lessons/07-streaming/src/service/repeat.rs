//! One request, many replies. A task makes them, a channel with an end carries them to the call.

use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::SendError;
use tokio::time::{Instant, sleep, timeout};
use tonic::Status;

use crate::pb::{RepeatRequest, RepeatResponse};
use crate::watch::{Call, Event};

use super::given;

/// The most greetings in one call.
pub const COUNT: u32 = 1_000_000;
/// The longest time for one greeting, in milliseconds.
pub const INTERVAL_MS: u32 = 60_000;
/// The most bytes beside one greeting.
pub const PAYLOAD: u32 = 32 * 1024;

/// One seat of the channel stays free for bad news: when it has to be told, the others are taken.
pub(crate) const LAST_WORD: usize = 1;

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
    /// Looks at what was asked for, before anything is begun.
    ///
    /// # Errors
    /// INVALID_ARGUMENT, with the limit that was broken.
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

    async fn make(&self, number: u32) -> RepeatResponse {
        if !self.interval.is_zero() {
            sleep(self.interval).await;
        }
        self.greeting(number)
    }

    /// The greeting with this number, made now.
    #[must_use]
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

/// Makes the greetings, one after the other, as long as the caller wants them.
pub(crate) async fn make(order: Order, out: Replies, idle: Duration, call: Call) {
    let Ok(last) = out.clone().try_reserve_owned() else {
        return;
    };
    // ANCHOR: make
    for number in 1..=order.count {
        // Making takes time, and the caller may leave in it. `closed` is how we hear of that.
        let greeting = tokio::select! {
            () = out.closed() => return call.tell(Event::Left),
            greeting = order.make(number) => greeting,
        };
        call.tell(Event::Made(number));
        // While the channel is full this waits, and makes nothing: that is all there is to it.
        match timeout(idle, out.send(Ok(greeting))).await {
            Ok(Ok(())) => {}
            Ok(Err(SendError(_))) => return call.tell(Event::Left),
            Err(_) => {
                let words = format!("you have read nothing for {idle:?}");
                call.tell(Event::Refused(words.clone()));
                last.send(Err(Status::deadline_exceeded(words)));
                return;
            }
        }
    }
    // ANCHOR_END: make
    call.tell(Event::Done);
}
