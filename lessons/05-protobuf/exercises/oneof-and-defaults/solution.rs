//! A field of proto3 has no "not set": what is zero, or empty, is not written, and what was not written
//! is read as zero. Where the difference matters the schema must say so. `optional` keeps one field's
//! presence; a `oneof` does that too, and adds that only one of its fields is there, on the wire and in
//! the type. That is what `Mark` says in Rust, so the two are turned into each other case by case, and no
//! value has to mean "nothing".

use prost::{DecodeError, Message, Oneof};

/// How an exam ended for a pupil.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Nobody has looked at it yet.
    Open,
    /// So many points; 0 is possible.
    Points(u32),
    /// The pupil was not there, and this is why.
    Excused(String),
}

/// How it travels: `oneof outcome { uint32 points = 2; string excused = 3; }`.
#[derive(Clone, PartialEq, Message)]
struct Paper {
    #[prost(string, tag = "1")]
    pupil: String,
    #[prost(oneof = "Outcome", tags = "2, 3")]
    outcome: Option<Outcome>,
}

#[derive(Clone, PartialEq, Oneof)]
enum Outcome {
    #[prost(uint32, tag = "2")]
    Points(u32),
    #[prost(string, tag = "3")]
    Excused(String),
}

/// The bytes of a pupil's exam.
pub fn write(pupil: &str, mark: &Mark) -> Vec<u8> {
    let outcome = match mark {
        Mark::Open => None,
        Mark::Points(points) => Some(Outcome::Points(*points)),
        Mark::Excused(reason) => Some(Outcome::Excused(reason.clone())),
    };
    let pupil = pupil.to_string();
    Paper { pupil, outcome }.encode_to_vec()
}

/// Who it was, and how it ended.
pub fn read(bytes: &[u8]) -> Result<(String, Mark), DecodeError> {
    let paper = Paper::decode(bytes)?;
    let mark = match paper.outcome {
        None => Mark::Open,
        Some(Outcome::Points(points)) => Mark::Points(points),
        Some(Outcome::Excused(reason)) => Mark::Excused(reason),
    };
    Ok((paper.pupil, mark))
}
