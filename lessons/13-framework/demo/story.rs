//! The demo: one greeter, unchanged, in every registry that is there; instances are processes of their
//! own, so that one can be killed. What they say is printed further right. Times are milliseconds since
//! the beginning of the scene.

mod load;
mod news;
mod place;

use std::time::{Duration, Instant};

use anyhow::Context;
use l13_framework::client::Client;
use l13_framework::transport::Transport;
use stage::child::{Ask, Child, PATIENCE, Spawn};
use stage::signal::{on_signal, tell};
use stage::story::Clock;
use tokio::sync::watch;
use tokio::time::timeout;

use place::Place;

/// The time to live of a registration: shorter than in production, so that the demo is short.
const TTL: &str = "3s";
/// And so often it gives a sign of life.
const INTERVAL: &str = "1s";

/// How the line begins with which a service says that it is registered.
const REGISTERED: &str = "registered: ";

/// Tells the whole story.
pub async fn run() -> anyhow::Result<()> {
    let mut stop = on_signal(false)?;
    tokio::select! {
        told = story() => told,
        // What it has started ends with it.
        _ = stop.wait_for(|stop| *stop) => anyhow::bail!("interrupted"),
    }
}

async fn story() -> anyhow::Result<()> {
    let clock = Clock::start(1);
    tell(
        "The same two greeters and the same callers, in one registry after the other. Four callers call\n\
         all the time; one greeter is killed. All that differs is what stands behind --registry.",
    );
    let mut rows = Vec::new();
    for kind in ["mdns", "gossip", "consul", "etcd"] {
        let shown = match Place::open(kind).await {
            Ok(place) => one_is_killed(&clock, &place).await,
            Err(missing) => Err(missing),
        };
        match shown {
            Ok(row) => rows.push(row),
            // The others do without it.
            Err(why) => {
                clock.scene(&format!("{kind} is left out"));
                tell(&format!("   {why}"));
            }
        }
    }
    table(&rows);
    let first = rows
        .first()
        .context("there is no registry that works here")?;
    let place = Place::open(&first.kind).await?;
    transports(&clock, &place).await?;
    news::heard(&clock, &place).await?;
    tell(
        "\nIn terminals of your own; each finds the others by itself:\n\
         \n    cargo run -p l13-framework -- watch\n    cargo run -p l13-framework -- server\n    \
         cargo run -p l13-framework -- client Ada Grace\n    cargo run -p l13-framework -- --help\n",
    );
    Ok(())
}

/// What one registry has shown.
struct Row {
    kind: String,
    found: Duration,
    removed: Duration,
    calls: u64,
    failed: usize,
}

async fn one_is_killed(clock: &Clock, place: &Place) -> anyhow::Result<Row> {
    clock.scene(&format!("The greeter with {}", place.flags.join(" ")));
    let client = place.client()?;
    let began = Instant::now();
    let one = start(clock, "greeter 1", &place.server("one", Transport::Grpc))?;
    let two = start(clock, "greeter 2", &place.server("two", Transport::Grpc))?;
    one.said(REGISTERED).await?;
    two.said(REGISTERED).await?;
    listed(&client, place, |ids| ids.len() == 2).await?;
    let found = began.elapsed();
    clock.tell(0, "both are on the list");
    let load = load::start(&client, &place.service, 4);
    for id in ["one", "two"] {
        load::answers_of(&load, &place.id(id), 10).await?;
    }
    let before = load.count();
    clock.tell(0, "both answer; greeter 1 is killed, kill -9");
    let killed = one.kill();
    listed(&client, place, |ids| ids == [place.id("two")]).await?;
    let removed = killed.elapsed();
    load::answers_of(
        &load,
        &place.id("two"),
        load.count().of(&place.id("two")) + 10,
    )
    .await?;
    let after = load.count();
    let (calls, failed) = (
        after.calls() - before.calls(),
        after.failed.len() - before.failed.len(),
    );
    clock.tell(
        0,
        &format!("greeter 1 is off the list; {calls} calls since, {failed} of them failed"),
    );
    load.stop().await;
    leave(two).await?;
    listed(&client, place, <[String]>::is_empty).await?;
    clock.tell(0, "greeter 2 has ended; the list is empty");
    Ok(Row {
        kind: place.kind.clone(),
        found,
        removed,
        calls,
        failed,
    })
}

/// Waits until the list of ids is as wished.
async fn listed(
    client: &Client,
    place: &Place,
    wished: impl Fn(&[String]) -> bool,
) -> anyhow::Result<()> {
    let known = client.view(&place.service);
    let mut instances: watch::Receiver<_> = known.instances();
    let as_wished = instances.wait_for(|list: &Vec<l13_framework::registry::Instance>| {
        let ids: Vec<String> = list.iter().map(|one| one.id.clone()).collect();
        wished(&ids)
    });
    let seen = timeout(PATIENCE, as_wished).await;
    seen.context("the list never became what it should be")?
        .context("the list has ended")?;
    Ok(())
}

fn table(rows: &[Row]) {
    tell(&format!(
        "\n  {:<10}{:>24}{:>24}{:>16}{:>9}",
        "registry", "started to found, ms", "killed to removed, ms", "calls meanwhile", "failed"
    ));
    for row in rows {
        tell(&format!(
            "  {:<10}{:>24}{:>24}{:>16}{:>9}",
            row.kind,
            row.found.as_millis(),
            row.removed.as_millis(),
            row.calls,
            row.failed
        ));
    }
    tell(&format!(
        "\nThe time to live is {TTL}. Until it was over the dead instance was listed. Its callers left\n\
         it out before, because it refused their connections.\n\
         The fifth registry, memory, is a map in one process: tests use it."
    ));
}

async fn transports(clock: &Clock, place: &Place) -> anyhow::Result<()> {
    clock.scene("One greeter with --transport grpc, one with --transport rpc, one caller");
    let client = place.client()?;
    let grpc = place.server("on-grpc", Transport::Grpc);
    let rpc = place.server("on-rpc", Transport::Rpc);
    let grpc = start(clock, "greeter 1", &grpc)?;
    let rpc = start(clock, "greeter 2", &rpc)?;
    grpc.said(REGISTERED).await?;
    rpc.said(REGISTERED).await?;
    listed(&client, place, |ids| ids.len() == 2).await?;
    let load = load::start(&client, &place.service, 1);
    for id in ["on-grpc", "on-rpc"] {
        load::answers_of(&load, &place.id(id), 3).await?;
    }
    let count = load.stop().await;
    for (id, answers) in &count.by {
        clock.tell(0, &format!("{answers:>3} answers of {id}"));
    }
    clock.tell(
        0,
        "the caller has read `transport` in the metadata of each instance",
    );
    tokio::try_join!(leave(grpc), leave(rpc))?;
    Ok(())
}

/// Starts this program again as a service in a process of its own. What it says is printed further right.
fn start(clock: &Clock, name: &str, arguments: &[String]) -> anyhow::Result<Child> {
    let (clock, of) = (clock.clone(), name.to_string());
    Spawn::this_program(arguments)?
        .name(name)
        .until_stdin_ends("--until_stdin_ends")
        .note(REGISTERED)
        .errors_too()
        .heard(move |line| clock.tell(10, &format!("{of}: {}", line.text)))
        .start()
}

/// Asks it to leave, and returns when it has.
async fn leave(service: Child) -> anyhow::Result<()> {
    service.ask_to_end(Ask::EndOfStdin, PATIENCE).await?;
    Ok(())
}
