//! The check of `dispatch`. It plays the client, which also calls methods that do not exist.

mod exercise;
mod given;

use std::collections::HashMap;
use std::io::{self, ErrorKind};

use exercise::{Method, Services};
use testkit::{Case, On, PATIENCE, Peer, Running, View, case};

fn services() -> Services {
    let hello: Method = |name| format!("{name} hello world");
    let now: Method = |zone| format!("noon in {zone}");
    let then: Method = |zone| format!("midnight in {zone}");
    HashMap::from([
        ("hello", HashMap::from([("HelloWorld", hello)])),
        ("clock", HashMap::from([("Now", now)])),
        ("go.micro.clock", HashMap::from([("Now", then)])),
        ("go", HashMap::new()),
    ])
}

/// Starts the learner's function on one end of a connection; the check plays the other one.
fn serving(case: &Case) -> (Running<'_, io::Result<()>>, Peer<'_>) {
    let (stream, client) = case.pair();
    let served = case.start("serve", move || exercise::serve(stream, &services()));
    (served, client)
}

const ENDED: &str = "The connection ended after a call of a method that does not exist. Only this call has failed: \
                     its client has other calls on the connection. Reply `ID error TEXT`, and read the next line.";

const SILENT: &str = "A call of a method that does not exist got no reply, so its caller waits without limit. A \
                      failed call gets a reply as well: `ID error TEXT`.";

/// Calls a method that does not exist, and expects an error reply. `registered` says what is registered instead.
#[track_caller]
fn expect_failed(case: &Case, client: &mut Peer<'_>, id: u32, call: &str, registered: &str) {
    client.send(format!("{id} {call}\n"));
    let line = client.read_line(&[On::Closed(ENDED), On::Silence(SILENT)]);
    if line.starts_with(&format!("{id} error ")) {
        return;
    }
    let name = call.split(' ').next().unwrap_or_default();
    let advice = if line.starts_with(&format!("{id} ok")) {
        format!("The call of `{name}` got a value. {registered}")
    } else {
        format!("The reply must begin with the id of its call, {id}, and the word `error`.")
    };
    case.differ(
        format!("\"{id} error ...\" for `{name}`"),
        line.view(),
        &advice,
    );
}

/// Calls a registered method, and expects this reply.
#[track_caller]
fn expect_value(case: &Case, client: &mut Peer<'_>, call: &str, reply: &str, refused: &str) {
    client.send(format!("{call}\n"));
    let line = client.read_line(&[
        On::Closed(
            "This method is registered, and the connection ended instead of a reply. Which line of \
             `serve` returned?",
        ),
        On::Silence("This method is registered, and its call got no reply."),
    ]);
    let advice = if line.contains(" error") {
        refused
    } else {
        "The reply to this call must have its id, `ok`, and what its method returned for the argument."
    };
    case.expect_eq(reply, line.as_str(), advice);
}

const REGISTERED: &str = "This method is registered, but the reply is an error. Look at how the name is cut and looked up.";

// The belief of this exercise. A name is text that a person wrote. A wrong one concerns one call, not the connection.
#[test]
fn an_unknown_method_is_one_failed_call() {
    case("A registered method", |case| {
        let (_served, mut client) = serving(case);
        let (call, reply) = ("5 hello.HelloWorld wire", "5 ok wire hello world");
        expect_value(case, &mut client, call, reply, REGISTERED);
    });
    case("An unknown method, then a registered one", |case| {
        let (served, mut client) = serving(case);
        let only = "`hello` has only one method, `HelloWorld`.";
        expect_failed(case, &mut client, 31, "hello.Nope wire", only);
        let (call, reply) = ("7 hello.HelloWorld wire", "7 ok wire hello world");
        expect_value(case, &mut client, call, reply, REGISTERED);
        client.finish();
        let advice = "The client has finished sending, and all calls have their replies: return.";
        if let Err(error) = served.within(PATIENCE, advice) {
            let advice = "The client finished in order, after its last line. That is not an error.";
            case.differ("Ok(())", format!("Err: {}", error.view()), advice);
        }
    });
}

// Two services may have a method of the same name; both parts of a name count.
#[test]
fn an_unknown_service_is_one_failed_call() {
    case("Names that are nearly registered", |case| {
        let (_served, mut client) = serving(case);
        let other = "Both parts of a name count: `HelloWorld` belongs to another service.";
        expect_failed(case, &mut client, 3, "clock.HelloWorld wire", other);
        expect_failed(case, &mut client, 40, "nowhere.HelloWorld wire", other);
        let case_counts = "Names are compared letter by letter: upper and lower case differ.";
        expect_failed(case, &mut client, 5, "hello.helloworld wire", case_counts);
        expect_failed(case, &mut client, 6, "Hello.HelloWorld wire", case_counts);
        let parts = "No method is registered under a part of a name, or under an empty one.";
        for (id, call) in [
            (18, "go.Now wire"),
            (19, "hello. wire"),
            (20, ".HelloWorld wire"),
            (21, "hello.HelloWorld.x wire"),
            (22, " wire"),
        ] {
            expect_failed(case, &mut client, id, call, parts);
        }
        let (call, reply) = ("4294967295 hello.HelloWorld ", "4294967295 ok  hello world");
        expect_value(case, &mut client, call, reply, REGISTERED);
    });
}

// The other dots belong to the name of the service.
#[test]
fn the_last_dot_separates() {
    case("`go.micro.clock` beside `clock`", |case| {
        let (_served, mut client) = serving(case);
        let (call, reply) = ("1 clock.Now Rome", "1 ok noon in Rome");
        expect_value(case, &mut client, call, reply, REGISTERED);
        let (call, reply) = ("2 go.micro.clock.Now Rome", "2 ok midnight in Rome");
        let dots = "This method is registered, but the reply is an error. The last dot separates \
                    the two parts: the service is `go.micro.clock`, the method `Now`.";
        expect_value(case, &mut client, call, reply, dots);
    });
}

// A name without a dot is an unknown name: the call has an id, so it gets a reply.
#[test]
fn no_dot_is_one_failed_call() {
    case("A name without a dot, then a registered one", |case| {
        let (_served, mut client) = serving(case);
        let whole = "A name has two parts, with a dot between them.";
        expect_failed(case, &mut client, 7, "HelloWorld wire", whole);
        expect_failed(case, &mut client, 9, "hello wire", whole);
        let (call, reply) = ("8 hello.HelloWorld a  b", "8 ok a  b hello world");
        expect_value(case, &mut client, call, reply, REGISTERED);
    });
}

// Without an id no reply can be matched. Only such a line ends the connection.
#[test]
fn a_line_without_an_id_ends_the_connection() {
    for line in [
        "hello?",
        "first hello.HelloWorld wire",
        "1 hello.HelloWorld",
        "",
    ] {
        case(&format!("The line {line:?}, which is not a call"), |case| {
            let (served, mut client) = serving(case);
            client.send(format!("{line}\n"));
            let advice = "`split` returns `None` for this line: there is no id to reply to, so return \
                          `InvalidData`.";
            let answer = served.within(PATIENCE, advice);
            case.expect_error(ErrorKind::InvalidData, &answer, advice);
            client.expect_end(&[]);
        });
    }
}

// A connection that breaks is not a failed call: the caller of `serve` gets the error.
#[test]
fn the_error_of_a_broken_connection_is_returned() {
    case("A client that breaks the connection (RST)", |case| {
        let (served, mut client) = serving(case);
        client.send("1 hello.HelloWorld wire\n");
        client.reset();
        let advice = "The connection broke. `read` or `write` returned an error: return it.";
        let answer = served.within(PATIENCE, advice);
        case.expect_error(ErrorKind::ConnectionReset, &answer, advice);
    });
}
