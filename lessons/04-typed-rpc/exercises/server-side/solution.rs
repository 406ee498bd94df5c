//! A wrapper has nothing to decide. It turns bytes into arguments and a `Result` into a reply, and
//! whatever it cannot do exactly is a reply that says so. The match is over the method and its
//! whole list of arguments: too few and too many fall through to `bad argument` by themselves.
//! The words of an error come from somewhere else, perhaps from a caller, so they are data: a
//! newline in them would begin a second reply, which the next caller would take for its own.

/// What a till can do. Whoever writes one knows nothing of requests and replies.
pub trait Till {
    /// Sells so many of an article, and returns what they cost together, in cents.
    fn sell(&mut self, article: &str, count: u32) -> Result<u32, String>;
    /// Takes back what was sold with this receipt.
    fn refund(&mut self, receipt: u32) -> Result<(), String>;
}

/// Serves any till: one request in, one reply out, both of them one line without its newline.
pub fn answer(till: &mut impl Till, request: &str) -> String {
    let words: Vec<&str> = request.split(' ').collect();
    let outcome = match words[..] {
        ["sell", article, count] => {
            let Ok(count) = count.parse() else {
                return "bad argument".to_string();
            };
            till.sell(article, count).map(|cents| format!("ok {cents}"))
        }
        ["refund", receipt] => {
            let Ok(receipt) = receipt.parse() else {
                return "bad argument".to_string();
            };
            till.refund(receipt).map(|()| "ok".to_string())
        }
        ["sell" | "refund", ..] => return "bad argument".to_string(),
        _ => return format!("no method {}", words.first().unwrap_or(&"")),
    };
    outcome.unwrap_or_else(|error| format!("failed {}", error.replace('\n', " ")))
}
