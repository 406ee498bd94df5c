//! The site on three machines: `-- up` starts it and looks after it, the other commands talk to that process.

mod cables;
mod control;
mod dies;
mod orders;
mod own;
mod process;
mod renew;
mod site;
mod status;
mod visitor;

use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use l17_production::machines::network::{MACHINES, Network};
use l17_production::machines::redis_proxy;
use l17_production::machines::roles::{self, Settings};
use stage::commands::Given;
use stage::signal::{on_signal_or_hang_up, tell};

use control::ask;
use site::{Plan, Site};

/// Returns the folder of the site's files.
pub fn folder(given: &Given) -> anyhow::Result<PathBuf> {
    let named = given.text("folder").filter(|folder| !folder.is_empty());
    match named {
        Some(folder) => Ok(folder.into()),
        None => Ok(std::env::current_dir()?.join("target/machines")),
    }
}

/// The place of a machine in [`MACHINES`].
pub fn place(name: &str) -> anyhow::Result<usize> {
    let place = MACHINES.iter().position(|machine| *machine == name);
    place.with_context(|| {
        format!(
            "there is no machine {name}: there are {}",
            MACHINES.join(", ")
        )
    })
}

/// `-- up`.
pub async fn up(given: &Given) -> anyhow::Result<()> {
    given.at_most(0)?;
    let mut stop = on_signal_or_hang_up()?;
    let plan = Plan {
        folder: folder(given)?,
        network: match given.has("namespaces") {
            true => Network::Namespaces,
            false => Network::Loopback(given.value("net")?),
        },
        limits: !given.has("no-limits"),
        own: match given.text("own").filter(|folder| !folder.is_empty()) {
            Some(folder) => Some(own::Own::build(folder.as_ref())?),
            None => None,
        },
    };
    let control = control::Socket::bind(&plan.folder)?;
    let mut site = tokio::select! {
        site = Site::open(plan) => site?,
        _ = stop.wait_for(|stop| *stop) => bail!("interrupted"),
    };
    tell(&format!("The site is up: http://{}/", site.proxy()));
    tell("`-- status` and `-- kill one` go in another terminal; Ctrl-C here ends it.");
    let mut look = tokio::time::interval(renew::LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = look.tick() => {
                if let Err(error) = site.renew_if_due() {
                    site.say(&format!("the certificates are not renewed: {error:#}"));
                }
            }
            call = control.accept() => {
                let mut call = call?;
                let ended = call.answer(&mut site).await;
                if ended {
                    break;
                }
            }
            _ = stop.wait_for(|stop| *stop) => break,
        }
    }
    tell("All processes end.");
    site.close();
    Ok(())
}

/// `-- dies WHAT`: a site of its own, and what a failure of it costs.
pub async fn dies(given: &Given) -> anyhow::Result<()> {
    let mut stop = on_signal_or_hang_up()?;
    let folder = folder(given)?.join("dies");
    let network = match given.has("namespaces") {
        true => Network::Namespaces,
        false => Network::Loopback(given.value("net")?),
    };
    ensure!(
        !given.words().is_empty(),
        "dies needs what dies: one, redis-primary, consul-leader, cut-one"
    );
    for what in given.words() {
        let plan = Plan {
            folder: folder.clone(),
            network,
            limits: false,
            own: None,
        };
        let measured = async {
            let mut site = Site::open(plan).await?;
            let cost = dies::measure(&mut site, &what.replace("cut-", "cut ")).await;
            site.close();
            cost
        };
        let cost = tokio::select! {
            cost = measured => cost?,
            _ = stop.wait_for(|stop| *stop) => bail!("interrupted"),
        };
        match given.has("json") {
            true => tell(&cost.json()),
            false => tell(&cost.words()),
        }
    }
    Ok(())
}

/// `-- captcha`, `-- web` and `-- redis-proxy`.
pub async fn role(given: &Given) -> anyhow::Result<()> {
    given.at_most(0)?;
    let file = given.text("settings").filter(|file| !file.is_empty());
    let file = file.context("--settings FILE is missing")?;
    if given.command() == "redis-proxy" {
        return redis_proxy::run(file.as_ref()).await;
    }
    let settings = Settings::read(file.as_ref())?;
    match given.command() {
        "captcha" => roles::captcha(settings).await,
        _ => roles::web(settings).await,
    }
}

/// `-- status`, `-- kill MACHINE` and the others.
pub async fn order(given: &Given) -> anyhow::Result<()> {
    let (command, words) = (given.command(), given.words());
    let wanted = match command {
        "kill" | "cut" | "join" | "start" => "the name of a machine",
        "roll" => "the name of a version",
        _ => "",
    };
    match (wanted, words) {
        ("", []) => {}
        ("", [_]) if command == "renew" => {}
        ("", [word, ..]) => bail!("`{word}` is one word too many"),
        (_, [word]) => {
            let leads = ["redis-primary", "consul-leader"].contains(&word.as_str());
            if command != "roll" && !(command == "kill" && leads) {
                place(word)?;
            }
            ensure!(
                !word.contains(char::is_whitespace),
                "{wanted} has no spaces"
            );
        }
        _ => bail!("{command} needs {wanted}"),
    }
    let line = [&[command.to_owned()], words].concat().join(" ");
    ask(&folder(given)?, &line, &mut |line| tell(line)).await
}
