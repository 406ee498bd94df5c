//! The registry: who offers what, and where. This is all that a service or a caller knows of it;
//! whether Consul, etcd, mDNS, gossip or a map in memory is behind it, neither can tell.

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

/// Something that a watch tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An instance is there that was not, or one that was has changed.
    Added(Instance),
    /// An instance is gone: it has said goodbye, or nobody has heard of it for its time to live. It
    /// comes as it was known last.
    Removed(Instance),
    /// Events were lost between the registry and us (a broken connection, a full queue) and could not
    /// be made up for. Ask [`Registry::get_service`] anew.
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

/// What a backend has to know before it is used.
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

/// Why a registry has not done it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It was not reached, or has not answered in time. The same request may work later.
    #[error("the registry is away: {0}")]
    Away(String),
    /// It has answered, and will not do it.
    #[error("the registry refuses: {0}")]
    Refused(String),
    /// What was asked for cannot be: a name that this registry cannot hold, an address that is none.
    #[error("{0}")]
    Invalid(String),
}

// ANCHOR: registry
/// A registry. All methods end within [`Options::timeout`], or soon after.
#[tonic::async_trait]
pub trait Registry: Send + Sync + fmt::Debug {
    /// Takes over the options. Before anything else, or never; nothing is sent.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    fn init(&mut self, options: Options) -> Result<(), Error>;

    /// What it works with.
    fn options(&self) -> &Options;

    /// Which one it is: `memory`, `mdns`, `consul`, `etcd`, `gossip`. For people; nothing may depend on it.
    fn name(&self) -> &'static str;

    /// Tells that an instance is there, for `ttl` from now. The same again before that time is over
    /// keeps it there, and replaces what was said before; so this is also the heartbeat.
    ///
    /// # Errors
    /// [`Error`].
    async fn register(&self, instance: &Instance, ttl: Duration) -> Result<(), Error>;

    /// Tells that it is gone. One that is not there is no error.
    ///
    /// # Errors
    /// [`Error`].
    async fn deregister(&self, instance: &Instance) -> Result<(), Error>;

    /// All instances of this name, in the order of their ids. An unknown name has none, which is no
    /// error.
    ///
    /// # Errors
    /// [`Error`].
    async fn get_service(&self, name: &str) -> Result<Vec<Instance>, Error>;

    /// The names of all services that have an instance, sorted, each once.
    ///
    /// # Errors
    /// [`Error`].
    async fn list_services(&self) -> Result<Vec<String>, Error>;

    /// What happens to a service from now on; to all services without a name. Those that are there
    /// already come first, as [`Event::Added`].
    ///
    /// # Errors
    /// [`Error`]. Once the watch is there it goes on by itself while the registry is away.
    async fn watch(&self, name: Option<&str>) -> Result<Watch, Error>;
}
// ANCHOR_END: registry

/// Tells what happens, in order. It ends when it is dropped.
#[derive(Debug)]
pub struct Watch {
    events: mpsc::Receiver<Event>,
}

impl Watch {
    /// A watch that tells what the other end sends. The sender should end when
    /// [`mpsc::Sender::closed`] does.
    #[must_use]
    pub fn new(events: mpsc::Receiver<Event>) -> Self {
        Watch { events }
    }

    /// The next event; `None` if there can be no more. It may be dropped and asked again.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }
}
