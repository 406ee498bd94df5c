//! Maintenance: somebody takes a service, or a whole node, out of the list of the healthy.

use std::sync::Arc;

use crate::agent::Shared;
use crate::definition::CheckDefinition;
use crate::local::Source;
use crate::refused::Refused;

const SERVICE_MAINTENANCE: &str = "_service_maintenance";
const NODE_MAINTENANCE: &str = "_node_maintenance";

/// Whether a check is one of maintenance.
pub fn is_id(id: &str) -> bool {
    let service = id.strip_prefix(SERVICE_MAINTENANCE);
    id == NODE_MAINTENANCE || service.is_some_and(|rest| rest.starts_with(':'))
}

impl Shared {
    /// Maintenance is a critical check that nobody runs: it hides a service (or, without an id, all of
    /// this node) from those who ask for healthy ones, and takes nothing away.
    pub fn maintenance(
        self: &Arc<Self>,
        service_id: &str,
        on: bool,
        reason: &str,
    ) -> Result<(), Refused> {
        let (id, name, what) = if service_id.is_empty() {
            (NODE_MAINTENANCE.to_owned(), "Node Maintenance Mode", "node")
        } else {
            let id = format!("{SERVICE_MAINTENANCE}:{service_id}");
            (id, "Service Maintenance Mode", "service")
        };
        if !on {
            return self.deregister_check(&id);
        }
        if self
            .store
            .read(|state| state.local.checks.contains_key(&id))
        {
            return Ok(());
        }
        let notes = match reason {
            "" => format!(
                "Maintenance mode is enabled for this {what}, but no reason was provided. This is \
                 a default message."
            ),
            reason => reason.to_owned(),
        };
        let definition = CheckDefinition {
            id,
            name: name.to_owned(),
            notes,
            service_id: service_id.to_owned(),
            ..CheckDefinition::default()
        };
        self.register_check(definition, Source::Api)
    }
}
