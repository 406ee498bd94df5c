pub use l16_captcha::rules::{Drawn, Outgoing};

/// Returns what leaves the service beside the picture: header lines, a description and a line for the log.
///
/// * Nothing in it may depend on the code in any form: for the same id and picture, all codes give the same `Outgoing`.
/// * It is the same each time for the same captcha.
/// * A header `cache-control` says `no-store`. Header names are in small letters, digits and `-`; values are one line.
/// * The description stands in for the picture where it cannot be seen: three words at least, and not the digits.
/// * The log is one line, and has the id of the captcha in it.
pub fn outgoing(drawn: &Drawn) -> Outgoing {
    let (id, code) = (&drawn.id, &drawn.code);
    // A page does not show the headers of a picture, so they are a place for notes of our own.
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
