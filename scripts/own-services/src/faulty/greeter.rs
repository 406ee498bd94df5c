//! Stages 4 and 5, with faults.

use std::env;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};
use tonic_health::ServingStatus;

use crate::fault;
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

#[derive(Default)]
struct Answers {
    /// The name of the last call.
    last: Mutex<String>,
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
        let _held = if fault("one-blocks-all") {
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
    let addr = env::var("SLOW_ADDR").map_err(io::Error::other)?;
    let mut lines = BufReader::new(TcpStream::connect(addr).await?).lines();
    lines
        .next_line()
        .await?
        .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

pub async fn serve(listener: TcpListener) -> io::Result<()> {
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
    Server::builder()
        .add_service(GreeterServer::new(Answers::default()))
        .add_optional_service((!fault("no-health")).then_some(health))
        .add_optional_service((!fault("no-reflection")).then_some(reflection))
        .serve_with_incoming(TcpListenerStream::new(listener))
        .await
        .map_err(io::Error::other)
}
