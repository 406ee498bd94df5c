//! belief: an-alt-text-says-what-is-there
//! words: An alt text says what is in the picture.
//! check: a_in_plain_sight
//! says: In words it is the same answer

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

fn in_words(code: &str) -> String {
    let words = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    ];
    let word = |digit: char| {
        digit
            .to_digit(10)
            .map_or("?", |digit| words[digit as usize])
    };
    code.chars().map(word).collect::<Vec<_>>().join(", ")
}

/// What may leave.
pub fn outgoing(drawn: &Drawn) -> Outgoing {
    Outgoing {
        headers: vec![("cache-control".to_string(), "no-store".to_string())],
        description: format!("The digits {}.", in_words(&drawn.code)),
        log: format!("captcha {}: drawn, {} bytes", drawn.id, drawn.png.len()),
    }
}
