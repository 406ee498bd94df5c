//! A trace as a picture: one bar a span, time to the right, a line from each parent to its children.

use std::fmt::Write;

use super::trace::{Row, Trace, millis};

/// The units of the picture.
const WIDTH: u64 = 900;
const LINE: usize = 34;
const TOP: usize = 46;
/// Bars begin here, and the widest one is so wide.
const LEFT: u64 = 16;
const TIME: u64 = WIDTH - 2 * LEFT;
/// More rows make a picture that shows nothing.
const MOST: usize = 60;

/// Colours for light and dark pages alike; services beyond them begin again.
const COLOURS: [&str; 5] = ["#3f7fbf", "#3f9f6f", "#bf7f2f", "#9f5fbf", "#bf4f5f"];

const STYLE: &str = "\
text { font: 14px system-ui, sans-serif; fill: #222 }
.small { font-size: 12px; fill: #555 }
.panel { fill: #fdfcf9 }
line, path { stroke: #888; fill: none }
@media (prefers-color-scheme: dark) { text { fill: #ddd } .small { fill: #aaa } .panel { fill: #18212a } }
";

// ANCHOR: svg
/// The picture as an SVG file. Names come from other processes, so each is escaped.
pub fn svg(trace: &Trace) -> String {
    let (start, end) = trace.range();
    let scale = Scale {
        start,
        length: end.saturating_sub(start).max(1),
    };
    let rows = &trace.rows[..trace.rows.len().min(MOST)];
    let height = TOP + rows.len() * LINE + 12;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\">\n\
         <style>{STYLE}</style>\n\
         <rect class=\"panel\" width=\"{WIDTH}\" height=\"{height}\" rx=\"16\"/>\n"
    );
    axis(&mut svg, &scale, height);
    for (number, row) in rows.iter().enumerate() {
        if let Some(parent) = row.parent {
            branch(&mut svg, &scale, (parent, number), row);
        }
        bar(&mut svg, &scale, trace, (number, row));
    }
    svg.push_str("</svg>\n");
    svg
}
// ANCHOR_END: svg

struct Scale {
    start: u64,
    length: u64,
}

impl Scale {
    /// Where a moment is. A clock that is wrong by an hour stays inside of the picture.
    fn x(&self, nanos: u64) -> u64 {
        let since = nanos.saturating_sub(self.start).min(self.length);
        LEFT + part(since, self.length)
    }
}

/// `since` of `length` as units of the width.
fn part(since: u64, length: u64) -> u64 {
    let units = u128::from(since) * u128::from(TIME) / u128::from(length);
    u64::try_from(units).unwrap_or(TIME)
}

/// The times at the top, and lines down from them.
fn axis(svg: &mut String, scale: &Scale, height: usize) {
    for quarter in 0..=4 {
        let since = scale.length / 4 * quarter;
        let x = LEFT + part(since, scale.length);
        let anchor = match quarter {
            0 => "start",
            4 => "end",
            _ => "middle",
        };
        let time = millis(since);
        let _ = writeln!(
            svg,
            "<line x1=\"{x}\" x2=\"{x}\" y1=\"26\" y2=\"{height}\" stroke-opacity=\".25\"/>\
             <text class=\"small\" x=\"{x}\" y=\"18\" text-anchor=\"{anchor}\">{time} ms</text>"
        );
    }
}

/// From the start of the parent down to the bar of its child.
fn branch(svg: &mut String, scale: &Scale, (parent, child): (usize, usize), row: &Row) {
    let x = scale.x(row.span.start);
    let (from, to) = (TOP + parent * LINE + 6, TOP + child * LINE);
    let _ = writeln!(
        svg,
        "<path d=\"M{x} {from}V{to}\" stroke-dasharray=\"2 2\" stroke-opacity=\".6\"/>"
    );
}

/// The bar and its words. They stand right of the beginning of the bar where there is room, else left of its end.
fn bar(svg: &mut String, scale: &Scale, trace: &Trace, (number, row): (usize, &Row)) {
    let services = trace.services();
    let service = services.iter().position(|it| *it == row.span.service);
    let colour = COLOURS[service.unwrap_or(0) % COLOURS.len()];
    let (x, end) = (scale.x(row.span.start), scale.x(row.span.end));
    let (y, width) = (TOP + number * LINE, (end.max(x) - x).max(2));
    let stroke = match row.span.failed {
        true => " stroke=\"#d00\" stroke-width=\"2\"",
        false => "",
    };
    let (anchor, at) = match x < LEFT + TIME * 3 / 5 {
        true => ("start", x),
        false => ("end", x + width),
    };
    let service = escaped(&row.span.service);
    let name = escaped(&row.span.name);
    let (time, text) = (millis(row.span.length()), y + 24);
    let failed = if row.span.failed { ", failed" } else { "" };
    let _ = writeln!(
        svg,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"8\" rx=\"2\" fill=\"{colour}\"{stroke}/>\
         <text x=\"{at}\" y=\"{text}\" text-anchor=\"{anchor}\"><tspan font-weight=\"600\">{service}</tspan> {name} \
         <tspan class=\"small\">{time} ms{failed}</tspan></text>"
    );
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}
