//! `-- mine`: the learner's own answer of `go-dialect`, where it has passed, for a real Go program to
//! call.

use std::net::SocketAddr;

use stage::signal::{on_signal, stopped, taken};
use testkit::mine;

mod go_dialect {
    include!(concat!(env!("OUT_DIR"), "/go-dialect.rs"));
}

/// Serves it on `addr`, until a signal ends the program.
pub async fn run(addr: SocketAddr) -> anyhow::Result<()> {
    let stop = on_signal(false)?;
    let serve = go_dialect::answer::serve;
    let listening = mine::serve("go-dialect", go_dialect::OWN, addr, serve)
        .map_err(|error| taken(addr, "--addr 127.0.0.1:9091", &error))?;
    mine::tell(&format!("listening on {listening}"));
    stopped(stop).await;
    Ok(())
}
