//! The two servers that `up`, `status` and `down` know, and what differs between them.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use services::{Side, consul, redis, testkit};

use crate::{http, resp};

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Consul.
    Consul,
    /// Redis.
    Redis,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Consul => "Consul",
            Kind::Redis => "Redis",
        })
    }
}

impl Kind {
    /// Both, in the order in which they are started and told.
    pub const ALL: [Kind; 2] = [Kind::Consul, Kind::Redis];

    /// The word for it on the command line, in JSON and in the names of files.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Consul => "consul",
            Kind::Redis => "redis",
        }
    }

    /// The one that this word names.
    ///
    /// # Errors
    /// If there is no such, in words.
    pub fn named(word: &std::ffi::OsStr) -> Result<Self> {
        let named = Self::ALL.into_iter().find(|kind| word == kind.word());
        named.with_context(|| {
            format!("there is no service {word:?}; there are `consul` and `redis`")
        })
    }

    /// The port that it takes by itself.
    pub fn port(self) -> u16 {
        match self {
            Kind::Consul => 8500,
            Kind::Redis => 6379,
        }
    }

    /// The real one of this machine.
    pub fn find(self) -> Option<PathBuf> {
        match self {
            Kind::Consul => testkit::consul::find(),
            Kind::Redis => testkit::redis::find(),
        }
    }

    /// Why lessons cannot use this real one, in words; `None` if they can.
    pub fn too_old(self, program: &Path) -> Option<String> {
        match self {
            Kind::Consul => None,
            Kind::Redis => testkit::redis::too_old(program),
        }
    }

    /// What to do where there is no real one, in words.
    pub fn missing(self) -> String {
        match self {
            Kind::Consul => testkit::consul::KIND.missing().to_string(),
            Kind::Redis => testkit::redis::KIND.missing().to_string(),
        }
    }

    /// Its version, if one of its kind answers at `addr` within `patience`, also if it was not started here.
    pub async fn version(self, addr: SocketAddr, patience: Duration) -> Option<String> {
        match self {
            Kind::Consul => {
                let answer = http::ask(addr, "GET", "/v1/agent/self", "", patience).await;
                let about = http::json(&answer.ok()?)?;
                Some(about["Config"]["Version"].as_str()?.to_owned())
            }
            Kind::Redis => resp::version(addr, patience).await,
        }
    }

    /// Whether the one at `addr` answers well now.
    ///
    /// # Errors
    /// Why not, in words.
    pub async fn is_well(self, addr: SocketAddr, patience: Duration) -> Result<(), String> {
        match self {
            Kind::Consul => leader(addr, patience).await,
            Kind::Redis => match resp::ask(addr, "PING", patience).await {
                Ok(answer) if answer == "+PONG" => Ok(()),
                Ok(answer) => Err(format!("it answers {answer:?} to PING")),
                Err(error) => Err(error.to_string()),
            },
        }
    }

    /// Starts one, and returns when it answers; `port` `None` takes any.
    ///
    /// # Errors
    /// As those of [`consul::Setup::start`] and [`redis::Setup::start`].
    pub async fn start(self, side: Side, port: Option<u16>) -> Result<Server> {
        Ok(match self {
            Kind::Consul => Server::Consul(consul::Setup::of(side).at(port).start().await?),
            Kind::Redis => Server::Redis(redis::Setup::of(side).at(port).start().await?),
        })
    }
}

/// A Consul that answers may still be of no use: one without a leader knows nothing.
async fn leader(addr: SocketAddr, patience: Duration) -> Result<(), String> {
    let asked = http::ask(addr, "GET", "/v1/status/leader", "", patience);
    let answer = asked.await.map_err(|error| error.to_string())?;
    match http::json(&answer) {
        Some(serde_json::Value::String(leader)) if !leader.is_empty() => Ok(()),
        Some(_) => Err("it has no leader".to_owned()),
        None => Err(format!(
            "it answers {} {}",
            answer.status,
            answer.text().trim()
        )),
    }
}

/// A server that runs.
pub enum Server {
    /// A Consul.
    Consul(consul::Consul),
    /// A Redis.
    Redis(redis::Redis),
}

impl Server {
    /// What others are told of it. It is asked for its version.
    pub async fn about(&self) -> Result<crate::state::Running> {
        let (kind, addr, side, pid) = match self {
            Server::Consul(it) => (Kind::Consul, it.addr(), it.side(), it.pid()),
            Server::Redis(it) => (Kind::Redis, it.addr(), it.side(), it.pid()),
        };
        let version = kind.version(addr, Duration::from_secs(10)).await;
        Ok(crate::state::Running {
            addr,
            side: side.to_string(),
            pid,
            version: version.with_context(|| format!("the {kind} at {addr} does not answer"))?,
        })
    }

    /// Returns when it has ended by itself.
    pub async fn crash(&mut self) {
        loop {
            let runs = match self {
                Server::Consul(consul) => consul.is_running(),
                Server::Redis(redis) => redis.is_running(),
            };
            if !runs {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Ends it and waits until its port is free.
    pub async fn stop(self) {
        match self {
            Server::Consul(consul) => consul.stop().await,
            Server::Redis(redis) => redis.stop().await,
        }
    }
}
