//! The deadline is computed once. Each call gets what remains until then, which travels as `grpc-timeout`: a time span and
//! no moment, because two machines have different clocks. A call without remaining time would work for a client that has
//! gone. The release is for the stock service and not for the client, so it has a time of its own: by the client's
//! deadline it would have none, just when it is needed.

use std::time::Duration;

// Given in given.rs, beside this file: `LIMIT`, `RETURN`, `CLEANUP`, `DeadlineExceeded`, `Services`, `Request`, `Order`.
pub use super::given::*;

/// Handles one request: reserves an item, then charges the client. If the charge fails, the item is released.
pub fn order(services: &impl Services, request: &Request) -> Result<Order, DeadlineExceeded> {
    let longest = request.timeout.unwrap_or(LIMIT).min(LIMIT);
    let until = (request.arrived + longest).saturating_sub(RETURN);
    let item = services.reserve(remains(services, until)?)?;
    let charged = remains(services, until).and_then(|left| services.charge(left));
    match charged {
        Ok(receipt) => Ok(Order { item, receipt }),
        Err(DeadlineExceeded) => {
            // A failed release is logged by the stock service.
            let _ = services.release(item, CLEANUP);
            Err(DeadlineExceeded)
        }
    }
}

/// What remains until then, if anything does.
fn remains(services: &impl Services, until: Duration) -> Result<Duration, DeadlineExceeded> {
    let left = until.saturating_sub(services.now());
    (!left.is_zero()).then_some(left).ok_or(DeadlineExceeded)
}
