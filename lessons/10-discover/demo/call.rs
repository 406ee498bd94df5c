//! `-- client`: greets by the name of the service.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::bail;
use l09_register::registry::Registry;
use l10_discover::caller::{CallOptions, Caller, Error};
use l10_discover::health::Query;
use stage::commands::Given;
use stage::signal::{on_signal, tell};
use tokio::time::sleep;

/// The options of `client`.
pub struct Call {
    pub consul: SocketAddr,
    pub query: Query,
    pub names: Vec<String>,
    pub times: u32,
    pub pause: Duration,
    pub deadline: Duration,
}

impl Call {
    /// Reads the options of `client`.
    pub fn given(given: &Given) -> anyhow::Result<Self> {
        let names = given.words().to_vec();
        if names.is_empty() {
            bail!("give the name of the person to greet: client Ada");
        }
        Ok(Call {
            consul: given.address("consul")?,
            query: query(given)?,
            names,
            times: given.value("times")?,
            pause: given.millis("pause-ms")?.unwrap_or_default(),
            deadline: Duration::from_millis(given.value("deadline-ms")?),
        })
    }
}

/// The service that `client` and `watch` ask for.
pub fn query(given: &Given) -> anyhow::Result<Query> {
    Ok(Query {
        name: given.value("name")?,
        tag: given.text("tag").map(str::to_string),
    })
}

/// Makes the calls, one after the other.
pub async fn run(call: Call) -> anyhow::Result<()> {
    let mut stop = on_signal(false)?;
    let settings = CallOptions {
        deadline: call.deadline,
        ..CallOptions::default()
    };
    let caller = Caller::new(Registry::at(call.consul)?, call.query, settings);
    let (mut made, mut failed) = (0, 0);
    let all = call.names.len().saturating_mul(call.times as usize);
    let names = call.names.iter().cycle().take(all);
    for name in names {
        if made > 0 {
            sleep(call.pause).await;
        }
        let outcome = tokio::select! {
            outcome = caller.greet(name) => outcome,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        made += 1;
        match outcome {
            Ok(greeted) => {
                let by = greeted.by.as_deref().unwrap_or("(no name)");
                let again = match greeted.attempts {
                    1 => String::new(),
                    attempts => format!(", at attempt {attempts}"),
                };
                tell(&format!("{}   ({by}{again})", greeted.message));
            }
            Err(error) => {
                failed += 1;
                eprintln!("l10-discover: {}", advice(&error));
            }
        }
    }
    if failed > 0 {
        bail!("{failed} of {made} calls failed");
    }
    Ok(())
}

/// The error, and what to do about it.
fn advice(error: &Error) -> String {
    let what = match error {
        Error::NoHealthyInstance { .. } => {
            "start one with `cargo run -p l10-discover -- server`; its first check takes some seconds"
        }
        Error::RegistryUnavailable { .. } => {
            "is it running? `cargo workbook services up consul` starts one, and --consul says where \
             it is"
        }
        Error::Call(_) => return error.to_string(),
    };
    format!("{error}\n    {what}")
}
