use std::sync::Arc;

use l13_framework::registry::Registry;
use l13_framework::service::Service;
use tonic::Status;

// Given in given.rs, beside this file: `NAME`, `BREW`, `BrewRequest`, `BrewReply`, `LEAVING`, `Stop`, `run_until`.
pub use super::given::*;

/// One instance of the service `NAME`, version 2.0.0, for this registry. Its method `BREW` calls `brew` with the id
/// of this instance, which `Service::id` returns.
pub fn tea(registry: Arc<dyn Registry>) -> Service {
    Service::new(NAME).leaving(LEAVING).registry(registry)
}

/// The handler. The message is `TEA, brewed by ID`, such as `green, brewed by tea-1`.
///
/// * An empty `tea` is INVALID_ARGUMENT.
#[allow(dead_code, reason = "the stub does not call it yet")]
async fn brew(id: String, request: BrewRequest) -> Result<BrewReply, Status> {
    let message = format!("{}, brewed by {id}", request.tea);
    Ok(BrewReply { message })
}

/// Runs two instances at the same time, one in each registry, until `stop`.
///
/// * While one registry is unavailable, the other instance runs and is registered.
/// * It returns when both instances have ended. It is `Err` if one of them has returned `Err`.
pub async fn run_in_both(
    first: Arc<dyn Registry>,
    second: Arc<dyn Registry>,
    stop: Stop,
) -> anyhow::Result<()> {
    run_until(tea(first), stop.clone()).await?;
    run_until(tea(second), stop).await
}
