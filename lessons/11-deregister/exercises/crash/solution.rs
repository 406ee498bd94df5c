//! After `kill -9`, or without power, not one line of this program runs: no `Drop`, no signal handler, no
//! `finally`. Somebody else has to notice, and that is what a check is for. The worst moment to die is just
//! after Consul has looked: then it takes one whole interval, and the timeout if the machine does not
//! even refuse. 5 s + 2 s are well below 15, and 12 looks a minute are few. A first look comes within the
//! interval, so a new printer is found soon as well. Critical is not gone: the entry stays in the list, and
//! after a hundred crashes there would be a hundred of them, so Consul clears it away; a minute is the least
//! that it accepts, and it sweeps every 30 s. And the goodbye stays: who can speak should not make others wait.

use std::future::Future;
use std::io;

use serde_json::json;

// Given in given.rs, beside this file: `Consul`, `Printer`.
pub use super::given::*;

pub async fn run(
    consul: &impl Consul,
    printer: &impl Printer,
    id: &str,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let addr = printer.addr();
    let definition = json!({
        "ID": id,
        "Name": "printer",
        "Address": addr.ip().to_string(),
        "Port": addr.port(),
        "Check": {
            "TCP": addr.to_string(),
            "Interval": "5s",
            "Timeout": "2s",
            "DeregisterCriticalServiceAfter": "1m",
        },
    });
    consul.register(definition).await?;
    let ended = tokio::select! {
        broken = printer.work() => Err(broken),
        () = stop => Ok(()),
    };
    // Who can say goodbye should: then nobody has to find out.
    consul.deregister(id).await?;
    ended
}
