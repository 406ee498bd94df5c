//! A registry in this process: a map. It is for tests, and for learning what a registry is: nothing here
//! can be slow, away or out of date. Clones share one map, so that a service and its callers find each
//! other.
//!
//! *Pushed*: watchers hear at once. *CP or AP* is no question: there is no network that could break. It
//! needs one process, and ends with it.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::bounds;
use super::table::{Full, Table};
use crate::extra::{lock, moment};
use crate::registry::{Error, Instance, Options, Registry, Watch};

/// A registry that keeps its instances in a table of this process.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    options: Options,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    table: Arc<Mutex<Table>>,
    /// The time to live of an instance has changed.
    changed: Arc<Notify>,
    /// The task that removes those whose time is over, once there is something to remove.
    sweeper: Mutex<Option<JoinHandle<()>>>,
}

impl Memory {
    /// Makes an empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        lock(&self.shared.table)
    }

    /// Sees to it that a sweeper is there: the first one, or one after the runtime of the last has ended.
    fn sweep(&self) {
        let mut sweeper = lock(&self.shared.sweeper);
        if sweeper.as_ref().is_none_or(JoinHandle::is_finished) {
            let table = Arc::clone(&self.shared.table);
            let changed = Arc::clone(&self.shared.changed);
            *sweeper = Some(tokio::spawn(async move {
                loop {
                    let next = lock(&table).expire(Instant::now());
                    tokio::select! {
                        () = moment(next) => {}
                        () = changed.notified() => {}
                    }
                }
            }));
        }
        self.shared.changed.notify_one();
    }
}

/// The last clone ends the sweeper.
impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(sweeper) = lock(&self.sweeper).take() {
            sweeper.abort();
        }
    }
}

#[tonic::async_trait]
impl Registry for Memory {
    fn init(&mut self, options: Options) -> Result<(), Error> {
        self.options = options;
        Ok(())
    }

    fn options(&self) -> &Options {
        &self.options
    }

    fn name(&self) -> &'static str {
        "memory"
    }

    async fn register(&self, instance: &Instance, ttl: Duration) -> Result<(), Error> {
        bounds::check(instance)?;
        bounds::ttl(ttl)?;
        let until = Instant::now() + ttl;
        let put = self.table().put(instance.clone(), Some(until));
        put.map_err(|Full| Error::Refused(format!("{} instances are all", bounds::INSTANCES)))?;
        self.sweep();
        Ok(())
    }

    async fn deregister(&self, instance: &Instance) -> Result<(), Error> {
        self.table().remove(&instance.id);
        Ok(())
    }

    async fn get_service(&self, name: &str) -> Result<Vec<Instance>, Error> {
        Ok(self.table().of(name))
    }

    async fn list_services(&self) -> Result<Vec<String>, Error> {
        Ok(self.table().names())
    }

    async fn watch(&self, name: Option<&str>) -> Result<Watch, Error> {
        Ok(self.table().watch(name))
    }
}
