//! Stages 4, 5, 7, 9, 11 and 14: gRPC with health, reflection, work that ends with its call, and a graceful shutdown.

use std::env;
use std::io;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

use crate::counter::Counter;
use crate::neighbours::{self, Neighbours};
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

/// What the service knows; shared by gRPC and HTTP.
pub struct Answers {
    /// Instances of `motto`.
    pub mottos: Neighbours,
    /// Instances of `ticket`.
    pub tickets: Neighbours,
    /// Greetings that are counted.
    pub counter: Counter,
}

impl Answers {
    /// The greeting for `name`.
    pub async fn greet(&self, name: &str) -> Result<String, Status> {
        let name = match name {
            "" => return Err(Status::invalid_argument("name: at least one character")),
            // tonic drops this future at the deadline and when the caller cancels, and with it the connection.
            "slow" => {
                let addr = env::var("SLOW_ADDR").unwrap_or_default();
                let line = neighbours::line(&addr).await;
                line.map_err(|e| Status::unavailable(e.to_string()))?
            }
            "motto" => self.mottos.read().await?,
            "ticket" => self.tickets.take().await?,
            "count" => {
                let number = self.counter.count().await;
                let number = number.map_err(|e| Status::unavailable(e.to_string()))?;
                number.to_string()
            }
            name => name.to_owned(),
        };
        Ok(format!("hello {name}"))
    }
}

#[tonic::async_trait]
impl Greeter for Answers {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let message = self.greet(&request.into_inner().name).await?;
        Ok(Response::new(HelloReply { message }))
    }
}

/// Serves calls until `stop`, and then those that are under way.
pub async fn serve(
    listener: TcpListener,
    answers: Arc<Answers>,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_serving::<GreeterServer<Answers>>().await;
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(pb::DESCRIPTORS)
        .build_v1()
        .map_err(io::Error::other)?;
    Server::builder()
        .add_service(GreeterServer::from_arc(answers))
        .add_service(crate::stream::service())
        .add_service(health)
        .add_service(reflection)
        .serve_with_incoming_shutdown(TcpListenerStream::new(listener), stop)
        .await
        .map_err(io::Error::other)
}
