//! `status`: how Consul is now, by asking it and not by what is remembered.

use std::time::{Duration, Instant};

use anyhow::Result;
use lexopt::prelude::*;
use serde_json::{Value, json};

use crate::http;
use crate::state::{Running, State};

/// An agent on this machine answers within milliseconds; a busy machine needs more.
const PATIENCE: Duration = Duration::from_secs(5);

/// How it is.
#[derive(Debug, Clone)]
pub enum Health {
    /// It answers, and has a leader.
    Up(Running),
    /// Its process lives and gives no good answer: why.
    Silent(Option<Running>, String),
    /// It has gone, and nobody had asked for it: why.
    Crashed(String),
    /// Nobody has started one.
    Down,
}

impl Health {
    /// Asks now.
    pub async fn now(state: &State) -> Self {
        let since = Instant::now();
        loop {
            let health = Self::once(state).await;
            // One that has just crashed is noticed by its process a moment later.
            if !matches!(health, Self::Silent(..)) || since.elapsed() > Duration::from_secs(1) {
                return health;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn once(state: &State) -> Self {
        match (state.worker(), state.running()) {
            (Some(_), Some(running)) => match leader(&running).await {
                Ok(()) => Self::Up(running),
                Err(why) => Self::Silent(Some(running), why),
            },
            (Some(_), None) => Self::Silent(None, "it is being started".to_owned()),
            (None, running) => match (state.ended(), running) {
                (Some(why), _) => Self::Crashed(why),
                (None, Some(running)) => Self::Crashed(format!(
                    "the process that looked after the Consul at {} was killed",
                    running.addr
                )),
                (None, None) => Self::Down,
            },
        }
    }

    fn json(&self) -> Value {
        let consul = match self {
            Self::Up(running) => with(Some(running), json!({ "state": "up" })),
            Self::Silent(running, why) => {
                with(running.as_ref(), json!({ "state": "silent", "why": why }))
            }
            Self::Crashed(why) => json!({ "state": "crashed", "why": why }),
            Self::Down => json!({ "state": "down" }),
        };
        json!({ "consul": consul })
    }

    fn words(&self) -> String {
        match self {
            Self::Up(running) => {
                let Running {
                    addr,
                    side,
                    pid,
                    version,
                } = running;
                format!("Consul {version}, the {side} one, is up at {addr} (process {pid}).")
            }
            Self::Silent(Some(running), why) => format!(
                "Consul was started at {}, and gives no good answer: {why}.\n\
                 `cargo workbook services down` ends it.",
                running.addr
            ),
            Self::Silent(None, why) => format!("Consul is not ready: {why}."),
            Self::Crashed(why) => format!(
                "Consul has crashed: {why}.\n`cargo workbook services up` starts a new one."
            ),
            Self::Down => {
                "No Consul was started here. `cargo workbook services up` starts one.".to_owned()
            }
        }
    }
}

fn with(running: Option<&Running>, mut object: Value) -> Value {
    if let Some(Ok(Value::Object(more))) = running.map(serde_json::to_value)
        && let Some(object) = object.as_object_mut()
    {
        object.extend(more);
    }
    object
}

async fn leader(running: &Running) -> Result<(), String> {
    let asked = http::ask(running.addr, "GET", "/v1/status/leader", "", PATIENCE);
    let answer = asked.await.map_err(|error| error.to_string())?;
    match answer.json() {
        Some(Value::String(leader)) if !leader.is_empty() => Ok(()),
        Some(_) => Err("it has no leader".to_owned()),
        None => Err(format!(
            "it answers {} {}",
            answer.status,
            answer.body.trim()
        )),
    }
}

/// Runs the command. Its exit code.
pub async fn run(mut arguments: lexopt::Parser) -> Result<u8> {
    let (mut as_json, mut state) = (false, None);
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("json") => as_json = true,
            Long("state") => state = Some(arguments.value()?.into()),
            Value(name) if name == "consul" => (),
            other => return Err(other.unexpected().into()),
        }
    }
    let health = Health::now(&State::at(state)?).await;
    if as_json {
        say!("{}", health.json());
    } else {
        say!("{}", health.words());
    }
    Ok(match health {
        Health::Up(_) => 0,
        Health::Silent(..) | Health::Crashed(_) => 1,
        Health::Down => 3,
    })
}
