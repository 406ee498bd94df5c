//! The process that looks after one server: in the background it outlives `up`, in the foreground it
//! ends with Ctrl-C. An embedded server is inside it; a real one is its child.

use std::io::{BufRead, Write};
use std::time::Duration;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use services::Side;
use stage::signal::{on_signal_or_hang_up, stopped};

use crate::server::{Kind, Server};
use crate::state::{Running, State};

/// The first argument that makes this program a background process.
pub const ARGUMENT: &str = "__worker";
/// What `up` writes to the background process when it may outlive it.
pub const STAY: &str = "stay";

/// What a background process tells `up`, as one line of JSON.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Told {
    /// It is ready.
    Ready(Running),
    /// It did not start: why.
    Failed(String),
}

/// Which server to look after.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Order {
    /// Which kind.
    pub kind: Kind,
    /// The port; `None`: any.
    pub port: Option<u16>,
    /// Whether it is the real one.
    pub real: bool,
    /// The folder of the state.
    pub state: std::path::PathBuf,
}

/// The background process: `__worker ORDER`. The exit code.
pub async fn background(order: &str) -> u8 {
    // The terminal of `up` may close, and Ctrl-C there is not meant for us.
    let _ = rustix::process::setsid();
    let told = |told: &Told| {
        let line = serde_json::to_string(told).unwrap_or_default();
        // `up` may be gone.
        let _ = writeln!(std::io::stdout(), "{line}");
    };
    let order: Order = match serde_json::from_str(order) {
        Ok(order) => order,
        Err(error) => {
            told(&Told::Failed(format!(
                "this is for the program's own use: {error}"
            )));
            return 2;
        }
    };
    let lifeline = lifeline();
    let mut ready = false;
    let looked_after = look_after(&order, lifeline, |running| {
        ready = true;
        told(&Told::Ready(running.clone()));
    });
    match looked_after.await {
        Ok(()) => 0,
        Err(error) => {
            let why = format!("{error:#}");
            eprintln!("{why}");
            if !ready {
                told(&Told::Failed(why));
            }
            1
        }
    }
}

/// Ends when `up` ends before it has said that this process may stay.
async fn lifeline() {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let line = std::io::stdin().lock().lines().next();
        let stays = matches!(line, Some(Ok(line)) if line == STAY);
        let _ = sender.send(stays);
    });
    if receiver.await == Ok(true) {
        std::future::pending::<()>().await;
    }
}

/// Starts a server and looks after it until it is asked to end, `cut` ends, or the server itself
/// does; only the last is an error.
pub async fn look_after(
    order: &Order,
    cut: impl Future<Output = ()>,
    ready: impl FnOnce(&Running),
) -> Result<()> {
    let state = State::at(Some(order.state.clone()), order.kind)?;
    let asked = on_signal_or_hang_up()?;
    let _life = state.live()?;
    state.forget()?;
    tokio::pin!(cut);
    let side = match order.real {
        true => Side::Real,
        false => Side::Embedded,
    };
    let start = order.kind.start(side, order.port);
    tokio::pin!(start);
    let mut server = tokio::select! {
        server = &mut start => server?,
        () = stopped(asked.clone()) => return give_up(start).await,
        () = &mut cut => return give_up(start).await,
    };
    let running = server.about().await?;
    state.remember(&running)?;
    ready(&running);
    tokio::select! {
        () = stopped(asked.clone()) => (),
        () = &mut cut => (),
        () = server.crash() => {
            let why = format!(
                "the {} {} at {} (process {}) has ended, and nobody had asked for it",
                running.side, order.kind, running.addr, running.pid
            );
            state.has_ended(&why)?;
            bail!("{why}");
        }
    }
    server.stop().await;
    state.forget()
}

/// Ends a server that is being started. First its guard must be there, which ends it with this
/// process; if it is ready soon, it is ended here.
async fn give_up(start: impl Future<Output = Result<Server>>) -> Result<()> {
    if let Ok(Ok(server)) = tokio::time::timeout(Duration::from_secs(5), start).await {
        server.stop().await;
    }
    Ok(())
}
