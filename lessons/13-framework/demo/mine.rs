//! `-- mine`: the learner's own answer of `two-registries` runs in mDNS and in Consul. Consul is the real one where
//! there is one.

use std::sync::Arc;
use std::time::Duration;

use l12_resilience::caller::How;
use l13_framework::client::{Client, Settings};
use l13_framework::registries::consul::Consul;
use l13_framework::registries::mdns::Mdns;
use l13_framework::registry::{Options, Registry};
use services::consul::Setup;
use testkit::mine;
use tokio::sync::watch;
use tokio::time::sleep;

mod two_registries {
    include!(concat!(env!("OUT_DIR"), "/two-registries.rs"));
}

use two_registries::given::{BREW, BrewReply, BrewRequest, NAME, Stop};
use two_registries::{OWN, answer};

/// Runs it, looks into both registries, calls through each, and ends it.
pub async fn run() -> anyhow::Result<()> {
    let whose = mine::whose("two-registries", OWN);
    println!("two-registries: {whose}\nStarting a Consul ...");
    let agent = Setup::default().start().await?;
    println!("It is the {} one, at {}.", agent.side(), agent.addr());
    let mut consul = Consul::new();
    consul.init(Options {
        addresses: vec![agent.addr()],
        ..Options::default()
    })?;
    let registries: [Arc<dyn Registry>; 2] = [Arc::new(Mdns::new()), Arc::new(consul)];
    let [first, second] = registries.clone();
    let (stop, stopped) = watch::channel(false);
    let program = tokio::spawn(answer::run_in_both(first, second, Stop(stopped)));
    sleep(Duration::from_secs(2)).await;

    println!("\nAfter 2 s:");
    look(&registries).await;
    for registry in &registries {
        let client = Client::new(Arc::clone(registry), Settings::default());
        let request = BrewRequest {
            tea: "green".to_string(),
        };
        let call = client.call::<_, BrewReply>(NAME, BREW, &request, How::safe());
        match call.await {
            Ok(reply) => println!("  a call through {:<7} {}", registry.name(), reply.message),
            Err(failed) => println!("  a call through {:<7} {failed}", registry.name()),
        }
    }

    stop.send_replace(true);
    let outcome = program.await?;
    println!("\nAfter `stop` the program has returned {outcome:?}:");
    sleep(Duration::from_secs(2)).await;
    look(&registries).await;
    agent.stop().await;
    Ok(())
}

/// What the registries list.
async fn look(registries: &[Arc<dyn Registry>]) {
    for registry in registries {
        match registry.get_service(NAME).await {
            Ok(list) if list.is_empty() => println!("  {:<7} lists no instance", registry.name()),
            Ok(list) => {
                for one in list {
                    println!(
                        "  {:<7} lists {} {} at {}",
                        registry.name(),
                        one.id,
                        one.version,
                        one.addr
                    );
                }
            }
            Err(error) => println!("  {:<7} {error}", registry.name()),
        }
    }
}
