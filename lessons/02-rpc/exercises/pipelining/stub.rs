use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;

/// Asks all questions on one connection, and returns the answers in the order of the questions.
///
/// * A question is a line `ID QUESTION`. The ids are numbers that you choose, another one for each question.
/// * A reply is a line `ID ANSWER` with the id of its question. The answer is everything after the first blank; it
///   may be empty or contain blanks.
/// * Send all questions before you read the first reply. The replies come in any order.
/// * A reply whose id belongs to no question without an answer, or a line without an id: `InvalidData`.
/// * The connection ends before all answers have arrived: `UnexpectedEof`.
/// * Any other error of `read` or `write` is returned.
/// * Return as soon as all answers have arrived.
///
/// So far the first reply is taken for the answer to the first question.
pub fn ask_all(stream: &mut TcpStream, questions: &[&str]) -> io::Result<Vec<String>> {
    for (id, question) in questions.iter().enumerate() {
        stream.write_all(format!("{id} {question}\n").as_bytes())?;
    }
    let mut answers = Vec::new();
    let mut lines = BufReader::new(stream).lines();
    while answers.len() < questions.len() {
        let line = lines.next().ok_or(ErrorKind::UnexpectedEof)??;
        let (_id, answer) = line.split_once(' ').ok_or(ErrorKind::InvalidData)?;
        answers.push(answer.to_string());
    }
    Ok(answers)
}
