//! A process that keeps one instance in a registry until it is killed. The tests and the measurements kill
//! it: what a registry does after a crash can be seen with a real crash only. It also ends, without a
//! goodbye, when its standard input does: so it cannot outlive the process that has started it.

use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use stage::child::{Child, Spawn};
use tokio::time::{MissedTickBehavior, interval};

use l13_framework::options;
use l13_framework::registry::{Instance, Options};

/// What it prints before its id when it is in the registry.
const REGISTERED: &str = "registered ";

/// The options of the process.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The name of the registry.
    pub registry: String,
    /// For its `init`.
    pub options: Options,
    /// What it offers: name, id and address.
    pub instance: Instance,
    /// For how long one registration holds.
    pub ttl: Duration,
    /// The time between two of them.
    pub every: Duration,
}

impl Offer {
    /// This program again, as the process that does it, once it has registered.
    ///
    /// # Errors
    /// It does not start, or cannot register; what it says about it is on standard error.
    pub fn start(&self, program: &Path) -> anyhow::Result<Child> {
        let Instance { name, id, addr, .. } = &self.instance;
        let mut words = vec![
            "offer".to_owned(),
            format!("--registry={}", self.registry),
            format!("--server_name={name}"),
            format!("--server_id={id}"),
            format!("--server_address={addr}"),
            format!("--register_ttl={}ms", self.ttl.as_millis()),
            format!("--register_interval={}ms", self.every.as_millis()),
        ];
        let addresses: Vec<_> = self.options.addresses.iter().map(<_>::to_string).collect();
        if !addresses.is_empty() {
            words.push(format!("--registry_address={}", addresses.join(",")));
        }
        let spawn = Spawn::program(program, words).name(id);
        let child = spawn.with_stdin().note(REGISTERED).start()?;
        let registered = child.said_blocking(REGISTERED)?;
        ensure!(registered == *id, "it has registered {registered:?}");
        Ok(child)
    }
}

/// Registers, says `registered ID` when that is done, and goes on. A registry that is away is told
/// again at the next beat.
///
/// # Errors
/// A flag is missing, or the registry will never hold this instance.
pub async fn run(options: options::Options) -> anyhow::Result<()> {
    let registry = options.open_registry(None)?;
    let name = options.server_name.context("--server_name")?;
    let id = options.server_id.context("--server_id")?;
    let addr = options.server_address.context("--server_address")?;
    let ttl = options.register_ttl.context("--register_ttl")?;
    let every = options.register_interval.context("--register_interval")?;
    let instance = Instance::new(name, id, addr);
    registry.register(&instance, ttl).await?;
    std::thread::spawn(|| {
        // Nothing is expected on it but its end.
        _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    println!("{REGISTERED}{}", instance.id);
    std::io::stdout().flush()?;
    let mut beat = interval(every);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        if let Err(why) = registry.register(&instance, ttl).await {
            eprintln!("{why}");
        }
    }
}
