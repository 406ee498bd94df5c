//! The demo: the trace of one request, what a crash loses of it, and three questions to Prometheus under load.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use l17_production::seeing::picture::svg;
use l17_production::seeing::questions::{ERRORS, P99, RATE, ask};
use l17_production::seeing::trace::Trace;
use services::redis::Setup;
use stage::load::{Count, Load};
use stage::signal::tell;
use stage::story::Clock;
use tokio::time::sleep;

use super::world::{TIMEOUT, World};

/// Two callers with this pause make some 40 requests a second: the service allows 900 a minute from one address.
const PAUSE: Duration = Duration::from_millis(50);

/// The spans of one request for a picture: two of Envoy, two of the web, five of the service.
const ALL: usize = 9;

/// Plays all scenes.
pub async fn run() -> anyhow::Result<()> {
    if testkit::envoy::find().is_none() {
        bail!("{}", testkit::envoy::KIND.missing());
    }
    if testkit::prometheus::find().is_none() {
        bail!("{}", testkit::prometheus::KIND.missing());
    }
    println!(
        "Starting Redis, the captcha service, the web, Envoy, a receiver of OTLP, and Prometheus ..."
    );
    let program = std::env::current_exe().context("which program this is")?;
    let clock = Clock::start(0);
    let mut world = World::start(&program, Setup::default()).await?;
    one_request(&clock, &world).await?;
    crash(&clock, &mut world).await?;
    questions(&clock, &mut world).await
}

async fn one_request(clock: &Clock, world: &World) -> anyhow::Result<()> {
    clock.scene("1. One request for a picture, and its trace");
    let known = world.receiver.ids();
    get(world, 200).await?;
    let (id, trace) = world.trace(&known, |trace| spans(trace) == ALL).await?;
    tell(&format!("   trace {id}\n\n{}", trace.text()));
    tell(&format!("   where the time goes\n\n{}", trace.own_text()));
    std::fs::write(file("svg"), svg(&trace))?;
    std::fs::write(file("json"), trace.json().to_string())?;
    tell("   the picture: target/seeing.svg");
    Ok(())
}

async fn crash(clock: &Clock, world: &mut World) -> anyhow::Result<()> {
    clock.scene("2. The service ends right after its answer: by SIGTERM, then by kill -9");
    let known = world.receiver.ids();
    get(world, 200).await?;
    world.end_captchas().await?;
    let (_, trace) = world.trace(&known, |trace| spans(trace) == ALL).await?;
    clock.tell(0, &format!("SIGTERM: {} spans", spans(&trace)));
    world.start_captchas().await?;

    let known = world.receiver.ids();
    get(world, 200).await?;
    world.kill_captchas();
    let (id, _) = world.trace(&known, |trace| spans(trace) >= 4).await?;
    // Longer than any process keeps a batch.
    sleep(Duration::from_secs(2)).await;
    let trace = world.receiver.trace(id);
    clock.tell(0, &format!("kill -9: {} spans", spans(&trace)));
    tell(&format!("\n{}", trace.text()));
    world.start_captchas().await
}

async fn questions(clock: &Clock, world: &mut World) -> anyhow::Result<()> {
    clock.scene("3. Three questions to Prometheus, under load");
    let load = load(world);
    sleep(Duration::from_secs(8)).await;
    answers(world, "all is well").await?;
    world.redis.kill().await;
    sleep(Duration::from_secs(8)).await;
    answers(world, "Redis is away since 8 s").await?;
    tell(&format!(
        "\n   The callers themselves: {}",
        counted(&load.stop().await)
    ));
    Ok(())
}

async fn answers(world: &World, when: &str) -> anyhow::Result<()> {
    tell(&format!("   {when}"));
    for (name, query, factor, unit) in [
        ("rate", RATE, 1.0, "requests/s"),
        ("errors", ERRORS, 100.0, "%"),
        ("p99", P99, 1000.0, "ms"),
    ] {
        let answer = ask(world.prometheus, query).await?;
        let answer = answer.context("Prometheus has no answer yet")? * factor;
        tell(&format!("     {name:7} {answer:6.1} {unit}"));
    }
    Ok(())
}

fn load(world: &World) -> Load {
    let proxy = world.proxy;
    Load::start(2, PAUSE, move || async move {
        let request = stage::http::Request::get(super::world::path("load")).within(TIMEOUT);
        match request.send(proxy).await {
            Ok(answer) if answer.status == 200 => Ok("answered".to_owned()),
            Ok(answer) => Err(answer.status.to_string()),
            Err(error) => Err(error.to_string()),
        }
    })
}

fn counted(count: &Count) -> String {
    let failures: Vec<String> = (count.failures().into_iter())
        .map(|(words, times)| format!(", {times} x {words}"))
        .collect();
    format!("{} x 200{}", count.answered(), failures.concat())
}

/// One picture, with a status.
async fn get(world: &World, status: u16) -> anyhow::Result<()> {
    let answer = world.picture("one").await?;
    ensure!(
        answer.status == status,
        "{}: {}",
        answer.status,
        answer.text()
    );
    Ok(())
}

fn spans(trace: &Trace) -> usize {
    trace.rows.len()
}

fn file(ending: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join("target/seeing").with_extension(ending)
}
