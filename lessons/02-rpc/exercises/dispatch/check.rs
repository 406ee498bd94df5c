//! The check of `dispatch`. It plays the client, and spells as clients do.

mod exercise;

use std::collections::HashMap;
use std::io::{self, ErrorKind};

use exercise::{Method, Services};
use testkit::{Case, On, PATIENCE, Peer, Running, case};

fn services() -> Services {
    let hello: Method = |name| format!("{name} hello world");
    let now: Method = |zone| format!("noon in {zone}");
    let then: Method = |zone| format!("midnight in {zone}");
    HashMap::from([
        ("hello", HashMap::from([("HelloWorld", hello)])),
        ("clock", HashMap::from([("Now", now)])),
        ("go.micro.clock", HashMap::from([("Now", then)])),
    ])
}

/// Starts the learner's function on one end of a connection; the check plays the other one.
fn serving(case: &Case) -> (Running<'_, io::Result<()>>, Peer<'_>) {
    let (stream, client) = case.pair();
    let served = case.start("serve", move || exercise::serve(stream, &services()));
    (served, client)
}

/// Calls something that is not there, and expects to be told so.
#[track_caller]
fn expect_failed(case: &Case, client: &mut Peer<'_>, id: u32, call: &str) {
    client.send(format!("{id} {call}\n"));
    let name = call.split(' ').next().unwrap_or_default();
    let ended = format!(
        "`{name}` ended the connection; it should be one failed call. The client has misspelt a \
         name: its other calls are fine, so answer `{id} error ...` and go on."
    );
    let silent = format!(
        "Nobody answered `{name}`, and its caller waits for ever: a call that fails is answered \
         as well."
    );
    let ended: &'static str = ended.leak();
    let silent: &'static str = silent.leak();
    let line = client.read_line(&[On::Closed(ended), On::Silence(silent)]);
    if !line.starts_with(&format!("{id} error ")) {
        let advice = format!(
            "There is no `{name}`. Both names must be right, the service's and the method's, and \
             the answer carries the ID of the call and the word `error`."
        );
        case.differ(format!("\"{id} error ...\""), format!("{line:?}"), &advice);
    }
}

#[track_caller]
fn expect_value(client: &mut Peer<'_>, call: &str, answer: &str) {
    client.send(format!("{call}\n"));
    client.expect(
        format!("{answer}\n"),
        &[
            On::Wrong(
                "The answer carries the ID of its call, `ok`, and what the method returned. The \
                 last dot is the one between service and method.",
            ),
            On::Closed("This name is right, and the connection has ended. Which line returned?"),
        ],
    );
}

// The belief of this exercise. A name is text that somebody typed. A wrong one says something about
// one call, and nothing about the connection or the server.
#[test]
fn a_wrong_method_is_one_failed_call() {
    case("A misspelt method, then a good call", |case| {
        let (_served, mut client) = serving(case);
        expect_failed(case, &mut client, 1, "hello.Nope wire");
        expect_value(
            &mut client,
            "2 hello.HelloWorld wire",
            "2 ok wire hello world",
        );
    });
}

// Two services may have a method of the same name; it takes both names to find one.
#[test]
fn a_wrong_service_is_one_failed_call() {
    case("A service that is not there", |case| {
        let (_served, mut client) = serving(case);
        expect_failed(case, &mut client, 3, "clock.HelloWorld wire");
        expect_failed(case, &mut client, 4, "nobody.HelloWorld wire");
        // Nearly right is wrong, or two clients would soon depend on two spellings.
        expect_failed(case, &mut client, 5, "Hello.helloworld wire");
        expect_value(&mut client, "6 hello.HelloWorld ", "6 ok  hello world");
    });
}

// The dots in a service's name are its own; the last one separates.
#[test]
fn the_last_dot_separates() {
    case("`go.micro.clock` beside `clock`", |case| {
        let (_served, mut client) = serving(case);
        expect_value(&mut client, "1 clock.Now Rome", "1 ok noon in Rome");
        expect_value(
            &mut client,
            "2 go.micro.clock.Now Rome",
            "2 ok midnight in Rome",
        );
    });
}

// A name without a dot is a wrong name like any other: there is an ID, so there is an answer.
#[test]
fn no_dot_is_one_failed_call() {
    case("A name without a dot", |case| {
        let (_served, mut client) = serving(case);
        expect_failed(case, &mut client, 7, "HelloWorld wire");
        expect_value(
            &mut client,
            "8 hello.HelloWorld a b",
            "8 ok a b hello world",
        );
    });
}

// Without an ID there is nobody to answer. This one does end the connection.
#[test]
fn what_is_no_call_ends_the_connection() {
    case("A line that is no call", |case| {
        let (served, mut client) = serving(case);
        client.send("hello?\n");
        let advice = "This line has no ID, so no answer could be matched to it.";
        let answer = served.within(PATIENCE, advice);
        case.expect_error(ErrorKind::InvalidData, &answer, advice);
        client.expect_end(&[]);
    });
}
