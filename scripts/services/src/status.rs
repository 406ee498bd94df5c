//! `status`: how the servers are now, by asking them and not by what is remembered.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use lexopt::prelude::*;
use serde::Serialize;

use crate::server::Kind;
use crate::state::{Running, State};

/// A server on this machine answers within milliseconds; a busy machine needs more.
const PATIENCE: Duration = Duration::from_secs(5);

/// How one server is, in the words of `--json` as well.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum Health {
    /// It answers well.
    Up(Running),
    /// Its process lives and gives no good answer.
    Silent {
        /// Where it is, if it was ready before.
        #[serde(flatten)]
        running: Option<Running>,
        /// Why not.
        why: String,
    },
    /// It has ended by itself.
    Crashed {
        /// Why.
        why: String,
    },
    /// None was started.
    Down,
}

impl Health {
    /// Asks now.
    pub async fn now(state: &State) -> Self {
        let since = Instant::now();
        loop {
            let health = Self::once(state).await;
            // One that has just crashed is noticed by its process a moment later.
            if !matches!(health, Self::Silent { .. }) || since.elapsed() > Duration::from_secs(1) {
                return health;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn once(state: &State) -> Self {
        match (state.worker(), state.running()) {
            (Some(_), Some(running)) => match state.kind().is_well(running.addr, PATIENCE).await {
                Ok(()) => Self::Up(running),
                Err(why) => Self::Silent {
                    running: Some(running),
                    why,
                },
            },
            (Some(_), None) => Self::Silent {
                running: None,
                why: "it is being started".to_owned(),
            },
            (None, running) => match (state.ended(), running) {
                (Some(why), _) => Self::Crashed { why },
                (None, Some(running)) => Self::Crashed {
                    why: format!(
                        "the process that looked after the {} at {} was killed",
                        state.kind(),
                        running.addr
                    ),
                },
                (None, None) => Self::Down,
            },
        }
    }

    fn words(&self, kind: Kind) -> String {
        let word = kind.word();
        match self {
            Self::Up(running) => running.words(kind),
            Self::Silent {
                running: Some(running),
                why,
            } => format!(
                "{kind} was started at {}, and gives no good answer: {why}.\n\
                 `cargo workbook services down {word}` ends it.",
                running.addr
            ),
            Self::Silent { running: None, why } => format!("{kind} is not ready: {why}."),
            Self::Crashed { why } => format!(
                "{kind} has crashed: {why}.\n\
                 `cargo workbook services up {word}` starts a new one."
            ),
            Self::Down => format!(
                "No {kind} was started here. `cargo workbook services up {word}` starts one."
            ),
        }
    }
}

/// Runs the command. Its exit code.
pub async fn run(mut arguments: lexopt::Parser) -> Result<u8> {
    let (mut as_json, mut dir, mut kinds) = (false, None, Vec::new());
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("json") => as_json = true,
            Long("state") => dir = Some(arguments.value()?.into()),
            Value(name) => kinds.push(Kind::named(&name)?),
            other => return Err(other.unexpected().into()),
        }
    }
    if kinds.is_empty() {
        kinds.extend(Kind::ALL);
    }
    let mut all = Vec::new();
    for kind in kinds {
        let health = Health::now(&State::at(dir.clone(), kind)?).await;
        all.push((kind, health));
    }
    if as_json {
        let objects = all.iter().map(|(kind, health)| (kind.word(), health));
        let objects: BTreeMap<_, _> = objects.collect();
        say!("{}", serde_json::to_string(&objects)?);
    } else {
        for (kind, health) in &all {
            say!("{}", health.words(*kind));
        }
    }
    let bad = |health: &Health| matches!(health, Health::Silent { .. } | Health::Crashed { .. });
    let up = |health: &Health| matches!(health, Health::Up(_));
    Ok(if all.iter().any(|(_, health)| bad(health)) {
        1
    } else if all.iter().any(|(_, health)| up(health)) {
        0
    } else {
        3
    })
}
