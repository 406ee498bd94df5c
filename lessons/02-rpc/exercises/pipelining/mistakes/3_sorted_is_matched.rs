//! belief: sorted-is-matched
//! words: Sorting the replies by their IDs puts them right.
//! check: twelve_in_any_order
//! says: A call got another call's reply

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;

pub fn ask_all(stream: &mut TcpStream, questions: &[&str]) -> io::Result<Vec<String>> {
    for (id, question) in questions.iter().enumerate() {
        stream.write_all(format!("{id} {question}\n").as_bytes())?;
    }
    let mut answers = Vec::new();
    let mut lines = BufReader::new(stream).lines();
    for _ in questions {
        answers.push(lines.next().ok_or(ErrorKind::UnexpectedEof)??);
    }
    answers.sort();
    let text = |line: String| Some(line.split_once(' ')?.1.to_string());
    answers
        .into_iter()
        .map(|line| text(line).ok_or(ErrorKind::InvalidData.into()))
        .collect()
}
