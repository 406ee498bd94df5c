//! The screen: takes events from the traffic and writes them to standard output.
//!
//! The traffic never waits for the screen. Events go through a queue with two bounds,
//! [`MAX_EVENTS`] and [`MAX_BYTES`]; one thread empties it. If the queue is full, what bytes
//! crossed is no longer shown but counted, until the queue is half empty again; then one line
//! says how many events are missing. News of connections (opened, finished, broken) have
//! [`RESERVE`] further places, because a picture without them would mislead.

mod json;
mod text;

use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::timeout;

use crate::event::{Dir, Event, Later, Mark, Shown, Tone};
use crate::lock;

/// Events that may wait for the screen.
pub const MAX_EVENTS: usize = 1024;
/// Bytes of memory that waiting events may take, about.
pub const MAX_BYTES: usize = 1024 * 1024;
/// Places beyond [`MAX_EVENTS`] for news of connections.
pub const RESERVE: usize = 1024;
/// Events that are written in one go.
const BATCH: usize = 64;

/// How events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Columns, arrows, and colour if wanted: for eyes.
    Pretty {
        /// Write colours.
        colour: bool,
    },
    /// Whole sentences, one a line, no colour, no drawing: for a screen reader.
    Plain,
    /// One JSON object a line: for programs.
    Json,
}

/// Where events go. A clone is another handle on the same screen.
#[derive(Clone)]
pub struct Screen {
    shared: Arc<Shared>,
    /// Closed when the writer has ended, however that came, by a panic as well.
    writer: watch::Receiver<()>,
}

struct Shared {
    start: Instant,
    queue: Mutex<Queue>,
    /// The writer waits here for events.
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    events: VecDeque<Event<Later>>,
    bytes: usize,
    /// Events left out since the last line about that.
    dropped: u64,
    /// True from a full queue until it is half empty.
    dropping: bool,
    closed: bool,
}

impl Screen {
    /// Starts the thread that writes to `out` in the given form. Time counts from now.
    pub fn start(out: impl Write + Send + 'static, form: Form) -> Screen {
        let shared = Arc::new(Shared {
            start: Instant::now(),
            queue: Mutex::new(Queue::default()),
            changed: Condvar::new(),
        });
        let (ended, writer) = watch::channel(());
        let screen = Screen { shared, writer };
        let shared = Arc::clone(&screen.shared);
        std::thread::spawn(move || {
            shared.write_all(out, form);
            drop(ended);
        });
        screen
    }

    /// Shows what crossed, if there is room; else only counts it.
    pub fn offer(&self, conn: u64, dir: Dir, what: Later) {
        let mut queue = lock(&self.shared.queue);
        if queue.has_room() {
            self.shared.push(&mut queue, Some(conn), Some(dir), what);
        } else {
            queue.dropped += 1;
        }
    }

    /// Shows news of a connection or of the wire; these have places of their own.
    pub fn tell(&self, conn: Option<u64>, dir: Option<Dir>, shown: Shown) {
        let mut queue = lock(&self.shared.queue);
        if queue.events.len() < MAX_EVENTS + RESERVE {
            self.shared.push(&mut queue, conn, dir, shown.into());
        } else {
            queue.dropped += 1;
        }
    }

    /// Returns once the writer has ended: the standard output is closed, for example after
    /// `wire ... | head`, or all is written after [`Screen::finish`].
    pub async fn gone(&self) {
        // Nothing is ever sent: an error, which means that the sender is gone, is the answer.
        let _ = self.writer.clone().changed().await;
    }

    /// Shows `last` and waits until everything is written, but no longer than `patience`.
    /// False if the screen was too slow for that.
    pub async fn finish(&self, last: Shown, patience: Duration) -> bool {
        self.tell(None, None, last);
        lock(&self.shared.queue).closed = true;
        self.shared.changed.notify_all();
        timeout(patience, self.gone()).await.is_ok()
    }

    /// Time since the wire was started.
    pub fn elapsed(&self) -> Duration {
        self.shared.start.elapsed()
    }
}

impl Queue {
    fn add(&mut self, event: Event<Later>) {
        self.bytes += event.shown.weight();
        self.events.push_back(event);
    }

    /// Adds the line about events that are missing, if any are.
    fn add_gap(&mut self, at: Duration) -> bool {
        let dropped = std::mem::take(&mut self.dropped);
        if dropped > 0 {
            let words = format!("… {dropped} events not shown: the screen was too slow");
            let shown = Shown::new("dropped", Mark::Point, Tone::Wrong, words)
                .note("their bytes crossed")
                .field("count", dropped);
            self.add(Event {
                at,
                conn: None,
                dir: None,
                shown: shown.into(),
            });
        }
        dropped > 0
    }

    fn has_room(&mut self) -> bool {
        let events = self.events.len();
        if self.dropping {
            // Not before it is half empty: one long gap reads better than a hundred short ones.
            self.dropping = events > MAX_EVENTS / 2 || self.bytes > MAX_BYTES / 2;
        } else {
            self.dropping = events >= MAX_EVENTS || self.bytes >= MAX_BYTES;
        }
        !self.dropping
    }
}

impl Shared {
    fn push(&self, queue: &mut Queue, conn: Option<u64>, dir: Option<Dir>, shown: Later) {
        // The time is taken under the lock, so times on the screen never go back.
        let at = self.start.elapsed();
        let was_empty = queue.events.is_empty();
        queue.add_gap(at);
        queue.add(Event {
            at,
            conn,
            dir,
            shown,
        });
        // With events in the queue the writer looks by itself; waking it costs a system call.
        if was_empty {
            self.changed.notify_all();
        }
    }

    /// Waits for the next events; `None` when the screen is closed and empty.
    fn take(&self) -> Option<Vec<Event<Later>>> {
        let mut queue = lock(&self.queue);
        while queue.events.is_empty() {
            if queue.add_gap(self.start.elapsed()) {
                break;
            }
            if queue.closed {
                return None;
            }
            queue = self
                .changed
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let n = queue.events.len().min(BATCH);
        let batch: Vec<_> = queue.events.drain(..n).collect();
        let bytes: usize = batch.iter().map(|event| event.shown.weight()).sum();
        queue.bytes = queue.bytes.saturating_sub(bytes);
        Some(batch)
    }

    fn write_all(&self, mut out: impl Write, form: Form) {
        let mut text = String::new();
        while let Some(batch) = self.take() {
            text.clear();
            for Event {
                at,
                conn,
                dir,
                shown,
            } in batch
            {
                let event = Event {
                    at,
                    conn,
                    dir,
                    shown: shown.into_words(),
                };
                match form {
                    Form::Pretty { colour } => text::pretty(&event, colour, &mut text),
                    Form::Plain => text::plain(&event, &mut text),
                    Form::Json => json::object(&event, &mut text),
                }
            }
            if out
                .write_all(text.as_bytes())
                .and_then(|()| out.flush())
                .is_err()
            {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// A screen that takes nothing until it is released.
    struct Stuck(mpsc::Receiver<()>, Arc<Mutex<Vec<u8>>>);

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            // An error means that the sender is gone: released for good.
            let _ = self.0.recv();
            self.1.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn chunk() -> Shown {
        Shown::new("bytes", Mark::Bytes, Tone::Good, "1 byte")
    }

    #[tokio::test]
    async fn a_stuck_screen_keeps_a_bounded_queue_and_counts_the_rest() {
        let (release, wait) = mpsc::channel();
        let written = Arc::new(Mutex::new(Vec::new()));
        let screen = Screen::start(Stuck(wait, Arc::clone(&written)), Form::Json);
        for _ in 0..100_000 {
            screen.offer(1, Dir::ToServer, chunk().into());
        }
        let waiting = lock(&screen.shared.queue).events.len();
        assert!(waiting <= MAX_EVENTS, "{waiting}");
        screen.tell(
            Some(1),
            None,
            Shown::new("closed", Mark::Point, Tone::Good, "closed"),
        );
        drop(release);
        assert!(screen.finish(chunk(), Duration::from_secs(60)).await);
        let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        let objects: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let seen = objects.iter().filter(|o| o["event"] == "bytes").count() as u64;
        let dropped: u64 = objects.iter().filter_map(|o| o["count"].as_u64()).sum();
        assert_eq!(
            seen + dropped,
            100_000 + 1,
            "nothing is lost without a word"
        );
        assert!(
            objects.iter().any(|o| o["event"] == "closed"),
            "news have their own places"
        );
    }

    #[test]
    fn big_events_are_bounded_by_their_bytes() {
        let (_release, wait) = mpsc::channel();
        let screen = Screen::start(Stuck(wait, Arc::default()), Form::Json);
        for _ in 0..1000 {
            screen.offer(1, Dir::ToServer, chunk().note("x".repeat(100_000)).into());
        }
        let bytes = lock(&screen.shared.queue).bytes;
        assert!(bytes <= MAX_BYTES + 200_000, "{bytes}");
    }
}
