//! The five registries in one table: how long until others see an instance, until they know that it has
//! said goodbye, and until they know that it was killed. All with one time to live and one heartbeat.
//!
//! The registry that they are compared with is Consul, which the lessons before this one use.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, sleep, timeout};

use crate::backend::Backend;
use crate::offer::Offer;
use l13_framework::registries::{self, NAMES, memory::Memory};
use l13_framework::registry::{Event, Instance, Options, Registry, Watch};

/// For how long one registration holds.
pub const TTL: Duration = Duration::from_secs(3);
/// The time between two heartbeats.
pub const BEAT: Duration = Duration::from_secs(1);
/// How long to wait for what has to come.
const PATIENCE: Duration = Duration::from_secs(60);
/// With whom the others are compared.
const BASE: &str = "consul";

/// The size of the measurement.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// In each round every registry has its turn, so that a slow minute of the machine hits all.
    pub rounds: usize,
    /// Registrations and goodbyes of each registry in a round.
    pub comings: usize,
    /// Kills of each registry in a round.
    pub kills: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            rounds: 5,
            comings: 10,
            kills: 3,
        }
    }
}

/// A registry to be measured, and the server that it needs.
struct Bench {
    name: &'static str,
    options: Options,
    /// Memory is one map, which all share.
    memory: Memory,
    _backend: Backend,
}

/// What was measured in one round, in milliseconds.
#[derive(Debug, Default)]
struct Round {
    seen: Vec<f64>,
    goodbye: Vec<f64>,
    killed: Vec<f64>,
}

/// Measures and prints.
///
/// # Errors
/// A registry does not start, or does not do what it should within a minute.
pub async fn run(settings: Settings) -> anyhow::Result<()> {
    let mut benches = Vec::new();
    for name in NAMES {
        benches.push(Bench::start(name).await.with_context(|| name.to_owned())?);
    }
    println!(
        "Time to live {TTL:?}, a heartbeat every {BEAT:?}; {} rounds, in each {} registrations and goodbyes \
         and {} kills of every registry.\n",
        settings.rounds, settings.comings, settings.kills
    );
    let mut results: BTreeMap<&str, Vec<Round>> = BTreeMap::new();
    for number in 0..settings.rounds {
        eprintln!("round {} of {}", number + 1, settings.rounds);
        // Who is first changes as well.
        for at in 0..benches.len() {
            let bench = &benches[(number + at) % benches.len()];
            let round = bench.comings(settings.comings).await;
            let round = round.with_context(|| bench.name.to_owned())?;
            results.entry(bench.name).or_default().push(round);
        }
        // Kills take seconds and hardly any work: those of all registries at once.
        let mut kills = JoinSet::new();
        for bench in benches.iter().filter(|bench| bench.name != "memory") {
            let (name, options) = (bench.name, bench.options.clone());
            kills.spawn(async move {
                let killed = killed(name, options, settings.kills, number).await;
                (name, killed)
            });
        }
        while let Some(done) = kills.join_next().await {
            let (name, killed) = done?;
            let rounds = results.entry(name).or_default();
            if let Some(round) = rounds.last_mut() {
                round.killed = killed.with_context(|| name.to_owned())?;
            }
        }
    }
    type Part = fn(&Round) -> &Vec<f64>;
    let tables: [(&str, Part); 3] = [
        ("from register to being seen", |round| &round.seen),
        ("from deregister to being told", |round| &round.goodbye),
        ("from kill -9 to being told", |round| &round.killed),
    ];
    for (what, part) in tables {
        print(what, &results, part);
    }
    Ok(())
}

impl Bench {
    async fn start(name: &'static str) -> anyhow::Result<Bench> {
        let backend = Backend::start(name).await?;
        println!("{name:<8}{}", backend.which);
        Ok(Bench {
            name,
            options: Options {
                addresses: backend.addr.into_iter().collect(),
                ..Options::default()
            },
            memory: Memory::new(),
            _backend: backend,
        })
    }

    /// One more participant.
    fn fresh(&self) -> anyhow::Result<Box<dyn Registry>> {
        Ok(match self.name {
            "memory" => Box::new(self.memory.clone()),
            name => fresh(name, self.options.clone())?,
        })
    }

    /// Two participants: one registers and says goodbye, the other watches.
    async fn comings(&self, times: usize) -> anyhow::Result<Round> {
        let (one, other) = (self.fresh()?, self.fresh()?);
        let name = "go.micro.srv.measured";
        let mut watch = other.watch(Some(name)).await?;
        let mut round = Round::default();
        // The first one opens connections and finds neighbours: it is not measured.
        for number in 0..=times {
            let instance = instance(name, &format!("coming-{number}"));
            let since = Instant::now();
            one.register(&instance, TTL).await?;
            until(&mut watch, &instance.id, true).await?;
            let seen = since.elapsed();
            let since = Instant::now();
            one.deregister(&instance).await?;
            until(&mut watch, &instance.id, false).await?;
            let goodbye = since.elapsed();
            if number > 0 {
                round.seen.push(seen.as_secs_f64() * 1e3);
                round.goodbye.push(goodbye.as_secs_f64() * 1e3);
            }
        }
        Ok(round)
    }
}

/// Processes that are killed one after the other, each at another moment between two heartbeats.
async fn killed(
    registry: &'static str,
    options: Options,
    times: usize,
    round: usize,
) -> anyhow::Result<Vec<f64>> {
    let other = fresh(registry, options.clone())?;
    let name = "go.micro.srv.killed";
    let mut watch = other.watch(Some(name)).await?;
    let program = std::env::current_exe()?;
    let mut took = Vec::new();
    for number in 0..times {
        let offer = Offer {
            registry: registry.into(),
            options: options.clone(),
            instance: instance(name, &format!("killed-{round}-{number}")),
            ttl: TTL,
            every: BEAT,
        };
        let id = offer.instance.id.clone();
        let program = program.clone();
        let child = spawn_blocking(move || offer.start(&program)).await??;
        let there = until(&mut watch, &id, true).await;
        // It lives for one to two heartbeats.
        sleep(BEAT + BEAT.mul_f64(rand::random())).await;
        let since = Instant::now();
        child.kill();
        there?;
        until(&mut watch, &id, false).await?;
        took.push(since.elapsed().as_secs_f64() * 1e3);
    }
    Ok(took)
}

fn fresh(name: &str, options: Options) -> anyhow::Result<Box<dyn Registry>> {
    let mut registry = registries::named(name)?;
    registry.init(options)?;
    Ok(registry)
}

fn instance(name: &str, id: &str) -> Instance {
    Instance::new(name, id, ([127, 0, 0, 1], 50051).into())
}

/// Waits until the watch tells that it is there, or gone.
async fn until(watch: &mut Watch, id: &str, there: bool) -> anyhow::Result<()> {
    let told = async {
        while let Some(event) = watch.next().await {
            match event {
                Event::Added(it) if there && it.id == id => return Ok(()),
                Event::Removed(it) if !there && it.id == id => return Ok(()),
                Event::Lost => anyhow::bail!("events were lost"),
                _ => {}
            }
        }
        anyhow::bail!("the watch has ended")
    };
    let told = timeout(PATIENCE, told).await;
    told.with_context(|| format!("{id}: nothing was told within {PATIENCE:?}"))?
}

/// A row for each registry: the median of all, the shortest and the longest; and how many times as long as
/// with Consul, round by round: median, and the range.
fn print(what: &str, results: &BTreeMap<&str, Vec<Round>>, part: fn(&Round) -> &Vec<f64>) {
    println!("\n{what}, in milliseconds");
    println!(
        "{:<10}{:>10}{:>10}{:>10}{:>12}{:>18}",
        "", "median", "shortest", "longest", "to consul", "range"
    );
    let medians = |name: &str| -> Vec<f64> {
        let rounds = results.get(name).into_iter().flatten();
        rounds.map(|round| median(part(round).clone())).collect()
    };
    let base = medians(BASE);
    for name in NAMES {
        let rounds = results.get(name).into_iter().flatten();
        let mut all: Vec<f64> = rounds
            .flat_map(|round| part(round).iter().copied())
            .collect();
        if all.is_empty() {
            println!("{name:<10}{:>10}   it dies with the process", "-");
            continue;
        }
        all.sort_by(f64::total_cmp);
        let mut ratios: Vec<f64> = medians(name)
            .iter()
            .zip(&base)
            .map(|(a, b)| a / b)
            .collect();
        ratios.sort_by(f64::total_cmp);
        let range = format!("{:.2} to {:.2}", ratios[0], ratios[ratios.len() - 1]);
        println!(
            "{name:<10}{:>10}{:>10}{:>10}{:>12.2}{range:>18}",
            time(median(all.clone())),
            time(all[0]),
            time(all[all.len() - 1]),
            median(ratios.clone()),
        );
    }
}

/// Less than a millisecond in three digits.
fn time(milliseconds: f64) -> String {
    if milliseconds < 1.0 {
        format!("{milliseconds:.3}")
    } else {
        format!("{milliseconds:.1}")
    }
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    let middle = of.len() / 2;
    match of.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => of[middle],
        _ => f64::midpoint(of[middle - 1], of[middle]),
    }
}
