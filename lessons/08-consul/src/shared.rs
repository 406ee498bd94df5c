//! What all parts of a running agent share: its name, its clock, its store; and the four changes that a
//! caller can ask for.
//!
//! Each change is made in one hold of the store's lock: first in the agent's own list ([`crate::local`]),
//! then in the catalog that every caller reads. So no reader ever sees one without the other.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::check::Check;
use crate::check::runner::Task;
use crate::definition::{CheckDefinition, Probe, ServiceDefinition};
use crate::extra::clock::Clock;
use crate::local::{Local, LocalCheck, LocalService, MOST, Source, room};
use crate::refused::Refused;
use crate::service::Service;
use crate::store::Store;

/// The version whose answers these are.
pub const VERSION: &str = "1.8.7";
/// The port of Consul's own protocol between servers. Nothing listens there; it is part of answers.
pub const SERVER_PORT: u16 = 8300;

/// The state that all parts of a running agent share.
#[derive(Debug)]
pub struct Shared {
    /// The name of this node.
    pub node: String,
    /// Its id: random, in the shape of a UUID.
    pub node_id: String,
    /// The name of the data centre: there is one.
    pub datacenter: &'static str,
    /// The folder of definition files.
    pub config_dir: Option<PathBuf>,
    /// Whether a check may be a command on this machine.
    pub enable_script_checks: bool,
    /// The time.
    pub clock: Clock,
    /// The store.
    pub store: Store,
    /// One permit for each check that is being tried.
    pub probes: Arc<Semaphore>,
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
            let gone = state.local.services.remove(id);
            for check_id in gone.iter().flat_map(|local| &local.checks) {
                state.local.checks.remove(check_id);
            }
            state.local.version += 1;
            state.change(|catalog, index| catalog.remove_service(index, &self.node, id));
            Ok(())
        })
    }

    /// Removes a check.
    pub fn deregister_check(&self, id: &str) -> Result<(), Refused> {
        self.store.write(|state| {
            if !state.local.checks.contains_key(id) {
                return Ok(());
            }
            state.local.forget_check(id);
            state.local.version += 1;
            state.change(|catalog, index| catalog.remove_check(index, &self.node, id));
            Ok(())
        })
    }

    /// The timer of a TTL check. Each heartbeat replaces it by a new one.
    pub(crate) fn ttl_task(self: &Arc<Self>, id: &str, ttl: Duration) -> Task {
        let (shared, id) = (self.clone(), id.to_owned());
        Task::ttl(&self.clock, ttl, move |number| {
            shared.ttl_expired(&id, number)
        })
    }

    /// The loop that tries a check once in its interval.
    fn probe_task(self: &Arc<Self>, definition: &CheckDefinition) -> Task {
        let (shared, id) = (self.clone(), definition.id.clone());
        let report =
            move |number, status, output: &str| shared.checked(&id, number, status, output);
        Task::probe(&self.clock, &self.probes, definition, report)
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
            r#type: definition.kind(),
            ..Check::default()
        };
        let task = match &definition.probe {
            Probe::None => None,
            Probe::Ttl(ttl) => Some(self.ttl_task(&definition.id, *ttl)),
            _ => Some(self.probe_task(&definition)),
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

    /// A script is a caller's command on this machine: only where that was switched on.
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
