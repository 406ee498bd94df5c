//! Nothing that leaves is made from the code. A hash, a reversed text or base64 hide nothing where there are only 10,000
//! codes: a program that has the result tries them all. So what leaves is made from the id, which comes from the source
//! of randomness, and from words that are the same for every picture. `no-store` keeps the picture itself out of every
//! cache on the way.

pub use l16_captcha::rules::{Drawn, Outgoing};

/// Returns what leaves the service beside the picture.
pub fn outgoing(drawn: &Drawn) -> Outgoing {
    Outgoing {
        headers: vec![("cache-control".to_string(), "no-store".to_string())],
        description: "A picture of four digits with noise. There is a question in words instead."
            .to_string(),
        log: format!("captcha {}: drawn, {} bytes", drawn.id, drawn.png.len()),
    }
}
