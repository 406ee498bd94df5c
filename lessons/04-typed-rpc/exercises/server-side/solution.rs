//! The wrapper decides nothing. It turns a line into arguments and a `Result` into a reply, and what it cannot turn
//! exactly is a reply that says so. The `match` is over the method and all of its arguments, so too few and too many
//! fall through to `bad argument`. The words of an error may come from a caller, so they are data: a newline in them
//! would begin a second reply, and the next caller would take it for its own.

// Given in given.rs, beside this file: `Orders`.
pub use super::given::*;

/// Serves any implementation of `Orders`: one request in, one reply out.
pub fn answer(orders: &mut impl Orders, request: &str) -> String {
    let bad = || "bad argument".to_string();
    let words: Vec<&str> = request.split(' ').collect();
    let outcome = match words[..] {
        ["order", article, count] if !article.is_empty() => {
            let Ok(count) = count.parse() else {
                return bad();
            };
            let cents = orders.order(article, count);
            cents.map(|cents| format!("ok {cents}"))
        }
        ["cancel", number] => {
            let Ok(number) = number.parse() else {
                return bad();
            };
            orders.cancel(number).map(|()| "ok".to_string())
        }
        ["order" | "cancel", ..] => return bad(),
        _ => return format!("no method {}", words[0]),
    };
    outcome.unwrap_or_else(|error| format!("failed {}", error.replace('\n', " ")))
}
