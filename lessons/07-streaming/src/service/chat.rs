//! Both sides speak when they like. One task listens to everything that may happen next: the caller
//! says something, it is time for a tick, the caller is gone, or has been silent for too long.

use std::future::pending;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until, timeout};
use tonic::{Status, Streaming};

use crate::pb::{ChatRequest, ChatResponse};
use crate::watch::{Call, Event};

use super::silent;

/// The shortest and the longest time between two ticks, in milliseconds.
pub const TICK_MS: std::ops::RangeInclusive<u32> = 10..=60_000;

type Replies = Sender<Result<ChatResponse, Status>>;

/// Why a chat is over.
enum End {
    /// The caller is gone, and hears nothing any more.
    Left,
    /// The caller did something that ends it, or nothing for too long.
    Refused(Status),
}

/// Talks until the caller has finished, and says goodbye.
pub(crate) async fn talk(
    mut requests: Streaming<ChatRequest>,
    out: Replies,
    idle: Duration,
    call: Call,
) {
    // As in `repeat`: one seat stays free for bad news.
    let Ok(last) = out.clone().try_reserve_owned() else {
        return;
    };
    match converse(&mut requests, &out, idle, &call).await {
        Ok(()) => call.tell(Event::Done),
        Err(End::Left) => call.tell(Event::Left),
        Err(End::Refused(status)) => {
            call.tell(Event::Refused(status.message().to_string()));
            last.send(Err(status));
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
            Ok(sent) => sent.map_err(|_| End::Left),
            Err(_) => Err(End::Refused(Status::deadline_exceeded(format!(
                "you have read nothing for {idle:?}"
            )))),
        }
    };
    let (mut heard, mut ticks, mut last_heard) = (0, None, Instant::now());
    say("welcome".to_string(), 0).await?;
    loop {
        tokio::select! {
            request = requests.message() => match request {
                Ok(Some(ChatRequest { text, tick_ms })) => {
                    last_heard = Instant::now();
                    if let Some(ms) = tick_ms {
                        ticks = ticking(ms).map_err(End::Refused)?;
                    }
                    if !text.is_empty() {
                        heard += 1;
                        call.tell(Event::Heard(heard));
                        say(format!("hello {text}"), heard).await?;
                    }
                }
                // The caller has finished sending, and goes on reading.
                Ok(None) => break,
                // Cancelled, or the connection is lost, or no message that can be read.
                Err(status) => return Err(End::Refused(status)),
            },
            () = tick(&mut ticks) => say("tick".to_string(), 0).await?,
            () = out.closed() => return Err(End::Left),
            () = sleep_until(last_heard + idle) => return Err(End::Refused(silent(idle))),
        }
    }
    call.tell(Event::Finished);
    say(format!("bye, {heard} texts"), 0).await
}
// ANCHOR_END: converse

/// A clock for that, or none for 0.
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
    // Ticks that could not be sent in time are not made up for.
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
