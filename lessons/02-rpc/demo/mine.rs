//! `-- mine`: serves the learner's own answers of this lesson, where they have passed, to a real independent client,
//! and beside them this lesson's own server.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use l02_rpc::greeter::services;
use l02_rpc::server::{Handshake, Settings, serve};
use stage::signal::{bind, on_signal, stopped, taken};
use testkit::mine;

mod dispatch {
    include!(concat!(env!("OUT_DIR"), "/dispatch.rs"));
}

mod errors {
    include!(concat!(env!("OUT_DIR"), "/errors.rs"));
}

/// An option that names another port.
const OTHER: &str = "--addr 127.0.0.1:8081";

/// Serves `dispatch` on `addr`, and `errors` and the lesson's server on the next two ports.
pub async fn run(addr: SocketAddr) -> anyhow::Result<()> {
    let next = |after| mine::port_after(addr, after);
    let listening = mine::serve("dispatch", dispatch::OWN, addr, |stream| {
        dispatch::answer::serve(stream, &for_dispatch())
    });
    let listening = listening.map_err(|error| taken(addr, OTHER, &error))?;
    let addr = next(1)?;
    mine::serve("errors", errors::OWN, addr, errors::answer::serve)
        .map_err(|error| taken(addr, OTHER, &error))?;

    let addr = next(2)?;
    let listener = bind(addr, OTHER).await?;
    let shutdown = stopped(on_signal(false)?);
    let addr = listener.local_addr()?;
    mine::tell(&format!("rpc: this lesson's own server, on {addr}"));
    mine::tell(&format!("listening on {listening}"));
    let services = Arc::new(services()?);
    serve(
        listener,
        Handshake::None,
        services,
        Settings::default(),
        shutdown,
    )
    .await?;
    Ok(())
}

/// The services that `dispatch` serves.
fn for_dispatch() -> dispatch::answer::Services {
    let hello: dispatch::answer::Method = |name| format!("{name} hello world");
    let twice: dispatch::answer::Method = |number| match number.parse::<u32>() {
        Ok(number) => (u64::from(number) * 2).to_string(),
        Err(_) => format!("{number} is no number"),
    };
    let now: dispatch::answer::Method = |zone| format!("noon in {zone}");
    HashMap::from([
        ("hello", HashMap::from([("HelloWorld", hello)])),
        ("Panda", HashMap::from([("GetInfo", twice)])),
        ("go.micro.clock", HashMap::from([("Now", now)])),
    ])
}
