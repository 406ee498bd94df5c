//! What this program can be in a terminal: the captcha service, the web in front of it, or the soak.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::attack;
use crate::captchas;
use crate::site::{self, Setting};
use crate::soak;
use anyhow::{Context, bail, ensure};
use l12_resilience::budget::Budget;
use l13_framework::client::{self, Client};
use l13_framework::edge;
use l13_framework::options::Options;
use l13_framework::service::Service;
use l15_redis::server::Decode;
use l16_captcha::rules::Limits;
use l16_captcha::service;
use l16_captcha::web::{self, ByName, limits};
use services::Side;
use stage::signal::{on_signal, tell};

use crate::options::{Own, address, nothing_left, number, split, unlimited};

/// Our own options, and what the framework makes of the rest. The ports are the usual ones unless the command line names
/// others, by our `--addr` or the framework's `--server_address`.
fn read(
    words: Vec<OsString>,
    ours: &[&str],
    usual: SocketAddr,
) -> anyhow::Result<(Own, Options, SocketAddr)> {
    let (own, words) = split(words, ours, &[])?;
    let mut options = Options::read(words, std::env::vars_os())?;
    options.no_words()?;
    let usual = options.server_address.unwrap_or(usual);
    let addr = address(&own, "--addr", usual)?;
    options.server_address = Some(addr);
    Ok((own, options, addr))
}

/// The words of the framework, with our name for the option.
fn at(error: anyhow::Error) -> anyhow::Error {
    let words = error.to_string();
    anyhow::anyhow!(words.replace("--server_address ", "--addr "))
}

// ANCHOR: service
/// `-- service`.
pub async fn service(words: Vec<OsString>) -> anyhow::Result<()> {
    let (own, options, addr) = read(words, &["--addr", "--redis", "--limits"], service::USUAL)?;
    let mut settings = service::Settings::default();
    settings.redis = address(&own, "--redis", settings.redis)?;
    if unlimited(&own, &[addr])? {
        tell(
            "NO LIMITS: each client may try as often as it likes. This is for measuring, and for nothing else.",
        );
        let none = Limits {
            per_session: u64::MAX,
            per_address: u64::MAX,
            ..settings.attempts
        };
        (settings.attempts, settings.pictures, settings.passes) = (none, none, none);
    }
    let service = service::service(options, settings)?;
    let (listener, shutdown) = service.listen().await.map_err(at)?;
    service.run_on(listener, shutdown).await?.well()
}
// ANCHOR_END: service

// ANCHOR: web
/// `-- web`.
pub async fn web(words: Vec<OsString>) -> anyhow::Result<()> {
    let (own, options, _) = read(words, &["--addr", "--host"], site::WEB)?;
    let settings = web::Settings {
        whose: own_parts().to_vec(),
        ..web::Settings::default()
    };
    let mut calls = client::Settings::default().with(&options);
    // A service that dies takes all calls with it that are under way: each of them is made again elsewhere,
    // and no picture fails. The usual reserve of ten is for programs that serve no clients of their own.
    let most = u32::try_from(settings.in_flight).unwrap_or(u32::MAX);
    calls.call.budget = Budget::new(20, most);
    let mut service = Service::new(web::NAME).version("1.0.0").with(options)?;
    let client = Client::new(service.registry_in_use()?, calls);
    let router = web::router(ByName(client), settings);
    let (listener, shutdown) = service.listen().await.map_err(at)?;
    let names = own.into_iter().filter(|(name, _)| name == "--host");
    let limits = edge::Limits {
        hosts: edge::Hosts::with(names.map(|(_, value)| value)),
        ..limits()
    };
    let serve = |listener, stop| edge::serve(listener, router, limits, stop);
    service.run_with(listener, shutdown, serve).await?.well()
}
// ANCHOR_END: web

/// `-- captchas`.
pub async fn captchas(words: Vec<OsString>) -> anyhow::Result<()> {
    let (_, options, _) = read(words, &["--addr"], captchas::ADDR)?;
    let calls = client::Settings::default().with(&options);
    let mut service = Service::new("go.micro.http.captchas").with(options)?;
    let client = Client::new(service.registry_in_use()?, calls);
    let router = captchas::router(ByName(client));
    let (listener, shutdown) = service.listen().await.map_err(at)?;
    let serve = |listener, stop| edge::serve(listener, router, limits(), stop);
    service.run_with(listener, shutdown, serve).await?.well()
}

/// The exercises whose answers the site runs on, and whether each is the learner's own; none without the
/// feature `mine`.
fn own_parts() -> &'static [(&'static str, bool)] {
    #[cfg(feature = "mine")]
    return &l16_captcha::mine::WHOSE;
    #[cfg(not(feature = "mine"))]
    &[]
}

/// Whose answers the site runs on: a line for each part, with `--features mine`.
pub fn whose() -> Vec<String> {
    if own_parts().is_empty() {
        return Vec::new();
    }
    let line = |(part, own): &(&str, bool)| match own {
        true => format!("  {part}: your own answer, .workbook/passed/{part}.rs"),
        false => format!("  {part}: ours, because your own has not passed yet"),
    };
    let first = "The parts of the site, and whose they are:".to_string();
    [first]
        .into_iter()
        .chain(own_parts().iter().map(line))
        .collect()
}

/// The reader of requests for an embedded Redis, if the learner has one.
pub fn decode() -> Option<Decode> {
    #[cfg(feature = "mine")]
    return l16_captcha::mine::decode();
    #[cfg(not(feature = "mine"))]
    None
}

/// `-- attack`.
pub async fn attack(words: Vec<OsString>) -> anyhow::Result<()> {
    let names: Result<Vec<String>, OsString> =
        words.into_iter().map(OsString::into_string).collect();
    let names = names.map_err(|name| anyhow::anyhow!("{name:?} is no name of an attack"))?;
    let chosen: Vec<attack::Attack> = match names.is_empty() {
        true => attack::ATTACKS.to_vec(),
        false => names
            .iter()
            .map(|name| attack::named(name))
            .collect::<Result<_, _>>()?,
    };
    for attack in chosen {
        attack::print(attack, &attack.on_both(Side::Embedded).await?);
    }
    Ok(())
}

/// `-- soak`.
pub async fn soak(words: Vec<OsString>) -> anyhow::Result<()> {
    let (own, left) = split(words, &["--minutes", "--seconds", "--people"], &[])?;
    nothing_left(&left)?;
    let minutes = number::<u64>(&own, "--minutes")?.map(|minutes| minutes.saturating_mul(60));
    let seconds = number(&own, "--seconds")?.or(minutes).unwrap_or(600);
    ensure!(
        (6..=24 * 3600).contains(&seconds),
        "a soak takes from 6 seconds to a day"
    );
    let people = number(&own, "--people")?.unwrap_or(16);
    ensure!((1..=200).contains(&people), "from 1 to 200 people");
    let since = Instant::now();
    let say = move |line: &str| tell(&format!("{:7.1} s  {line}", since.elapsed().as_secs_f64()));
    let program = std::env::current_exe().context("which program this is")?;
    let plan = soak::Plan {
        site: Setting {
            decode: decode(),
            // What they say of failures; the rest is the same in every round.
            heard: Arc::new(move |name, line| {
                if line.starts_with("web: ") || line.starts_with("redis: ") {
                    say(&format!("{name}: {line}"));
                }
            }),
            ..Setting::new(program)
        },
        time: Duration::from_secs(seconds),
        people,
    };
    let mut stop = on_signal(false)?;
    let report = tokio::select! {
        report = soak::run(&plan) => report?,
        // What it has started ends with it.
        _ = stop.wait_for(|stop| *stop) => bail!("interrupted"),
    };
    print!("\n{report}");
    ensure!(report.kept(), "promises were broken");
    Ok(())
}
