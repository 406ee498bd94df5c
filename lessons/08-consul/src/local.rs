//! The agent's own list: the services and checks that this agent runs and vouches for.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::Check;
use crate::check::runner::Task;
use crate::clock::Moment;
use crate::definition::CheckDefinition;
use crate::refused::Refused;
use crate::service::Service;

/// The origin of an entry. A reload removes each entry of a file that is in no file any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Source {
    Api,
    File,
}

/// The list of services and checks.
#[derive(Debug, Default)]
pub struct Local {
    pub(crate) services: BTreeMap<String, LocalService>,
    pub(crate) checks: BTreeMap<String, LocalCheck>,
    /// Counts the changes of this list.
    pub version: u64,
}

#[derive(Debug)]
pub(crate) struct LocalService {
    pub service: Service,
    pub source: Source,
    // The ids of its checks: to look for them among all would cost more with each service there is.
    pub checks: BTreeSet<String>,
}

/// A check and what is remembered between two results.
#[derive(Debug)]
pub(crate) struct LocalCheck {
    pub check: Check,
    pub definition: CheckDefinition,
    pub source: Source,
    // Since when results say that it is critical. A check that never had a result is not overdue, and
    // registering it again starts the time again.
    pub critical_since: Option<Moment>,
    // Results in a row.
    pub good: i64,
    pub bad: i64,
    // What the service itself said last.
    pub said: String,
    pub task: Option<Task>,
}

/// As many services as one agent takes, and twice as many checks: the point is that there is a bound.
pub const MOST: usize = 50_000;

/// Refuses one more entry where `most` are there already; an entry that is replaced needs no room.
///
/// # Errors
/// 503, if the list is full.
pub fn room<T>(
    map: &BTreeMap<String, T>,
    id: &str,
    most: usize,
    what: &str,
) -> Result<(), Refused> {
    if map.len() < most || map.contains_key(id) {
        return Ok(());
    }
    let words = format!("this agent takes {most} {what}");
    Err(Refused::new(503, words))
}

impl Local {
    /// Returns all services.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.services.values().map(|local| &local.service)
    }

    /// Returns one service.
    pub fn service(&self, id: &str) -> Option<&Service> {
        self.services.get(id).map(|local| &local.service)
    }

    /// Returns all checks.
    pub fn checks(&self) -> impl Iterator<Item = &Check> {
        self.checks.values().map(|local| &local.check)
    }

    /// Services that have been critical for longer than a check of theirs allows.
    pub fn dead(&self, now: Moment) -> BTreeSet<String> {
        let overdue = |local: &&LocalCheck| {
            let since = local.critical_since.zip(local.definition.deregister_after);
            since.is_some_and(|(since, most)| now.saturating_sub(since) > most)
        };
        let dead = self
            .checks
            .values()
            .filter(overdue)
            .map(|local| local.check.service_id.clone());
        dead.filter(|id| !id.is_empty()).collect()
    }

    /// Takes a check out of the list, and out of its service's.
    pub(crate) fn forget_check(&mut self, id: &str) -> Option<LocalCheck> {
        let gone = self.checks.remove(id)?;
        if let Some(service) = self.services.get_mut(&gone.check.service_id) {
            service.checks.remove(id);
        }
        Some(gone)
    }

    /// Ends the tasks of all checks.
    pub fn stop(&mut self) {
        self.checks.values_mut().for_each(|local| local.task = None);
    }
}
