//! Accepted: a map of pending calls, ids that do not count from 0, and all questions in one write.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Error, ErrorKind, Write};
use std::net::TcpStream;

/// Asks all questions on one connection, and returns the answers in the order of the questions.
pub fn ask_all(stream: &mut TcpStream, questions: &[&str]) -> io::Result<Vec<String>> {
    let mut pending = HashMap::new();
    let mut text = String::new();
    for (at, question) in questions.iter().enumerate() {
        let id = 990 + 5 * at as u64;
        pending.insert(id, at);
        text += &format!("{id} {question}\n");
    }
    stream.write_all(text.as_bytes())?;
    let mut answers = vec![String::new(); questions.len()];
    let mut from = BufReader::new(stream);
    while !pending.is_empty() {
        let mut line = String::new();
        if from.read_line(&mut line)? == 0 {
            return Err(Error::new(ErrorKind::UnexpectedEof, "replies are missing"));
        }
        let line = line.trim_end_matches('\n');
        let reply = line.split_once(' ');
        let reply = reply.and_then(|(id, answer)| Some((id.parse().ok()?, answer)));
        let at = reply.and_then(|(id, answer)| Some((pending.remove(&id)?, answer)));
        let Some((at, answer)) = at else {
            return Err(Error::new(ErrorKind::InvalidData, "not a reply of ours"));
        };
        answers[at] = answer.to_owned();
    }
    Ok(answers)
}
