//! Accepted: two tasks in place of `join!`, and the handler is a closure.

use std::sync::Arc;

use l13_framework::registry::Registry;
use l13_framework::service::Service;
use tonic::Status;

// Given in given.rs, beside this file: `NAME`, `BREW`, `BrewRequest`, `BrewReply`, `LEAVING`, `Stop`, `run_until`.
pub use super::given::*;

/// One instance of the service `NAME`, version 2.0.0, for this registry.
pub fn tea(registry: Arc<dyn Registry>) -> Service {
    let service = Service::new(NAME).registry(registry).version("2.0.0");
    let id: Arc<str> = service.id().into();
    service
        .leaving(LEAVING)
        .handle(BREW, move |BrewRequest { tea }| {
            let id = Arc::clone(&id);
            async move {
                match tea.as_str() {
                    "" => Err(Status::invalid_argument("no tea")),
                    tea => Ok(BrewReply {
                        message: format!("{tea}, brewed by {id}"),
                    }),
                }
            }
        })
}

/// Runs two instances at the same time, one in each registry, until `stop`.
pub async fn run_in_both(
    first: Arc<dyn Registry>,
    second: Arc<dyn Registry>,
    stop: Stop,
) -> anyhow::Result<()> {
    let mut tasks = Vec::new();
    for registry in [first, second] {
        tasks.push(tokio::spawn(run_until(tea(registry), stop.clone())));
    }
    let mut outcome = Ok(());
    for task in tasks {
        outcome = outcome.and(task.await?);
    }
    outcome
}
