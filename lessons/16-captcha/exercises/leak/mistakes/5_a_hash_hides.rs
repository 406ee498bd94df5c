//! belief: a-hash-hides
//! words: A hash cannot be turned round.
//! check: c_whatever_was_made_of_it
//! says: I have tried all 10,000 codes

/// A captcha before it leaves the service.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// What it is called.
    pub id: String,
    /// The answer: four digits.
    pub code: String,
    /// The picture.
    pub png: Vec<u8>,
}

/// What leaves the service beside the picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// Header lines of the reply to the browser, name and value; names in small letters.
    pub headers: Vec<(String, String)>,
    /// What stands in for the picture where it cannot be seen: it says what there is to do.
    pub description: String,
    /// The line in the log. It names the captcha, so that a complaint can be looked into.
    pub log: String,
}

/// What may leave.
pub fn outgoing(drawn: &Drawn) -> Outgoing {
    // FNV-1a, with salt.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in drawn.id.bytes().chain(drawn.code.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    Outgoing {
        headers: vec![
            ("cache-control".to_string(), "no-store".to_string()),
            ("etag".to_string(), format!("\"{hash:x}\"")),
        ],
        description: "A picture of four digits with noise. There is a question in words instead."
            .to_string(),
        log: format!("captcha {}: drawn, {} bytes", drawn.id, drawn.png.len()),
    }
}
