//! `Service` holds everything that is the same in all services; what remains is a version, a handler and its errors.
//! `run_until` returns when the service has ended, so two services need `join!`, which drives both at the same time.
//! `try_join!` would drop the second future when the first fails: that instance would never deregister. The program
//! names no registry. The caller of `run_in_both` chooses them, and a third one changes no line of `tea`.

use std::sync::Arc;

use l13_framework::registry::Registry;
use l13_framework::service::Service;
use tonic::Status;

// Given in given.rs, beside this file: `NAME`, `BREW`, `BrewRequest`, `BrewReply`, `LEAVING`, `Stop`, `run_until`.
pub use super::given::*;

/// One instance of the service `NAME`, version 2.0.0, for this registry.
pub fn tea(registry: Arc<dyn Registry>) -> Service {
    let service = Service::new(NAME).leaving(LEAVING).registry(registry);
    let id = service.id();
    service
        .version("2.0.0")
        .handle(BREW, move |request| brew(id.clone(), request))
}

/// The handler. The message is `TEA, brewed by ID`.
async fn brew(id: String, request: BrewRequest) -> Result<BrewReply, Status> {
    if request.tea.is_empty() {
        return Err(Status::invalid_argument("tea: at least one character"));
    }
    let message = format!("{}, brewed by {id}", request.tea);
    Ok(BrewReply { message })
}

/// Runs two instances at the same time, one in each registry, until `stop`.
pub async fn run_in_both(
    first: Arc<dyn Registry>,
    second: Arc<dyn Registry>,
    stop: Stop,
) -> anyhow::Result<()> {
    let (first, second) = tokio::join!(
        run_until(tea(first), stop.clone()),
        run_until(tea(second), stop),
    );
    first.and(second)
}
