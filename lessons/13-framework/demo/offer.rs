//! A process that keeps one instance in a registry until it is killed. The tests and the measurements kill
//! it: what a registry does after a crash can be seen with a real crash only. It also ends, without a
//! goodbye, when its standard input does: so it cannot outlive the process that has started it.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use lexopt::prelude::*;
use stage::child::{Child, Spawn};
use tokio::time::{MissedTickBehavior, interval};

use l13_framework::registries;
use l13_framework::registry::{Instance, Options};

/// What it prints before its id when it is in the registry.
const REGISTERED: &str = "registered ";

/// What it is told.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The name of the registry.
    pub registry: String,
    /// For its `init`.
    pub options: Options,
    /// What it offers.
    pub instance: Instance,
    /// For how long one registration holds.
    pub ttl: Duration,
    /// The time between two of them.
    pub every: Duration,
}

impl Offer {
    /// As the arguments after `offer`, for [`Offer::parse`] in another process.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let addresses: Vec<_> = self.options.addresses.iter().map(<_>::to_string).collect();
        let pairs = [
            ("--registry", self.registry.clone()),
            ("--registry_address", addresses.join(",")),
            ("--name", self.instance.name.clone()),
            ("--id", self.instance.id.clone()),
            ("--address", self.instance.addr.to_string()),
            ("--ttl", self.ttl.as_millis().to_string()),
            ("--every", self.every.as_millis().to_string()),
        ];
        let all = pairs
            .into_iter()
            .map(|(flag, value)| (flag.to_owned(), value));
        all.flat_map(|(flag, value)| [flag, value]).collect()
    }

    /// The other way.
    ///
    /// # Errors
    /// An unknown argument, or one that cannot be.
    pub fn parse(mut arguments: lexopt::Parser) -> anyhow::Result<Offer> {
        let mut offer = Offer {
            registry: "memory".into(),
            options: Options::default(),
            instance: Instance::new("go.micro.srv.user", "one", "127.0.0.1:50051".parse()?),
            ttl: Duration::from_secs(3),
            every: Duration::from_secs(1),
        };
        while let Some(argument) = arguments.next()? {
            let Long(flag) = argument else {
                return Err(argument.unexpected().into());
            };
            let flag = flag.to_owned();
            let value = arguments.value()?.string()?;
            let milliseconds = || anyhow::Ok(Duration::from_millis(value.parse()?));
            match flag.as_str() {
                "registry" => offer.registry = value,
                "registry_address" => {
                    let each = value.split(',').filter(|one| !one.is_empty());
                    let each = each.map(str::parse::<SocketAddr>);
                    offer.options.addresses = each.collect::<Result<_, _>>().context(flag)?;
                }
                "name" => offer.instance.name = value,
                "id" => offer.instance.id = value,
                "address" => offer.instance.addr = value.parse().context(flag)?,
                "ttl" => offer.ttl = milliseconds().context(flag)?,
                "every" => offer.every = milliseconds().context(flag)?,
                _ => anyhow::bail!("--{flag} is unknown here"),
            }
        }
        Ok(offer)
    }

    /// This program again, as the process that does it, once it has registered.
    ///
    /// # Errors
    /// It does not start, or cannot register; what it says about it is on standard error.
    pub fn start(&self, program: &Path) -> anyhow::Result<Child> {
        let offer = std::iter::once("offer".to_owned()).chain(self.arguments());
        let spawn = Spawn::program(program, offer).name(&self.instance.id);
        let child = spawn.with_stdin().note(REGISTERED).start()?;
        let id = child.said_blocking(REGISTERED)?;
        ensure!(id == self.instance.id, "it has registered {id:?}");
        Ok(child)
    }

    /// Registers, says `registered ID` when that is done, and goes on. A registry that is away is told
    /// again at the next beat.
    ///
    /// # Errors
    /// There is no such registry, or it will never hold this instance.
    pub async fn run(self) -> anyhow::Result<()> {
        let mut registry = registries::named(&self.registry)?;
        registry.init(self.options.clone())?;
        registry.register(&self.instance, self.ttl).await?;
        std::thread::spawn(|| {
            // Nothing is expected on it but its end.
            _ = std::io::stdin().read_to_end(&mut Vec::new());
            std::process::exit(0);
        });
        println!("{REGISTERED}{}", self.instance.id);
        std::io::stdout().flush()?;
        let mut beat = interval(self.every);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            beat.tick().await;
            if let Err(why) = registry.register(&self.instance, self.ttl).await {
                eprintln!("{why}");
            }
        }
    }
}
