//! `-- mine`: a server from the learner's own answers of this lesson, where they have passed, for independent
//! clients. Each part is a gRPC server with a port of its own, from `--addr` on, in this order:
//!
//! 1. `status`: `greeter.v1.Greeter/SayHello` with a user directory. The name decides:
//!
//!    | name | status | besides |
//!    |---|---|---|
//!    | `Ada` | OK, `hello Ada, your id is 7` | |
//!    | the empty name | INVALID_ARGUMENT | `google.rpc.BadRequest` with a violation of `name` |
//!    | `quota` | RESOURCE_EXHAUSTED | |
//!    | `locked` | FAILED_PRECONDITION | |
//!    | `copying` | UNAVAILABLE | `google.rpc.RetryInfo` of 1.5 s |
//!    | `broken` | INTERNAL | nowhere the word `tulip`, which is in the server's own error |
//!    | any other | NOT_FOUND | |
//!
//! 2. `deadline`: the same method, which asks three sources at the same time. Each takes 600 ms, in
//!    60 steps: `hello NAME: admin, since 2019, in Oslo`. The name `steps` is answered at once with the
//!    steps that all sources have made so far, `hello steps: N, N, N`: a caller that leaves (deadline
//!    100 ms: DEADLINE_EXCEEDED; or cancels) can ask twice afterwards, and the number must not grow.
//! 3. `interceptor`: `Greeter`, `HelloService` and health, and names that do not exist. Without a token:
//!    UNAUTHENTICATED. `authorization: Bearer sesame` opens all three services; `Bearer names-only` opens
//!    `hello.v1.HelloService`, everything else is PERMISSION_DENIED. No reflection here.
//! 4. `grpc`: this lesson's own server, to compare: all services, reflection, health.
//!
//! `status` and `deadline` have reflection as well, and the deadline, number and limits of the
//! lesson's own server around them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use l06_grpc::pb;
use l06_grpc::pb::greeter::greeter_server::GreeterServer;
use l06_grpc::server::{self, Settings};
use stage::signal;
use testkit::mine;
use tokio::net::TcpListener;
use tonic::Status;
use tonic::service::{Routes, RoutesBuilder};

mod status {
    include!(concat!(env!("OUT_DIR"), "/status.rs"));
}

mod deadline {
    include!(concat!(env!("OUT_DIR"), "/deadline.rs"));
}

mod interceptor {
    include!(concat!(env!("OUT_DIR"), "/interceptor.rs"));
}

/// Serves all parts until a signal comes.
pub async fn run(addr: SocketAddr) -> anyhow::Result<()> {
    // It only fails its call; the server goes on.
    mine::tell_panics(|| "an answer".to_string());
    let mut stop = signal::on_signal(false)?;

    let (first, listening) = part("status", status::OWN, addr, 0).await?;
    let users = GreeterServer::new(status::answer::Users(Users));
    serve(first, with_reflection(users)?);

    let (listener, _) = part("deadline", deadline::OWN, addr, 1).await?;
    serve(listener, with_reflection(GreeterServer::new(profiles()))?);

    let (listener, _) = part("interceptor", interceptor::OWN, addr, 2).await?;
    tokio::spawn(async move {
        let ended = interceptor::answer::serve(listener, rights()).await;
        mine::tell(&format!("interceptor: the answer has ended: {ended:?}"));
    });

    let (listener, own) = bind(addr, 3).await?;
    mine::tell(&format!("grpc: this lesson's own server, on {own}"));
    let (routes, _health) = server::everything().await?;
    serve(listener, routes);

    mine::tell(&format!("listening on {listening}"));
    stop.wait_for(|stop| *stop).await?;
    Ok(())
}

/// A port for a part, so many after the first one; and the line that says so.
async fn part(
    name: &str,
    own: bool,
    addr: SocketAddr,
    after: u16,
) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let (listener, addr) = bind(addr, after).await?;
    mine::tell(&format!("{name}: {}, on {addr}", mine::whose(name, own)));
    Ok((listener, addr))
}

async fn bind(addr: SocketAddr, after: u16) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let listener = signal::bind(mine::port_after(addr, after)?, "--addr 127.0.0.1:8801").await?;
    let addr = listener.local_addr()?;
    Ok((listener, addr))
}

fn serve(listener: TcpListener, routes: Routes) {
    let settings = Settings::default();
    tokio::spawn(server::serve_with(
        listener,
        routes,
        settings,
        std::future::pending(),
    ));
}

fn with_reflection<G>(greeter: GreeterServer<G>) -> anyhow::Result<Routes>
where
    G: pb::greeter::greeter_server::Greeter,
{
    let mut routes = RoutesBuilder::default();
    routes.add_service(greeter);
    server::add_reflection(&mut routes, &[pb::DESCRIPTORS])?;
    Ok(routes.routes())
}

/// The directory of `status`.
struct Users;

impl status::answer::Directory for Users {
    fn id_of(&self, name: &str) -> Result<u32, status::answer::DirectoryError> {
        use status::answer::DirectoryError;
        match name {
            "Ada" => Ok(7),
            "quota" => Err(DirectoryError::QuotaUsedUp),
            "locked" => Err(DirectoryError::Locked),
            "copying" => Err(DirectoryError::Copying(Duration::from_millis(1500))),
            "broken" => Err(DirectoryError::Broken("password tulip".to_string())),
            _ => Err(DirectoryError::NoSuchUser),
        }
    }
}

/// One of the sources of `deadline`.
struct Slow {
    answer: &'static str,
    steps: Arc<AtomicUsize>,
}

#[tonic::async_trait]
impl deadline::answer::Source for Slow {
    async fn ask(&self, name: &str) -> Result<String, Status> {
        if name == "steps" {
            return Ok(self.steps.load(Ordering::SeqCst).to_string());
        }
        for _ in 0..60 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            self.steps.fetch_add(1, Ordering::SeqCst);
        }
        Ok(self.answer.to_string())
    }
}

fn profiles() -> deadline::answer::Profiles {
    let steps = Arc::new(AtomicUsize::new(0));
    let sources = ["admin", "since 2019", "in Oslo"].map(|answer| {
        let steps = Arc::clone(&steps);
        Arc::new(Slow { answer, steps }) as Arc<dyn deadline::answer::Source>
    });
    deadline::answer::Profiles::new(sources.into())
}

/// The tokens of `interceptor`.
fn rights() -> interceptor::answer::Rights {
    let (hello, greeter, health) = (
        "hello.v1.HelloService",
        "greeter.v1.Greeter",
        "grpc.health.v1.Health",
    );
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    interceptor::answer::Rights::from([
        ("sesame".to_string(), names(&[hello, greeter, health])),
        ("names-only".to_string(), names(&[hello])),
    ])
}
