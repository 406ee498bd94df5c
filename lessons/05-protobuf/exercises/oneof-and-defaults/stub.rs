use prost::{DecodeError, Message};

/// The result of an exam.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The exam is not marked yet.
    Open,
    /// The points; 0 is possible.
    Points(u32),
    /// The pupil was absent, for this reason. The reason may be empty.
    Excused(String),
}

/// The message of a result. Other programs read it as well, so these numbers and types are fixed:
///
/// ```text
///   string pupil = 1;
///   uint32 points = 2;
///   string excused = 3;
/// ```
///
/// You may add `optional` or `oneof` around them: neither changes a byte of a field that is set.
#[derive(Clone, PartialEq, Message)]
struct Paper {
    #[prost(string, tag = "1")]
    pupil: String,
    #[prost(uint32, tag = "2")]
    points: u32,
    #[prost(string, tag = "3")]
    excused: String,
}

/// The bytes of a result. `Open` writes neither field; `Points` and `Excused` write theirs, also if it is 0 or empty.
pub fn write(pupil: &str, mark: &Mark) -> Vec<u8> {
    let mut paper = Paper {
        pupil: pupil.to_string(),
        ..Paper::default()
    };
    match mark {
        Mark::Open => {}
        Mark::Points(points) => paper.points = *points,
        Mark::Excused(reason) => paper.excused.clone_from(reason),
    }
    paper.encode_to_vec()
}

/// The name of the pupil and the result. If the bytes have both points and an excuse, the one that comes last counts.
pub fn read(bytes: &[u8]) -> Result<(String, Mark), DecodeError> {
    let paper = Paper::decode(bytes)?;
    let mark = if paper.excused.is_empty() {
        Mark::Points(paper.points)
    } else {
        Mark::Excused(paper.excused)
    };
    Ok((paper.pupil, mark))
}
