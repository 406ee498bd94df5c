//! `-- mine`: the learner's own answer of `grpc-route` answers HTTP in front of a user service, whose address comes from
//! Consul. Consul is the real one where there is one.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use axum::Router;
use l14_gateway::web::USER;
use services::consul::Setup;
use services::testkit::mine;
use stage::child::PATIENCE;
use stage::http::Request;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};
use tonic::transport::Endpoint;

use crate::fleet::Plan;
use crate::proof::registry_at;

mod grpc_route {
    include!(concat!(env!("OUT_DIR"), "/grpc-route.rs"));
}

use grpc_route::OWN;
use grpc_route::answer::{UserClient, router};

/// Tells the story: a reply, two wrong requests, a paused service, and a killed one.
pub async fn run() -> anyhow::Result<()> {
    println!(
        "grpc-route: {}\nStarting a Consul ...",
        mine::whose("grpc-route", OWN)
    );
    let consul = Setup::default().start().await?;
    println!("It is the {} one, at {}.", consul.side(), consul.addr());
    let plan = Plan {
        program: std::env::current_exe().context("which program this is")?,
        registry: ["--registry", "consul", "--registry_address"]
            .map(str::to_string)
            .into_iter()
            .chain([consul.addr().to_string()])
            .collect(),
        heard: std::sync::Arc::new(|_, _| {}),
    };
    let user = plan
        .start("user-1", &["user", "--server_id", "user-1"])
        .await?;

    let registry = registry_at(&consul)?;
    let listed = async {
        loop {
            match registry.get_service(USER).await {
                Ok(instances) if !instances.is_empty() => return instances[0].addr,
                _ => sleep(Duration::from_millis(50)).await,
            }
        }
    };
    let listed = timeout(PATIENCE, listed).await;
    let addr = listed.ok().context("the user service is not in Consul")?;
    println!("Consul lists {USER} at {addr}.");
    let endpoint = Endpoint::from_shared(format!("http://{addr}"))?;
    let site = Site::start(router(UserClient::new(endpoint.connect_lazy()))).await?;

    site.get("The service replies", "/users/huohuo").await?;
    site.get("A name with a space", "/users/Ada%20Lovelace")
        .await?;
    let long = format!("/users/{}", "x".repeat(1001));
    site.get("A name that is too long: INVALID_ARGUMENT", &long)
        .await?;
    if cfg!(unix) {
        user.child.pause()?;
        site.get("The service is paused", "/users/huohuo").await?;
        user.child.resume()?;
        site.get("The service goes on", "/users/huohuo").await?;
    }
    user.child.kill();
    site.get("The service was killed", "/users/huohuo").await
}

/// The learner's router behind axum's server.
struct Site {
    addr: std::net::SocketAddr,
}

impl Site {
    async fn start(router: Router) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Site { addr })
    }

    /// Makes a request, and prints what has come back.
    async fn get(&self, situation: &str, path: &str) -> anyhow::Result<()> {
        let shown = if path.len() > 60 {
            "/users/xxx..."
        } else {
            path
        };
        println!("\n{situation}\n  $ curl http://{}{shown}", self.addr);
        let since = Instant::now();
        let answer = Request::get(path).send(self.addr).await?;
        let took = since.elapsed().as_millis();
        ensure!(answer.status > 0, "no status");
        println!("  {}   after {took} ms\n  {}", answer.status, answer.text());
        Ok(())
    }
}
