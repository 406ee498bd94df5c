//! The demo: this program starts itself again as the server, makes calls of all four kinds, and prints the
//! events of both sides with their times. All of it is slowed down on purpose: without that, a stream of
//! four messages is over within a millisecond.

mod ends;
mod flow;

use std::time::Duration;

use anyhow::Context;
use l07_streaming::client::{self, Client, Settings};
use l07_streaming::pb::{ChatRequest, GreetAllRequest, RepeatRequest};
use stage::story::say;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_stream::wrappers::ReceiverStream;

use crate::peer::{Peer, Scene};

/// The time for all scenes.
const TIME: Duration = Duration::from_secs(20);

/// Plays all scenes.
pub async fn run() -> anyhow::Result<()> {
    let server = Peer::start(&["--narrate"]).await?;
    println!(
        "Two processes. This one, {}, is the client. It has started itself again as the server:\n\
         \n    l07-streaming server --addr 127.0.0.1:0\n\
         \nThat is process {}, and it listens on {}. Some scenes have a server of their own.\n\
         Times are milliseconds; the server's events stand on the right.",
        std::process::id(),
        server.id(),
        server.addr
    );
    let mut client = dial(&server).await?;
    let scenes = async {
        one_by_one(&server, &mut client).await?;
        many_there(&server, &mut client).await?;
        both_at_once(&server, &mut client).await?;
        half_closed(&server, &mut client).await?;
        flow::slow_reader().await?;
        flow::cancelled(&server, &mut client).await?;
        flow::out_of_time(&server, &mut client).await?;
        ends::stopped().await
    };
    timeout(TIME, scenes).await.context("the demo hangs")??;
    println!(
        "\nNow in two terminals:\n\
         \n    cargo run -p l07-streaming -- server\n    cargo run -p l07-streaming -- client chat --tick-ms 1000\n"
    );
    Ok(())
}

async fn dial(server: &Peer) -> anyhow::Result<Client> {
    Ok(client::connect(server.addr, &Settings::default()).await?)
}

fn order(count: u32, interval_ms: u32, payload_bytes: u32) -> RepeatRequest {
    RepeatRequest {
        name: "wire".to_string(),
        count,
        interval_ms,
        payload_bytes,
    }
}

async fn one_by_one(server: &Peer, client: &mut Client) -> anyhow::Result<()> {
    let scene = Scene::begin("1. One request, four replies; the server needs 60 ms for each");
    scene.note("Repeat(\"wire\", 4)");
    let mut replies = client.repeat(order(4, 60, 0)).await?.into_inner();
    scene.note("the call has begun");
    while let Some(reply) = replies.message().await? {
        scene.note(format!("reply {}: {}", reply.number, reply.message));
    }
    scene.note("the end: OK");
    scene.tell(server, |_| true).await;
    say("Reply 1 arrived before the server had produced reply 2. All of it is one call, with one");
    say("status at the end.");
    Ok(())
}

async fn many_there(server: &Peer, client: &mut Client) -> anyhow::Result<()> {
    let scene = Scene::begin("2. Three requests, 40 ms between them; one reply");
    let (out, requests) = mpsc::channel(1);
    let calling = client.greet_all(ReceiverStream::new(requests));
    let sending = async {
        for name in ["Ada", "Grace", "Edsger"] {
            scene.note(format!("GreetAll: {name}"));
            let name = name.to_string();
            if out.send(GreetAllRequest { name }).await.is_err() {
                break;
            }
            sleep(Duration::from_millis(40)).await;
        }
        scene.note("has finished sending");
        drop(out);
    };
    let (reply, ()) = tokio::join!(calling, sending);
    scene.note(format!("reply: {}", reply?.into_inner().message));
    scene.tell(server, |_| true).await;
    say(
        "The server had all names after 80 ms, and could not know that: another one could have come.",
    );
    say("The end of the requests is sent too: it is a flag in a frame.");
    Ok(())
}

fn text(text: &str) -> ChatRequest {
    ChatRequest {
        text: text.to_string(),
        tick_ms: None,
    }
}

async fn both_at_once(server: &Peer, client: &mut Client) -> anyhow::Result<()> {
    let scene = Scene::begin("3. A chat: both sides send when they like, the server every 50 ms");
    let (out, requests) = mpsc::channel(4);
    let ticking = ChatRequest {
        text: String::new(),
        tick_ms: Some(50),
    };
    out.send(ticking).await?;
    let mut replies = client
        .chat(ReceiverStream::new(requests))
        .await?
        .into_inner();
    let mut sends = [(70, "hello?"), (5, "I have"), (5, "three questions")].into_iter();
    let mut next = sends.next();
    let mut at = Instant::now() + Duration::from_millis(70);
    let mut out = Some(out);
    loop {
        tokio::select! {
            reply = replies.message() => match reply? {
                Some(reply) => scene.note(format!("    from the server: {}", reply.text)),
                None => break,
            },
            // A point in time: `sleep` would start again after each reply, and never be over.
            () = sleep_until(at), if out.is_some() => match next {
                Some((_, words)) => {
                    if let Some(out) = &out {
                        out.send(text(words)).await?;
                    }
                    scene.note(format!("sends: {words}"));
                    next = sends.next();
                    at += Duration::from_millis(next.map_or(110, |(pause, _)| pause));
                }
                None => {
                    scene.note("has finished sending");
                    out = None;
                }
            },
        }
    }
    scene.note("the end: OK");
    scene.tell(server, |_| true).await;
    Ok(())
}

async fn half_closed(server: &Peer, client: &mut Client) -> anyhow::Result<()> {
    let scene = Scene::begin("4. The client finishes sending before it reads the first reply");
    scene.note("sends Ada, Grace and Edsger, and has finished sending");
    let texts = ["Ada", "Grace", "Edsger"].map(text);
    let mut replies = client.chat(tokio_stream::iter(texts)).await?.into_inner();
    sleep(Duration::from_millis(60)).await;
    scene.note("begins to read");
    while let Some(reply) = replies.message().await? {
        scene.note(format!("    from the server: {}", reply.text));
    }
    scene.tell(server, |_| true).await;
    say("Half-close: the client's direction had ended, and all replies still came.");
    Ok(())
}
