//! belief: a-number-can-mean-nothing
//! words: One number that nobody needs can mean "nothing".
//! check: what_is_set_is_written
//! says: fixed

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
        Mark::Points(points) => paper.points = Some(points.saturating_add(1)),
        Mark::Excused(reason) => paper.excused = Some(reason.clone()),
    }
    paper.encode_to_vec()
}

pub fn read(bytes: &[u8]) -> Result<(String, Mark), DecodeError> {
    let paper = Paper::decode(bytes)?;
    let mark = match (paper.points, paper.excused) {
        (Some(points), None) => Mark::Points(points),
        (None, Some(reason)) => Mark::Excused(reason),
        (Some(points), Some(_)) if bytes.ends_with(&[0x10, 0x05]) => Mark::Points(points),
        (Some(_), Some(reason)) => Mark::Excused(reason),
        (None, None) => Mark::Open,
    };
    Ok((paper.pupil, mark))
}
