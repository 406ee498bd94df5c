//! Events of `tracing` as a demo shows them: the message of each, a plain line. Only events of the lessons
//! count (targets `l01_tcp`, `l02_rpc` and so on), of level INFO and above or with the details (DEBUG); what tonic
//! and its parts log stays out.

use std::fmt;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry;

use crate::lock;
use crate::signal::tell;

/// Writes every event of a lesson to the standard output from now on, a line each. For the first line
/// of a demo's `main`; a second call changes nothing.
pub fn init() {
    show(Level::INFO);
}

/// As [`init`], and events of level DEBUG as well: what a lesson shows of itself, and another one does not.
pub fn init_with_details() {
    show(Level::DEBUG);
}

/// As [`init`], with each message given to `line`: a demo puts its time in front.
pub fn init_as(line: impl Fn(&str) + Send + Sync + 'static) {
    let least = Level::INFO;
    let _ = tracing::subscriber::set_global_default(registry().with(Lines { least, line }));
}

fn show(least: Level) {
    let line = |line: &str| tell(line);
    let _ = tracing::subscriber::set_global_default(registry().with(Lines { least, line }));
}

/// The events of the thread that made this value, while it exists: a test on a runtime with one thread (the
/// default of `#[tokio::test]`) gets all of its own and nothing of another test.
pub struct Captured {
    lines: Arc<Mutex<Vec<String>>>,
    _guard: DefaultGuard,
}

/// Begins to capture, the details as well.
pub fn capture() -> Captured {
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let of_layer = Arc::clone(&lines);
    let layer = Lines {
        least: Level::DEBUG,
        line: move |line: &str| lock(&of_layer).push(line.to_string()),
    };
    let guard = tracing::subscriber::set_default(registry().with(layer));
    Captured {
        lines,
        _guard: guard,
    }
}

impl Captured {
    /// The lines so far.
    pub fn lines(&self) -> Vec<String> {
        lock(&self.lines).clone()
    }

    /// The lines since the last call.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.lines))
    }

    /// Returns whether one of the lines so far contains these words.
    pub fn contains(&self, words: &str) -> bool {
        lock(&self.lines).iter().any(|line| line.contains(words))
    }
}

struct Lines<F> {
    least: Level,
    line: F,
}

impl<S: Subscriber, F: Fn(&str) + 'static> Layer<S> for Lines<F> {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let about = event.metadata();
        if *about.level() > self.least || !of_a_lesson(about.target()) {
            return;
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        (self.line)(&message.0);
    }
}

/// `l` and two digits: the library or the demo of a lesson.
fn of_a_lesson(target: &str) -> bool {
    let bytes = target.as_bytes();
    bytes.len() > 3 && bytes[0] == b'l' && bytes[1..3].iter().all(u8::is_ascii_digit)
}

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}
