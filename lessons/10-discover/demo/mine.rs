//! `-- mine`: the learner's own answer of `healthy-instances` calls three greeters by their name. Consul is the
//! real one where there is one.

use std::time::Duration;

use l09_register::instance::Instance;
use l09_register::registry::Registry;
use l09_register::service::{Options, Service, start};
use services::consul::Setup;
use testkit::mine;
use tokio::time::sleep;

mod healthy_instances {
    include!(concat!(env!("OUT_DIR"), "/healthy-instances.rs"));
}

use healthy_instances::{OWN, answer};

const SERVICE: &str = "greeter";

/// Tells the story: three greeters, one killed, none, no Consul.
pub async fn run() -> anyhow::Result<()> {
    let whose = mine::whose("healthy-instances", OWN);
    println!("healthy-instances: {whose}\nStarting a Consul ...");
    let consul = Setup::default().start().await?;
    println!("It is the {} one, at {}.", consul.side(), consul.addr());
    let registry = Registry::at(consul.addr())?;
    call(&registry, "No greeter is registered").await;

    let mut greeters: Vec<(Service, Instance)> = Vec::new();
    for _ in 0..3 {
        let service = start(Options::default()).await?;
        let instance = Instance::new(SERVICE, service.addr).checked_every(Duration::from_secs(1));
        registry.register(&instance).await?;
        greeters.push((service, instance));
    }
    call(
        &registry,
        "Three greeters are registered; Consul has not checked them yet",
    )
    .await;
    sleep(Duration::from_secs(3)).await;
    call(&registry, "Consul has checked them").await;

    greeters.sort_by_key(|(service, _)| service.addr);
    let (first, _) = greeters.remove(0);
    let addr = first.addr;
    first.stop().await;
    call(&registry, &format!("{addr} has ended a moment ago")).await;
    sleep(Duration::from_secs(3)).await;
    call(&registry, "Consul has noticed").await;

    for (service, instance) in greeters {
        registry.deregister(&instance.id).await?;
        service.stop().await;
    }
    call(&registry, "The others have deregistered and ended").await;
    consul.stop().await;
    call(&registry, "Consul has ended").await;
    Ok(())
}

/// One list and one greeting by the learner's functions.
async fn call(registry: &Registry, situation: &str) {
    println!("\n{situation}:");
    match answer::healthy(registry.client(), SERVICE).await {
        Ok(addrs) => {
            let addrs = addrs.iter().map(ToString::to_string);
            println!("  healthy  {}", addrs.collect::<Vec<_>>().join(", "));
        }
        Err(error) => println!("  healthy  {error:?}"),
    }
    match answer::greet(registry.client(), SERVICE, "Ada").await {
        Ok(message) => println!("  greet    {message}"),
        Err(error) => println!("  greet    {error:?}"),
    }
}
