//! One row of the ladder: what a message in a stream costs, and what a call of its own costs, in bytes and
//! microseconds. The server is another process on the same machine.

use std::time::{Duration, Instant};

use l07_streaming::client::{self, Client, Settings};
use l07_streaming::pb::{ChatRequest, GreetAllRequest, GreetRequest, RepeatRequest};
use prost::Message;
use stage::measure::{PROFILE, Times, code, head, ladder_row};
use stage::tap::Tap;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_stream::wrappers::ReceiverStream;

use crate::peer::Peer;

const CALLS: usize = 3000;
const STREAM: u32 = 100_000;
const NAMES: usize = 200;
const NAME: &str = "wire";
/// The columns for the words of a row.
const WIDE: usize = 44;

/// Measures and prints.
pub async fn run() -> anyhow::Result<()> {
    println!("The greeting for `{NAME}`, {CALLS} times each, {PROFILE}, this machine.\n");
    head(WIDE);
    let server = Peer::start(&[]).await?;
    let mut client = client::connect(server.addr, &Settings::default()).await?;

    let call = Times::of(CALLS, async || greet(&mut client).await).await?;
    call.row("a call of its own", WIDE);

    let (out, requests) = mpsc::channel(1);
    let mut replies = client
        .chat(ReceiverStream::new(requests))
        .await?
        .into_inner();
    replies.message().await?;
    let turn = Times::of(CALLS, async || {
        out.send(text()).await?;
        replies.message().await?;
        Ok(())
    });
    let turn = turn.await?.row("a text and its answer, in one chat", WIDE);
    drop((out, replies));

    let since = Instant::now();
    let mut replies = client.repeat(order(STREAM)).await?.into_inner();
    while replies.message().await?.is_some() {}
    let each = since.elapsed().as_secs_f64() * 1e6 / f64::from(STREAM);
    println!(
        "{:WIDE$}{each:>10.1}",
        format!("each of {STREAM} replies of one call")
    );
    let since = Instant::now();
    let rounds = CALLS / NAMES;
    for _ in 0..rounds {
        client
            .greet_all(tokio_stream::iter((0..NAMES).map(|_| name())))
            .await?;
    }
    let each = since.elapsed().as_secs_f64() * 1e6 / (rounds * NAMES) as f64;
    println!(
        "{:WIDE$}{each:>10.1}",
        format!("each of {NAMES} requests of one call")
    );

    let bytes = bytes(&server).await?;
    println!("\nBytes on the wire for one greeting, there and back, and the messages in them:");
    for (what, there, back, messages) in &bytes {
        println!("{there:>6} + {back:<5} {messages:>4}  {what}");
    }

    let code = format!("06's and {}", code(&SOURCES, &[]));
    let [_, (_, there, back, _), ..] = bytes;
    ladder_row("07 a text in a chat", there + back, turn, code);
    Ok(())
}

const SOURCES: [(&str, &str); 6] = stage::sources![
    "service.rs",
    "service/repeat.rs",
    "service/chat.rs",
    "end.rs",
    "server.rs",
    "client.rs",
];

async fn greet(client: &mut Client) -> anyhow::Result<()> {
    let name = NAME.to_string();
    client.greet(GreetRequest { name }).await?;
    Ok(())
}

fn text() -> ChatRequest {
    ChatRequest {
        text: NAME.to_string(),
        tick_ms: None,
    }
}

fn name() -> GreetAllRequest {
    GreetAllRequest {
        name: NAME.to_string(),
    }
}

fn order(count: u32) -> RepeatRequest {
    RepeatRequest {
        name: NAME.to_string(),
        count,
        interval_ms: 0,
        payload_bytes: 0,
    }
}

/// What, bytes there, bytes back, and how many of them are the messages themselves.
type Bytes = (&'static str, u64, u64, usize);

/// The bytes of the tenth call, of the tenth text of a chat, and of the hundredth reply of a stream: by then
/// the tables of the header compression are filled. Frames of the connection itself (PING, WINDOW_UPDATE) may
/// come a moment later; `added` waits for them.
async fn bytes(server: &Peer) -> anyhow::Result<[Bytes; 3]> {
    let tap = Tap::open(server.addr).await?;
    let mut client = client::connect(tap.addr, &Settings::default()).await?;
    let (mut call, mut turn) = ((0, 0), (0, 0));
    for _ in 0..10 {
        call = added(&tap, async || greet(&mut client).await).await?;
    }
    let (out, requests) = mpsc::channel(1);
    let mut replies = client
        .chat(ReceiverStream::new(requests))
        .await?
        .into_inner();
    replies.message().await?;
    let mut answer = 0;
    for _ in 0..10 {
        turn = added(&tap, async || {
            out.send(text()).await?;
            if let Some(reply) = replies.message().await? {
                answer = reply.encoded_len();
            }
            Ok(())
        })
        .await?;
    }
    drop((out, replies));
    // The times in the replies have two or three bytes, so this is a mean of a hundred of them.
    let mut message = 0;
    let stream = added(&tap, async || {
        let slowly = RepeatRequest {
            interval_ms: 2,
            ..order(101)
        };
        let mut replies = client.repeat(slowly).await?.into_inner();
        while let Some(reply) = replies.message().await? {
            message += reply.encoded_len();
        }
        Ok(())
    });
    let (there, back) = stream.await?;
    let greeting = GreetRequest { name: NAME.into() }.encoded_len() + "hello wire".len() + 2;
    Ok([
        ("a call of its own", call.0, call.1, greeting),
        (
            "a text and its answer, in one chat",
            turn.0,
            turn.1,
            text().encoded_len() + answer,
        ),
        (
            "one of 101 replies, each sent alone",
            there / 101,
            back / 101,
            message / 101,
        ),
    ])
}

/// The bytes that `done` sends, and those of the moment after it.
async fn added(
    tap: &Tap,
    mut done: impl AsyncFnMut() -> anyhow::Result<()>,
) -> anyhow::Result<(u64, u64)> {
    sleep(Duration::from_millis(60)).await;
    let before = tap.read();
    done().await?;
    sleep(Duration::from_millis(60)).await;
    let added = tap.read().since(before);
    Ok((added.there, added.back))
}
