//! `-- mine`: the learner's own answer of `graceful-shutdown` runs a greeter that is registered in a Consul. Callers find it
//! there and call it, until a SIGTERM or Ctrl-C ends it.

use std::net::SocketAddr;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use l06_grpc::greeter::Greetings;
use l06_grpc::pb::greeter::HelloRequest;
use l06_grpc::pb::greeter::greeter_client::GreeterClient;
use l09_register::instance::Instance;
use l09_register::look;
use l09_register::registry::Registry;
use services::consul::Setup;
use stage::signal::{on_signal, stopped};
use testkit::mine;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};
use tonic::transport::{Channel, Endpoint};

mod graceful_shutdown {
    include!(concat!(env!("OUT_DIR"), "/graceful-shutdown.rs"));
}

use graceful_shutdown::{OWN, answer};

/// A caller uses a list for so long.
const CACHED: Duration = Duration::from_millis(500);

/// What all callers have seen.
#[derive(Default)]
struct Calls {
    answered: AtomicUsize,
    lost: AtomicUsize,
}

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

    let calls = Arc::new(Calls::default());
    let callers: Vec<_> = (0..4)
        .map(|_| tokio::spawn(caller(registry.clone(), addr, id.clone(), calls.clone())))
        .collect();
    let told = tokio::spawn(tell(calls.clone(), id.clone(), registry.clone()));
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
    for task in callers {
        task.abort();
    }
    told.abort();
    println!(
        "calls answered: {}, lost: {}; Consul still lists it: {}",
        calls.answered.load(Ordering::SeqCst),
        calls.lost.load(Ordering::SeqCst),
        registry.knows(&id).await?
    );
    consul.stop().await;
    Ok(())
}

/// A line a second: the calls so far, and the states of its checks.
async fn tell(calls: Arc<Calls>, id: String, registry: Registry) {
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
        println!(
            "{:6.1} s  {entry}; calls answered: {}, lost: {}",
            since.elapsed().as_secs_f64(),
            calls.answered.load(Ordering::SeqCst),
            calls.lost.load(Ordering::SeqCst)
        );
        sleep(Duration::from_secs(1)).await;
    }
}

/// Calls the greeter every 20 ms, as long as its list has an entry whose checks pass.
async fn caller(registry: Registry, addr: SocketAddr, id: String, calls: Arc<Calls>) {
    let Ok(endpoint) = Endpoint::from_shared(format!("http://{addr}")) else {
        return;
    };
    let mut channel: Option<GreeterClient<Channel>> = None;
    loop {
        let checks = look::states(&registry, "greeter").await.unwrap_or_default();
        let mine = checks.get(&id);
        let healthy =
            mine.is_some_and(|mine| mine.iter().all(|(_, seen)| seen.status == "passing"));
        let read = Instant::now();
        while read.elapsed() < CACHED {
            sleep(Duration::from_millis(20)).await;
            if !healthy {
                continue;
            }
            let client = channel.get_or_insert_with(|| GreeterClient::new(endpoint.connect_lazy()));
            let name = "Ada".to_string();
            let seen = match client.say_hello(HelloRequest { name }).await {
                Ok(_) => &calls.answered,
                Err(_) => {
                    channel = None;
                    &calls.lost
                }
            };
            seen.fetch_add(1, Ordering::SeqCst);
        }
    }
}
