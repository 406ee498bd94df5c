//! belief: replies-keep-the-order
//! words: Replies keep the order.
//! check: a_call_gets_its_own_reply
//! says: Call 2 got call 1's reply: match IDs

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;

pub fn ask_all(stream: &mut TcpStream, questions: &[&str]) -> io::Result<Vec<String>> {
    for (id, question) in questions.iter().enumerate() {
        stream.write_all(format!("{id} {question}\n").as_bytes())?;
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
