//! etcd as a registry: each instance is a key, and each key goes with a lease that its service keeps
//! alive.
//!
//! *Pushed*: a watch tells of each change, and goes on where it was at another server. *CP*: without
//! a majority of its servers nothing is registered, and nothing can be asked. It needs one server, or
//! three of which one may fail.

mod words;

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::etcd::{self, Change, Client, follow};
use crate::extra::lock;
use crate::registries::bounds;
use crate::registry::{Error, Event, Instance, Options, Registry, Watch};

/// How many events wait for a slow reader. Then etcd has to wait, which it can: it keeps
/// what has happened, so nothing is lost.
const QUEUE: usize = 64;

/// The registry whose instances are keys of etcd, each with a lease.
#[derive(Debug, Default)]
pub struct Etcd {
    options: Options,
    client: OnceLock<Client>,
    /// What we have registered, by its id.
    ours: Mutex<HashMap<String, Ours>>,
}

#[derive(Clone, Debug)]
struct Ours {
    key: String,
    lease: i64,
    ttl: Duration,
}

impl Etcd {
    /// At 127.0.0.1:2379, unless the options name others.
    pub fn new() -> Self {
        Etcd::default()
    }

    /// Made by the first call: a channel needs a runtime.
    fn client(&self) -> &Client {
        let make = || Client::new(&self.options.addresses, self.options.timeout);
        self.client.get_or_init(make)
    }

    // ANCHOR: register
    /// The lease lives on if it can, and else there is a new one; then the key is as it should be,
    /// whichever client may have deleted it.
    async fn put(&self, instance: &Instance, ttl: Duration) -> Result<(), Error> {
        let (key, value) = (words::key(instance), words::value(instance)?);
        let before = lock(&self.ours).get(&instance.id).cloned();
        let kept = match &before {
            Some(ours) if ours.ttl == ttl => match self.client().keep_alive(ours.lease).await {
                Ok(lease) => Some(lease.id),
                Err(etcd::Error::NoLease) => None,
                Err(other) => return Err(other.into()),
            },
            _ => None,
        };
        let lease = match kept {
            Some(lease) => lease,
            None => self.client().grant(ttl).await?.id,
        };
        let ours = Ours {
            key: key.clone(),
            lease,
            ttl,
        };
        lock(&self.ours).insert(instance.id.clone(), ours);
        self.client().ensure(&key, &value, lease).await?;
        if let Some(before) = before {
            // The same instance under another name.
            if before.key != key {
                self.client().delete(&before.key).await?;
            }
            // No longer needed; it would end by itself.
            if before.lease != lease {
                self.client().revoke(before.lease).await?;
            }
        }
        Ok(())
    }
    // ANCHOR_END: register
}

#[tonic::async_trait]
impl Registry for Etcd {
    fn init(&mut self, options: Options) -> Result<(), Error> {
        self.options = options;
        self.client = OnceLock::new();
        Ok(())
    }

    fn options(&self) -> &Options {
        &self.options
    }

    fn name(&self) -> &'static str {
        "etcd"
    }

    async fn register(&self, instance: &Instance, ttl: Duration) -> Result<(), Error> {
        bounds::check(instance)?;
        bounds::ttl(ttl)?;
        bounds::in_time("etcd", self.options.timeout, self.put(instance, ttl)).await
    }

    async fn deregister(&self, instance: &Instance) -> Result<(), Error> {
        bounds::name(&instance.name)?;
        let ours = lock(&self.ours).get(&instance.id).cloned();
        let gone = async {
            self.client().delete(&words::key(instance)).await?;
            if let Some(ours) = ours {
                self.client().revoke(ours.lease).await?;
            }
            Ok(())
        };
        bounds::in_time("etcd", self.options.timeout, gone).await?;
        lock(&self.ours).remove(&instance.id);
        Ok(())
    }

    async fn get_service(&self, name: &str) -> Result<Vec<Instance>, Error> {
        bounds::name(name)?;
        let listing = self
            .client()
            .list(&words::prefix(Some(name)), false)
            .await?;
        // Keys of other programs are left out.
        let read = |entry: &etcd::Entry| words::instance(&entry.key, &entry.value);
        let mut instances: Vec<Instance> = listing.entries.iter().filter_map(read).collect();
        instances.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(instances)
    }

    async fn list_services(&self) -> Result<Vec<String>, Error> {
        let listing = self.client().list(&words::prefix(None), true).await?;
        let keys = listing.entries.iter().map(|entry| &entry.key);
        let mut names: Vec<String> = keys.filter_map(|key| Some(words::read(key)?.0)).collect();
        names.sort();
        names.dedup();
        Ok(names)
    }

    async fn watch(&self, name: Option<&str>) -> Result<Watch, Error> {
        if let Some(name) = name {
            bounds::name(name)?;
        }
        let changes = follow(self.client(), &words::prefix(name)).await?;
        let (tell, events) = mpsc::channel(QUEUE);
        tokio::spawn(translate(changes, tell));
        Ok(Watch::new(events))
    }
}

/// Reports the changes of instances, until the receiver is dropped.
async fn translate(mut changes: mpsc::Receiver<Change>, tell: mpsc::Sender<Event>) {
    loop {
        let change = tokio::select! {
            () = tell.closed() => return,
            change = changes.recv() => change,
        };
        let event = match change {
            None => return,
            Some(Change::Added(key, value)) => words::instance(&key, &value).map(Event::Added),
            Some(Change::Removed(key, value)) => words::instance(&key, &value).map(Event::Removed),
        };
        if let Some(event) = event
            && tell.send(event).await.is_err()
        {
            return;
        }
    }
}

impl From<etcd::Error> for Error {
    fn from(error: etcd::Error) -> Self {
        match error {
            etcd::Error::Away(words) => Error::Away(words),
            // Granted just now, or kept alive; whatever takes leases away so fast may stop again.
            etcd::Error::NoLease => Error::Away(error.to_string()),
            etcd::Error::Refused(words) | etcd::Error::Nonsense(words) => Error::Refused(words),
        }
    }
}
