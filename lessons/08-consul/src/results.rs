//! What becomes of a result: a heartbeat, a TTL that ran out, a check that was tried.
//!
//! It lands in the agent's own list first, and goes on to the [`crate::catalog`]: at once when the state
//! turned, and some minutes later when only the words changed. A check that reports "load 0.31",
//! "load 0.32" would otherwise wake every caller in the data centre once in ten seconds.

use std::sync::Arc;
use std::time::Duration;

use crate::agent::{Shared, introduce};
use crate::check::runner::Task;
use crate::check::{Status, cut};
use crate::clock::Moment;
use crate::definition::Probe;
use crate::local::LocalCheck;
use crate::refused::Refused;

/// New words for an old state are passed on after this, give or take a half.
const OUTPUT_DELAY: Duration = Duration::from_secs(300);

impl Shared {
    /// The service itself says how it is: what a TTL check waits for.
    pub fn heartbeat(
        self: &Arc<Self>,
        id: &str,
        status: Status,
        output: &str,
    ) -> Result<(), Refused> {
        let no_ttl = || Refused::internal(format!("CheckID {id:?} does not have associated TTL"));
        self.store.write(|state| {
            let local = state.local.checks.get_mut(id).ok_or_else(no_ttl)?;
            let Probe::Ttl(ttl) = local.definition.probe else {
                return Err(no_ttl());
            };
            local.said = cut(output, local.definition.output_max_size);
            // A new timer instead of the old one: a heartbeat starts the time again.
            local.task = Some(Task::ttl(self, id, ttl));
            Ok(())
        })?;
        let most = self.store.read(|state| {
            state
                .local
                .checks
                .get(id)
                .map_or(0, |local| local.definition.output_max_size)
        });
        self.update_check(id, None, status, &cut(output, most));
        Ok(())
    }

    /// The time to live is over. `task` tells a timer that fired from one that was replaced while it did.
    pub fn ttl_expired(&self, id: &str, task: u64) {
        let said = self
            .store
            .read(|state| state.local.checks.get(id).map(|l| l.said.clone()));
        let output = match said.as_deref() {
            None | Some("") => "TTL expired".to_owned(),
            Some(said) => format!("TTL expired (last output before timeout follows): {said}"),
        };
        self.update_check(id, Some(task), Status::Critical, &output);
    }

    /// A check has run. A state counts only after as many results in a row as the definition asks for.
    pub fn checked(&self, id: &str, task: u64, status: Status, output: &str) {
        let counts = self.store.write(|state| {
            let local = state.local.checks.get_mut(id)?;
            let definition = &local.definition;
            let most = definition.output_max_size;
            let enough = if status == Status::Critical {
                (local.good, local.bad) = (0, local.bad + 1);
                local.bad >= definition.failures_before_critical
            } else {
                (local.good, local.bad) = (local.good + 1, 0);
                local.good >= definition.success_before_passing
            };
            Some((enough, local.check.status, most))
        });
        let Some((enough, old, most)) = counts else {
            return;
        };
        let output = cut(output, most);
        self.update_check(id, Some(task), if enough { status } else { old }, &output);
    }

    /// Writes a result down.
    fn update_check(&self, id: &str, task: Option<u64>, status: Status, output: &str) {
        let now = self.clock.now();
        let later = OUTPUT_DELAY / 2 + self.clock.jitter(OUTPUT_DELAY);
        self.store.write(|state| {
            let Some(local) = state.local.checks.get_mut(id) else {
                return;
            };
            let current = local.task.as_ref().map(Task::number);
            if task.is_some() && task != current {
                return;
            }
            if status == Status::Critical {
                local.critical_since.get_or_insert(now);
            } else {
                local.critical_since = None;
            }
            let turned = local.check.status != status;
            if !turned && local.check.output == output {
                return;
            }
            local.check.status = status;
            output.clone_into(&mut local.check.output);
            state.local.version += 1;
            if turned {
                local.output_due = None;
                let check = local.check.clone();
                state.change(|catalog, index| catalog.put_check(index, check));
            } else {
                local.output_due.get_or_insert(now + later);
            }
        });
    }

    /// Passes on the new words that have waited long enough.
    pub fn push_outputs(&self, now: Moment) {
        self.store.write(|state| {
            let due = |local: &&mut LocalCheck| local.output_due.is_some_and(|due| due <= now);
            let mut checks = Vec::new();
            for local in state.local.checks.values_mut().filter(due) {
                local.output_due = None;
                checks.push(local.check.clone());
            }
            for check in checks {
                state.change(|catalog, index| catalog.put_check(index, check));
            }
        });
    }

    /// Anti-entropy: what the catalog says of this node is made what the agent's own list says. Somebody
    /// may have written to the catalog past the agent; the agent is the one who knows.
    pub fn sync(&self) {
        self.store.write(|state| {
            let mut gone = Vec::new();
            if let Some((_, services)) = state.catalog.node(&self.node) {
                gone.extend(services.iter().map(|service| service.id.clone()));
            }
            gone.retain(|id| id != "consul" && state.local.service(id).is_none());
            let services: Vec<_> = state.local.services().cloned().collect();
            // New words for an old state wait for their time.
            let known = state.catalog.checks_of_node(&self.node).len();
            let waits = |local: &&LocalCheck| local.output_due.is_none() || known == 0;
            let checks = state.local.checks.values().filter(waits);
            let checks: Vec<_> = checks.map(|local| local.check.clone()).collect();
            state.change(|catalog, index| {
                let mut changed = introduce(catalog, index, &self.node, &self.node_id);
                for id in gone {
                    changed |= catalog.remove_service(index, &self.node, &id);
                }
                for service in services {
                    changed |= catalog.put_service(index, &self.node, service);
                }
                for check in checks {
                    changed |= catalog.put_check(index, check);
                }
                changed
            });
        });
    }
}
