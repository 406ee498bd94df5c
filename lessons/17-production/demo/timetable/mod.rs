//! `-- timetable`: one site that pauses, measured by a closed loop and by timetable. `-- timetable site` measures the whole
//! captcha site; with `captchas` or `web` behind it, this program is that part of the site.

mod site;
mod visit;
mod world;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::bail;
use axum::Router;
use axum::routing::get;
use l17_production::load::site::{self as parts, Way};
use stage::commands::Given;
use stage::http::Request;
use stage::load::Load;
use stage::measure::PROFILE;
use stage::signal::on_signal_or_hang_up;
use stage::timetable::{self, Report, Timetable};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep, sleep_until};

/// So many requests may be under way. Each has a connection, which is a file of this process.
const AT_MOST: usize = 400;

/// How long a request may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// The measurement that the command line names, or a part of the captcha site.
pub async fn run(given: &Given) -> anyhow::Result<()> {
    given.at_most(1)?;
    let way = match given.has("naive") {
        true => Way::Naive,
        false => Way::Shared,
    };
    match given.words().first().map(String::as_str) {
        None => both(given).await,
        Some("site") => {
            let mut stop = on_signal_or_hang_up()?;
            let (rate, seconds) = rate_and_seconds(given, (4, 2))?;
            let plan = site::Plan {
                rate,
                seconds,
                json: given.has("json"),
                once: given.has("once"),
            };
            tokio::select! {
                measured = site::run(plan) => measured,
                _ = stop.wait_for(|stop| *stop) => bail!("interrupted"),
            }
        }
        Some("captchas") => {
            let redis = given.value("redis")?;
            parts::captchas(way, given.address("addr")?, given.address("consul")?, redis).await
        }
        Some("web") => parts::web(way, given.address("addr")?, given.address("consul")?).await,
        Some(other) => bail!("there is no `timetable {other}`; `--help` shows what there is"),
    }
}

fn rate_and_seconds(given: &Given, usual: (u32, u32)) -> anyhow::Result<(u32, u32)> {
    let rate = given.parsed("rate")?.unwrap_or(usual.0);
    let seconds = given.parsed("seconds")?.unwrap_or(usual.1);
    anyhow::ensure!(
        (1..=1000).contains(&rate),
        "--rate {rate}: 1 to 1000 a second"
    );
    anyhow::ensure!(
        (1..=600).contains(&seconds),
        "--seconds {seconds}: 1 to 600"
    );
    Ok((rate, seconds))
}

/// Measures the site that pauses in both ways, and prints what each of them has seen.
async fn both(given: &Given) -> anyhow::Result<()> {
    let (rate, seconds) = rate_and_seconds(given, (100, 3))?;
    println!(
        "A site that pauses for a third of the time: {rate} requests a second for {seconds} s, {PROFILE}\n"
    );
    println!(
        "{:<16}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}",
        "ms", "requests", "p50", "p99", "p99.9", "longest", "failed", "not sent"
    );
    row("closed loop", &closed_loop(rate, seconds).await?);
    row("by timetable", &by_timetable(rate, seconds).await?);
    Ok(())
}

/// A site on a free port. Its pause begins a third of the run after now.
async fn pausing(seconds: u32) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    let third = Duration::from_secs(seconds.into()) / 3;
    let begin = Instant::now() + third;
    let answer = move || async move {
        let end = begin + third;
        if (begin..end).contains(&Instant::now()) {
            sleep_until(end).await;
        }
        "hello\n"
    };
    let router = Router::new().route("/", get(answer));
    // It ends with the process.
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(addr)
}

/// One request on a connection of its own.
async fn call(addr: SocketAddr) -> Result<(), String> {
    let answer = Request::get("/").within(DEADLINE).send(addr).await;
    match answer {
        Ok(answer) if answer.status == 200 => Ok(()),
        Ok(answer) => Err(format!("status {}", answer.status)),
        Err(error) => Err(error.to_string()),
    }
}

/// One caller that waits for its answer, and pauses before its next request.
async fn closed_loop(rate: u32, seconds: u32) -> anyhow::Result<Report> {
    let addr = pausing(seconds).await?;
    let pause = Duration::from_secs(1) / rate;
    let load = Load::start(1, pause, move || async move {
        call(addr).await.map(|()| "the site".to_owned())
    });
    sleep(Duration::from_secs(seconds.into())).await;
    let mut count = load.stop().await;
    count.took.sort_unstable();
    Ok(Report {
        latencies: count.took,
        failed: count.failed.into_iter().map(|it| it.words).collect(),
        not_sent: 0,
    })
}

async fn by_timetable(rate: u32, seconds: u32) -> anyhow::Result<Report> {
    let addr = pausing(seconds).await?;
    let timetable = Timetable {
        rate: f64::from(rate),
        requests: rate * seconds,
        at_most: AT_MOST,
    };
    Ok(timetable::run(timetable, move |_| call(addr)).await)
}

fn row(what: &str, report: &Report) {
    let [half, most, nearly_all, all] = [500, 990, 999, 1000].map(|share| {
        let latency = report.within(share);
        format!("{:.1}", latency.as_secs_f64() * 1e3)
    });
    println!(
        "{what:<16}{:>10}{half:>10}{most:>10}{nearly_all:>10}{all:>10}{:>10}{:>10}",
        report.latencies.len(),
        report.failed.len(),
        report.not_sent
    );
}
