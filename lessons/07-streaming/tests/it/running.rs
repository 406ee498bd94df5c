//! A server for a test, in the same process, on a free port; and what it has done so far.
#![allow(
    dead_code,
    reason = "on other systems than Unix some tests are left out"
)]

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use l07_streaming::client::{self, Client};
use l07_streaming::observe::{Event, Observer};
use l07_streaming::pb::{ChatRequest, ChatResponse, GreetRequest, RepeatRequest, RepeatResponse};
use l07_streaming::server::{Error, Settings, serve};
use l07_streaming::service::Streams;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

/// Nothing here takes that long, not even on a busy machine.
pub async fn patient<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(20), future)
        .await
        .expect("an end within 20 s")
}

/// Waits until something is so.
pub async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..4000 {
        if is_so() {
            return;
        }
        sleep(Duration::from_millis(5)).await;
    }
    panic!("still not so after 20 s: {what}");
}

/// What the server's calls have done.
#[derive(Clone, Default)]
pub struct Events(Arc<Mutex<Vec<(u64, Event)>>>);

impl Events {
    pub fn all(&self) -> Vec<(u64, Event)> {
        let events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        events.clone()
    }

    pub fn count(&self, is: impl Fn(&Event) -> bool) -> usize {
        self.all().iter().filter(|(_, event)| is(event)).count()
    }

    /// Waits until the server has noticed that a call was cancelled.
    pub async fn cancelled(&self) {
        until("the server has noticed", || self.has(&Event::Cancelled)).await;
    }

    pub fn produced(&self) -> usize {
        self.count(|event| matches!(event, Event::Produced(_)))
    }

    pub fn has(&self, event: &Event) -> bool {
        self.count(|seen| seen == event) > 0
    }
}

pub struct Server {
    pub addr: SocketAddr,
    pub events: Events,
    stop: Option<oneshot::Sender<()>>,
    ended: JoinHandle<Result<(), Error>>,
}

impl Server {
    pub async fn start() -> Self {
        Server::with(Streams::default(), Settings::default()).await
    }

    pub async fn limited(settings: Settings) -> Self {
        Server::with(Streams::default(), settings).await
    }

    pub async fn with(mut streams: Streams, settings: Settings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let events = Events::default();
        let seen = events.clone();
        streams.observer = Observer::new(move |call, _, event| {
            let mut seen = seen.0.lock().unwrap_or_else(PoisonError::into_inner);
            seen.push((call, event));
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = tokio::spawn(async move {
            let shutdown = async {
                let _ = stopped.await;
            };
            serve(listener, streams, settings, shutdown).await
        });
        Server {
            addr,
            events,
            stop: Some(stop),
            ended,
        }
    }

    /// A client with a connection of its own.
    pub async fn client(&self) -> Client {
        self.client_with(&client::Settings::default()).await
    }

    pub async fn client_with(&self, settings: &client::Settings) -> Client {
        client::connect(self.addr, settings).await.unwrap()
    }

    /// Asks it to stop.
    pub fn stop(&mut self) {
        drop(self.stop.take());
    }

    pub fn has_ended(&self) -> bool {
        self.ended.is_finished()
    }

    /// Asks it to stop, and waits until it has.
    pub async fn ended(mut self) {
        self.stop();
        patient(self.ended).await.unwrap().unwrap();
    }
}

/// What `Repeat` replies with.
pub async fn repeat(client: &mut Client, order: RepeatRequest) -> Streaming<RepeatResponse> {
    let called = patient(client.repeat(order)).await;
    called.unwrap().into_inner()
}

/// A chat: where its requests go in, and its replies.
pub async fn chat(client: &mut Client) -> (mpsc::Sender<ChatRequest>, Streaming<ChatResponse>) {
    let (out, requests) = mpsc::channel(4);
    let called = patient(client.chat(ReceiverStream::new(requests))).await;
    (out, called.unwrap().into_inner())
}

/// The next reply of a call that has one.
pub async fn next<T>(replies: &mut Streaming<T>) -> T {
    let reply = patient(replies.message()).await;
    reply.unwrap().expect("a reply, not the end")
}

/// How many replies still come, and the status that the call fails with behind them.
pub async fn failure<T>(replies: &mut Streaming<T>) -> (usize, Status) {
    let mut came = 0;
    loop {
        match patient(replies.message()).await {
            Ok(Some(_)) => came += 1,
            Ok(None) => panic!("cut off after {came} replies, and called finished"),
            Err(status) => return (came, status),
        }
    }
}

/// The shortest call.
pub async fn greet(client: &mut Client) -> Result<String, Status> {
    let name = "wire".to_string();
    let reply = patient(client.greet(GreetRequest { name })).await?;
    Ok(reply.into_inner().message)
}

pub fn order(count: u32, interval_ms: u32, payload_bytes: u32) -> RepeatRequest {
    RepeatRequest {
        name: "wire".to_string(),
        count,
        interval_ms,
        payload_bytes,
    }
}

pub fn text(text: &str) -> ChatRequest {
    ChatRequest {
        text: text.to_string(),
        tick_ms: None,
    }
}
