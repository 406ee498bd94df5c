use prost::{DecodeError, Message};

/// How an exam ended for a pupil.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Nobody has looked at it yet.
    Open,
    /// So many points; 0 is possible.
    Points(u32),
    /// The pupil was not there, and this is why. The reason may be empty.
    Excused(String),
}

/// How it travels. Other programs read it as well, so these numbers and kinds are fixed:
///
/// ```text
///   string pupil = 1;
///   uint32 points = 2;
///   string excused = 3;
/// ```
///
/// What a `.proto` file may write around them, `optional` or `oneof`, is up to you: neither changes a byte
/// of a field that is there.
#[derive(Clone, PartialEq, Message)]
struct Paper {
    #[prost(string, tag = "1")]
    pupil: String,
    #[prost(uint32, tag = "2")]
    points: u32,
    #[prost(string, tag = "3")]
    excused: String,
}

/// The bytes of a pupil's exam.
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

/// Who it was, and how it ended. If there are both points and an excuse, the one that comes last counts.
pub fn read(bytes: &[u8]) -> Result<(String, Mark), DecodeError> {
    let paper = Paper::decode(bytes)?;
    let mark = if paper.excused.is_empty() {
        Mark::Points(paper.points)
    } else {
        Mark::Excused(paper.excused)
    };
    Ok((paper.pupil, mark))
}
