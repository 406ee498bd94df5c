//! The demo: three greeters in a second process, and a registry that checks them. First it is
//! the readable agent, whose clock is moved by hand, so that minutes take milliseconds; then, where
//! there is one, the real Consul, which takes the time that it takes.

mod health;
mod registry;
mod stage;

use anyhow::{Context, bail};
use l08_consul::agent::{Agent, Config};
use l08_consul::clock::Clock;
use tempfile::TempDir;
use testkit::consul::{Setup, find};

use crate::peer::Peer;
use stage::{Pace, Stage};

/// The variable of the environment that chooses a side, here as in the lessons to come.
const VARIABLE: &str = "WORKBOOK_SERVICES";

/// Tells the whole story.
pub async fn run() -> anyhow::Result<()> {
    let forced = std::env::var(VARIABLE).unwrap_or_default();
    if !["", "real", "embedded"].contains(&forced.as_str()) {
        bail!("{VARIABLE} is {forced:?}: it can be `real` or `embedded`");
    }
    if forced == "real" && find().is_none() {
        bail!(
            "{VARIABLE} is `real`, and {}",
            testkit::consul::KIND.missing()
        );
    }
    if forced != "real" {
        readable().await?;
    }
    if forced == "embedded" {
    } else if find().is_some() {
        real().await?;
    } else {
        println!(
            "\nThere is no real Consul on this machine; with one, the same scenes would follow, at its\n\
             pace. `cargo workbook doctor` says how to get it."
        );
    }
    println!(
        "\nNow in three terminals:\n\
         \n    cargo run -p l08-consul -- agent\
         \n    cargo run -p l08-consul -- greeters\
         \n    cargo run -p l08-consul -- get '/v1/agent/members?pretty'\n"
    );
    Ok(())
}

/// The folders of one agent. They are gone with this value.
struct Folders {
    definitions: TempDir,
    data: TempDir,
}

impl Folders {
    fn new() -> anyhow::Result<Folders> {
        Ok(Folders {
            definitions: tempfile::tempdir()?,
            data: tempfile::tempdir()?,
        })
    }
}

async fn readable() -> anyhow::Result<()> {
    let folders = Folders::new()?;
    let clock = Clock::manual();
    let agent = Agent::start(Config {
        clock: clock.clone(),
        config_dir: Some(folders.definitions.path().into()),
        enable_script_checks: true,
        ..Config::default()
    });
    let agent = agent.await?;
    let greeters = Peer::start(agent.address()).await?;
    println!(
        "Two processes. This one, {}, is the registry: the readable agent of this lesson, at\n\
         {}. It has started itself again as three greeters; that is process {}.\n\
         Times are seconds on the agent's clock. It stands still until the demo moves it, so a\n\
         minute takes milliseconds here. Right of the time: the greeters that a caller is given.",
        std::process::id(),
        agent.address(),
        greeters.id(),
    );
    let pace = Pace {
        clock: Some(clock),
        interval: 10,
        ttl: 30,
    };
    let stage = Stage::new(agent.address(), "agent-one", pace, &folders.definitions);
    scenes(stage, greeters, None).await?;
    agent.stop().await;
    Ok(())
}

async fn real() -> anyhow::Result<()> {
    let folders = Folders::new()?;
    println!("\n---- The same with the real Consul. It takes some seconds to start ...");
    let setup = Setup::new()
        .definitions(folders.definitions.path())
        .data(folders.data.path())
        .with_name_server()
        .argument("-enable-script-checks");
    // It waits until Consul is ready, which takes seconds.
    let consul = tokio::task::spawn_blocking(move || setup.start()).await?;
    let consul = consul.context("start the real Consul")?;
    let greeters = Peer::start(consul.addr()).await?;
    println!(
        "     It is process {}, at {}; the greeters are process {}. Its clock is the machine's, so\n     \
         checks run once a second here. While the demo runs, its user interface is at\n     \
         http://{}/ui/",
        consul.id(),
        consul.addr(),
        greeters.id(),
        consul.addr(),
    );
    let pace = Pace {
        clock: None,
        interval: 1,
        ttl: 3,
    };
    let stage = Stage::new(consul.addr(), "workbook", pace, &folders.definitions);
    scenes(stage, greeters, consul.name_server()).await
}

async fn scenes(
    mut stage: Stage,
    mut greeters: Peer,
    names: Option<std::net::SocketAddr>,
) -> anyhow::Result<()> {
    health::registered(&mut stage, &mut greeters).await?;
    health::four_checks(&mut stage, &mut greeters).await?;
    registry::waiting(&mut stage, &mut greeters).await?;
    registry::two_who_want(&mut stage).await?;
    registry::a_file(&mut stage).await?;
    if let Some(names) = names {
        registry::names(&mut stage, names).await?;
    }
    health::killed(&mut stage, &mut greeters).await
}
