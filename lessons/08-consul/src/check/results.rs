//! The result of a check: a heartbeat, a TTL that ran out, or an attempt of the agent.
//!
//! It lands in the agent's own list first, and goes on to the [`crate::catalog`]: at once when the state
//! turned, and at the next [`Shared::sync`] when only the words changed. A check that reports "load 0.31",
//! "load 0.32" would otherwise wake every caller in the data centre once in ten seconds.

use std::sync::Arc;

use super::runner::Task;
use super::{Status, cut};
use crate::definition::Probe;
use crate::refused::Refused;
use crate::shared::Shared;

impl Shared {
    /// The service itself says how it is: what a TTL check waits for.
    pub fn heartbeat(
        self: &Arc<Self>,
        id: &str,
        status: Status,
        output: &str,
    ) -> Result<(), Refused> {
        let no_ttl = || Refused::internal(format!("CheckID {id:?} does not have associated TTL"));
        let output = self.store.write(|state| {
            let local = state.local.checks.get_mut(id).ok_or_else(no_ttl)?;
            let Probe::Ttl(ttl) = local.definition.probe else {
                return Err(no_ttl());
            };
            local.said = cut(output, local.definition.output_max_size);
            // A new timer instead of the old one: a heartbeat starts the time again.
            local.task = Some(self.ttl_task(id, ttl));
            Ok(local.said.clone())
        })?;
        self.update_check(id, None, status, &output);
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
                let check = local.check.clone();
                state.change(|catalog, index| catalog.put_check(index, check));
            }
        });
    }
}
