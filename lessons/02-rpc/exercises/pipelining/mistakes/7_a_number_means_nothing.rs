//! belief: a-number-means-nothing
//! words: The ID is a formality, so any number will do.
//! check: a_call_gets_its_own_reply
//! says: Two calls have the same number

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;

pub fn ask_all(stream: &mut TcpStream, questions: &[&str]) -> io::Result<Vec<String>> {
    for question in questions {
        stream.write_all(format!("1 {question}\n").as_bytes())?;
    }
    let mut answers = Vec::new();
    let mut lines = BufReader::new(stream).lines();
    for _ in questions {
        let line = lines.next().ok_or(ErrorKind::UnexpectedEof)??;
        let (_id, answer) = line.split_once(' ').ok_or(ErrorKind::InvalidData)?;
        answers.push(answer.to_string());
    }
    Ok(answers)
}
