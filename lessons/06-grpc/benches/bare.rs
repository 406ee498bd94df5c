//! tonic's server as it is, without a limit of ours: health and the greeter. `python3 scripts/figures attack` sends it what
//! it sends to the servers of the lessons, so that one sees which of two refuses: the library, or our limits.
//!
//! ```text
//!   bare-server ADDR
//! ```

use l06_grpc::greeter::Greetings;
use l06_grpc::pb::greeter::greeter_server::GreeterServer;
use tonic::transport::Server;
use tonic_health::server::health_reporter;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // `cargo bench` adds a `--bench` of its own.
    let words = std::env::args().skip(1).filter(|word| word != "--bench");
    let [addr] = &words.collect::<Vec<_>>()[..] else {
        println!("usage: bare-server ADDR; `python3 scripts/figures attack` does it all");
        return Ok(());
    };
    let (health, health_service) = health_reporter();
    health.set_serving::<GreeterServer<Greetings>>().await;
    let server = Server::builder()
        .add_service(health_service)
        .add_service(GreeterServer::new(Greetings));
    Ok(server.serve(addr.parse()?).await?)
}
