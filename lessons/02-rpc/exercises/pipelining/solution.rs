//! The order of the replies is not used: each answer goes to the place that its id names. A place that is still
//! `None` is a pending call, so the other rules are simple: an id without such a place is `InvalidData`. A `Vec` and
//! `get_mut` are enough, because these ids count from 0. A client that makes calls without end keeps a map, and
//! removes an entry when its reply arrives.

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;

/// Asks all questions on one connection, and returns the answers in the order of the questions.
pub fn ask_all(stream: &mut TcpStream, questions: &[&str]) -> io::Result<Vec<String>> {
    for (id, question) in questions.iter().enumerate() {
        stream.write_all(format!("{id} {question}\n").as_bytes())?;
    }
    let mut answers = vec![None; questions.len()];
    let mut lines = BufReader::new(stream).lines();
    while answers.contains(&None) {
        let line = lines.next().ok_or(ErrorKind::UnexpectedEof)??;
        let (id, answer) = line.split_once(' ').ok_or(ErrorKind::InvalidData)?;
        let id: usize = id.parse().map_err(|_| ErrorKind::InvalidData)?;
        let place = answers.get_mut(id).filter(|place| place.is_none());
        *place.ok_or(ErrorKind::InvalidData)? = Some(answer.to_string());
    }
    Ok(answers.into_iter().flatten().collect())
}
