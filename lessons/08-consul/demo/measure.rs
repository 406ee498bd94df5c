//! What a registry costs: a registration, a lookup, a write, and how long a change takes to reach one
//! who waits. The agent is another process, as it would be in real life; only the machine is the same.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context;
use l08_consul::ask::{self, Answer};
use serde_json::json;
use stage::child::Spawn;
use stage::measure::{PROFILE, Times};
use tokio::time::{sleep, timeout};

const CALLS: usize = 1000;
const WAKES: usize = 100;
const PATIENCE: Duration = Duration::from_secs(60);

/// Measures and prints.
pub async fn run() -> anyhow::Result<()> {
    println!(
        "Each {CALLS} times, one after the other, each in a connection of its own; this machine.\n\n\
         {:38}{:>10}{:>14}{:>9}{:>7}",
        "", "median µs", "99 of 100 µs", "bytes", "back"
    );
    println!("the readable agent, {PROFILE}");
    let readable = Spawn::this_program(["agent", "--http-addr", "127.0.0.1:0"])?.start()?;
    one(readable.listening().await?).await?;
    drop(readable);
    if testkit::consul::find().is_some() {
        println!("the real Consul 1.8.7 (takes some seconds to start)");
        let started = tokio::task::spawn_blocking(|| {
            // A connection for each question, and they are closed a moment later.
            testkit::consul::Setup::new().connections(1000).start()
        });
        let consul = started.await?.context("start the real Consul")?;
        one(consul.addr()).await?;
    } else {
        println!("There is no real Consul here to hold against it.");
    }
    Ok(())
}

async fn one(agent: SocketAddr) -> anyhow::Result<()> {
    for number in 0..3 {
        register(agent, number).await?;
    }
    // The real agent tells its servers of a registration a moment later.
    let known = async {
        while lookup(agent).await?.json().as_array().map(Vec::len) != Some(3) {
            sleep(Duration::from_millis(20)).await;
        }
        Ok::<_, anyhow::Error>(())
    };
    timeout(PATIENCE, known).await??;
    let lookups = times(CALLS, async |_| timed(lookup(agent)).await).await?;
    row("  a lookup: three healthy greeters", &lookups);
    let again = times(CALLS, async |number| {
        timed(register(agent, number % 3)).await
    });
    row("  a registration, the same again", &again.await?);
    let new = times(CALLS, async |number| {
        timed(register(agent, 3 + number)).await
    });
    row("  a registration, a new one", &new.await?);
    let set = async |number| timed(write(agent, "leader", number)).await;
    row("  a key, written", &times(CALLS, set).await?);
    let wakes = times(WAKES, async |number| wake(agent, number).await).await?;
    row(
        &format!("  a change, to a waiting caller ({WAKES})"),
        &wakes,
    );
    Ok(())
}

async fn lookup(agent: SocketAddr) -> anyhow::Result<Answer> {
    good(ask::get(agent, "/v1/health/service/greeter?passing").await?)
}

async fn register(agent: SocketAddr, number: usize) -> anyhow::Result<Answer> {
    let body = json!({
        "ID": format!("greeter-{number}"),
        // The lookup finds the first three only.
        "Name": if number < 3 { "greeter" } else { "other" },
        "Address": "127.0.0.1",
        "Port": 8800,
        "Tags": ["grpc", "consul"],
        "Check": {"TTL": "10m", "Status": "passing"},
    });
    good(ask::put(agent, "/v1/agent/service/register", &body.to_string()).await?)
}

async fn write(agent: SocketAddr, key: &str, value: usize) -> anyhow::Result<Answer> {
    good(ask::put(agent, &format!("/v1/kv/{key}"), &value.to_string()).await?)
}

/// Writes a key that a caller watches. What counts is the time until the watcher has its answer.
async fn wake(agent: SocketAddr, number: usize) -> anyhow::Result<(Duration, Answer)> {
    write(agent, "watched", 2 * number).await?;
    let seen = ask::get(agent, "/v1/kv/watched").await?.index;
    let question = format!("/v1/kv/watched?index={seen}&wait=1m");
    let watching = tokio::spawn(async move { ask::get(agent, &question).await });
    // It has to wait there when the change comes.
    sleep(Duration::from_millis(20)).await;
    let told = async {
        write(agent, "watched", 2 * number + 1).await?;
        good(watching.await??)
    };
    timed(told).await
}

fn good(answer: Answer) -> anyhow::Result<Answer> {
    anyhow::ensure!(answer.status == 200, "{} {}", answer.status, answer.body);
    Ok(answer)
}

async fn timed(
    work: impl Future<Output = anyhow::Result<Answer>>,
) -> anyhow::Result<(Duration, Answer)> {
    let since = Instant::now();
    let answer = work.await?;
    Ok((since.elapsed(), answer))
}

/// The times, and the bytes of the last request and of its answer.
type Measured = (Times, (usize, usize));

/// Does it so often. The first tenth is thrown away: caches are cold.
async fn times(
    count: usize,
    mut call: impl AsyncFnMut(usize) -> anyhow::Result<(Duration, Answer)>,
) -> anyhow::Result<Measured> {
    let (mut times, mut bytes) = (Vec::with_capacity(count), (0, 0));
    for number in 0..count + count / 10 {
        let (time, answer) = call(number).await?;
        bytes = answer.bytes;
        if number >= count / 10 {
            times.push(time);
        }
    }
    Ok((times.into(), bytes))
}

fn row(what: &str, (times, bytes): &Measured) {
    let (median, late) = (times.median(), times.within(99));
    println!(
        "{what:38}{median:>10.0}{late:>14.0}{:>9}{:>7}",
        bytes.0, bytes.1
    );
}
