//! Maintenance: an operator takes a service, or a whole node, out of the list of the healthy.

use std::sync::Arc;

use crate::definition::CheckDefinition;
use crate::definition::check::{NODE_MAINTENANCE, SERVICE_MAINTENANCE};
use crate::local::Source;
use crate::refused::Refused;
use crate::shared::Shared;

impl Shared {
    /// Maintenance is a critical check that does not run: it hides a service (or, without an id, all of
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
