//! Accepted: other words, further directives and headers, and a log line without the size.

pub use l16_captcha::rules::{Drawn, Outgoing};

pub fn outgoing(drawn: &Drawn) -> Outgoing {
    let mut out = Outgoing::default();
    for (name, value) in [
        ("cache-control", "private, no-store, max-age=0"),
        ("x-content-type-options", "nosniff"),
    ] {
        out.headers.push((name.to_owned(), value.to_owned()));
    }
    out.description.push_str("Type the digits that you see");
    out.log = ["issued", drawn.id.as_str()].join(" ");
    out
}
