//! belief: two-options-are-a-choice
//! words: Two fields that may be missing are a choice of one.
//! check: both_are_there_and_the_last_one_counts
//! says: the last one counts

use prost::{DecodeError, Message};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    Open,
    Points(u32),
    Excused(String),
}

#[derive(Clone, PartialEq, Message)]
struct Paper {
    #[prost(string, tag = "1")]
    pupil: String,
    #[prost(uint32, optional, tag = "2")]
    points: Option<u32>,
    #[prost(string, optional, tag = "3")]
    excused: Option<String>,
}

pub fn write(pupil: &str, mark: &Mark) -> Vec<u8> {
    let mut paper = Paper {
        pupil: pupil.to_string(),
        ..Paper::default()
    };
    match mark {
        Mark::Open => {}
        Mark::Points(points) => paper.points = Some(*points),
        Mark::Excused(reason) => paper.excused = Some(reason.clone()),
    }
    paper.encode_to_vec()
}

pub fn read(bytes: &[u8]) -> Result<(String, Mark), DecodeError> {
    let paper = Paper::decode(bytes)?;
    let mark = match (paper.points, paper.excused) {
        (_, Some(reason)) => Mark::Excused(reason),
        (Some(points), None) => Mark::Points(points),
        (None, None) => Mark::Open,
    };
    Ok((paper.pupil, mark))
}
