//! The check of `go-dialect`: it plays the Go client, and clients that write the same JSON in other ways.

mod exercise;

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Case, Running, case, view_bytes};

const PAUSE: Duration = Duration::from_millis(5);
const LIMIT: Duration = Duration::from_millis(400);

/// The client's end of a connection whose other end the learner's function has.
struct Client<'c> {
    case: &'c Case,
    stream: TcpStream,
}

/// Starts the learner's function on one end of a connection.
fn start(case: &Case) -> (Running<'_, io::Result<()>>, Client<'_>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on 127.0.0.1");
    let addr = listener.local_addr().expect("its address");
    let stream = TcpStream::connect(addr).expect("connect to our own port");
    stream.set_nodelay(true).expect("small pieces at once");
    let timeout = stream.set_read_timeout(Some(LIMIT));
    timeout.expect("a limit for every read");
    let (far, _) = listener.accept().expect("accept our own client");
    let serve = case.start("serve", || exercise::serve(far));
    (serve, Client { case, stream })
}

impl Client<'_> {
    /// An error here is ignored: the missing reply will be reported.
    fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref());
    }

    fn finish(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Fails unless the next reply has this id and this result. Other tests look at its other members.
    #[track_caller]
    fn expect_shout(&mut self, id: impl Into<Value>, text: &str, advice: &str) {
        let id = id.into();
        let expected = shouted(&id, text);
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
                // Closed with unread bytes, which the system reports as a reset.
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

fn shouted(id: &Value, text: &str) -> Value {
    json!({"id": id, "result": text, "error": null})
}

// The plainest client: Go's own, with a newline after each object. It waits for each reply.
#[test]
fn a_call_gets_its_reply() {
    case(
        "A client that sends an object and a newline, and waits",
        |case| {
            let (_serve, mut client) = start(case);
            for (id, text, shout) in [(0, "go", "GO"), (1, "abc", "ABC")] {
                client.send(format!(
                    "{}\n",
                    json!({"method": "Text.Shout", "params": [text], "id": id})
                ));
                let advice = "The client waits for this reply. Did your code write it? A `BufWriter` keeps a reply until \
                          it is flushed, and a function such as `read_to_end` waits for the end of the stream.";
                client.expect_shout(id, shout, advice);
            }
        },
    );
}

// The belief of this exercise. A Go program writes a newline after each object, so a reader of lines
// works with Go. Another client writes no newline.
#[test]
fn a_newline_is_not_needed() {
    case("Three objects in one line", |case| {
        let (_serve, mut client) = start(case);
        client.send(concat!(
            r#"{"method":"Text.Shout","params":["a"],"id":1}"#,
            r#"{"method":"Text.Shout","params":["b"],"id":2} "#,
            r#"{"method":"Text.Shout","params":["c"],"id":3}"#,
            "\n"
        ));
        let advice = "Three objects arrived in one line; none was answered. An object ends with its last \
                      brace, and the next one may begin right behind it.";
        client.expect_shout(1, "A", advice);
        let advice = "Three objects arrived in one line, and only the first was answered. An object ends with its \
                      last brace, and the next one may begin right behind it.";
        client.expect_shout(2, "B", advice);
        client.expect_shout(3, "C", advice);
    });
    case(
        "One object without a newline, and the client waits for its reply",
        |case| {
            let (_serve, mut client) = start(case);
            client.send(r#"{"method":"Text.Shout","params":["wait"],"id":3}"#);
            let advice = "The object is complete with its last brace. If the server waits for another byte, and the client \
                      waits for the reply, both wait without end.";
            client.expect_shout(3, "WAIT", advice);
        },
    );
}

// Go's client looks at both members of each reply.
#[test]
fn a_reply_has_both_members() {
    case("The reply to a successful call", |case| {
        let (_serve, mut client) = start(case);
        client.send("{\"method\":\"Text.Shout\",\"params\":[\"go\"],\"id\":0}\n");
        let advice = "A reply of this dialect has both members, `result` and `error`, and the id of \
                      its request. `error` is null if the call succeeded.";
        client.expect(&shouted(&json!(0), "GO"), advice);
    });
}

// A failed call has a reply like any other, and the next call works.
#[test]
fn an_error_is_a_text_and_the_result_is_null() {
    case("Two calls that fail, and a successful one", |case| {
        let (_serve, mut client) = start(case);
        for (id, method, text, words) in [
            (6, "Text.Shout", "", "there is nothing to shout"),
            (7, "Text.Nope", "a", "there is no such method"),
        ] {
            let failed = json!({"id": id, "result": null, "error": words});
            client.send(json!({"method": method, "params": [text], "id": id}).to_string());
            let advice = "The call failed, and its client waits for a reply with the error.";
            let reply = client.reply(&failed, advice);
            let advice = match (&reply["error"], &reply["result"]) {
                (error, _) if error != words => {
                    "In this dialect `error` is a string: the text that `call` returned."
                }
                (_, result) if !result.is_null() => {
                    "With an error the result must be `null`. A client may use any other value, although the call \
                     failed."
                }
                _ => "The reply has the members `id`, `result` and `error`.",
            };
            if reply != failed {
                case.differ(failed.to_string(), reply.to_string(), advice);
            }
        }
        client.send(r#"{"method":"Text.Shout","params":["on"],"id":8}"#);
        let advice = "After a failed call the connection stays open, and the next call works.";
        client.expect(&shouted(&json!(8), "ON"), advice);
    });
}

// An id belongs to the client. Go sends numbers, and other clients send strings.
#[test]
fn any_id_comes_back() {
    for id in [
        json!(u64::MAX),
        json!(-1),
        json!("call-1"),
        json!(""),
        Value::Null,
    ] {
        case(&format!("A request with the id {id}"), |case| {
            let (_serve, mut client) = start(case);
            client.send(json!({"method": "Text.Shout", "params": ["id"], "id": id}).to_string());
            let advice = "An id may be any JSON value: the reply has the same one.";
            client.expect_shout(id, "ID", advice);
        });
    }
}

// Only a parser knows which braces belong to JSON.
#[test]
fn braces_in_a_string_are_text() {
    for (text, shout) in [("a}b", "A}B"), ("{{", "{{"), ("\"}", "\"}"), ("\\", "\\")] {
        case(&format!("Shouting {text:?}"), |case| {
            let (_serve, mut client) = start(case);
            let request = json!({"method": "Text.Shout", "params": [text], "id": 5});
            client.send(request.to_string());
            let advice = "Braces inside a string are text. Code that counts braces must know where a \
                          string begins and ends, escapes included; a parser does.";
            client.expect_shout(5, shout, advice);
        });
    }
}

// An object may contain objects. Only the brace that closes the first one ends it.
#[test]
fn braces_are_nested() {
    case(
        "A request with a member that is not known here, and objects in it",
        |case| {
            let (_serve, mut client) = start(case);
            let trace = json!({"a": {"b": {}}, "c": [{}, {"d": 1}]});
            for id in [6, 7] {
                let request =
                    json!({"a-trace": trace, "id": id, "method": "Text.Shout", "params": ["in"]});
                client.send(request.to_string());
                let advice = "A request may contain further objects. It ends with the brace that closes the first one, \
                          and members that are not known here are ignored.";
                client.expect_shout(id, "IN", advice);
            }
        },
    );
}

// White space between tokens is free, line breaks are white space, and pieces end anywhere.
#[test]
fn objects_arrive_in_pieces() {
    case(
        "An object on several lines, cut inside a character",
        |case| {
            let (_serve, mut client) = start(case);
            let text = "\r\n{\n \"params\": [ \"\u{e4}\u{4f60}\" ],\n \"id\": 4,\n \"method\": \"Text.Shout\"\n}\n";
            let cut = text.find('\u{4f60}').unwrap_or(0) + 1;
            let bytes = text.as_bytes();
            for piece in [&bytes[..9], &bytes[9..cut], &bytes[cut..]] {
                client.send(piece);
                thread::sleep(PAUSE);
            }
            let advice = "One object arrived in pieces, with line breaks inside. Neither a piece nor a line is an \
                      object: keep the bytes until the object is complete.";
            client.expect_shout(4, "Ä你", advice);
        },
    );
    case("An object of 100,000 bytes", |case| {
        let (_serve, mut client) = start(case);
        let text = "x".repeat(99_950);
        client.send(json!({"method": "Text.Shout", "params": [text], "id": 5}).to_string());
        let advice = "A large object needs more than one read.";
        let reply = client.reply(&json!("a reply of 100,000 bytes"), advice);
        if reply["result"] != text.to_uppercase() {
            case.differ("the whole text in capitals", "another result", advice);
        }
    });
}

// A connection ends in order between two objects, and only there.
#[test]
fn the_end_is_in_order_between_objects_only() {
    for end in ["", "\n", " \n\t"] {
        case(
            &format!("The client sends one object and {end:?}, and finishes"),
            |case| {
                let (serve, mut client) = start(case);
                let request = r#"{"method":"Text.Shout","params":["x"],"id":9}"#;
                client.send(format!("{request}{end}"));
                client.finish();
                let advice =
                    "The client has finished between two objects, and the function did not return.";
                let ended = serve.within(LIMIT, advice);
                if ended.is_err() {
                    let advice =
                        "The end of the stream between two objects is not an error: return Ok(()).";
                    case.differ("Ok(())", format!("{ended:?}"), advice);
                }
            },
        );
    }
    for text in [
        "hello\n",
        r#"{"method":"Text.Shout","par"#,
        r#"{"method":}"#,
    ] {
        case(&format!("The client sends {text:?} and finishes"), |case| {
            let (serve, mut client) = start(case);
            client.send(text);
            client.finish();
            let advice = "These bytes are not JSON, and the server cannot know where the next object begins: \
                          return InvalidData.";
            let ended = serve.within(LIMIT, advice);
            case.expect_error(ErrorKind::InvalidData, &ended, advice);
        });
    }
}
