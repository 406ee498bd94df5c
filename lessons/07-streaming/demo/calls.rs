//! `client`: the four kinds of call on the client's side.

use std::io::{self, BufRead};
use std::time::Duration;

use l07_streaming::client::{self, Client};
use l07_streaming::pb::{ChatRequest, GreetAllRequest, GreetRequest, RepeatRequest};
use stage::signal::tell as say;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Status};

use crate::options::{Ask, Kind};

/// Makes the call of the command line. Ctrl-C cancels it.
pub async fn run(asked: Ask) -> anyhow::Result<()> {
    let start = "Is the server running? `cargo run -p l07-streaming -- server`";
    let client =
        client::connect(asked.addr, &asked.settings)
            .await
            .map_err(|error| match error {
                client::ConnectError::Refused(_) => anyhow::anyhow!("{error}. {start}"),
                error => error.into(),
            })?;
    let interrupt = tokio::signal::ctrl_c();
    // ANCHOR: cancel
    let called = tokio::select! {
        called = call(client, asked.kind, asked.deadline, asked.slow) => called,
        _ = interrupt => {
            // The future of the call is dropped: that cancels the call. The connection needs a moment to
            // send the frame that tells the server.
            eprintln!("cancelled");
            sleep(Duration::from_millis(50)).await;
            return Ok(());
        }
    };
    // ANCHOR_END: cancel
    called.map_err(|status| {
        let hint = client::hint(&status).map(|hint| format!(". {hint}"));
        let words = client::words(&status);
        anyhow::anyhow!("the call failed: {words}{}", hint.unwrap_or_default())
    })
}

async fn call(
    mut client: Client,
    kind: Kind,
    deadline: Option<Duration>,
    slow: Duration,
) -> Result<(), Status> {
    let until = deadline.map(|time| Instant::now() + time);
    let calling = async {
        match kind {
            Kind::Greet(name) => greet(&mut client, name, deadline).await,
            Kind::Repeat(order) => repeat(&mut client, order, deadline, slow).await,
            Kind::GreetAll(names) => greet_all(&mut client, names, deadline).await,
            Kind::Chat { tick_ms } => chat(&mut client, tick_ms, deadline, slow).await,
        }
    };
    // The server ends the call at its deadline. If its status does not arrive, the client ends it.
    match until {
        Some(until) => match timeout_at(until + LATE, calling).await {
            Ok(called) => called,
            Err(_) => Err(Status::deadline_exceeded(
                "the server did not end the call in time",
            )),
        },
        None => calling.await,
    }
}

/// The time that the server's status needs to arrive.
const LATE: Duration = Duration::from_millis(100);

fn with_deadline<T>(message: T, deadline: Option<Duration>) -> Request<T> {
    let mut request = Request::new(message);
    if let Some(deadline) = deadline {
        request.set_timeout(deadline);
    }
    request
}

async fn greet(client: &mut Client, name: String, time: Option<Duration>) -> Result<(), Status> {
    let request = with_deadline(GreetRequest { name }, time);
    say(&client.greet(request).await?.into_inner().message);
    Ok(())
}

async fn repeat(
    client: &mut Client,
    order: RepeatRequest,
    time: Option<Duration>,
    slow: Duration,
) -> Result<(), Status> {
    let request = with_deadline(order, time);
    // ANCHOR: read
    let mut replies = client.repeat(request).await?.into_inner();
    while let Some(reply) = replies.message().await? {
        let made = reply.made_us / 1000;
        say(&format!(
            "{} {} (made at {made} ms)",
            reply.number, reply.message
        ));
        sleep(slow).await;
    }
    // ANCHOR_END: read
    Ok(())
}

async fn greet_all(
    client: &mut Client,
    names: Vec<String>,
    time: Option<Duration>,
) -> Result<(), Status> {
    let requests = names.into_iter().map(|name| GreetAllRequest { name });
    let request = with_deadline(tokio_stream::iter(requests), time);
    let reply = client.greet_all(request).await?.into_inner();
    say(&reply.message);
    Ok(())
}

async fn chat(
    client: &mut Client,
    tick_ms: Option<u32>,
    time: Option<Duration>,
    slow: Duration,
) -> Result<(), Status> {
    let (out, requests) = mpsc::channel(8);
    if let Some(ms) = tick_ms {
        let tick = ChatRequest {
            text: String::new(),
            tick_ms: Some(ms),
        };
        let _ = out.send(tick).await;
    }
    // A thread of its own, because reading the terminal cannot be cancelled. At the end it drops `out`,
    // which half-closes the call.
    std::thread::spawn(move || {
        for text in io::stdin().lock().lines().map_while(Result::ok) {
            let said = ChatRequest {
                text,
                tick_ms: None,
            };
            if out.blocking_send(said).is_err() {
                return;
            }
        }
    });
    let request = with_deadline(ReceiverStream::new(requests), time);
    let mut replies = client.chat(request).await?.into_inner();
    while let Some(reply) = replies.message().await? {
        say(&reply.text);
        sleep(slow).await;
    }
    Ok(())
}
