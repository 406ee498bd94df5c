//! Two choices of the captcha site, each beside what the notes do, in one run: one connection to Redis for all
//! calls, or one for each; one client that knows its services, or a new one for each request.
//!
//! `python3 scripts/figures captcha` runs it: `captcha-ways [ROUNDS]`. The stores are the real ones where there are any,
//! and it says which; services and callers are this process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use l13_framework::client::{self, Client};
use l13_framework::options::Options;
use l13_framework::registries;
use l13_framework::registry::{self, Registry};
use l16_captcha::pb::SessionRequest;
use l16_captcha::service::{self, Settings};
use l16_captcha::web::{ByName, Captchas};
use services::{consul, redis as store};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Calls at the same time.
const IN_FLIGHT: [usize; 2] = [1, 16];

/// Calls of a round, on what is shared and on what is made for each.
const CALLS: (usize, usize) = (4000, 400);

/// A client for each request takes so long that fewer have to do, one after the other: of sixteen at the same
/// time some would come to no end.
const CLIENTS: usize = 50;

const SESSION: &str = "0123456789abcdef0123456789abcdef";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // `cargo bench` adds a `--bench` of its own; without a number there is nothing to measure.
    let rounds = std::env::args().skip(1).find_map(|word| word.parse().ok());
    let Some(rounds) = rounds else {
        println!("usage: captcha-ways ROUNDS; `python3 scripts/figures captcha` does it all");
        return Ok(());
    };
    let consul = consul::Setup::default().start().await?;
    let redis = store::Setup::default().start().await?;
    println!("a {} Consul, a {} Redis", consul.side(), redis.side());
    let mut running = JoinSet::new();
    for _ in 0..2 {
        serve(consul.addr(), redis.addr(), &mut running).await?;
    }
    let of_store = redis::Client::open(format!("redis://{}/", redis.addr()))?;
    let connection = of_store.get_multiplexed_async_connection().await?;
    let by_name = ByName(client(consul.addr())?);
    both_are_known(&by_name).await?;

    println!(
        "{:44} {:>6} {:>9} {:>9} {:>9} {:>16}",
        "medians of the rounds", "flight", "calls/s", "p50 µs", "p99 µs", "times as many"
    );
    for flight in IN_FLIGHT {
        let (mut one, mut each) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let shared = connection.clone();
            one.push(measure(flight, CALLS.0, move || look(shared.clone())).await?);
            let of_store = of_store.clone();
            let fresh = move || {
                let of_store = of_store.clone();
                async move { look(of_store.get_multiplexed_async_connection().await?).await }
            };
            each.push(measure(flight, CALLS.1, fresh).await?);
        }
        tell(
            "Redis, one connection for all calls",
            flight,
            &one,
            Some(&each),
        );
        tell("Redis, a connection for each call", flight, &each, None);
    }
    let at = consul.addr();
    let (mut one, mut each) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let shared = by_name.clone();
        one.push(measure(1, CALLS.0, move || ask(shared.clone())).await?);
        let fresh = move || async move { ask(ByName(client(at)?)).await };
        each.push(measure(1, CLIENTS, fresh).await?);
    }
    tell("service, one client for all requests", 1, &one, Some(&each));
    tell("service, a client for each request", 1, &each, None);
    Ok(())
}

/// A captcha service on a free port, in Consul.
async fn serve(
    consul: SocketAddr,
    redis: SocketAddr,
    running: &mut JoinSet<()>,
) -> anyhow::Result<()> {
    let options = Options {
        registry: Some("consul".to_string()),
        registry_address: Some(vec![consul]),
        ..Options::default()
    };
    let settings = Settings {
        redis,
        ..Settings::default()
    };
    let service = service::service(options, settings)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    running.spawn(async move {
        if let Err(error) = service.run_on(listener, std::future::pending()).await {
            eprintln!("a service: {error}");
        }
    });
    Ok(())
}

/// A client whose view of the service is still empty.
fn client(consul: SocketAddr) -> anyhow::Result<Client> {
    let mut registry = registries::named("consul")?;
    registry.init(registry::Options {
        addresses: vec![consul],
        ..registry::Options::default()
    })?;
    let registry: Arc<dyn Registry> = Arc::from(registry);
    Ok(Client::new(registry, client::Settings::default()))
}

async fn both_are_known(by_name: &ByName) -> anyhow::Result<()> {
    let since = Instant::now();
    loop {
        let until = tokio::time::Instant::now() + Duration::from_secs(1);
        let home = by_name.0.healthy(service::NAME, until).await;
        if home.is_ok_and(|home| home.len() == 2) {
            return Ok(());
        }
        ensure!(
            since.elapsed() < Duration::from_secs(60),
            "the services are not registered"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// One command.
async fn look(mut connection: redis::aio::MultiplexedConnection) -> anyhow::Result<()> {
    let key = format!("passed:{SESSION}");
    let _: Option<String> = redis::cmd("GET")
        .arg(key)
        .query_async(&mut connection)
        .await?;
    Ok(())
}

/// One call.
async fn ask(by_name: ByName) -> anyhow::Result<()> {
    let request = SessionRequest {
        session: SESSION.to_string(),
    };
    let until = tokio::time::Instant::now() + Duration::from_secs(10);
    by_name.session(request, until).await?;
    Ok(())
}

/// Calls a second, and how long one took, in microseconds.
#[derive(Clone, Copy)]
struct Speed {
    rate: f64,
    p50: f64,
    p99: f64,
}

/// Makes so many calls, so many of them at the same time.
async fn measure<C, F>(flight: usize, calls: usize, call: C) -> anyhow::Result<Speed>
where
    C: Fn() -> F + Clone + Send + 'static,
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let since = Instant::now();
    let mut lanes = JoinSet::new();
    for _ in 0..flight {
        let call = call.clone();
        lanes.spawn(async move {
            let mut took = Vec::new();
            for _ in 0..calls / flight {
                let since = Instant::now();
                call().await?;
                took.push(since.elapsed());
            }
            anyhow::Ok(took)
        });
    }
    let mut took = Vec::new();
    while let Some(lane) = lanes.join_next().await {
        took.extend(lane??);
    }
    let time = since.elapsed().as_secs_f64();
    let mut took: Vec<f64> = took.iter().map(|took| took.as_secs_f64() * 1e6).collect();
    took.sort_unstable_by(f64::total_cmp);
    let part = |of: usize| took.get(took.len() * of / 100).copied().context("no calls");
    #[expect(clippy::cast_precision_loss, reason = "a few thousand calls")]
    let rate = took.len() as f64 / time;
    Ok(Speed {
        rate,
        p50: part(50)?,
        p99: part(99)?,
    })
}

fn tell(name: &str, flight: usize, rounds: &[Speed], beside: Option<&[Speed]>) {
    let middle = |of: fn(&Speed) -> f64| median(rounds.iter().map(of).collect());
    let ratio = beside.map(|beside| {
        let ratios = rounds
            .iter()
            .zip(beside)
            .map(|(one, other)| one.rate / other.rate);
        format!("{:.1}x", median(ratios.collect()))
    });
    println!(
        "{name:44} {flight:>6} {:>9.0} {:>9.0} {:>9.0} {:>16}",
        middle(|speed| speed.rate),
        middle(|speed| speed.p50),
        middle(|speed| speed.p99),
        ratio.unwrap_or_default()
    );
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
