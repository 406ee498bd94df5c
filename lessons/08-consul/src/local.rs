//! The agent's own list: the services and checks that this agent runs and vouches for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::agent::Shared;
use crate::check::Check;
use crate::check::runner::Task;
use crate::clock::Moment;
use crate::definition::{CheckDefinition, Probe, ServiceDefinition};
use crate::journal::Record;
use crate::maintenance;
use crate::refused::Refused;
use crate::service::Service;

/// Who asked for it. On a reload, what no file names any more goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Source {
    Api,
    File,
}

/// The list.
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

/// As many as one agent takes: the point is that there is a bound.
const MOST: usize = 50_000;

fn room<T>(map: &BTreeMap<String, T>, id: &str, most: usize, what: &str) -> Result<(), Refused> {
    if map.len() < most || map.contains_key(id) {
        return Ok(());
    }
    let words = format!("this agent takes {most} {what}");
    Err(Refused::new(503, words))
}

impl Local {
    /// All services.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.services.values().map(|local| &local.service)
    }

    /// One service.
    pub fn service(&self, id: &str) -> Option<&Service> {
        self.services.get(id).map(|local| &local.service)
    }

    /// All checks.
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
    fn forget_check(&mut self, id: &str) -> Option<LocalCheck> {
        let gone = self.checks.remove(id)?;
        if let Some(service) = self.services.get_mut(&gone.check.service_id) {
            service.checks.remove(id);
        }
        Some(gone)
    }

    /// Ends all that runs.
    pub fn stop(&mut self) {
        self.checks.values_mut().for_each(|local| local.task = None);
    }
}

impl Shared {
    /// Registers a service with its checks, or registers it again. A check that was there keeps its
    /// state: a service that registers at each start would otherwise be out for a moment each time.
    pub fn register_service(
        self: &Arc<Self>,
        definition: ServiceDefinition,
        source: Source,
        replace_checks: bool,
    ) -> Result<(), Refused> {
        self.may_run(&definition.checks, source)?;
        let named: BTreeSet<_> = definition.checks.iter().map(|c| c.id.clone()).collect();
        let before = self.store.write(|state| {
            let local = &mut state.local;
            let id = definition.service.id.clone();
            room(&local.services, &id, MOST, "services")?;
            if source == Source::Api {
                state.journal.append(&Record::Service(definition.clone()))?;
            }
            let ServiceDefinition { service, checks } = definition;
            let before = local.services.get(&id).map(|old| old.checks.clone());
            let before = before.unwrap_or_default();
            let entry = LocalService {
                service: service.clone(),
                source,
                checks: before.clone(),
            };
            local.services.insert(id, entry);
            let start = |check| self.start_check(local, check, &service, source);
            let checks: Vec<Check> = checks.into_iter().map(start).collect();
            local.version += 1;
            state.change(|catalog, index| {
                let mut changed = catalog.put_service(index, &self.node, service);
                for check in checks {
                    changed |= catalog.put_check(index, check);
                }
                changed
            });
            Ok::<_, Refused>(before)
        })?;
        if replace_checks {
            let mut surplus = before.difference(&named);
            surplus.try_for_each(|id| self.deregister_check(id))?;
        }
        Ok(())
    }

    /// Registers a check by itself: of a service that is there, or of the node.
    pub fn register_check(
        self: &Arc<Self>,
        definition: CheckDefinition,
        source: Source,
    ) -> Result<(), Refused> {
        self.may_run(std::slice::from_ref(&definition), source)?;
        self.store.write(|state| {
            let local = &mut state.local;
            let id = &definition.service_id;
            let service = match local.service(id) {
                Some(service) => service.clone(),
                None if id.is_empty() => Service::default(),
                None => {
                    let words = format!("ServiceID {id:?} does not exist");
                    return Err(Refused::internal(words));
                }
            };
            room(&local.checks, &definition.id, 2 * MOST, "checks")?;
            if source == Source::Api {
                state.journal.append(&Record::Check(definition.clone()))?;
            }
            let check = self.start_check(local, definition, &service, source);
            local.version += 1;
            state.change(|catalog, index| catalog.put_check(index, check));
            Ok(())
        })
    }

    /// Takes a service and its checks away. One that is not there is gone already: no error.
    pub fn deregister_service(&self, id: &str) -> Result<(), Refused> {
        self.store.write(|state| {
            if !state.local.services.contains_key(id) {
                return Ok(());
            }
            state
                .journal
                .append(&Record::RemoveService(id.to_owned()))?;
            let gone = state.local.services.remove(id);
            for check_id in gone.iter().flat_map(|local| &local.checks) {
                state.local.checks.remove(check_id);
            }
            state.local.version += 1;
            state.change(|catalog, index| catalog.remove_service(index, &self.node, id));
            Ok(())
        })
    }

    /// Takes a check away.
    pub fn deregister_check(&self, id: &str) -> Result<(), Refused> {
        self.store.write(|state| {
            if !state.local.checks.contains_key(id) {
                return Ok(());
            }
            state.journal.append(&Record::RemoveCheck(id.to_owned()))?;
            state.local.forget_check(id);
            state.local.version += 1;
            state.change(|catalog, index| catalog.remove_check(index, &self.node, id));
            Ok(())
        })
    }

    /// Puts a check into the list and starts what it needs.
    fn start_check(
        self: &Arc<Self>,
        local: &mut Local,
        definition: CheckDefinition,
        service: &Service,
        source: Source,
    ) -> Check {
        let old = local.forget_check(&definition.id);
        if let Some(of) = local.services.get_mut(&service.id) {
            of.checks.insert(definition.id.clone());
        }
        let (status, output) = match &old {
            Some(old) => (old.check.status, old.check.output.clone()),
            None => (definition.status.unwrap_or_default(), String::new()),
        };
        let check = Check {
            node: self.node.clone(),
            check_id: definition.id.clone(),
            name: definition.name.clone(),
            status,
            notes: definition.notes.clone(),
            output,
            service_id: service.id.clone(),
            service_name: service.name.clone(),
            service_tags: service.tags.clone(),
            r#type: if maintenance::is_id(&definition.id) {
                "maintenance"
            } else {
                definition.probe.kind()
            },
            ..Check::default()
        };
        let task = match &definition.probe {
            Probe::None => None,
            Probe::Ttl(ttl) => Some(Task::ttl(self, &definition.id, *ttl)),
            _ => Some(Task::probe(self, &definition)),
        };
        let said = old.map(|old| old.said).unwrap_or_default();
        let entry = LocalCheck {
            check: check.clone(),
            source,
            critical_since: None,
            good: 0,
            bad: 0,
            said,
            task,
            definition,
        };
        local.checks.insert(check.check_id.clone(), entry);
        check
    }

    /// A script is somebody else's command on this machine: only where that was switched on.
    pub(crate) fn may_run(
        &self,
        checks: &[CheckDefinition],
        source: Source,
    ) -> Result<(), Refused> {
        let is_script = |check: &CheckDefinition| matches!(check.probe, Probe::Script(_));
        if self.enable_script_checks || !checks.iter().any(is_script) {
            return Ok(());
        }
        Err(Refused::internal(match source {
            Source::Api => {
                "Scripts are disabled on this agent from remote calls; to enable, configure \
                 'enable_script_checks' to true"
            }
            Source::File => {
                "Scripts are disabled on this agent; to enable, configure 'enable_script_checks' or \
                 'enable_local_script_checks' to true"
            }
        }))
    }
}
