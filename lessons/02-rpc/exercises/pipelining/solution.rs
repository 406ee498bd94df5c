//! The order of replies says nothing, so it is not used: each reply is put where its number says. A
//! place that is still empty is a call that waits, and that makes the other checks easy: a number
//! without a place, or with a full one, belongs to nobody here. A slice and `get_mut` are enough,
//! because these numbers are small and our own; a client that goes on calling keeps a map, and
//! takes each entry out when it is answered.

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;

/// Asks all questions at once, and returns the answers in the order of the questions.
pub fn ask_all(stream: &mut TcpStream, questions: &[&str]) -> io::Result<Vec<String>> {
    for (id, question) in questions.iter().enumerate() {
        stream.write_all(format!("{id} {question}\n").as_bytes())?;
    }
    let mut answers: Vec<Option<String>> = vec![None; questions.len()];
    let mut lines = BufReader::new(stream).lines();
    while answers.iter().any(Option::is_none) {
        let line = lines.next().ok_or(ErrorKind::UnexpectedEof)??;
        let (id, answer) = line.split_once(' ').ok_or(ErrorKind::InvalidData)?;
        let id: usize = id.parse().map_err(|_| ErrorKind::InvalidData)?;
        match answers.get_mut(id) {
            Some(place) if place.is_none() => *place = Some(answer.to_string()),
            _ => return Err(ErrorKind::InvalidData.into()),
        }
    }
    Ok(answers.into_iter().flatten().collect())
}
