//! What a learner's program says to the class: signed messages, their limits, and why one is refused.
//!
//! A message is JSON in the body of `POST /api/member`. Its signature stands in the header, so that the bytes which are
//! signed are the bytes which the learner sees.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

pub use crate::status::Status;

/// Header with the sender's public key.
pub const KEY: &str = "class-key";
/// Header with the signature of the body.
pub const SIGNATURE: &str = "class-signature";
/// The largest message, in bytes.
pub const MESSAGE: usize = 96 * 1024;
/// The largest answer that a learner shows, in bytes.
pub const ANSWER: usize = 32 * 1024;
/// Results in one message.
pub const RESULTS: usize = 50;
/// Length of a name or of a line, in characters.
pub const NAME: usize = 40;
/// See [`NAME`].
pub const LINE: usize = 300;
/// A message from further in the future is refused, in seconds: one day, because a clock may be in the wrong time zone.
const AHEAD: u64 = 24 * 60 * 60;
/// A message from further in the past is refused: sixty days, because it may have waited on a machine without a network.
const BEHIND: u64 = 60 * AHEAD;
/// Signed before the body, so that a signature made for another purpose is worth nothing here.
const PURPOSE: &[u8] = b"workbook class message, version 1\n";

/// One message of a member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// The room code: a message for one class is worth nothing in another.
    pub room: String,
    /// Greater than that of every message before; what makes a replay visible.
    pub sequence: u64,
    /// When it was made, in seconds since 1970-01-01 UTC.
    pub sent: u64,
    /// What it says.
    pub what: What,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum What {
    /// Binds the key to a line of the roster, or to a made-up name.
    Join {
        /// The name.
        name: String,
    },
    /// Results of checks, in their order.
    Results(Vec<Record>),
    /// Asks the teacher to come.
    Help {
        /// The exercise, if it is about one.
        exercise: Option<String>,
    },
    /// Takes the question back.
    NoHelp {},
    /// Votes in the poll that is open.
    Vote {
        /// Its number.
        poll: i64,
        /// The option, from 0.
        choice: u16,
    },
    /// *Show my answer*: the only message that has code in it.
    Answer {
        /// The exercise.
        exercise: String,
        /// The text of the answer.
        text: String,
    },
    /// The learner's program runs, and fetches notes.
    Here {
        /// The newest note that it has.
        notes: i64,
    },
    /// Leaves the class.
    Leave {
        /// Whether the class deletes what it has of this member.
        forget: bool,
    },
}

/// The result of one check: all that a class is told of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Id of the exercise.
    pub exercise: String,
    /// How the check ended.
    pub status: Status,
    /// Slug of the belief that a failure showed; none if the mistake is not known.
    pub belief: Option<String>,
    /// What the check said of a mistake that is not known: no numbers, nothing of what stands in quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<String>,
    /// How long the check ran.
    pub seconds: f64,
    /// Which attempt at this exercise it was, from 1.
    pub attempt: u32,
    /// How many hints had been shown.
    pub hints: u32,
}

/// What the class replies to a message that it has taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// The name that the key is bound to.
    pub name: String,
    /// Number of the newest result that the class has; the board shows the same number.
    pub upto: i64,
    /// The message had arrived before; nothing was done again.
    pub repeated: bool,
    /// The teacher's notes to this member that [`What::Here`] asked for.
    pub notes: Vec<Note>,
}

/// A note of the teacher to one member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Its number.
    pub id: i64,
    /// What it says.
    pub text: String,
}

/// What the class replies to a message that it has not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotTaken {
    /// [`Refusal::kind`].
    pub refused: String,
    /// The reason as a sentence.
    pub why: String,
}

/// Why a message is refused. The board counts each kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// More bytes than [`MESSAGE`].
    #[error("the message is larger than {MESSAGE} bytes")]
    TooBig,
    /// Not JSON, or not of this protocol.
    #[error("the message cannot be read: {0}")]
    Malformed(String),
    /// The signature does not fit key and body.
    #[error("the signature does not fit the message")]
    Forged,
    /// No member has this key.
    #[error("this key belongs to no member of the class; join first")]
    ForeignKey,
    /// Another class, or a wrong code.
    #[error("this class has another room code")]
    WrongRoom,
    /// A name that cannot be shown.
    #[error("a name has 1 to {NAME} characters, without control characters")]
    Name,
    /// Bound to another key.
    #[error("the name is taken; if it is yours, ask the teacher to free it")]
    NameTaken,
    /// The class has a roster, and this name is not in it.
    #[error("the name is not on the roster of the class")]
    NotOnRoster,
    /// A message that is not newer than those before.
    #[error("the message is not newer than message {0}, which has arrived before")]
    Replay(u64),
    /// A value that no check produces.
    #[error("{0}")]
    Absurd(String),
    /// Sent at another time, by the clock of the sender.
    #[error("the clock of your machine is far from the teacher's; set it and try again")]
    Clock,
    /// More messages than a learner's program sends.
    #[error("too many messages; wait a moment")]
    TooFast,
    /// A limit of the class.
    #[error("the class has no room for more {0}")]
    Full(&'static str),
    /// A vote, and no poll is open.
    #[error("this poll takes no votes now")]
    NoPoll,
}

impl Refusal {
    /// The stable word of this kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::TooBig => "too-big",
            Self::Malformed(_) => "malformed",
            Self::Forged => "forged",
            Self::ForeignKey => "foreign-key",
            Self::WrongRoom => "wrong-room",
            Self::Name => "name",
            Self::NameTaken => "name-taken",
            Self::NotOnRoster => "not-on-roster",
            Self::Replay(_) => "replay",
            Self::Absurd(_) => "absurd",
            Self::Clock => "clock",
            Self::TooFast => "too-fast",
            Self::Full(_) => "full",
            Self::NoPoll => "no-poll",
        }
    }

    /// The status of the HTTP response.
    pub fn status(&self) -> u16 {
        match self {
            Self::TooBig => 413,
            Self::Malformed(_) | Self::Absurd(_) | Self::Name | Self::Clock => 400,
            Self::Forged | Self::ForeignKey | Self::WrongRoom | Self::NotOnRoster => 403,
            Self::NameTaken | Self::Replay(_) | Self::NoPoll => 409,
            Self::TooFast => 429,
            Self::Full(_) => 507,
        }
    }
}

impl Message {
    /// Checks what can be checked without the records. Both sides do, so that an honest sender is not refused.
    ///
    /// # Errors
    /// The value that no learner's program sends.
    pub fn check(&self, now: u64) -> Result<(), Refusal> {
        if self.sent > now.saturating_add(AHEAD) || self.sent < now.saturating_sub(BEHIND) {
            return Err(Refusal::Clock);
        }
        if i64::try_from(self.sequence).is_err() {
            return absurd("no learner's program has sent so many messages".to_owned());
        }
        match &self.what {
            What::Join { name } if !is_text(name, NAME) => Err(Refusal::Name),
            What::Results(records) => {
                if records.is_empty() || records.len() > RESULTS {
                    return absurd(format!("a message has 1 to {RESULTS} results"));
                }
                records.iter().try_for_each(Record::check)
            }
            What::Help { exercise: Some(id) } => check_id(id, "an exercise"),
            What::Answer { exercise, text } => {
                if text.len() > ANSWER {
                    return Err(Refusal::TooBig);
                }
                check_id(exercise, "an exercise")
            }
            _ => Ok(()),
        }
    }
}

impl Record {
    /// Checks each value.
    ///
    /// # Errors
    /// The value that no check produces.
    pub fn check(&self) -> Result<(), Refusal> {
        check_id(&self.exercise, "an exercise")?;
        if let Some(belief) = &self.belief {
            check_id(belief, "a belief")?;
        }
        if self.seen.as_ref().is_some_and(|seen| !is_text(seen, LINE)) {
            return absurd(format!("what a check said has 1 to {LINE} characters"));
        }
        if !(0.0..=86_400.0).contains(&self.seconds) {
            return absurd(format!("{} seconds is no time of a check", self.seconds));
        }
        if !(1..=100_000).contains(&self.attempt) || self.hints > 1_000 {
            return absurd("no learner has so many attempts or hints".to_owned());
        }
        Ok(())
    }
}

fn absurd(why: String) -> Result<(), Refusal> {
    Err(Refusal::Absurd(why))
}

/// An id of the course: small letters, digits and hyphens.
///
/// # Errors
/// If it has others.
pub fn check_id(id: &str, what: &str) -> Result<(), Refusal> {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if id.is_empty() || id.len() > 80 || !id.bytes().all(letter) {
        return absurd(format!(
            "{what} has an id of small letters, digits and hyphens"
        ));
    }
    Ok(())
}

/// Whether a page or a terminal can show the text: not empty, not longer than `most` characters, no control characters
/// and none that turn the direction of writing.
pub fn is_text(text: &str, most: usize) -> bool {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let bad = text.chars().any(|c| c.is_control() || turns(c));
    !bad && !text.trim().is_empty() && text.chars().count() <= most
}

/// A new key of a member, as PKCS #8.
///
/// # Errors
/// If the system has no random bytes.
pub fn make_key() -> anyhow::Result<Vec<u8>> {
    let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
    let key = key.map_err(|_| anyhow::anyhow!("the system has no random bytes"))?;
    Ok(key.as_ref().to_vec())
}

/// Public key and signature of `body`, as they stand in the headers.
///
/// # Errors
/// If `key` is not what [`make_key`] has made.
pub fn sign(key: &[u8], body: &[u8]) -> anyhow::Result<(String, String)> {
    let pair =
        Ed25519KeyPair::from_pkcs8(key).map_err(|e| anyhow::anyhow!("the key is damaged: {e}"))?;
    let signature = pair.sign(&[PURPOSE, body].concat());
    Ok((
        encode(pair.public_key().as_ref()),
        encode(signature.as_ref()),
    ))
}

/// Whether `signature` is that of `key` for `body`.
pub fn is_signed(key: &str, signature: &str, body: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) = (
        URL_SAFE_NO_PAD.decode(key),
        URL_SAFE_NO_PAD.decode(signature),
    ) else {
        return false;
    };
    UnparsedPublicKey::new(&ED25519, key)
        .verify(&[PURPOSE, body].concat(), &signature)
        .is_ok()
}

/// Bytes as text for headers, cookies and files.
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of [`encode`].
///
/// # Errors
/// If it is something else.
pub fn decode(text: &str) -> anyhow::Result<Vec<u8>> {
    Ok(URL_SAFE_NO_PAD.decode(text)?)
}
