//! Stage 1: greetings by lines on a TCP stream of bytes.

use std::time::Duration;

use crate::client::{Client, Got};
use crate::service::Service;
use crate::told::{Belief, Failure};

const PAUSE: Duration = Duration::from_millis(40);

const ONE_READ: Belief = &(
    "one-read-is-one-line",
    "One read returns the bytes that have arrived so far, not one line. Keep the bytes of a connection in a \
     buffer, and take a line out of it when its newline has arrived.",
);
const REST_IS_LOST: Belief = &(
    "one-line-a-read",
    "One read can return several lines. After the first one, look for the next newline in the bytes that are left.",
);
const CHARACTER: Belief = &(
    "pieces-are-text",
    "A piece can end inside of a character. Decode the bytes of a whole line, not those of one read.",
);
const CARRIAGE_RETURN: Belief = &(
    "cr-belongs-to-the-name",
    "Clients such as telnet end a line with \"\\r\\n\". Remove one \"\\r\" at the end of the line.",
);
const GREETS_REST: Belief = &(
    "end-of-stream-ends-a-line",
    "Bytes without a newline at the end of the stream are a request that was cut off. It gets no reply.",
);
const NEVER_CLOSES: Belief = &(
    "end-of-stream-is-ignored",
    "A read of 0 bytes is the end of the client's stream: send the replies that are due, then close.",
);
const ONE_REQUEST: Belief = &(
    "one-request-a-connection",
    "A connection carries many requests. Close it when the client has ended its stream, not after a reply.",
);
const NO_NEWLINE: Belief = &(
    "a-reply-needs-no-end",
    "The reply is a line: it ends with \"\\n\". Without it the client cannot know that the reply is complete.",
);
const AFTER_THE_END: Belief = &(
    "a-request-ends-with-the-stream",
    "The reply came only after the client had ended its stream. Read up to the newline, not to the end of the stream, and \
     flush a buffered writer after each reply.",
);
const TRIMS: Belief = &(
    "a-name-may-be-cleaned",
    "The name is every byte before the end of the line. Do not trim spaces, and do not replace bytes that are no UTF-8: \
     only the \"\\n\" and one \"\\r\" before it are left out.",
);
const ONE_CLIENT: Belief = &(
    "one-connection-is-enough",
    "Accept in a loop: a connection that has ended is followed by the next one.",
);

fn other(_: &Got) -> Option<Belief> {
    None
}

/// Judges stage 1.
pub fn judge(service: &mut Service) -> Result<(), Failure> {
    let at = service.world.tcp;
    let mut one = Client::connect(
        at,
        "A client sends a line and, after its reply, another one",
    )?;
    first(&mut one)?;
    one.send("Bo\n").expect("hello Bo", |got| {
        matches!(got, Got::Closed(_)).then_some(ONE_REQUEST)
    })?;
    drop(one);

    let mut next = Client::connect(at, "A second client comes after the first has left")?;
    next.send("Cy\n").expect("hello Cy", |got| {
        (!matches!(got, Got::Line(_))).then_some(ONE_CLIENT)
    })?;

    let mut pieces = Client::connect(at, "One line arrives in three pieces")?;
    let split = |got: &Got| matches!(got, Got::Line(_) | Got::Closed(_)).then_some(ONE_READ);
    pieces
        .send_pieces(&[b"A", b"l", b"i\n"], PAUSE)
        .expect("hello Ali", split)?;

    let mut joined = Client::connect(at, "Three lines arrive in one piece")?;
    joined.send("Ali\nBo\nCy\n");
    joined.expect("hello Ali", |got| match got {
        Got::Line(line) if line.starts_with(b"hello Ali") => Some(ONE_READ),
        _ => None,
    })?;
    for name in ["Bo", "Cy"] {
        joined.expect(&format!("hello {name}"), |got| match got {
            Got::Line(_) => Some(ONE_READ),
            Got::Silence(_) => Some(REST_IS_LOST),
            Got::Closed(_) => None,
        })?;
    }

    let mut half = Client::connect(at, "One and a half lines arrive, then the rest")?;
    half.send("Ali\nB");
    half.expect("hello Ali", split)?;
    half.send("o\n").expect("hello Bo", |got| match got {
        Got::Line(line) if line == b"hello o" => Some(REST_IS_LOST),
        Got::Line(_) => Some(ONE_READ),
        Got::Silence(_) => Some(REST_IS_LOST),
        Got::Closed(_) => None,
    })?;

    let mut character = Client::connect(
        at,
        "A piece ends inside of the character \"ë\" (bytes c3 ab)",
    )?;
    character
        .send_pieces(&[b"Zo\xc3", b"\xab\n"], PAUSE)
        .expect("hello Zoë", |got| match got {
            Got::Line(line) if line.windows(3).any(|three| three == b"\xef\xbf\xbd") => {
                Some(CHARACTER)
            }
            _ => None,
        })?;

    let mut telnet = Client::connect(at, "A client ends its line with \"\\r\\n\"")?;
    telnet
        .send("Ali\r\n")
        .expect("hello Ali", |got| match got {
            Got::Line(line) if line.contains(&b'\r') => Some(CARRIAGE_RETURN),
            _ => None,
        })?;

    let mut odd = Client::connect(
        at,
        "A name with a space at each end, the byte ff and a further \"\\r\"",
    )?;
    odd.send(b" A\xff \r\r\n")
        .expect_bytes(b"hello  A\xff \r", |got| {
            matches!(got, Got::Line(line) if line.starts_with(b"hello")).then_some(TRIMS)
        })?;

    let mut empty = Client::connect(at, "An empty line, and a name after it")?;
    empty.send("\nBo\n").expect("error: empty name", other)?;
    empty.expect("hello Bo", |got| {
        matches!(got, Got::Closed(_)).then_some(ONE_REQUEST)
    })?;

    let mut cut = Client::connect(at, "Two lines and a half, then the client ends its stream")?;
    cut.send("Ali\nBo\nC").finish();
    cut.expect("hello Ali", other)?;
    cut.expect("hello Bo", other)?;
    cut.expect_end(Duration::from_millis(800), |got| match got {
        Got::Line(_) => Some(GREETS_REST),
        Got::Silence(_) => Some(NEVER_CLOSES),
        Got::Closed(_) => None,
    })
}

/// The first reply of all. One that is missing may come when the client ends its stream.
fn first(client: &mut Client) -> Result<(), Failure> {
    let limit = client.limit;
    client.send("Ali\n");
    let got = client.line(limit);
    let belief = match &got {
        Got::Line(line) if line == b"hello Ali" => return Ok(()),
        Got::Silence(part) if part == b"hello Ali" => Some(NO_NEWLINE),
        Got::Silence(part) if part.is_empty() => {
            client.finish();
            matches!(client.line(limit / 2), Got::Line(_)).then_some(AFTER_THE_END)
        }
        _ => None,
    };
    Err(client.failure("sends the line \"hello Ali\"", &got.words(limit), belief))
}
