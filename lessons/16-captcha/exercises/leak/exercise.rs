pub use l16_captcha::rules::{Drawn, Outgoing};

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
