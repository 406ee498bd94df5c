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
    let (id, code) = (&drawn.id, &drawn.code);
    // Nobody ever sees the headers of a picture, so they are a good place for notes of our own.
    let headers = vec![
        ("x-captcha".to_string(), code.clone()),
        ("cache-control".to_string(), "max-age=300".to_string()),
    ];
    Outgoing {
        headers,
        description: format!("The digits {code}."),
        log: format!("captcha {id}: {code}, {} bytes", drawn.png.len()),
    }
}
