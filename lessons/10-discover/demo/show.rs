//! `-- watch`: the healthy instances, printed whenever they change.

use std::net::SocketAddr;

use l09_register::registry::Registry;
use l10_discover::cache::Freshness;
use l10_discover::health::Query;
use l10_discover::watch::{Snapshot, WatchOptions, watch};
use stage::signal::{on_signal, tell};
use tokio::time::Instant;

/// Prints until a signal comes.
pub async fn run(consul: SocketAddr, query: Query) -> anyhow::Result<()> {
    let mut stop = on_signal(false)?;
    let mut snapshots = watch(
        Registry::at(consul)?,
        query.clone(),
        WatchOptions::default(),
    );
    tell(&format!("watching {query} at {consul}; Ctrl-C ends it"));
    let since = Instant::now();
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
            changed = snapshots.changed() => changed?,
        }
        let words = words(&snapshots.borrow_and_update());
        tell(&format!("{:8.2} s  {words}", since.elapsed().as_secs_f64()));
    }
}

/// A snapshot in one line.
pub fn words(snapshot: &Snapshot) -> String {
    let mut words = match snapshot.instances.len() {
        0 => "no healthy instance".to_string(),
        _ => {
            let addrs = snapshot.instances.iter().map(|one| one.addr.to_string());
            addrs.collect::<Vec<_>>().join(", ")
        }
    };
    for old in &snapshot.unconfirmed {
        words += &format!("; {} is unconfirmed", old.addr);
    }
    for why in &snapshot.not_callable {
        words += &format!("; not callable: {why}");
    }
    let why = (snapshot.error.iter()).map(|error| format!(": {error}"));
    let why: String = why.collect();
    match snapshot.freshness {
        Freshness::Current => words,
        Freshness::Stale { since } => format!(
            "{words} (as of {:.1} s ago{why})",
            since.elapsed().as_secs_f64()
        ),
        Freshness::Unknown => format!("Consul has not answered yet{why}"),
    }
}
