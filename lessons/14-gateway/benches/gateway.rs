//! The two sides of `python3 scripts/figures gateway`: the user service, and the gateway in front of it, in a
//! process each.
//!
//! ```text
//!   gateway-load service       the user service; says `listening on ADDR`
//!   gateway-load gateway ADDR  the gateway, for the service at ADDR
//! ```
//!
//! The registry is a map in the gateway's process: how a service is found is not what is measured.

use std::sync::Arc;
use std::time::Duration;

use l06_grpc::server::add_reflection;
use l13_framework::edge;
use l13_framework::registries::memory::Memory;
use l13_framework::registry::{Instance, Registry};
use l14_gateway::gateway::{Expose, Settings, router};
use l14_gateway::pb;
use l14_gateway::pb::user::say_server::{Say, SayServer};
use l14_gateway::pb::user::{HelloReply, HelloRequest};
use stage::signal::tell;
use tokio::net::TcpListener;
use tonic::service::RoutesBuilder;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // `cargo bench` adds a `--bench` of its own, and without a role there is nothing to measure.
    let words: Vec<_> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    match &words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["service"] => service().await,
        ["gateway", addr] => gateway(addr).await,
        _ => {
            println!(
                "usage: gateway-load service | gateway ADDR; `python3 scripts/figures gateway` does it all"
            );
            Ok(())
        }
    }
}

/// Answers at once: what is measured is the way.
struct Users;

#[tonic::async_trait]
impl Say for Users {
    async fn hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        Ok(Response::new(HelloReply {
            id: "123".to_string(),
            username: request.into_inner().name,
            answered_by: "user-1".to_string(),
        }))
    }
}

async fn service() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    tell(&format!("listening on {}", listener.local_addr()?));
    let mut routes = RoutesBuilder::default();
    routes.add_service(SayServer::new(Users));
    add_reflection(&mut routes, &[pb::DESCRIPTORS])?;
    // `Server::tcp_nodelay` is for connections that tonic accepts itself. Without this, answers wait for
    // each other's acknowledgements, up to 40 ms.
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let server = tonic::transport::Server::builder().add_routes(routes.routes());
    Ok(server.serve_with_incoming(incoming).await?)
}

async fn gateway(addr: &str) -> anyhow::Result<()> {
    let registry = Memory::new();
    let user = Instance::new("go.micro.srv.user", "user-1", addr.parse()?);
    registry.register(&user, Duration::from_secs(3600)).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    tell(&format!("listening on {}", listener.local_addr()?));
    let settings = Settings {
        expose: Expose::Only(vec!["user".to_string()]),
        ..Settings::default()
    };
    let router = router(Arc::new(registry), settings);
    edge::serve(
        listener,
        router,
        edge::Limits::default(),
        std::future::pending(),
    )
    .await?;
    Ok(())
}
