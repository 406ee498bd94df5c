//! `-- mine`: the learner's own answer of `register-greeter` starts a greeter and registers it in a Consul, while the
//! page "The phone book" shows it.

use std::io::stdin;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use l09_register::instance;
use l09_register::look::{self, States};
use l09_register::registry::Registry;
use services::consul::{Consul, Setup};
use stage::signal::on_signal;
use testkit::mine;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tonic_health::ServingStatus::{NotServing, Serving};

mod register_greeter {
    include!(concat!(env!("OUT_DIR"), "/register-greeter.rs"));
}

use register_greeter::{OWN, answer};

/// Starts the greeter, and tells each change in Consul until Ctrl-C. Enter changes its health.
pub async fn run(consul: SocketAddr) -> anyhow::Result<()> {
    let mut stop = on_signal(false)?;
    let whose = mine::whose("register-greeter", OWN);
    println!("register-greeter: {whose}");
    let registry = Registry::at(consul)?;
    let own = own_consul(&registry).await?;

    let bind = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let since = Instant::now();
    let greeter = answer::start(registry.client(), bind).await;
    let greeter = greeter.map_err(|error| anyhow::anyhow!("`start` returned {error:?}"))?;
    println!("The greeter listens at {}.", greeter.addr);
    println!("Enter: NOT_SERVING, and SERVING again. Ctrl-C: deregister and end.\n");

    let mut enter = lines();
    let mut serving = true;
    let mut shown = None;
    loop {
        let states = look::states(&registry, "greeter").await?;
        if shown.as_ref() != Some(&states) {
            tell(since, &states);
            shown = Some(states);
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            Some(()) = enter.recv() => {
                serving = !serving;
                let (status, words) = match serving {
                    true => (Serving, "SERVING"),
                    false => (NotServing, "NOT_SERVING"),
                };
                let health = greeter.health.clone();
                health.set_service_status(answer::GREETER, status).await;
                println!("{:6.1} s  the greeter says {words}", since.elapsed().as_secs_f64());
            }
            () = sleep(Duration::from_millis(200)) => (),
        }
    }
    let id = instance::id("greeter", greeter.addr);
    registry.deregister(&id).await?;
    println!(
        "{:6.1} s  {id}: deregistered",
        since.elapsed().as_secs_f64()
    );
    drop(greeter);
    if let Some(own) = own {
        own.stop().await;
    }
    Ok(())
}

/// Starts a Consul at this address, if none answers there.
async fn own_consul(registry: &Registry) -> anyhow::Result<Option<Consul>> {
    let addr = registry.addr();
    if look::states(registry, "greeter").await.is_ok() {
        println!("A Consul answers at {addr}.");
        return Ok(None);
    }
    println!("Starting a Consul at {addr} ...");
    let started = Setup::default().at(addr.port()).start().await;
    let consul = started.with_context(|| format!("no Consul at {addr}"))?;
    println!("It is the {} one.", consul.side());
    Ok(Some(consul))
}

/// One message for each line of the terminal.
fn lines() -> mpsc::Receiver<()> {
    let (enter, entered) = mpsc::channel(1);
    thread::spawn(move || {
        let mut lines = stdin().lines();
        while let Some(Ok(_)) = lines.next()
            && enter.blocking_send(()).is_ok()
        {}
    });
    entered
}

fn tell(since: Instant, states: &States) {
    let seconds = since.elapsed().as_secs_f64();
    if states.is_empty() {
        println!("{seconds:6.1} s  Consul has no check of a greeter");
    }
    for (id, checks) in states {
        for (kind, seen) in checks {
            let output = seen.output.trim();
            println!("{seconds:6.1} s  {id}  {kind} {:8}  {output}", seen.status);
        }
    }
}
