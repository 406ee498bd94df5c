//! An error response: the HTTP status and the text that a caller gets.

use std::fmt::Display;

/// An error response.
#[derive(Debug, PartialEq)]
pub struct Refused {
    /// The HTTP status.
    pub status: u16,
    /// Said in Consul's own words where Consul would refuse as well.
    pub words: String,
    /// The member of the JSON that is to blame, where there is one, as `check.interval`.
    pub member: String,
}

impl Refused {
    /// Makes an error with any status.
    pub fn new(status: u16, words: impl Into<String>) -> Refused {
        Refused {
            status,
            words: words.into(),
            member: String::new(),
        }
    }

    /// Makes an error of the caller: 400.
    pub fn bad(words: impl Into<String>) -> Refused {
        Refused::new(400, words)
    }

    /// 400: the body is not what it should be.
    pub fn decode(words: impl Display) -> Refused {
        Refused::bad(format!("Request decode failed: {words}"))
    }

    /// 500: Consul's answer to much that is the caller's mistake as well.
    pub fn internal(words: impl Into<String>) -> Refused {
        Refused::new(500, words)
    }

    /// 501: the real Consul does this and the agent of this lesson does not.
    pub fn not_here(what: impl Display) -> Refused {
        Refused::new(
            501,
            format!("{what} is not part of this agent; a real Consul has it"),
        )
    }

    /// Puts `place` in front of the name of the member that is wrong: the object that contains it.
    pub fn at(mut self, place: &str) -> Refused {
        self.member = match self.member.as_str() {
            "" => place.to_owned(),
            inner => format!("{place}.{inner}"),
        };
        self
    }
}
