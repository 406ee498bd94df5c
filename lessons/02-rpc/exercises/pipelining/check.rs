//! The check of `pipelining`. It plays the server, and answers in the order that it likes.

mod exercise;

use std::io::{self, ErrorKind};

use testkit::{Case, On, PATIENCE, Peer, Running, case};

/// Starts the learner's function on one end of a connection; the check plays the other one.
fn asking(case: &Case, count: usize) -> (Running<'_, io::Result<String>>, Peer<'_>) {
    let (mut stream, server) = case.pair();
    let asked = case.start("ask_all", move || {
        let questions: Vec<String> = (1..=count).map(|number| format!("q{number}")).collect();
        let questions: Vec<&str> = questions.iter().map(String::as_str).collect();
        // One text is easier to read in a verdict than a list.
        exercise::ask_all(&mut stream, &questions).map(|answers| answers.join(" "))
    });
    (asked, server)
}

/// Reads all questions before any is answered, and returns their IDs.
#[track_caller]
fn read_all(case: &Case, server: &mut Peer<'_>, count: usize) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for number in 1..=count {
        let line = server.read_line(&[On::Silence(
            "This question has not been sent while another one waits for its answer: a call that \
             waits is no reason to hold the next one back. Send all of them, then read.",
        )]);
        let Some((id, question)) = line.split_once(' ') else {
            case.differ(
                "a line `ID QUESTION`",
                format!("{line:?}"),
                "The ID comes first.",
            )
        };
        case.expect_eq(
            &format!("q{number}"),
            &question.to_string(),
            "Send the question as it is.",
        );
        if ids.iter().any(|other| other == id) {
            let advice = "Two calls have the same number: nobody could tell their answers apart.";
            case.differ("a number for each call", format!("{id} again"), advice);
        }
        ids.push(id.to_string());
    }
    ids
}

#[track_caller]
fn expect_answers(case: &Case, asked: Running<'_, io::Result<String>>, expected: &str) {
    let answer = asked.within(
        PATIENCE,
        "All answers are there, and you still wait for more.",
    );
    let advice = "A call got another call's reply: match IDs. Replies come in the order in which \
                  they are ready, and that says nothing about whose they are.";
    match &answer {
        Ok(answers) => case.expect_eq(expected, answers.as_str(), advice),
        Err(_) => case.differ(
            format!("{expected:?}"),
            testkit::View::view(&answer),
            "Every reply here was one that you waited for.",
        ),
    }
}

// The belief of this exercise. The second reply is about the first question, and only its number
// says so.
#[test]
fn a_call_gets_its_own_reply() {
    case("Two questions, answered 2, 1", |case| {
        let (asked, mut server) = asking(case, 2);
        let ids = read_all(case, &mut server, 2);
        server.send(format!("{} a2\n{} a1\n", ids[1], ids[0]));
        let answer = asked.within(PATIENCE, "Both answers are there, and you still wait.");
        let advice = "Call 2 got call 1's reply: match IDs. Replies come in the order in which \
                      they are ready, and that says nothing about whose they are.";
        match &answer {
            Ok(answers) => case.expect_eq("a1 a2", answers.as_str(), advice),
            Err(_) => case.differ("\"a1 a2\"", testkit::View::view(&answer), advice),
        }
    });
}

// From ten on, `10` comes before `2` if numbers are compared as text.
#[test]
fn twelve_in_any_order() {
    case(
        "Twelve questions, answered from the middle outwards",
        |case| {
            let (asked, mut server) = asking(case, 12);
            let ids = read_all(case, &mut server, 12);
            for step in 0..12 {
                let at = (step * 5 + 6) % 12;
                server.send(format!("{} a{}\n", ids[at], at + 1));
            }
            expect_answers(case, asked, "a1 a2 a3 a4 a5 a6 a7 a8 a9 a10 a11 a12");
        },
    );
}

// A number is a claim by a stranger. It may be one that nobody waits for.
#[test]
fn what_nobody_waits_for() {
    case("A reply to a call that was never made", |case| {
        let (asked, mut server) = asking(case, 2);
        read_all(case, &mut server, 2);
        server.send("4000000 a1\n");
        let advice = "Nobody waits for a reply with the number 4000000: `InvalidData`.";
        let answer = asked.within(PATIENCE, advice);
        case.expect_error(ErrorKind::InvalidData, &answer, advice);
    });
    case("The same call is answered twice", |case| {
        let (asked, mut server) = asking(case, 2);
        let ids = read_all(case, &mut server, 2);
        server.send(format!("{0} a1\n{0} a2\n", ids[0]));
        let advice = "A call that has its answer does not wait any more. The second reply to it \
                      belongs to nobody: `InvalidData`.";
        let answer = asked.within(PATIENCE, advice);
        case.expect_error(ErrorKind::InvalidData, &answer, advice);
    });
}

// Some answers are not all answers.
#[test]
fn the_end_comes_too_early() {
    case("One answer of two, then the end", |case| {
        let (asked, mut server) = asking(case, 2);
        let ids = read_all(case, &mut server, 2);
        server.send(format!("{} a2\n", ids[1]));
        server.close();
        let advice = "The connection ended while a call waited: that is `UnexpectedEof`, and not \
                      an answer without words.";
        let answer = asked.within(PATIENCE, advice);
        case.expect_error(ErrorKind::UnexpectedEof, &answer, advice);
    });
}
