//! belief: zero-means-set
//! words: What I read as 0 was sent as 0.
//! check: a_score_of_zero_is_a_score
//! says: score 0 and no score look alike

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
    #[prost(uint32, tag = "2")]
    points: u32,
    #[prost(string, tag = "3")]
    excused: String,
}

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

pub fn read(bytes: &[u8]) -> Result<(String, Mark), DecodeError> {
    let paper = Paper::decode(bytes)?;
    let mark = if paper.excused.is_empty() {
        Mark::Points(paper.points)
    } else {
        Mark::Excused(paper.excused)
    };
    Ok((paper.pupil, mark))
}
