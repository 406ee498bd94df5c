// Given in given.rs, beside this file: `Orders`.
pub use super::given::*;

/// Serves any implementation of `Orders`: one request in, one reply out. Each is one line without its newline.
///
/// * `order ARTICLE COUNT` is replied `ok CENTS`, and `cancel NUMBER` is replied `ok`.
/// * Exactly one space stands between two words. Of two spaces in a row, the second one is part of the arguments.
/// * The method is called once for each request, also if it fails. Its error is replied as `failed WORDS`, with its
///   own words. A newline in them becomes a space.
/// * If the first word is no method: `no method NAME`.
/// * If the rest is not exactly the arguments of the method: `bad argument`, and no method is called. An article is
///   one word and not empty. COUNT and NUMBER are what `u32::from_str` accepts.
pub fn answer(orders: &mut impl Orders, request: &str) -> String {
    let words: Vec<&str> = request.split(' ').collect();
    match words[0] {
        "order" => {
            let count = words[2].parse().unwrap_or_default();
            let cents = orders.order(words[1], count).unwrap_or_default();
            format!("ok {cents}")
        }
        _ => {
            let number = words[1].parse().unwrap_or_default();
            let _ = orders.cancel(number);
            "ok".to_string()
        }
    }
}
