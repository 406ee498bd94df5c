//! Sends what happens in the session to every open page: server-sent events
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).
//!
//! Each page has a queue of its own, and the queue is bounded. A page that reads too slowly loses
//! pieces of output, never a verdict, and gets the state as it is by then. State is not queued at
//! all but written when it is sent: two changes in a row become one event, and it is never old.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame};
use serde_json::{Value, json};
use tokio::time::{Interval, MissedTickBehavior, interval_at};

use super::lock;
use crate::session::{Event, Job, Session};
use crate::text::without_colours;

/// Open pages at most.
const PAGES: usize = 32;
/// Bytes that wait for one page.
const BACKLOG: usize = 256 * 1024;
/// Lines of output travel together up to this many bytes.
const TOGETHER: usize = 8 * 1024;
/// A comment is sent this often, so that a broken connection is noticed.
const ALIVE: Duration = Duration::from_secs(15);

/// All open pages.
pub struct Hub {
    pages: Mutex<Vec<Weak<Mutex<Queue>>>>,
}

/// What one page has yet to hear.
#[derive(Default)]
struct Queue {
    pieces: VecDeque<Piece>,
    bytes: usize,
    state: bool,
    waker: Option<Waker>,
}

enum Piece {
    /// Lines of one job.
    Output(Job, String),
    /// A row of the live capture. A page notices by their numbers that some are missing.
    Wire(Arc<str>),
    /// Anything else, as it is sent.
    Event(Arc<str>),
}

impl Piece {
    fn size(&self) -> usize {
        match self {
            Self::Output(_, text) => text.len(),
            Self::Wire(text) | Self::Event(text) => text.len(),
        }
    }
}

impl Hub {
    /// Hears `session` from now on, in a thread of its own.
    pub fn new(session: &Session) -> Arc<Self> {
        let hub = Arc::new(Self {
            pages: Mutex::default(),
        });
        let events = session.listen();
        let heard = Arc::clone(&hub);
        std::thread::spawn(move || {
            for event in events {
                heard.hear(&event);
            }
        });
        hub
    }

    /// A new page; `None` if there are too many.
    pub fn open(&self, session: &Arc<Session>) -> Option<Stream> {
        let mut pages = lock(&self.pages);
        pages.retain(|page| page.strong_count() > 0);
        if pages.len() >= PAGES {
            return None;
        }
        let queue = Arc::new(Mutex::new(Queue {
            state: true,
            ..Queue::default()
        }));
        pages.push(Arc::downgrade(&queue));
        session.pages.fetch_add(1, Ordering::Relaxed);
        let mut alive = interval_at(tokio::time::Instant::now() + ALIVE, ALIVE);
        alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Some(Stream {
            queue,
            alive,
            session: Arc::clone(session),
        })
    }

    fn hear(&self, event: &Event) {
        match event {
            Event::Started(_) | Event::State => self.all(|queue| queue.state = true),
            Event::Output(job, line) => self.all(|queue| queue.push_output(job, line)),
            Event::Verdict(job, verdict, note) => {
                let mut plain = verdict.clone();
                plain.message = without_colours(&plain.message);
                let mut data = json!(plain);
                data["job"] = json!(job.job);
                data["note"] = json!(note);
                self.event("verdict", &data);
            }
            Event::Done(job, ok, why) => {
                if let Some(why) = why {
                    self.all(|queue| queue.push_output(job, why));
                }
                let mut data = json!(job);
                data["ok"] = json!(ok);
                data["why"] = json!(why);
                self.event("done", &data);
            }
            Event::Wire(row) => self.all(|queue| queue.push(Piece::Wire(Arc::clone(row)))),
            Event::Reload => self.event("reload", &json!({})),
            Event::Running(_) | Event::Notice(_) => {}
        }
    }

    fn event(&self, name: &str, data: &Value) {
        let text: Arc<str> = format(name, data).into();
        self.all(|queue| queue.push(Piece::Event(Arc::clone(&text))));
    }

    fn all(&self, tell: impl Fn(&mut Queue)) {
        for page in lock(&self.pages).iter().filter_map(Weak::upgrade) {
            let mut queue = lock(&page);
            tell(&mut queue);
            if let Some(waker) = queue.waker.take() {
                waker.wake();
            }
        }
    }
}

impl Queue {
    fn push_output(&mut self, job: &Job, line: &str) {
        if let Some(Piece::Output(last, text)) = self.pieces.back_mut()
            && last.job == job.job
            && text.len() < TOGETHER
        {
            text.push_str(line);
            text.push('\n');
            self.bytes += line.len() + 1;
            self.bound();
        } else {
            self.push(Piece::Output(job.clone(), format!("{line}\n")));
        }
    }

    fn push(&mut self, piece: Piece) {
        self.bytes += piece.size();
        self.pieces.push_back(piece);
        self.bound();
    }

    /// Output goes first; only if that is not enough everything else.
    fn bound(&mut self) {
        if self.bytes <= BACKLOG {
            return;
        }
        self.pieces.retain(|piece| matches!(piece, Piece::Event(_)));
        self.bytes = self.pieces.iter().map(Piece::size).sum();
        if self.bytes > BACKLOG {
            self.pieces.clear();
            self.bytes = 0;
        }
        self.state = true;
    }

    fn take(&mut self) -> String {
        self.bytes = 0;
        let mut text = String::new();
        for piece in self.pieces.drain(..) {
            match piece {
                Piece::Event(event) => text.push_str(&event),
                Piece::Wire(row) => text.push_str(&format("wire", &row)),
                Piece::Output(job, lines) => {
                    let mut data = json!(job);
                    data["text"] = json!(lines);
                    text.push_str(&format("output", &data));
                }
            }
        }
        text
    }
}

/// What one page hears.
pub struct Stream {
    queue: Arc<Mutex<Queue>>,
    alive: Interval,
    session: Arc<Session>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.session.pages.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let mut queue = lock(&self.queue);
        let mut text = queue.take();
        let state = std::mem::take(&mut queue.state);
        if text.is_empty() && !state {
            queue.waker = Some(cx.waker().clone());
            drop(queue);
            ready!(self.alive.poll_tick(cx));
            text.push_str(": still here\n\n");
        } else {
            // The session tells events while it is not locked; still, two locks at once need a reason.
            drop(queue);
        }
        if state {
            text.push_str(&format("state", &json!(self.session.snapshot())));
        }
        Poll::Ready(Some(Ok(Frame::data(text.into()))))
    }
}

/// One event. JSON has no line breaks of its own, so one `data:` line is enough.
fn format(name: &str, data: &impl std::fmt::Display) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::JobKind;

    fn job(number: u64) -> Job {
        Job {
            job: number,
            kind: JobKind::Demo,
            target: "01-tcp".to_owned(),
        }
    }

    #[test]
    fn lines_of_one_job_travel_together() {
        let mut queue = Queue::default();
        queue.push_output(&job(1), "a");
        queue.push_output(&job(1), "b");
        queue.push_output(&job(2), "c");
        let text = queue.take();
        assert_eq!(text.matches("event: output").count(), 2, "{text}");
        assert!(text.contains(r#""text":"a\nb\n""#), "{text}");
        assert!(queue.take().is_empty());
    }

    #[test]
    fn a_slow_page_loses_output_and_no_verdict() {
        let mut queue = Queue::default();
        let line = "x".repeat(1000);
        queue.push(Piece::Event("verdict".into()));
        for _ in 0..10_000 {
            queue.push_output(&job(1), &line);
            assert!(queue.bytes <= BACKLOG);
        }
        assert!(queue.state, "it gets the state instead");
        let text = queue.take();
        assert!(text.starts_with("verdict"), "{}", &text[..20]);
        assert!(text.len() < 2 * BACKLOG);
    }
}
