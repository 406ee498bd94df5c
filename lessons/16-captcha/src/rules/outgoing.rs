//! What may leave the service beside the picture: nothing that is made from the code.

use super::{Drawn, Outgoing};

/// Returns the headers, the description and the log line for a captcha.
///
/// A hash or an encoding of the code hides nothing: there are only 4,096 codes, and a program that has the hash
/// tries them all. So nothing here depends on the code. `no-store` keeps the picture out of every cache.
// ANCHOR: outgoing
pub fn outgoing(drawn: &Drawn) -> Outgoing {
    Outgoing {
        headers: vec![("cache-control".to_string(), "no-store".to_string())],
        description: "A picture of four digits with noise. There is a question in words instead."
            .to_string(),
        log: format!("captcha {}: drawn, {} bytes", drawn.id, drawn.png.len()),
    }
}
// ANCHOR_END: outgoing
