// Given in given.rs, beside this file: `LIMIT`, `RETURN`, `CLEANUP`, `DeadlineExceeded`, `Services`, `Request`, `Order`.
pub use super::given::*;

/// Handles one request: reserves an item, then charges the client. If the charge fails, the item is released.
///
/// * A request has one deadline. It counts from `arrived`, is `timeout` of the client but never more than [`LIMIT`], and
///   leaves [`RETURN`] for the response.
/// * The timeout of each call is what remains until the deadline. When nothing remains, the call is not made, and
///   the result is [`DeadlineExceeded`].
/// * The release is made also when nothing remains: its timeout is [`CLEANUP`].
pub fn order(services: &impl Services, request: &Request) -> Result<Order, DeadlineExceeded> {
    let _ = (request.arrived, request.timeout, services.now());
    let item = services.reserve(LIMIT)?;
    match services.charge(LIMIT) {
        Ok(receipt) => Ok(Order { item, receipt }),
        Err(DeadlineExceeded) => {
            // A failed release is logged by the stock service.
            let _ = services.release(item, LIMIT);
            Err(DeadlineExceeded)
        }
    }
}
