//! belief: saying-nothing-is-safe
//! words: Who says nothing gives nothing away.
//! check: e_still_of_use
//! says: An empty alt text

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
    Outgoing {
        headers: vec![("cache-control".to_string(), "no-store".to_string())],
        description: String::new(),
        log: format!("captcha {}: drawn, {} bytes", drawn.id, drawn.png.len()),
    }
}
