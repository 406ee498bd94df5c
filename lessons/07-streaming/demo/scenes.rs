//! The demo: this program starts itself again as the server, makes calls of all four kinds, and prints
//! who did what and when. Everything is slowed down on purpose: on one machine a stream of four
//! messages is over before anybody can see that it was one.

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

/// No scene takes longer than this; if one does, something is broken.
const PATIENCE: Duration = Duration::from_secs(20);

/// Tells the whole story.
pub async fn run() -> anyhow::Result<()> {
    let server = Peer::start(&["--narrate"]).await?;
    println!(
        "Two processes. This one, {}, is the client. It has started itself again as the server:\n\
         \n    l07-streaming server --addr 127.0.0.1:0\n\
         \nThat is process {}, and it listens on {}. Some scenes have a server of their own.\n\
         Times are milliseconds; what the server does stands on the right.",
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
        ends::stopped().await?;
        ends::sealed().await
    };
    timeout(PATIENCE, scenes)
        .await
        .context("the demo hangs")??;
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
    let scene = Scene::begin("1. One request, four replies; each takes 60 ms to make");
    scene.note("Repeat(\"wire\", 4)");
    let mut replies = client.repeat(order(4, 60, 0)).await?.into_inner();
    scene.note("the call has begun");
    while let Some(reply) = replies.message().await? {
        scene.note(format!("reply {}: {}", reply.number, reply.message));
    }
    scene.note("the end: OK");
    scene.tell(server, |_| true).await;
    say("The first reply was here before the second one existed. Between the request and the end");
    say("it is one call, with one status at its very end.");
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
        scene.note("that was all");
        drop(out);
    };
    let (reply, ()) = tokio::join!(calling, sending);
    scene.note(format!("reply: {}", reply?.into_inner().message));
    scene.tell(server, |_| true).await;
    say("The server had everything after 80 ms, and did not know: another name could have come.");
    say("`that was all` is a message of its own, a flag in a frame.");
    Ok(())
}

fn text(text: &str) -> ChatRequest {
    ChatRequest {
        text: text.to_string(),
        tick_ms: None,
    }
}

async fn both_at_once(server: &Peer, client: &mut Client) -> anyhow::Result<()> {
    let scene = Scene::begin("3. A chat: the server also speaks every 50 ms, and nobody waits");
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
                Some(reply) => scene.note(format!("    the server says: {}", reply.text)),
                None => break,
            },
            // A moment, not a time: `sleep` would begin anew after each reply, and never end.
            () = sleep_until(at), if out.is_some() => match next {
                Some((_, words)) => {
                    if let Some(out) = &out {
                        out.send(text(words)).await?;
                    }
                    scene.note(format!("says: {words}"));
                    next = sends.next();
                    at += Duration::from_millis(next.map_or(110, |(pause, _)| pause));
                }
                None => {
                    scene.note("has finished");
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
    let scene = Scene::begin("4. Everything said and finished, before the first reply was read");
    scene.note("says Ada, Grace and Edsger, and has finished");
    let texts = ["Ada", "Grace", "Edsger"].map(text);
    let mut replies = client.chat(tokio_stream::iter(texts)).await?.into_inner();
    sleep(Duration::from_millis(60)).await;
    scene.note("begins to read");
    while let Some(reply) = replies.message().await? {
        scene.note(format!("    the server says: {}", reply.text));
    }
    scene.tell(server, |_| true).await;
    say("One direction was closed for 60 ms, and the other one had not even been looked at.");
    Ok(())
}
