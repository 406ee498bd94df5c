//! The agent: puts the parts together, starts them and ends them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::catalog::{Catalog, Node};
use crate::check::{Check, Status};
use crate::clock::Clock;
use crate::journal::{self, Journal, Record};
use crate::service::Service;
use crate::store::{State, Store};
use crate::{api, files, reap, serve};

/// The version whose answers these are.
pub const VERSION: &str = "1.8.7";
/// The port of Consul's own protocol between servers. Nothing listens there; it is part of answers.
pub const SERVER_PORT: u16 = 8300;

/// What can be chosen.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the HTTP API listens; port 0 takes a free one.
    pub http_addr: String,
    /// The name of this node.
    pub node: String,
    /// Files with definitions, read at the start and at a reload.
    pub config_dir: Option<PathBuf>,
    /// Where registrations and keys outlive a restart. None: nowhere.
    pub data_dir: Option<PathBuf>,
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
}

impl Default for Config {
    fn default() -> Config {
        Config {
            http_addr: "127.0.0.1:0".into(),
            node: "agent-one".into(),
            config_dir: None,
            data_dir: None,
            enable_script_checks: false,
            clock: Clock::real(),
            max_connections: 8192,
            max_probes: 64,
            head_timeout: Duration::from_secs(60),
        }
    }
}

/// What all parts of a running agent share.
#[derive(Debug)]
#[expect(
    missing_docs,
    reason = "each has its own file, or is a line of the config"
)]
pub struct Shared {
    pub node: String,
    pub node_id: String,
    pub datacenter: &'static str,
    pub config_dir: Option<PathBuf>,
    pub enable_script_checks: bool,
    pub clock: Clock,
    pub store: Store,
    pub probes: Semaphore,
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
        let (journal, kept) = match &config.data_dir {
            Some(directory) => Journal::open(directory)?,
            None => Default::default(),
        };
        let listener = TcpListener::bind(&http_addr).await.map_err(|error| match error.kind() {
            std::io::ErrorKind::AddrInUse => anyhow::anyhow!(
                "cannot listen on {http_addr}: another program listens there; --http-addr takes \
                 another address"
            ),
            _ => anyhow::anyhow!("cannot listen on {http_addr}: {error}"),
        })?;
        let address = listener.local_addr()?;

        let mut state = State {
            journal,
            index: kept.index,
            ..State::default()
        };
        let node_id = match kept.node_id.clone() {
            Some(id) => id,
            None => {
                let id = new_id();
                let written = state.journal.append(&Record::NodeId(id.clone()));
                written.map_err(|refused| anyhow::anyhow!(refused.words))?;
                id
            }
        };
        state.change(|catalog, index| introduce(catalog, index, &node, &node_id));
        let shared = Arc::new(Shared {
            node,
            node_id,
            datacenter: "dc1",
            config_dir: config.config_dir,
            enable_script_checks: config.enable_script_checks,
            clock,
            store: Store::new(state),
            probes: Semaphore::new(config.max_probes),
        });
        journal::restore(&shared, kept);
        let (services, checks) = definitions;
        shared
            .replace_files(services, checks)
            .map_err(|refused| anyhow::anyhow!(refused.words))?;

        let first = reap::first(&shared);
        let reaper = tokio::spawn(reap::run(shared.clone(), first));
        let router = api::router(shared.clone());
        let limits = serve::Limits {
            connections: config.max_connections,
            head_timeout: config.head_timeout,
        };
        let server = tokio::spawn(serve::run(listener, router, limits));
        Ok(Agent {
            address,
            shared,
            tasks: vec![reaper, server],
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The clock that it was given.
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// Reads the definition files again.
    pub fn reload(&self) -> anyhow::Result<()> {
        files::reload(&self.shared).map_err(|refused| anyhow::anyhow!(refused.words))
    }

    /// Ends it and waits until it has ended: afterwards the port and the data directory are free.
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
        self.shared.store.write(|state| {
            state.local.stop();
            state.journal = Journal::default();
        });
    }
}

/// The node itself, the check that other nodes would do on it, and the service that every server is.
pub(crate) fn introduce(catalog: &mut Catalog, index: u64, node: &str, id: &str) -> bool {
    let address = "127.0.0.1";
    let addresses = ["lan", "lan_ipv4", "wan", "wan_ipv4"];
    let me = Node {
        id: id.to_owned(),
        name: node.to_owned(),
        address: address.into(),
        datacenter: "dc1".into(),
        tagged_addresses: Some(addresses.map(|tag| (tag.into(), address.into())).into()),
        meta: Some([("consul-network-segment".into(), String::new())].into()),
        ..Node::default()
    };
    let consul = Service {
        id: "consul".into(),
        name: "consul".into(),
        port: i64::from(SERVER_PORT),
        meta: Some([("version".into(), VERSION.into())].into()),
        ..Service::default()
    };
    let alive = Check {
        node: node.to_owned(),
        check_id: "serfHealth".into(),
        name: "Serf Health Status".into(),
        status: Status::Passing,
        output: "Agent alive and reachable".into(),
        ..Check::default()
    };
    catalog.put_node(index, me)
        | catalog.put_service(index, node, consul)
        | catalog.put_check(index, alive)
}

/// A new name for this node that no other has: random, in the shape of a UUID.
fn new_id() -> String {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let [a, b] = [(); 2].map(|()| RandomState::new().build_hasher().finish());
    let (time, middle, version) = (a >> 32, a >> 16 & 0xffff, a & 0xffff);
    let (clock, node) = (b >> 48, b & 0xffff_ffff_ffff);
    format!("{time:08x}-{middle:04x}-{version:04x}-{clock:04x}-{node:012x}")
}
