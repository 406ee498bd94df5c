//! belief: an-id-can-be-trusted
//! words: A reply carries the ID of one of my calls.
//! check: what_nobody_waits_for
//! says: Nothing that a peer sends

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;

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
        answers[id] = Some(answer.to_string());
    }
    Ok(answers.into_iter().flatten().collect())
}
