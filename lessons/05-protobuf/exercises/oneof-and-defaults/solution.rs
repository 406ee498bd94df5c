//! A plain proto3 field has no "not set": 0 or an empty text is not written, and a field that was not written reads as 0
//! or as empty. Where the difference matters, the schema must keep it. `optional` does that for one field. A `oneof`
//! does it too, and at most one of its fields is set, in the bytes and in the Rust type. `Mark` says the same, so each
//! case has its counterpart, and no value has to stand for "not set".

use prost::{DecodeError, Message};

/// The result of an exam.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The exam is not marked yet.
    Open,
    /// The points; 0 is possible.
    Points(u32),
    /// The pupil was absent, for this reason.
    Excused(String),
}

/// The message: `oneof outcome { uint32 points = 2; string excused = 3; }`.
#[derive(Clone, PartialEq, Message)]
struct Paper {
    #[prost(string, tag = "1")]
    pupil: String,
    #[prost(oneof = "Outcome", tags = "2, 3")]
    outcome: Option<Outcome>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Outcome {
    #[prost(uint32, tag = "2")]
    Points(u32),
    #[prost(string, tag = "3")]
    Excused(String),
}

/// The bytes of a result.
pub fn write(pupil: &str, mark: &Mark) -> Vec<u8> {
    let outcome = match mark {
        Mark::Open => None,
        Mark::Points(points) => Some(Outcome::Points(*points)),
        Mark::Excused(reason) => Some(Outcome::Excused(reason.clone())),
    };
    let pupil = pupil.to_string();
    Paper { pupil, outcome }.encode_to_vec()
}

/// The name of the pupil and the result.
pub fn read(bytes: &[u8]) -> Result<(String, Mark), DecodeError> {
    let paper = Paper::decode(bytes)?;
    let mark = match paper.outcome {
        None => Mark::Open,
        Some(Outcome::Points(points)) => Mark::Points(points),
        Some(Outcome::Excused(reason)) => Mark::Excused(reason),
    };
    Ok((paper.pupil, mark))
}
