//! The agent: puts the parts together, starts them and ends them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::api;
use crate::check::reap;
use crate::extra::clock::Clock;
use crate::extra::{self, files, serve};
use crate::shared::Shared;
use crate::store::{State, Store};
use crate::sync::introduce;

/// The configuration of an agent.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the HTTP API listens; port 0 takes a free one.
    pub http_addr: String,
    /// The name of this node.
    pub node: String,
    /// Files with definitions, read at the start and at a reload.
    pub config_dir: Option<PathBuf>,
    /// Whether a check may be a command on this machine.
    pub enable_script_checks: bool,
    /// The time; tests bring one that they can move.
    pub clock: Clock,
    /// Connections at once.
    pub max_connections: usize,
    /// Checks that are being tried at once.
    pub max_probes: usize,
    /// How long the head of a request may take to arrive, and a connection may stay without one.
    pub head_timeout: Duration,
    /// The names that the API answers to.
    pub hosts: serve::Hosts,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            http_addr: "127.0.0.1:0".into(),
            node: "agent-one".into(),
            config_dir: None,
            enable_script_checks: false,
            clock: Clock::real(),
            max_connections: 8192,
            max_probes: 64,
            head_timeout: Duration::from_secs(60),
            hosts: serve::Hosts::default(),
        }
    }
}

/// A running agent. Dropped, it is gone, with all that it started.
#[derive(Debug)]
pub struct Agent {
    address: SocketAddr,
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

impl Agent {
    /// Starts an agent. When this returns, it listens.
    pub async fn start(config: Config) -> anyhow::Result<Agent> {
        let Config {
            http_addr,
            node,
            clock,
            ..
        } = config;
        let definitions = files::read(config.config_dir.as_deref())?;
        let listener = TcpListener::bind(&http_addr).await.map_err(|error| match error.kind() {
            std::io::ErrorKind::AddrInUse => anyhow::anyhow!(
                "cannot listen on {http_addr}: another program listens there; --http-addr takes \
                 another address"
            ),
            _ => anyhow::anyhow!("cannot listen on {http_addr}: {error}"),
        })?;
        let address = listener.local_addr()?;

        let mut state = State::default();
        let node_id = new_id();
        state.change(|catalog, index| introduce(catalog, index, &node, &node_id));
        let shared = Arc::new(Shared {
            node,
            node_id,
            datacenter: "dc1",
            config_dir: config.config_dir,
            enable_script_checks: config.enable_script_checks,
            clock,
            store: Store::new(state),
            probes: Arc::new(Semaphore::new(config.max_probes)),
        });
        let (services, checks) = definitions;
        shared
            .replace_files(services, checks)
            .map_err(|refused| anyhow::anyhow!(refused.words))?;

        let first = reap::first(&shared);
        let reaper = tokio::spawn(reap::run(shared.clone(), first));
        let router = extra::api::add(api::routes()).router(shared.clone());
        let limits = serve::Limits {
            connections: config.max_connections,
            head_timeout: config.head_timeout,
            hosts: config.hosts,
        };
        let server = tokio::spawn(serve::run(listener, router, limits));
        Ok(Agent {
            address,
            shared,
            tasks: vec![reaper, server],
        })
    }

    /// Returns the address of the HTTP API.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the clock of the agent.
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// Reads the definition files again.
    pub fn reload(&self) -> anyhow::Result<()> {
        files::reload(&self.shared).map_err(|refused| anyhow::anyhow!(refused.words))
    }

    /// Ends it and waits until it has ended: afterwards the port is free.
    pub async fn stop(mut self) {
        for task in std::mem::take(&mut self.tasks) {
            task.abort();
            // It was told to end; how it did does not matter.
            drop(task.await);
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        self.shared.store.write(|state| state.local.stop());
    }
}

/// A new name for this node that no other has: random, in the shape of a UUID.
fn new_id() -> String {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let [a, b] = [(); 2].map(|()| RandomState::new().build_hasher().finish());
    let (time, middle, version) = (a >> 32, a >> 16 & 0xffff, a & 0xffff);
    let (clock, node) = (b >> 48, b & 0xffff_ffff_ffff);
    format!("{time:08x}-{middle:04x}-{version:04x}-{clock:04x}-{node:012x}")
}
