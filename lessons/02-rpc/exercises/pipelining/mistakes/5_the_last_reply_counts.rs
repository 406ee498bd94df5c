//! belief: the-last-reply-counts
//! words: If a call is answered twice, the last reply counts.
//! check: what_nobody_waits_for
//! says: does not wait any more

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
        let place = answers.get_mut(id).ok_or(ErrorKind::InvalidData)?;
        *place = Some(answer.to_string());
    }
    Ok(answers.into_iter().flatten().collect())
}
