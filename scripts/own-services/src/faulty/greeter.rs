//! Stages 4, 5 and 7, with faults.

use std::env;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, DuplexStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::transport::Server;
use tonic::{Request, Response, Status};
use tonic_health::ServingStatus;

use crate::Registry;
use crate::fault;
use crate::mottos::Mottos;
use pb::greeter_server::{Greeter, GreeterServer};
use pb::{HelloReply, HelloRequest};

#[allow(
    clippy::allow_attributes_without_reason,
    reason = "generated; the comments are in greeter.proto"
)]
mod pb {
    tonic::include_proto!("greeter.v1");
    pub const DESCRIPTORS: &[u8] = tonic::include_file_descriptor_set!("descriptors");
}

struct Answers {
    /// The name of the last call.
    last: Mutex<String>,
    mottos: Mottos,
    tickets: Mottos,
    /// Held by a call while it works.
    one: Arc<Mutex<()>>,
}

#[tonic::async_trait]
impl Greeter for Answers {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let limit = request.metadata().get("grpc-timeout").cloned();
        let mut name = request.into_inner().name;
        if name.is_empty() {
            if fault("unknown-for-empty") {
                return Err(Status::unknown("name: at least one character"));
            }
            if fault("no-reason") {
                return Err(Status::invalid_argument(""));
            }
            if !fault("greets-empty") {
                return Err(Status::invalid_argument("name: at least one character"));
            }
        }
        let slow_alone = fault("slow-takes-turns") && name == "slow";
        let _held = if slow_alone || fault("one-blocks-all") || fault("reader-blocks-all") {
            Some(self.one.lock().await)
        } else {
            None
        };
        if name == "slow" {
            name = work(limit.and_then(|text| text.to_str().ok()?.strip_suffix('m')?.parse().ok()))
                .await
                .map_err(|e| {
                    if fault("internal-error") {
                        Status::internal(e.to_string())
                    } else {
                        Status::unavailable(e.to_string())
                    }
                })?;
        }
        if name == "motto" {
            name = self.mottos.read().await?;
        } else if name == "ticket" {
            name = self.tickets.take().await?;
        } else if name == "count" {
            name = crate::counter::count().await?.to_string();
        }
        if fault("shared-name") {
            self.last.lock().await.clone_from(&name);
            tokio::time::sleep(Duration::from_millis(5)).await;
            name.clone_from(&*self.last.lock().await);
        }
        if fault("cuts-names") {
            name.truncate(1024);
        }
        let message = if fault("own-text") {
            format!("Hello, {name}!")
        } else {
            format!("hello {name}")
        };
        Ok(Response::new(HelloReply { message }))
    }
}

/// The slow neighbour, asked in a task of its own where that is the fault.
async fn work(limit: Option<u64>) -> io::Result<String> {
    if fault("work-goes-on") {
        return tokio::spawn(ask()).await.map_err(io::Error::other)?;
    }
    if fault("cancel-is-missed") {
        // tonic ends the call at its deadline; this ends the work a moment later.
        let limit = Duration::from_millis(limit.unwrap_or(60_000) + 100);
        let task = tokio::spawn(tokio::time::timeout(limit, ask()));
        return task.await.map_err(io::Error::other)??;
    }
    ask().await
}

async fn ask() -> io::Result<String> {
    line(&env::var("SLOW_ADDR").map_err(io::Error::other)?).await
}

/// The line of a neighbour.
pub async fn line(addr: &str) -> io::Result<String> {
    let mut lines = BufReader::new(TcpStream::connect(addr).await?).lines();
    lines
        .next_line()
        .await?
        .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

pub async fn serve(
    listener: TcpListener,
    [mottos, tickets]: [Mottos; 2],
    registry: Registry,
) -> io::Result<()> {
    let at = listener.local_addr()?;
    let leaves_last = fault("deregisters-last").then(|| registry.clone());
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_serving::<GreeterServer<Answers>>().await;
    if fault("all-healthy") {
        reporter
            .set_service_status("no.such.Service", ServingStatus::Serving)
            .await;
    }
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(pb::DESCRIPTORS)
        .build_v1()
        .map_err(io::Error::other)?;
    let answers = Answers {
        last: Mutex::default(),
        mottos,
        tickets,
        one: Arc::default(),
    };
    let stream = crate::stream::service(Arc::clone(&answers.one));
    let server = Server::builder()
        .add_service(GreeterServer::new(answers))
        .add_service(stream)
        .add_optional_service((!fault("no-health")).then_some(health))
        .add_optional_service((!fault("no-reflection")).then_some(reflection));
    let incoming = TcpListenerStream::new(listener);
    let mut term = signal(SignalKind::terminate())?;
    let stop = async move {
        term.recv().await;
        if fault("cuts-calls") {
            std::process::exit(0);
        }
        if !fault("deregisters-last") {
            registry.leave(at).await;
        }
    };
    let ended = if fault("ignores-term") {
        server.serve_with_incoming(incoming).await
    } else if fault("accepts-more") {
        tokio::select! {
            ended = server.serve_with_incoming(incoming) => ended,
            () = async { stop.await; tokio::time::sleep(Duration::from_secs(1)).await } => Ok(()),
        }
    } else if fault("waits-for-idle") {
        let (sender, relayed) = mpsc::channel(16);
        let relays = tokio::spawn(relay(incoming, sender, stop));
        let ended = server
            .serve_with_incoming(ReceiverStream::new(relayed))
            .await;
        _ = relays.await;
        ended
    } else {
        server.serve_with_incoming_shutdown(incoming, stop).await
    };
    if let Some(registry) = leaves_last {
        tokio::time::sleep(Duration::from_millis(200)).await;
        registry.leave(at).await;
    }
    if fault("stays") {
        std::future::pending::<()>().await;
    }
    if fault("exit-code") {
        std::process::exit(143);
    }
    ended.map_err(io::Error::other)
}

/// Passes connections on until `stop`, and then waits until each of them has closed.
async fn relay(
    mut incoming: TcpListenerStream,
    to: mpsc::Sender<io::Result<DuplexStream>>,
    stop: impl Future<Output = ()>,
) {
    let mut relays = JoinSet::new();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            next = incoming.next() => {
                let Some(Ok(mut stream)) = next else { break };
                let (mut here, there) = tokio::io::duplex(64 * 1024);
                relays.spawn(async move { tokio::io::copy_bidirectional(&mut stream, &mut here).await });
                _ = to.send(Ok(there)).await;
            }
        }
    }
    drop((incoming, to));
    while relays.join_next().await.is_some() {}
}
