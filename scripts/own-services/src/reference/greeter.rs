//! Stages 4, 5, 7 and 9: gRPC with health, reflection, work that ends with its call, and a graceful shutdown.

use std::env;
use std::io;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

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
    mottos: Mottos,
}

#[tonic::async_trait]
impl Greeter for Answers {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let name = match request.into_inner().name.as_str() {
            "" => return Err(Status::invalid_argument("name: at least one character")),
            // tonic drops this future at the deadline and when the caller cancels, and with it the connection.
            "slow" => {
                let addr = env::var("SLOW_ADDR").unwrap_or_default();
                ask(&addr).await?
            }
            "motto" => match self.mottos.next() {
                Some(addr) => ask(&addr).await?,
                None => return Err(Status::unavailable("no instance of motto is healthy")),
            },
            name => name.to_owned(),
        };
        Ok(Response::new(HelloReply {
            message: format!("hello {name}"),
        }))
    }
}

/// The line of a neighbour.
async fn ask(addr: &str) -> Result<String, Status> {
    let asking = async {
        let mut lines = BufReader::new(TcpStream::connect(addr).await?).lines();
        let line = lines.next_line().await?;
        line.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))
    };
    asking.await.map_err(|e| Status::unavailable(e.to_string()))
}

/// Serves calls until `stop`, and then those that are under way.
pub async fn serve(
    listener: TcpListener,
    mottos: Mottos,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_serving::<GreeterServer<Answers>>().await;
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(pb::DESCRIPTORS)
        .build_v1()
        .map_err(io::Error::other)?;
    Server::builder()
        .add_service(GreeterServer::new(Answers { mottos }))
        .add_service(crate::stream::service())
        .add_service(health)
        .add_service(reflection)
        .serve_with_incoming_shutdown(TcpListenerStream::new(listener), stop)
        .await
        .map_err(io::Error::other)
}
