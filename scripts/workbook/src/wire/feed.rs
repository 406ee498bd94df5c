//! What the live page is shown: rows, numbered, bounded in rate, size and count.
//!
//! A wire can print ten thousand events a second; nobody reads more than a few. Beyond a burst and
//! a rate, events are left out and counted, in one long gap rather than in a hundred short ones.
//! News of connections have an allowance of their own, because a picture without them misleads.
//! The last rows are kept for a page that is opened later.

use std::collections::VecDeque;
use std::time::Instant;

use serde_json::{Map, Value, json};

use crate::text::{cut, harmless, without_colours};

/// Events that are kept.
const EVENTS: usize = 300;
/// Lines of programs that are kept.
const LINES: usize = 200;
/// Bytes of rows that are kept, about.
const BYTES: usize = 512 * 1024;
/// The longest text of one field, in characters.
const TEXT: usize = 2000;
/// The most bytes of one row, about.
const ROW: usize = 12 * 1024;

/// Events that may come at once, and in a second.
const RATE: (f64, f64) = (300.0, 100.0);

/// See the file.
#[derive(Default)]
pub struct Feed {
    capture: u64,
    last: u64,
    /// Rows with their sizes.
    events: VecDeque<(Value, usize)>,
    lines: VecDeque<(Value, usize)>,
    bytes: usize,
    crossed: Allowance,
    news: Allowance,
    said: Allowance,
    left_out: u64,
}

impl Feed {
    /// An empty feed for the capture of this number.
    pub fn new(capture: u64) -> Self {
        Self {
            capture,
            ..Self::default()
        }
    }

    /// One line of `wire --json`. The rows that it makes; none if it is left out.
    pub fn event(&mut self, event: Map<String, Value>, now: Instant) -> Vec<Value> {
        let kind = if is_news(&event) {
            &mut self.news
        } else {
            &mut self.crossed
        };
        if !kind.take(now) {
            self.left_out += 1;
            return Vec::new();
        }
        let mut rows = self.gap();
        rows.push(self.add("event", bounded(event)));
        rows
    }

    /// One line that a program said.
    pub fn said(&mut self, who: &str, line: &str, now: Instant) -> Vec<Value> {
        let line = harmless(&without_colours(line));
        if !self.said.take(now) {
            return Vec::new();
        }
        let fields = Map::from_iter([
            ("who".to_owned(), json!(who)),
            ("text".to_owned(), json!(cut(&line, TEXT))),
        ]);
        vec![self.add("said", fields)]
    }

    /// Says what was left out, once there is room again.
    pub fn flush(&mut self, now: Instant) -> Vec<Value> {
        if self.left_out > 0 && self.crossed.has_room(now) {
            self.gap()
        } else {
            Vec::new()
        }
    }

    /// The last rows, in order.
    pub fn kept(&self) -> Vec<&Value> {
        let kept = self.events.iter().chain(&self.lines);
        let mut rows: Vec<&Value> = kept.map(|(row, _)| row).collect();
        rows.sort_by_key(|row| row["n"].as_u64());
        rows
    }

    fn gap(&mut self) -> Vec<Value> {
        if self.left_out == 0 {
            return Vec::new();
        }
        let count = std::mem::take(&mut self.left_out);
        let fields = Map::from_iter([("count".to_owned(), json!(count))]);
        vec![self.add("left-out", fields)]
    }

    fn add(&mut self, kind: &str, mut row: Map<String, Value>) -> Value {
        self.last += 1;
        row.insert("capture".to_owned(), json!(self.capture));
        row.insert("n".to_owned(), json!(self.last));
        row.insert("kind".to_owned(), json!(kind));
        let row = Value::Object(row);
        let size = row.to_string().len();
        self.bytes += size;
        let (place, most) = if kind == "said" {
            (&mut self.lines, LINES)
        } else {
            (&mut self.events, EVENTS)
        };
        place.push_back((row.clone(), size));
        while place.len() > most || self.bytes > BYTES {
            // The row just added is far smaller than what may be kept.
            let Some((_, gone)) = place.pop_front() else {
                break;
            };
            self.bytes -= gone;
        }
        row
    }
}

/// News of connections and of the wire itself: all that is not what crossed.
fn is_news(event: &Map<String, Value>) -> bool {
    let name = event.get("event").and_then(Value::as_str).unwrap_or("");
    let news = "listening warning connected unreachable turned-away fin reset cut half-close chaos \
                reflection control-error dropped closed summary";
    news.split(' ').any(|known| known == name)
}

/// The event with no text longer than [`TEXT`] and all of it no larger than [`ROW`], about.
fn bounded(event: Map<String, Value>) -> Map<String, Value> {
    let mut left = ROW;
    event
        .into_iter()
        .map(|(name, value)| {
            let value = match value {
                Value::String(text) => json!(cut(&text, TEXT)),
                Value::Array(_) | Value::Object(_) if value.to_string().len() > 2 * TEXT => {
                    json!(cut(&value.to_string(), TEXT))
                }
                other => other,
            };
            let size = value.to_string().len();
            let fits = size <= left;
            left = left.saturating_sub(size);
            (name, if fits { value } else { Value::Null })
        })
        .collect()
}

/// How many more may come. Fills with time; once empty, nothing comes until it is a quarter full.
#[derive(Default)]
struct Allowance {
    used: f64,
    since: Option<Instant>,
    empty: bool,
}

impl Allowance {
    fn take(&mut self, now: Instant) -> bool {
        let room = self.has_room(now);
        if room {
            self.used += 1.0;
        }
        room
    }

    fn has_room(&mut self, now: Instant) -> bool {
        let (most, per_second) = RATE;
        let since = self.since.replace(now).unwrap_or(now);
        let back = now.saturating_duration_since(since).as_secs_f64() * per_second;
        self.used = (self.used - back).max(0.0);
        self.empty = self.used + 1.0 > if self.empty { most * 0.75 } else { most };
        !self.empty
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn event(name: &str) -> Map<String, Value> {
        Map::from_iter([("event".to_owned(), json!(name))])
    }

    #[test]
    fn a_flood_is_left_out_and_counted_and_news_come_through() {
        let now = Instant::now();
        let mut feed = Feed::new(1);
        let shown: usize = (0..1000)
            .map(|_| feed.event(event("line"), now).len())
            .sum();
        assert_eq!(shown, 300);
        assert_eq!(feed.flush(now).len(), 0, "not while it is empty");
        let news = feed.event(event("closed"), now);
        assert_eq!(news[0]["kind"], "left-out");
        assert_eq!(news[0]["count"], 700);
        assert_eq!(news[1]["event"], "closed");
        assert_eq!(news[1]["n"], 302);
        assert_eq!(feed.event(event("line"), now).len(), 0);
        let later = now + Duration::from_secs(1);
        assert_eq!(feed.flush(later)[0]["count"], 1);
        assert_eq!(feed.event(event("line"), later).len(), 1);
    }

    #[test]
    fn the_last_rows_are_kept_and_what_is_large_is_cut() {
        let mut now = Instant::now();
        let mut feed = Feed::new(7);
        for _ in 0..400 {
            now += Duration::from_millis(20);
            let mut large = event("line");
            large.insert("hex".into(), json!("00".repeat(4_000)));
            large.insert("message".into(), json!(vec!["é"; 1_500]));
            feed.event(large, now);
            feed.said("client", "\u{1b}[31mred\u{7}", now);
        }
        let kept = feed.kept();
        let rows = kept.len();
        assert!(rows > 100 && rows <= EVENTS + LINES, "{rows}");
        let size: usize = kept.iter().map(|row| row.to_string().len()).sum();
        assert!(size <= BYTES && feed.bytes == size, "{size}");
        assert_eq!(kept.last().expect("one")["n"], 800);
        assert_eq!(kept.last().expect("one")["text"], "red\u{fffd}");
        assert!(kept.iter().all(|row| row["capture"] == 7));
    }
}
