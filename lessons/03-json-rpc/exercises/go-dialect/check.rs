//! The check of `go-dialect`: it plays the Go client, and one that writes the same JSON in other ways.

mod exercise;

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Case, Running, case, view_bytes};

const PAUSE: Duration = Duration::from_millis(5);
const LIMIT: Duration = Duration::from_millis(500);

/// The client's end of a connection whose other end the learner's function has.
struct Client<'c> {
    case: &'c Case,
    stream: TcpStream,
}

/// Starts the learner's function on one end of a connection.
fn start(case: &Case) -> (Running<'_, io::Result<()>>, Client<'_>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on 127.0.0.1");
    let addr = listener.local_addr().expect("its address");
    let stream = TcpStream::connect(addr).expect("dial our own port");
    stream.set_nodelay(true).expect("small pieces at once");
    let timeout = stream.set_read_timeout(Some(LIMIT));
    timeout.expect("a limit for every read");
    let (far, _) = listener.accept().expect("accept our own client");
    let serve = case.start("serve", || exercise::serve(far));
    (serve, Client { case, stream })
}

impl Client<'_> {
    /// What cannot be sent will not be answered either, and that is what is looked at.
    fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref());
    }

    fn finish(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Fails unless the next reply has this id and this result. What else is in it, other tests ask.
    #[track_caller]
    fn expect_shout(&mut self, id: u64, text: &str, advice: &str) {
        let expected = shouted(id, text);
        let reply = self.reply(&expected, advice);
        if reply["id"] != id || reply["result"] != text {
            let reply = reply.to_string();
            self.case.differ(expected.to_string(), reply, advice);
        }
    }

    /// Fails unless this is the next reply.
    #[track_caller]
    fn expect(&mut self, expected: &Value, advice: &str) {
        let reply = self.reply(expected, advice);
        if reply != *expected {
            let reply = reply.to_string();
            self.case.differ(expected.to_string(), reply, advice);
        }
    }

    /// Reads one reply, with or without a newline after it; `expected` is for the report.
    #[track_caller]
    fn reply(&mut self, expected: &Value, advice: &str) -> Value {
        let (mut got, mut byte) = (Vec::new(), [0]);
        loop {
            let happened = match self.stream.read(&mut byte) {
                Ok(1..) => None,
                Ok(0) => Some("you closed the connection".to_string()),
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    Some(format!("nothing more within {} ms", LIMIT.as_millis()))
                }
                // Closed with bytes that nobody had read: the system calls that a reset.
                Err(_) => Some("you closed the connection".to_string()),
            };
            if let Some(happened) = happened {
                let answer = match got.as_slice() {
                    [] => happened,
                    got => format!("{}, then {happened}", view_bytes(got)),
                };
                self.case.differ(expected.to_string(), answer, advice);
            }
            if !got.is_empty() || !byte[0].is_ascii_whitespace() {
                got.push(byte[0]);
            }
            if byte == *b"}"
                && let Ok(reply) = serde_json::from_slice(&got)
            {
                return reply;
            }
        }
    }
}

fn shouted(id: u64, text: &str) -> Value {
    json!({"id": id, "result": text, "error": null})
}

// The belief of this exercise. A Go program writes a newline after each object, so a reader of lines
// works with Go; and then another client comes, whose objects stand side by side.
#[test]
fn a_newline_is_not_needed() {
    case("Two objects in one write", |case| {
        let (_serve, mut client) = start(case);
        let one = r#"{"method":"Text.Shout","params":["a"],"id":1}"#;
        let two = r#"{"method":"Text.Shout","params":["b"],"id":2}"#;
        client.send(format!("{one}{two}\n"));
        let advice = "Two objects came in one read; none was answered. An object ends with its last \
                      brace, and the next one may begin right behind it.";
        client.expect_shout(1, "A", advice);
        let advice = "Two objects came in one read; one was answered. An object ends with its last \
                      brace, and the next one may begin right behind it.";
        client.expect_shout(2, "B", advice);
    });
    case("One object, and the client waits for its reply", |case| {
        let (_serve, mut client) = start(case);
        client.send(r#"{"method":"Text.Shout","params":["wait"],"id":3}"#);
        let advice = "The object is complete with its last brace. Whoever waits for another byte \
                      waits for a client that waits for the reply.";
        client.expect_shout(3, "WAIT", advice);
    });
}

// White space between tokens is free, line breaks are white space, and pieces end anywhere.
#[test]
fn objects_come_in_pieces() {
    case(
        "An object on several lines, cut inside a character",
        |case| {
            let (_serve, mut client) = start(case);
            let text = "{\n \"params\": [ \"\u{e4}\u{4f60}\" ],\n \"id\": 4,\n \"method\": \"Text.Shout\"\n}\n";
            let cut = text.find('\u{4f60}').unwrap_or(0) + 1;
            let bytes = text.as_bytes();
            for piece in [&bytes[..9], &bytes[9..cut], &bytes[cut..]] {
                client.send(piece);
                thread::sleep(PAUSE);
            }
            let advice = "One object came in pieces, with line breaks inside. A piece is not an object, \
                      and a line is none either: keep what you have until the object is complete.";
            client.expect_shout(4, "Ä你", advice);
        },
    );
}

// Only a parser knows which braces are braces.
#[test]
fn braces_in_a_text_are_text() {
    for (text, shout) in [("a}b", "A}B"), ("{{", "{{"), ("\"}", "\"}"), ("\\", "\\")] {
        case(&format!("Shouting {text:?}"), |case| {
            let (_serve, mut client) = start(case);
            let request = json!({"method": "Text.Shout", "params": [text], "id": 5});
            client.send(request.to_string());
            let advice = "Braces inside a text are no braces of JSON. Whoever counts them must know \
                          where a text begins and ends, escapes included; a parser knows.";
            client.expect_shout(5, shout, advice);
        });
    }
}

// Go's reader looks at both members of every reply.
#[test]
fn a_reply_has_both_members() {
    case("A reply to a call that went well", |case| {
        let (_serve, mut client) = start(case);
        client.send("{\"method\":\"Text.Shout\",\"params\":[\"go\"],\"id\":0}\n");
        let advice = "A reply of this dialect has both members, `result` and `error`, and the id of \
                      its request. `error` is null where there is none.";
        client.expect(&shouted(0, "GO"), advice);
    });
}

// A failed call is a reply like any other, and the next call works.
#[test]
fn an_error_is_a_text_and_the_result_is_empty() {
    case("Two calls that fail, and a good one", |case| {
        let (_serve, mut client) = start(case);
        let failed = |id: u64, words: &str| json!({"id": id, "result": null, "error": words});
        let advice = "In this dialect an error is a text, and with an error the result is empty: \
                      `null`, so that nobody can take it for a value.";
        client.send(r#"{"method":"Text.Shout","params":[""],"id":6}"#);
        client.expect(&failed(6, "there is nothing to shout"), advice);
        client.send(r#"{"method":"Text.Nope","params":["a"],"id":7}"#);
        client.expect(&failed(7, "there is no such method"), advice);
        client.send(r#"{"method":"Text.Shout","params":["on"],"id":8}"#);
        let advice = "After a failed call the conversation goes on.";
        client.expect(&shouted(8, "ON"), advice);
    });
}

// A conversation ends politely between two objects, and nowhere else.
#[test]
fn the_end_is_polite_only_between_objects() {
    case("The client has finished", |case| {
        let (serve, mut client) = start(case);
        client.send("{\"method\":\"Text.Shout\",\"params\":[\"x\"],\"id\":9}\n");
        client.finish();
        let advice = "0 bytes between two objects: the client has finished, and so have you.";
        let ended = serve.within(LIMIT, advice);
        if ended.is_err() {
            case.differ("Ok(())", format!("{ended:?}"), advice);
        }
    });
    for text in ["hello\n", r#"{"method":"Text.Shout","par"#] {
        case(&format!("The client sends {text:?} and finishes"), |case| {
            let (serve, mut client) = start(case);
            client.send(text);
            client.finish();
            let advice = "That is no JSON, and behind it nobody can say where an object begins: \
                          return InvalidData.";
            let ended = serve.within(LIMIT, advice);
            case.expect_error(ErrorKind::InvalidData, &ended, advice);
        });
    }
}
