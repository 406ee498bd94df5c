//! `-- timetable site`: the whole captcha site by timetable, as lesson 16 has it and the naive way, each on the real Consul
//! and Redis. The rate grows until the site does not hold it any more.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use l17_production::load::site::Way;
use l17_production::seeing::proxy::bootstrap;
use serde_json::json;
use stage::measure::PROFILE;
use stage::signal::tell;
use stage::timetable::{self, Report, Timetable};
use testkit::envoy::Envoy;
use testkit::free_port;
use tokio::time::Instant;

use super::visit::{REQUESTS, visit};
use super::world::World;

/// So many visits may be under way: fewer than the connections that the web takes from one address.
const AT_MOST: usize = 200;

/// A rate is held if every visit is sent, none fails, and 99 of 100 take no longer than this.
const HELD: Duration = Duration::from_millis(500);

/// The first measurement of a target takes so many times as long as the others, for its p99.9.
const LONGER: u32 = 5;

/// The plan of a measurement: the rate and length of the first rung, and how the rows are shown.
#[derive(Clone, Copy)]
pub struct Plan {
    /// Visits a second.
    pub rate: u32,
    /// Of each further rung.
    pub seconds: u32,
    /// One line of JSON for each rung, for `scripts/figures`.
    pub json: bool,
    /// Only the first rung.
    pub once: bool,
}

/// Measures all three targets.
pub async fn run(plan: Plan) -> anyhow::Result<()> {
    if testkit::envoy::find().is_none() {
        bail!("{}", testkit::envoy::KIND.missing());
    }
    tell(&format!(
        "A visit is {REQUESTS} requests. Held: all sent, none failed, p99 at most {} ms. {PROFILE}, {} cores",
        HELD.as_millis(),
        std::thread::available_parallelism()?
    ));
    if !plan.json {
        tell(&format!(
            "\n{:<14}{:>9}{:>12}{:>8}{:>8}{:>8}{:>8}{:>9}{:>12}{:>12}  held",
            "",
            "visits/s",
            "requests/s",
            "p50 ms",
            "p99",
            "p99.9",
            "failed",
            "not sent",
            "CPU ms/req.",
            "req./core-s"
        ));
    }
    let program = std::env::current_exe().context("which program this is")?;
    tell("Starting Consul, Redis, the captcha service and the web ...");
    let world = World::start(&program, Way::Shared).await?;
    ladder("web direct", plan, &world, world.web, None).await?;
    let proxy = SocketAddr::from(([127, 0, 0, 1], free_port()?));
    let config = bootstrap(proxy, world.web, None).to_string();
    let envoy = tokio::task::spawn_blocking(move || Envoy::start(&config)).await??;
    ladder("through Envoy", plan, &world, proxy, Some(envoy.id())).await?;
    drop((envoy, world));
    tell("Starting the naive site ...");
    let naive = World::start(&program, Way::Naive).await?;
    ladder("naive, direct", plan, &naive, naive.web, None).await
}

/// What one rung has shown.
struct Rung {
    rate: f64,
    report: Report,
    took: Duration,
    /// Seconds of a core that the processes of the site have used.
    used: f64,
}

/// Measures the first rate. If it is held, raises it until it is not, and then finds the place in between; else halves it.
async fn ladder(
    target: &str,
    plan: Plan,
    world: &World,
    proxy: SocketAddr,
    envoy: Option<u32>,
) -> anyhow::Result<()> {
    let measure = async |rate: f64, seconds: u32| {
        if seconds > 2 {
            tell(&format!("{target}: {rate} visits/s for {seconds} s ..."));
        }
        let rung = rung(rate, seconds, world, proxy, envoy).await?;
        match plan.json {
            true => tell(&rung.json(target)),
            false => tell(&rung.words(target)),
        }
        anyhow::Ok(rung.held())
    };
    let mut rate = f64::from(plan.rate);
    let held = measure(rate, plan.seconds * LONGER).await?;
    if plan.once {
        return Ok(());
    }
    if !held {
        while rate > 1.0 {
            rate = (rate / 2.0).ceil();
            if measure(rate, plan.seconds).await? {
                break;
            }
        }
        return Ok(());
    }
    // Large steps first. A third of a doubling is a quarter more.
    for (step, times) in [(4.0, 5), (2.0, 1), (2_f64.cbrt(), 2)] {
        for _ in 0..times {
            let higher = (rate * step).round();
            if !measure(higher, plan.seconds).await? {
                break;
            }
            rate = higher;
        }
    }
    Ok(())
}

async fn rung(
    rate: f64,
    seconds: u32,
    world: &World,
    proxy: SocketAddr,
    envoy: Option<u32>,
) -> anyhow::Result<Rung> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most some thousands"
    )]
    let requests = (rate * f64::from(seconds)) as u32;
    let timetable = Timetable {
        rate,
        requests,
        at_most: AT_MOST,
    };
    let (before, since) = (world.used(envoy)?, Instant::now());
    let report = timetable::run(timetable, |_| {
        let redis = world.redis.clone();
        async move {
            let visit = visit(proxy, redis).await;
            visit.map(drop).map_err(|error| format!("{error:#}"))
        }
    })
    .await;
    Ok(Rung {
        rate,
        took: since.elapsed(),
        used: world.used(envoy)? - before,
        report,
    })
}

impl Rung {
    fn held(&self) -> bool {
        let Report {
            failed, not_sent, ..
        } = &self.report;
        failed.is_empty() && *not_sent == 0 && self.report.within(990) <= HELD
    }

    /// Requests of visits that were answered; at least one, because it divides.
    fn requests(&self) -> f64 {
        let visits = u32::try_from(self.report.latencies.len()).unwrap_or(u32::MAX);
        f64::from(visits.max(1)) * f64::from(REQUESTS)
    }

    fn json(&self, target: &str) -> String {
        let ms = |of_thousand| self.report.within(of_thousand).as_secs_f64() * 1e3;
        json!({
            "target": target, "rate": self.rate, "held": self.held(),
            "requests_per_second": self.requests() / self.took.as_secs_f64(),
            "p50": ms(500), "p99": ms(990), "p999": ms(999),
            "failed": self.report.failed.len(), "not_sent": self.report.not_sent,
            "cpu_ms_per_request": 1e3 * self.used / self.requests(),
            "requests_per_core_second": self.requests() / self.used.max(0.01),
        })
        .to_string()
    }

    fn words(&self, target: &str) -> String {
        let ms = |of_thousand| self.report.within(of_thousand).as_secs_f64() * 1e3;
        let row = format!(
            "{target:<14}{:>9}{:>12.0}{:>8.1}{:>8.1}{:>8.1}{:>8}{:>9}{:>12.2}{:>12.0}  {}",
            self.rate,
            self.requests() / self.took.as_secs_f64(),
            ms(500),
            ms(990),
            ms(999),
            self.report.failed.len(),
            self.report.not_sent,
            1e3 * self.used / self.requests(),
            self.requests() / self.used.max(0.01),
            if self.held() { "yes" } else { "no" }
        );
        match self.report.failed.first() {
            Some(words) => format!("{row}\n    {words}"),
            None => row,
        }
    }
}
