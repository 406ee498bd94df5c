//! Accepted: `split_once` in place of slice patterns, and a helper that returns a `Result`.

// Given in given.rs, beside this file: `Orders`.
pub use super::given::*;

pub fn answer(orders: &mut impl Orders, request: &str) -> String {
    match run(orders, request) {
        Ok(reply) | Err(reply) => reply,
    }
}

fn run(orders: &mut impl Orders, request: &str) -> Result<String, String> {
    let bad = "bad argument".to_string();
    let failed =
        |words: String| format!("failed {}", words.split('\n').collect::<Vec<_>>().join(" "));
    let (method, arguments) = request.split_once(' ').unwrap_or((request, ""));
    if method == "order" {
        let (article, count) = arguments.split_once(' ').ok_or(bad.clone())?;
        if article.is_empty() {
            return Err(bad);
        }
        let count = count.parse::<u32>().map_err(|_| bad)?;
        let cents = orders.order(article, count).map_err(failed)?;
        return Ok(format!("ok {cents}"));
    }
    if method == "cancel" {
        let number = arguments.parse::<u32>().map_err(|_| bad)?;
        orders.cancel(number).map_err(failed)?;
        return Ok("ok".to_string());
    }
    Err(format!("no method {method}"))
}
