//! `-- mine`: the learner's own answer of `retry-layer` calls servers that are processes of their own, each with
//! another failure.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use l12_resilience::member::Member;
use testkit::mine;
use tokio::net::TcpListener;
use tokio::time::sleep;
use tonic::transport::Endpoint;
use tonic::{Request, Status};
use tower::Layer;

use crate::fleet::Instance;
use crate::world::pb::arith::arith_client::ArithClient;
use crate::world::pb::arith::{MulRequest, RememberRequest};
use crate::world::server;

mod retry_layer {
    include!(concat!(env!("OUT_DIR"), "/retry-layer.rs"));
}

use retry_layer::OWN;
use retry_layer::answer::{self, BoxFuture, Clock, Policy, RetryLayer};

type Client = ArithClient<answer::Retry>;

/// Tells the story: an answer, UNAVAILABLE, a lost reply, a server that starts later, and a paused one.
pub async fn run() -> anyhow::Result<()> {
    println!("retry-layer: {}", mine::whose("retry-layer", OWN));
    println!("At most 4 attempts; pauses of up to 100, 200 and 400 ms; 1 s for a call.");

    let one = Instance::start("one", &[])?;
    mul("The server answers", &one).await?;
    let failing = Instance::start("failing", &["--sick", "failing"])?;
    mul("The server says UNAVAILABLE", &failing).await?;

    let losing = Instance::start("losing", &["--sick", "losing"])?;
    let since = Instant::now();
    let outcome = add(client(losing.addr)?).await;
    tell(
        "Remember: the server adds 5, and loses its reply",
        since,
        &outcome,
        &losing,
    );

    // A free port: no program listens there until the task below does.
    let later = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
    tokio::spawn(async move {
        sleep(Duration::from_millis(60)).await;
        let instance = server::Instance::new("later");
        server::serve(
            TcpListener::bind(later).await?,
            instance,
            std::future::pending(),
        )
        .await
    });
    let since = Instant::now();
    let outcome = add(client(later)?).await;
    println!("\nRemember: the connection is refused; the server starts after 60 ms");
    told(since, &outcome);

    if cfg!(unix) {
        one.process.pause()?;
        mul("The server is paused", &one).await?;
        one.process.resume()?;
    }
    Ok(())
}

/// A client whose channel has the learner's layer.
fn client(addr: SocketAddr) -> anyhow::Result<Client> {
    let layer = RetryLayer {
        policy: Policy {
            attempts: 4,
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(1),
        },
        clock: Arc::new(System(Instant::now())),
        idempotent: vec!["/arith.v1.Arith/Mul", "/arith.v1.Arith/Div"],
    };
    let channel = Endpoint::from_shared(format!("http://{addr}"))?.connect_lazy();
    Ok(ArithClient::new(layer.layer(channel)))
}

async fn mul(situation: &str, instance: &Instance) -> anyhow::Result<()> {
    let Member { addr, .. } = instance.member();
    let mut request = Request::new(MulRequest { a: 25, b: 4 });
    request.set_timeout(Duration::from_secs(1));
    let since = Instant::now();
    let reply = client(addr)?.mul(request).await;
    let outcome = reply.map(|reply| format!("25 * 4 = {}", reply.into_inner().product));
    tell(&format!("Mul: {situation}"), since, &outcome, instance);
    Ok(())
}

async fn add(mut client: Client) -> Result<String, Status> {
    let mut request = Request::new(RememberRequest { n: 5 });
    request.set_timeout(Duration::from_secs(1));
    let reply = client.remember(request).await?;
    Ok(format!("the memory is {}", reply.into_inner().memory))
}

/// Prints what has come of a call, and what the server has printed about its attempts.
fn tell(situation: &str, since: Instant, outcome: &Result<String, Status>, instance: &Instance) {
    println!("\n{situation}");
    // What the server prints comes through a pipe, a moment later.
    let took = since.elapsed();
    std::thread::sleep(Duration::from_millis(50));
    for line in instance.lines() {
        println!("  server  {line}");
    }
    told(Instant::now() - took, outcome);
}

fn told(since: Instant, outcome: &Result<String, Status>) {
    let took = since.elapsed().as_millis();
    match outcome {
        Ok(answer) => println!("  caller  after {took} ms: {answer}"),
        Err(status) => {
            println!(
                "  caller  after {took} ms: {:?}: {}",
                status.code(),
                status.message()
            );
        }
    }
}

/// The system's clock, and its random numbers.
#[derive(Debug)]
struct System(Instant);

impl Clock for System {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, time: Duration) -> BoxFuture<()> {
        Box::pin(sleep(time))
    }

    fn jitter(&self, limit: Duration) -> Duration {
        limit.mul_f64(rand::random())
    }
}
