//! belief: no-more-means-all
//! words: When no more replies come, these were all.
//! check: the_end_comes_too_early
//! says: ended while a call waited

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;

pub fn ask_all(stream: &mut TcpStream, questions: &[&str]) -> io::Result<Vec<String>> {
    for (id, question) in questions.iter().enumerate() {
        stream.write_all(format!("{id} {question}\n").as_bytes())?;
    }
    let mut answers: Vec<Option<String>> = vec![None; questions.len()];
    for line in BufReader::new(stream).lines() {
        let line = line?;
        let (id, answer) = line.split_once(' ').ok_or(ErrorKind::InvalidData)?;
        let id: usize = id.parse().map_err(|_| ErrorKind::InvalidData)?;
        match answers.get_mut(id) {
            Some(place) if place.is_none() => *place = Some(answer.to_string()),
            _ => return Err(ErrorKind::InvalidData.into()),
        }
        if answers.iter().all(Option::is_some) {
            break;
        }
    }
    Ok(answers.into_iter().map(Option::unwrap_or_default).collect())
}
