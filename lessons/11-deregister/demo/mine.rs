//! `-- mine`: the learner's own answer of `graceful-shutdown` runs a greeter that is registered in a Consul. Callers find it
//! there and call it, until a SIGTERM or Ctrl-C ends it.

use std::net::SocketAddr;
use std::process;
use std::sync::Arc;
use std::time::Duration;

use l06_grpc::greeter::Greetings;
use l06_grpc::pb::greeter::HelloRequest;
use l06_grpc::pb::greeter::greeter_client::GreeterClient;
use l09_register::instance::Instance;
use l09_register::look;
use l09_register::registry::Registry;
use services::consul::Setup;
use stage::load::Load;
use stage::signal::{on_signal, stopped};
use testkit::mine;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tonic::transport::Endpoint;

mod graceful_shutdown {
    include!(concat!(env!("OUT_DIR"), "/graceful-shutdown.rs"));
}

use graceful_shutdown::{OWN, answer};

/// A caller uses a list for so long.
const CACHED: Duration = Duration::from_millis(500);

/// Runs the greeter until a signal, and says what the callers have seen.
pub async fn run() -> anyhow::Result<()> {
    let stop = on_signal(false)?;
    let whose = mine::whose("graceful-shutdown", OWN);
    println!("graceful-shutdown: {whose}\nStarting a Consul ...");
    let consul = Setup::default().start().await?;
    println!("It is the {} one, at {}.", consul.side(), consul.addr());
    let registry = Registry::at(consul.addr())?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    let instance = Instance::new("greeter", addr).checked_every(Duration::from_secs(1));
    registry.register(&instance).await?;
    let id = instance.id.clone();
    println!("{id} is registered; four callers look for it.\n");

    let load = Arc::new(callers(&registry, addr, id.clone())?);
    let told = tokio::spawn(tell(load.clone(), id.clone(), registry.clone()));
    println!(
        "From another terminal: kill -TERM {}    (or Ctrl-C here)\n",
        process::id()
    );
    let asked = async {
        stopped(stop).await;
        println!("SIGTERM");
    };
    let limits = answer::Limits::default();
    let report = answer::run(Greetings, listener, &registry, &id, asked, limits).await;
    println!("`run` has returned: {report:?}");
    // Callers with an old list come now.
    sleep(CACHED * 2).await;
    told.abort();
    let listed = registry.knows(&id).await?;
    println!("{}; Consul still lists it: {listed}", calls(&load));
    consul.stop().await;
    Ok(())
}

/// The calls so far.
fn calls(load: &Load) -> String {
    let count = load.count();
    let (answered, lost) = (count.answered(), count.failed.len());
    format!("calls answered: {answered}, lost: {lost}")
}

/// A line a second: the calls so far, and the states of its checks.
async fn tell(load: Arc<Load>, id: String, registry: Registry) {
    let since = Instant::now();
    loop {
        let checks = look::states(&registry, "greeter").await.unwrap_or_default();
        let checks = checks.get(&id).into_iter().flatten();
        let checks: Vec<String> = checks
            .map(|(kind, seen)| format!("{kind} {}", seen.status))
            .collect();
        let entry = match checks.is_empty() {
            true => "not registered".to_string(),
            false => checks.join(", "),
        };
        let seconds = since.elapsed().as_secs_f64();
        println!("{seconds:6.1} s  {entry}; {}", calls(&load));
        sleep(Duration::from_secs(1)).await;
    }
}

/// Four callers that call the greeter every 20 ms, as long as their list has an entry whose checks pass.
fn callers(registry: &Registry, addr: SocketAddr, id: String) -> anyhow::Result<Load> {
    let endpoint = Endpoint::from_shared(format!("http://{addr}"))?;
    let client = GreeterClient::new(endpoint.connect_lazy());
    let (list, listed) = watch::channel(false);
    let registry = registry.clone();
    tokio::spawn(async move {
        while !list.is_closed() {
            let checks = look::states(&registry, "greeter").await.unwrap_or_default();
            let mine = checks.get(&id);
            let healthy =
                mine.is_some_and(|mine| mine.values().all(|seen| seen.status == "passing"));
            list.send_replace(healthy);
            sleep(CACHED).await;
        }
    });
    Ok(Load::start(4, Duration::from_millis(20), move || {
        let (mut client, mut listed) = (client.clone(), listed.clone());
        async move {
            let _ = listed.wait_for(|healthy| *healthy).await;
            let name = "Ada".to_string();
            let reply = client.say_hello(HelloRequest { name }).await;
            reply.map_err(|status| status.to_string())?;
            Ok(String::new())
        }
    }))
}
