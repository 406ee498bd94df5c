//! belief: one-call-at-a-time
//! words: The next call is sent when this one has its answer.
//! check: a_call_gets_its_own_reply
//! says: a call that waits is no reason to hold the next one back

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;

pub fn ask_all(stream: &mut TcpStream, questions: &[&str]) -> io::Result<Vec<String>> {
    let mut answers = Vec::new();
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    for (id, question) in questions.iter().enumerate() {
        stream.write_all(format!("{id} {question}\n").as_bytes())?;
        let line = lines.next().ok_or(ErrorKind::UnexpectedEof)??;
        let (_id, answer) = line.split_once(' ').ok_or(ErrorKind::InvalidData)?;
        answers.push(answer.to_string());
    }
    Ok(answers)
}
