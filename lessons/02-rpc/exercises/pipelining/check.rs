//! The check of `pipelining`. It plays the server: it reads all questions, and then replies in an order of its own.

mod exercise;

use std::io::{self, ErrorKind};
use std::time::Duration;

use testkit::{Case, On, PATIENCE, Peer, Running, View, case, schedules};

type Answers = io::Result<Vec<String>>;

/// Starts the learner's function with `count` questions; the check plays the server.
fn asking(case: &Case, count: usize) -> (Running<'_, Answers>, Peer<'_>) {
    let (mut stream, server) = case.pair();
    let asked = case.start("ask_all", move || {
        let questions: Vec<String> = (1..=count).map(question).collect();
        let questions: Vec<&str> = questions.iter().map(String::as_str).collect();
        exercise::ask_all(&mut stream, &questions)
    });
    (asked, server)
}

fn question(number: usize) -> String {
    format!("what is {number} x {number}?")
}

fn answer(number: usize) -> String {
    format!("{number} x {number} is {}", number * number)
}

/// Reads all questions before it replies to any, and returns their ids.
#[track_caller]
fn read_all(case: &Case, server: &mut Peer<'_>, count: usize) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for number in 1..=count {
        let line = server.read_line(&[On::Silence(match number {
            1 => "No question was sent.",
            _ => "A question was not sent while another one waited for its reply. Send all questions first, then read.",
        })]);
        let expected = format!("ID {}", question(number));
        let Some((id, text)) = line.split_once(' ') else {
            case.differ(expected, line.view(), "The id comes first, then a blank.")
        };
        if text != question(number) {
            let advice = "Send the questions in their order and without a change.";
            case.differ(expected, line.view(), advice);
        }
        if id.parse::<u64>().is_err() {
            let advice = "The id is a number, written with digits.";
            case.differ(expected, line.view(), advice);
        }
        if ids.iter().any(|other| other == id) {
            let advice = "Two questions have the same id, so their replies cannot be told apart.";
            let answer = format!("id {id} a second time");
            case.differ("another id for each question", answer, advice);
        }
        ids.push(id.to_string());
    }
    ids
}

/// The answers in a line.
fn listed(answers: &[String]) -> String {
    let all: Vec<String> = answers.iter().map(|answer| answer.view()).collect();
    all.join(", ")
}

#[track_caller]
fn expect_answers(
    case: &Case,
    asked: Running<'_, Answers>,
    expected: &[String],
    advice: impl Fn(&[String]) -> &'static str,
) {
    let late = "All replies have arrived, and the function did not return.";
    match asked.within(PATIENCE, late) {
        Ok(answers) if answers == expected => {}
        Ok(answers) => case.differ(listed(expected), listed(&answers), advice(&answers)),
        Err(error) => case.differ(
            listed(expected),
            format!("Err: {}", error.view()),
            "Each of these replies has the id of a question that had no answer yet.",
        ),
    }
}

// The belief of this exercise. The second reply answers the first question, and only its id says so.
#[test]
fn a_call_gets_its_own_reply() {
    case("Two questions, the second is answered first", |case| {
        let (asked, mut server) = asking(case, 2);
        let ids = read_all(case, &mut server, 2);
        server.send(format!("{} {}\n", ids[1], answer(2)));
        server.send_byte_by_byte(format!("{} {}\n", ids[0], answer(1)), Duration::ZERO);
        let expected = [answer(1), answer(2)];
        let swapped = [answer(2), answer(1)];
        expect_answers(case, asked, &expected, |answers| {
            if answers == swapped {
                "Each question got the reply to the other one. Replies come in the order in which they are \
                 ready: match the ids."
            } else if answers.iter().all(String::is_empty) {
                "The replies have arrived, and none of them is in your answers."
            } else {
                "The answer is everything after the first blank, without a change."
            }
        });
    });
}

// An answer is any text, and may look like a reply.
#[test]
fn an_answer_is_any_text() {
    case("Answers that are empty, or look like a reply", |case| {
        let (asked, mut server) = asking(case, 3);
        let ids = read_all(case, &mut server, 3);
        let answers = [format!("{} ", ids[1]), String::new(), " a  b ".to_string()];
        for at in [2, 0, 1] {
            server.send(format!("{} {}\n", ids[at], answers[at]));
        }
        expect_answers(
            case,
            asked,
            &answers,
            |_| "The answer is everything after the first blank of the line, without a change.",
        );
    });
}

// From ten on, "10" comes before "2" if ids are compared as text.
#[test]
fn twelve_in_any_order() {
    let title = "Twelve questions, answered from the middle outwards";
    case(title, |case| {
        let (asked, mut server) = asking(case, 12);
        let ids = read_all(case, &mut server, 12);
        let order = (0..12).map(|step| (step * 5 + 6) % 12);
        let replies: String = order
            .map(|at| format!("{} {}\n", ids[at], answer(at + 1)))
            .collect();
        server.send(replies);
        let expected: Vec<String> = (1..=12).map(answer).collect();
        let mut sorted: Vec<(&String, String)> = ids.iter().zip(expected.clone()).collect();
        sorted.sort();
        let as_text: Vec<String> = sorted.into_iter().map(|(_, answer)| answer).collect();
        expect_answers(case, asked, &expected, |answers| {
            if answers == as_text {
                "The replies were sorted by their ids as text, and there \"10\" comes before \"2\". Use the id as the \
                 place of the answer."
            } else {
                "A question got the reply to another one: match the ids."
            }
        });
    });
}

// The check decides in which order the replies come, and where their bytes are cut.
#[test]
fn any_order_and_any_cut() {
    schedules("Four questions", |case, schedule| {
        let (asked, mut server) = asking(case, 4);
        let ids = read_all(case, &mut server, 4);
        for at in schedule.order(4) {
            let line = format!("{} {}\n", ids[at], answer(at + 1));
            let pieces = schedule.pieces(line.as_bytes(), 3);
            let count = match pieces.len() {
                1 => String::new(),
                count => format!(" in {count} pieces"),
            };
            schedule.sends(
                "server",
                "client",
                format!("the reply to question {}{count}", at + 1),
            );
            for piece in pieces {
                server.send(piece);
            }
        }
        let expected: Vec<String> = (1..=4).map(answer).collect();
        expect_answers(
            case,
            asked,
            &expected,
            |_| "A reply may come in any order and in any pieces. Its id names its question, and its line feed is its end.",
        );
    });
}

// Without questions there is nothing to wait for.
#[test]
fn no_question_needs_no_reply() {
    case("An empty list of questions", |case| {
        let (asked, _server) = asking(case, 0);
        expect_answers(case, asked, &[], |_| "There was no question.");
    });
}

// An id is what the server sends. It may belong to no question.
#[test]
fn unknown_ids_are_refused() {
    let refused = |case: &Case, asked: Running<'_, Answers>, advice: &str| {
        let answer = asked.within(PATIENCE, advice);
        if !matches!(&answer, Err(error) if error.kind() == ErrorKind::InvalidData) {
            let answer = answer.map(|answers| listed(&answers)).view();
            case.differ("Err: InvalidData", answer, advice);
        }
    };
    case("A reply with an id that was never sent", |case| {
        let (asked, mut server) = asking(case, 2);
        let ids = read_all(case, &mut server, 2);
        let last = ids.iter().filter_map(|id| id.parse::<u64>().ok()).max();
        server.send(format!("{} {}\n", last.unwrap_or_default() + 1, answer(1)));
        let advice = "No question was sent with this id: `InvalidData`.";
        refused(case, asked, advice);
    });
    case("A second reply with the same id", |case| {
        let (asked, mut server) = asking(case, 2);
        let ids = read_all(case, &mut server, 2);
        server.send(format!("{0} {1}\n{0} {1}\n", ids[1], answer(2)));
        let advice = "This question already has its answer. A second reply with its id belongs to no \
                      question: `InvalidData`.";
        refused(case, asked, advice);
    });
    for line in ["none", "x 1 x 1 is 1", " 1", "-1 a", ""] {
        case(&format!("The line {line:?}, which has no id"), |case| {
            let (asked, mut server) = asking(case, 2);
            read_all(case, &mut server, 2);
            server.send(format!("{line}\n"));
            let advice = "A reply begins with a number and a blank: `InvalidData`.";
            refused(case, asked, advice);
        });
    }
}

// Some answers are not all answers.
#[test]
fn the_end_comes_too_early() {
    case("One reply to two questions, then the end", |case| {
        let (asked, mut server) = asking(case, 2);
        let ids = read_all(case, &mut server, 2);
        server.send(format!("{} {}\n", ids[1], answer(2)));
        server.close();
        let advice = "The connection ended while a question had no answer: `UnexpectedEof`.";
        let answer = asked.within(PATIENCE, advice);
        if !matches!(&answer, Err(error) if error.kind() == ErrorKind::UnexpectedEof) {
            let answer = answer.map(|answers| listed(&answers)).view();
            case.differ("Err: UnexpectedEof", answer, advice);
        }
    });
}

// A connection that breaks has not ended in order.
#[test]
fn the_error_of_a_broken_connection_is_returned() {
    case("Two questions, and the connection is reset (RST)", |case| {
        let (asked, mut server) = asking(case, 2);
        // A question stays unread, so the close is a reset.
        server.read_line(&[]);
        server.reset();
        let advice = "The connection broke. `read` or `write` returned an error: return it.";
        let answer = asked.within(PATIENCE, advice);
        if !matches!(&answer, Err(error) if error.kind() == ErrorKind::ConnectionReset) {
            let answer = answer.map(|answers| listed(&answers)).view();
            case.differ("Err: ConnectionReset", answer, advice);
        }
    });
}
