//! The registry: which instances of which services there are, and where. Services and callers know this trait
//! only, and not which backend is behind it: Consul, etcd, mDNS, gossip or a map in memory.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use l10_discover::cache::Change;
use tokio::sync::mpsc;

// ANCHOR: instance
/// One running instance of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its id; no other instance of any service has it.
    pub id: String,
    /// The name that callers ask for, such as `go.micro.srv.user`.
    pub name: String,
    /// Of the program, such as `1.2.0` or `latest`.
    pub version: String,
    /// Where it is called.
    pub addr: SocketAddr,
    /// Whatever else callers should know: `transport`, `weight` ...
    pub metadata: BTreeMap<String, String>,
}
// ANCHOR_END: instance

impl Instance {
    /// One of version `latest`, without metadata.
    pub fn new(name: impl Into<String>, id: impl Into<String>, addr: SocketAddr) -> Self {
        Instance {
            id: id.into(),
            name: name.into(),
            version: "latest".to_string(),
            addr,
            metadata: BTreeMap::new(),
        }
    }
}

/// A change that a watch reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A new instance, or a change of one that was known.
    Added(Instance),
    /// An instance is gone: it was deregistered, or its time to live has ended. The event has what was
    /// known last.
    Removed(Instance),
    /// Events were lost between the registry and us, by a broken connection or a full queue. List again
    /// with [`Registry::get_service`].
    Lost,
}

impl<K> From<Change<K, Instance>> for Event {
    fn from(change: Change<K, Instance>) -> Event {
        match change {
            Change::Added(_, instance) => Event::Added(instance),
            Change::Removed(_, instance) => Event::Removed(instance),
        }
    }
}

/// The options of a registry.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the registry is: one or more addresses; empty for the backend's own default. Backends
    /// without a server take them for the addresses of neighbours, or have no use for them.
    pub addresses: Vec<SocketAddr>,
    /// How long one request to it may take.
    pub timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            addresses: Vec::new(),
            timeout: Duration::from_secs(2),
        }
    }
}

/// Why a call of a registry has failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The registry was not reached, or has not answered in time. The same call may succeed later.
    #[error("the registry is away: {0}")]
    Away(String),
    /// The registry has answered, and refuses the call.
    #[error("the registry refuses: {0}")]
    Refused(String),
    /// The arguments are wrong, such as a name that this registry cannot hold.
    #[error("{0}")]
    Invalid(String),
}

// ANCHOR: registry
/// A registry. All methods end within [`Options::timeout`], or soon after.
#[tonic::async_trait]
pub trait Registry: Send + Sync + fmt::Debug {
    /// Sets the options, before any other call. Nothing is sent.
    fn init(&mut self, options: Options) -> Result<(), Error>;

    /// Its options.
    fn options(&self) -> &Options;

    /// `memory`, `mdns`, `consul`, `etcd` or `gossip`, for logs. No code may depend on it.
    fn name(&self) -> &'static str;

    /// Registers an instance for `ttl` from now. The same call before this time is over is the heartbeat:
    /// it renews the entry, and replaces what was registered before.
    async fn register(&self, instance: &Instance, ttl: Duration) -> Result<(), Error>;

    /// Removes an instance. An unknown one is no error.
    async fn deregister(&self, instance: &Instance) -> Result<(), Error>;

    /// All instances of this name, in the order of their ids. An unknown name is an empty list.
    async fn get_service(&self, name: &str) -> Result<Vec<Instance>, Error>;

    /// The names of all services that have an instance, sorted, each once.
    async fn list_services(&self) -> Result<Vec<String>, Error>;

    /// The changes of a service, or of all services without a name. The instances that are there already
    /// come first, as [`Event::Added`].
    ///
    /// # Errors
    /// [`Error`]. An existing watch repeats its queries itself while the registry is away.
    async fn watch(&self, name: Option<&str>) -> Result<Watch, Error>;
}
// ANCHOR_END: registry

/// The events of a registry, in order. It ends when it is dropped.
#[derive(Debug)]
pub struct Watch {
    events: mpsc::Receiver<Event>,
}

impl Watch {
    /// A watch that tells what the other end sends. The sender should end when
    /// [`mpsc::Sender::closed`] does.
    pub fn new(events: mpsc::Receiver<Event>) -> Self {
        Watch { events }
    }

    /// The next event; `None` if there can be no more. It may be dropped and asked again.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }
}
