//! A trace: the spans with one trace id, and the tree that their parents make of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};

use serde_json::{Value, json};

// ANCHOR: span
/// The id of a trace.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(pub [u8; 16]);

/// The id of a span, unique within its trace.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanId(pub [u8; 8]);

/// One piece of work, as its process has reported it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its id.
    pub id: SpanId,
    /// The span that it is a part of; `None`: the trace begins here.
    pub parent: Option<SpanId>,
    /// The service that did the work.
    pub service: String,
    /// Which kind of work it was.
    pub name: String,
    /// When it began, in nanoseconds since 1970 by the clock of its machine.
    pub start: u64,
    /// When it ended, by the same clock.
    pub end: u64,
    /// Whether it failed.
    pub failed: bool,
    /// What else is known about it.
    pub attributes: BTreeMap<String, String>,
}
// ANCHOR_END: span

/// One line of a [`Trace`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The work.
    pub span: Span,
    /// The number of the row of its parent; `None` for a root.
    pub parent: Option<usize>,
    /// How many rows stand above it in the tree.
    pub depth: usize,
    /// It has a parent that has not been reported: not yet, or it was lost.
    pub orphan: bool,
}

/// The spans of a trace in the order of a tree: each parent before its children, and these by their start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The lines.
    pub rows: Vec<Row>,
}

impl Trace {
    // ANCHOR: tree
    /// Puts the spans in order. They come from several processes in any order, and some may be missing; one that is its
    /// own ancestor is shown as a root.
    pub fn new(mut spans: Vec<Span>) -> Self {
        spans.sort_by_key(|span| (span.start, span.id));
        spans.dedup_by_key(|span| span.id);
        let known: BTreeSet<SpanId> = spans.iter().map(|span| span.id).collect();
        let mut children: BTreeMap<Option<SpanId>, Vec<Span>> = BTreeMap::new();
        let mut order = Vec::new();
        for span in spans {
            order.push(span.id);
            let parent = span.parent.filter(|parent| known.contains(parent));
            children.entry(parent).or_default().push(span);
        }
        let mut trace = Trace::default();
        trace.add(children.remove(&None).unwrap_or_default(), &mut children);
        // What is left has no root above it: a circle.
        for id in order {
            if let Some(circle) = children.remove(&Some(id)) {
                trace.add(circle, &mut children);
            }
        }
        trace
    }

    fn add(&mut self, roots: Vec<Span>, children: &mut BTreeMap<Option<SpanId>, Vec<Span>>) {
        // A stack of our own: how deep a tree is decides the sender.
        let mut next: Vec<(Span, Option<usize>)> =
            roots.into_iter().rev().map(|span| (span, None)).collect();
        while let Some((span, parent)) = next.pop() {
            let row = self.rows.len();
            let below = children.remove(&Some(span.id)).unwrap_or_default();
            next.extend(below.into_iter().rev().map(|span| (span, Some(row))));
            self.rows.push(Row {
                orphan: parent.is_none() && span.parent.is_some(),
                depth: parent.map_or(0, |parent| self.rows[parent].depth + 1),
                parent,
                span,
            });
        }
    }
    // ANCHOR_END: tree

    /// The services in the order of their first spans.
    pub fn services(&self) -> Vec<&str> {
        let mut services: Vec<&str> = Vec::new();
        for row in &self.rows {
            if !services.contains(&row.span.service.as_str()) {
                services.push(&row.span.service);
            }
        }
        services
    }

    /// The first start and the last end, in nanoseconds.
    pub fn range(&self) -> (u64, u64) {
        let start = self.rows.iter().map(|row| row.span.start).min();
        let end = self.rows.iter().map(|row| row.span.end).max();
        (start.unwrap_or(0), end.unwrap_or(0))
    }

    /// The tree as lines: start and length in milliseconds, and the name below that of the parent.
    pub fn text(&self) -> String {
        let (start, _) = self.range();
        let mut text = String::from("   start  length\n");
        for row in &self.rows {
            let Span {
                service,
                name,
                failed,
                ..
            } = &row.span;
            let (from, long) = (row.span.start - start, row.span.length());
            let indent = 2 * row.depth;
            let marks = match (row.orphan, failed) {
                (true, _) => "  (its parent is missing)",
                (false, true) => "  (failed)",
                (false, false) => "",
            };
            let (from, long) = (millis(from), millis(long));
            let _ = writeln!(
                text,
                "{from:>8} {long:>7}  {:indent$}{service}: {name}{marks}",
                ""
            );
        }
        text
    }

    // ANCHOR: own
    /// The own time of each row, in nanoseconds: the part of its span in which none of its children ran. Where no two
    /// spans overlap, the own times add up to the whole request.
    pub fn own_times(&self) -> Vec<u64> {
        let of_row = |(place, row): (usize, &Row)| {
            let (mut seen, mut below) = (row.span.start, 0);
            // By their start, so `seen` only grows.
            for child in self.rows.iter().filter(|it| it.parent == Some(place)) {
                let end = child.span.end.min(row.span.end);
                below += end.saturating_sub(child.span.start.max(seen));
                seen = seen.max(end);
            }
            row.span.length().saturating_sub(below)
        };
        self.rows.iter().enumerate().map(of_row).collect()
    }
    // ANCHOR_END: own

    /// The own times as lines, the largest first: milliseconds, the share of the whole, and the name.
    pub fn own_text(&self) -> String {
        let (start, end) = self.range();
        let whole = (end - start).max(1);
        let mut rows: Vec<(u64, &Row)> = self.own_times().into_iter().zip(&self.rows).collect();
        rows.sort_by_key(|(own, _)| std::cmp::Reverse(*own));
        let mut text = String::from("     own   share\n");
        for (own, row) in rows {
            let (own, percent) = (millis(own), own.saturating_mul(100) / whole);
            let _ = writeln!(
                text,
                "{own:>8} {percent:>5} %  {}: {}",
                row.span.service, row.span.name
            );
        }
        text
    }

    /// The rows as JSON, times in nanoseconds since the beginning of the trace.
    pub fn json(&self) -> Value {
        let (start, _) = self.range();
        let row = |row: &Row| {
            json!({
                "id": row.span.id.to_string(),
                "parent": row.span.parent.map(|id| id.to_string()),
                "service": row.span.service,
                "name": row.span.name,
                "start": row.span.start - start,
                "length": row.span.length(),
                "failed": row.span.failed,
                "attributes": row.span.attributes,
            })
        };
        self.rows.iter().map(row).collect()
    }
}

impl Span {
    /// Returns the duration in nanoseconds; 0 if the clock was set back meanwhile.
    pub fn length(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }
}

/// Nanoseconds as milliseconds with two decimals.
pub fn millis(nanos: u64) -> String {
    let hundredths = nanos.saturating_add(5_000) / 10_000;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}
