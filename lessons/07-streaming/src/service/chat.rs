//! Both sides send when they like. One task waits for all that may happen next: a request, a tick of
//! the clock, a cancelled call, and a client that has been silent for too long.

use std::future::pending;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until, timeout};
use tonic::{Status, Streaming};

use crate::observe::{Call, Event};
use crate::pb::{ChatRequest, ChatResponse};

use super::silent;

/// The shortest and the longest time between two ticks, in milliseconds.
pub const TICK_MS: std::ops::RangeInclusive<u32> = 10..=60_000;

type Replies = Sender<Result<ChatResponse, Status>>;

/// Why a chat is over.
enum End {
    /// The client has cancelled the call, or its connection is lost.
    Cancelled,
    /// The server ends the call with this status.
    Refused(Status),
}

/// Talks until the client has finished sending, and says goodbye.
pub(crate) async fn talk(
    mut requests: Streaming<ChatRequest>,
    out: Replies,
    idle: Duration,
    call: Call,
) {
    // As in `repeat`: one slot of the channel is reserved for the final error.
    let Ok(slot) = out.clone().try_reserve_owned() else {
        return;
    };
    match converse(&mut requests, &out, idle, &call).await {
        Ok(()) => call.report(Event::Done),
        Err(End::Cancelled) => call.report(Event::Cancelled),
        Err(End::Refused(status)) => {
            call.report(Event::Refused(status.message().to_string()));
            slot.send(Err(status));
        }
    }
}

// ANCHOR: converse
async fn converse(
    requests: &mut Streaming<ChatRequest>,
    out: &Replies,
    idle: Duration,
    call: &Call,
) -> Result<(), End> {
    let say = async |text: String, answers| {
        let reply = ChatResponse { text, answers };
        match timeout(idle, out.send(Ok(reply))).await {
            Ok(sent) => sent.map_err(|_| End::Cancelled),
            Err(_) => Err(End::Refused(Status::deadline_exceeded(format!(
                "the client has read nothing for {idle:?}"
            )))),
        }
    };
    let (mut received, mut ticks, mut last_received) = (0, None, Instant::now());
    say("welcome".to_string(), 0).await?;
    loop {
        tokio::select! {
            request = requests.message() => match request {
                Ok(Some(ChatRequest { text, tick_ms })) => {
                    last_received = Instant::now();
                    if let Some(ms) = tick_ms {
                        ticks = ticking(ms).map_err(End::Refused)?;
                    }
                    if !text.is_empty() {
                        received += 1;
                        call.report(Event::Received(received));
                        say(format!("hello {text}"), received).await?;
                    }
                }
                // The client has finished sending (half-close), and goes on reading.
                Ok(None) => break,
                // Cancelled, or the connection is lost, or the bytes are no valid message.
                Err(status) => return Err(End::Refused(status)),
            },
            () = tick(&mut ticks) => say("tick".to_string(), 0).await?,
            () = out.closed() => return Err(End::Cancelled),
            () = sleep_until(last_received + idle) => return Err(End::Refused(silent(idle))),
        }
    }
    call.report(Event::HalfClosed);
    say(format!("bye, {received} texts"), 0).await
}
// ANCHOR_END: converse

/// A clock with this interval, or none for 0.
fn ticking(ms: u32) -> Result<Option<Interval>, Status> {
    if ms == 0 {
        return Ok(None);
    }
    if !TICK_MS.contains(&ms) {
        let (least, most) = (TICK_MS.start(), TICK_MS.end());
        let words = format!("tick_ms is {ms}; it must be 0, or from {least} to {most}");
        return Err(Status::invalid_argument(words));
    }
    let every = Duration::from_millis(ms.into());
    let mut clock = interval_at(Instant::now() + every, every);
    // A tick that could not be sent in time is not repeated.
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    Ok(Some(clock))
}

/// The next tick; never, if there is no clock.
async fn tick(clock: &mut Option<Interval>) {
    match clock {
        Some(clock) => drop(clock.tick().await),
        None => pending().await,
    }
}
