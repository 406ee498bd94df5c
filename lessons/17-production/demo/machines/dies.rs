//! What a failure costs: visitors solve captchas by a timetable, something dies, and every lost request and every second
//! answer is counted.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;
use stage::signal::tell;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::site::Site;
use super::visitor::{self, Captcha};

/// Visitors a second, whether the site answers or not. Each sends three requests.
const RATE: u32 = 20;
/// Before the failure, and after it.
const BEFORE: Duration = Duration::from_secs(3);
const AFTER: Duration = Duration::from_secs(12);
/// Accepted answers that are sent once more when all is over.
const AGAIN: usize = 300;

/// A visitor's time, and why it left without an answer.
#[derive(Clone, Debug)]
struct Visit {
    came: Duration,
    lost: Option<String>,
}

#[derive(Default)]
struct Ledger {
    visits: Vec<Visit>,
    accepted: VecDeque<Captcha>,
    unknown: Vec<Captcha>,
}

/// The cost of a failure.
#[derive(Clone, Debug)]
pub struct Cost {
    /// What died.
    pub what: String,
    /// Visitors in all.
    pub visitors: usize,
    /// Those that left without an accepted answer.
    pub lost: usize,
    /// From the failure until the last lost visitor came; 0 if none was lost.
    pub seconds: f64,
    /// Answers that were accepted a second time.
    pub twice: usize,
    /// Answers that were sent again.
    pub again: usize,
    /// Lost visitors in each tenth of a second, from the failure on, by their coming.
    pub chart: BTreeMap<i64, usize>,
    /// Why, and how often.
    pub why: BTreeMap<String, usize>,
}

impl Cost {
    /// One line of JSON, for `scripts/figures`.
    pub fn json(&self) -> String {
        let chart: Vec<(i64, usize)> = self.chart.iter().map(|(at, lost)| (*at, *lost)).collect();
        json!({
            "what": self.what, "visitors": self.visitors, "lost": self.lost, "seconds": self.seconds,
            "twice": self.twice, "again": self.again, "chart": chart, "why": self.why,
        })
        .to_string()
    }

    /// Returns the cost as a sentence.
    pub fn words(&self) -> String {
        let Cost {
            what,
            visitors,
            lost,
            seconds,
            twice,
            again,
            why,
            ..
        } = self;
        let why: Vec<String> = why
            .iter()
            .map(|(why, count)| format!("    {count:4}  {why}"))
            .collect();
        format!(
            "{what}: {visitors} visitors, {lost} lost, the last of them after {seconds:.1} s\n\
             {again} accepted answers sent again: {twice} accepted twice\n{}",
            why.join("\n")
        )
    }
}

/// Lets visitors come, makes `what` fail after some seconds, and counts.
pub async fn measure(site: &mut Site, what: &str) -> anyhow::Result<Cost> {
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let (proxy, since) = (site.proxy(), Instant::now());
    let visitors = tokio::spawn(come(proxy, since, Arc::clone(&ledger)));
    sleep(BEFORE).await;
    let failed = since.elapsed();
    let words = match what.strip_prefix("cut ") {
        Some(machine) => site.cut(machine, true)?,
        None => site.kill(what).await?,
    };
    tell(&words);
    visitors.await?;
    let (visits, captchas, unknown) = {
        let mut ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let ledger = &mut *ledger;
        (
            ledger.visits.clone(),
            std::mem::take(&mut ledger.accepted),
            std::mem::take(&mut ledger.unknown),
        )
    };
    let again = captchas.len() + unknown.len();
    // An answer whose reply got lost may have been accepted or not: it is sent once before it counts.
    let known = captchas.into_iter().map(|captcha| (captcha, 0));
    let lost = unknown.into_iter().map(|captcha| (captcha, 1));
    let twice = accepted_again(proxy, known.chain(lost).collect()).await;
    Ok(cost(what, failed, &visits, again, twice))
}

/// Sends each answer once more, after so many attempts that do not count; how many are accepted.
async fn accepted_again(proxy: SocketAddr, captchas: Vec<(Captcha, usize)>) -> usize {
    let captchas = Arc::new(captchas);
    let count = stage::load::calls(captchas.len(), 8, move |number| {
        let captchas = Arc::clone(&captchas);
        async move {
            let (captcha, before) = &captchas[number];
            for _ in 0..*before {
                let _ = visitor::answer(proxy, captcha).await;
            }
            match visitor::answer(proxy, captcha).await {
                Ok(true) => Ok("accepted".to_owned()),
                _ => Err("not accepted".to_owned()),
            }
        }
    });
    usize::try_from(count.await.answered()).unwrap_or(usize::MAX)
}

/// Visitors by a timetable: a slow site does not slow them down.
async fn come(proxy: SocketAddr, since: Instant, ledger: Arc<Mutex<Ledger>>) {
    let mut clock = interval(Duration::from_secs(1) / RATE);
    clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut visits = JoinSet::new();
    while since.elapsed() < BEFORE + AFTER {
        clock.tick().await;
        visits.spawn(visit(proxy, since, Arc::clone(&ledger)));
        while visits.try_join_next().is_some() {}
    }
    while visits.join_next().await.is_some() {}
}

async fn visit(proxy: SocketAddr, since: Instant, ledger: Arc<Mutex<Ledger>>) {
    let came = since.elapsed();
    let looked = visitor::look(proxy).await;
    let (outcome, captcha) = match looked {
        Ok(captcha) => (visitor::answer(proxy, &captcha).await, Some(captcha)),
        Err(error) => (Err(error), None),
    };
    let mut ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
    let lost = match (&outcome, captcha) {
        (Ok(true), Some(captcha)) => {
            ledger.accepted.push_back(captcha);
            if ledger.accepted.len() > AGAIN {
                ledger.accepted.pop_front();
            }
            None
        }
        (Ok(_), _) => Some("a right answer is not accepted".to_owned()),
        (Err(error), captcha) => {
            ledger.unknown.extend(captcha);
            Some(format!("{error:#}"))
        }
    };
    ledger.visits.push(Visit { came, lost });
}

fn cost(what: &str, failed: Duration, visits: &[Visit], again: usize, twice: usize) -> Cost {
    let lost = visits
        .iter()
        .filter_map(|visit| Some((visit.came, visit.lost.as_ref()?)));
    let lost: Vec<(f64, &String)> = lost
        .map(|(came, why)| (came.as_secs_f64() - failed.as_secs_f64(), why))
        .collect();
    let (mut chart, mut reasons) = (BTreeMap::new(), BTreeMap::new());
    for (at, why) in &lost {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "tenths of a second of a short run"
        )]
        let tenth = (at * 10.0).floor() as i64;
        *chart.entry(tenth).or_default() += 1;
        *reasons.entry((*why).clone()).or_default() += 1;
    }
    Cost {
        what: what.to_owned(),
        visitors: visits.len(),
        lost: lost.len(),
        seconds: lost.iter().map(|(at, _)| *at).fold(0.0, f64::max),
        twice,
        again,
        chart,
        why: reasons,
    }
}
