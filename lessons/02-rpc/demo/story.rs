//! What the demo prints: the messages of both sides in the order of their times, and the bytes of one request and
//! one reply with their meaning.

use std::time::Duration;

use l02_rpc::message::{self, Reply, Request};
use l02_rpc::server::Event;
use stage::story::{Scene, stamp, stamped};
use tokio::time::sleep;

use crate::peer::Peer;

/// The events of both sides that are not printed yet. It is static because `observe` is a function pointer,
/// which captures nothing.
pub static SCENE: Scene = Scene::new();

/// In the client: records requests and replies.
pub fn observe(event: Event<'_>) {
    match event {
        Event::Sent(body) => SCENE.note(format!("call   {}", request(body))),
        Event::Read(body) => SCENE.note(format!("reply  {}", reply(body))),
        Event::Finished | Event::Failed(_) => {}
    }
}

/// In the server: prints one line for each event, with its time.
pub fn narrate(event: Event<'_>) {
    match event {
        Event::Read(body) => stamp(&format!("read {}", hex(body, ""))),
        Event::Sent(body) => stamp(&format!("sent {}", hex(body, ""))),
        Event::Finished => stamp("finished"),
        Event::Failed(error) => stamp(&format!("failed {error}")),
    }
}

/// Prints the events of both sides since `since`.
pub async fn print(peer: &Peer, since: u128) {
    // The server's last lines may not have arrived yet.
    sleep(Duration::from_millis(30)).await;
    for line in peer.child.lines() {
        if let Some((micros, words)) = stamped(&line.text) {
            SCENE.by_server(micros, by_server(words));
        }
    }
    SCENE.print(since, 2);
}

fn by_server(words: &str) -> String {
    let (what, more) = words.split_once(' ').unwrap_or((words, ""));
    let body: Vec<u8> = (0..more.len() / 2)
        .filter_map(|at| u8::from_str_radix(more.get(at * 2..at * 2 + 2)?, 16).ok())
        .collect();
    match what {
        "read" if message::decode::<Request<'_>>(&body).is_err() => {
            format!("reads {} bytes that are not a request", body.len())
        }
        "read" => format!("runs   {}", request(&body)),
        "sent" => format!("done   {}", reply(&body)),
        "finished" => "the client has finished".to_string(),
        _ => format!("closes the connection: {more}"),
    }
}

fn request(body: &[u8]) -> String {
    match message::decode::<Request<'_>>(body) {
        Ok(request) => format!("#{} {}", request.id, request.method),
        Err(error) => error.to_string(),
    }
}

fn reply(body: &[u8]) -> String {
    match message::decode::<Reply<'_>>(body) {
        Ok(Reply { id, outcome }) => match outcome {
            Ok(value) => format!("#{id} value {}", quote(value)),
            Err(failure) => format!("#{id} error: {failure}"),
        },
        Err(error) => error.to_string(),
    }
}

/// A value as text if it is a text, else as bytes.
fn quote(value: &[u8]) -> String {
    match message::decode::<&str>(value) {
        Ok(text) => format!("{text:?}"),
        Err(_) => hex(value, " "),
    }
}

fn hex(bytes: &[u8], between: &str) -> String {
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.join(between)
}

/// Prints some bytes and their meaning.
fn row(bytes: &[u8], words: &str) {
    let mut rows = bytes.chunks(12);
    println!(
        "   {:36} {words}",
        hex(rows.next().unwrap_or_default(), " ")
    );
    for more in rows {
        println!("   {}", hex(more, " "));
    }
}

/// Prints a request whose argument is a text, field by field.
pub fn explain_request(body: &[u8]) -> anyhow::Result<()> {
    let request: Request<'_> = message::decode(body)?;
    length(body);
    row(&message::encode(&request.id)?, "the id of this call");
    let method = message::encode(&request.method)?;
    row(&method[..1], "the method's name has 16 bytes");
    row(&method[1..], &format!("{:?}", request.method));
    let argument = message::encode(&request.argument)?;
    row(
        &argument[..1],
        "the argument has 5 bytes; only the method knows their type:",
    );
    row(&argument[1..2], "  a text of 4 bytes");
    row(&argument[2..], &format!("  {}", quote(request.argument)));
    Ok(())
}

/// Prints a reply whose value is a text, field by field.
pub fn explain_reply(body: &[u8]) -> anyhow::Result<()> {
    let reply: Reply<'_> = message::decode(body)?;
    let value = reply.outcome?;
    length(body);
    row(
        &message::encode(&reply.id)?,
        "the id of the call that this answers",
    );
    row(
        &[0],
        "0: a value follows (1 would be: an error, and no value)",
    );
    let bytes = message::encode(&value)?;
    row(&bytes[..1], "the value has 17 bytes:");
    row(&bytes[1..2], "  a text of 16 bytes");
    row(&bytes[2..], &format!("  {}", quote(value)));
    Ok(())
}

fn length(body: &[u8]) {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes();
    row(
        &length,
        &format!("the frame of lesson 01: {} bytes follow", body.len()),
    );
}
