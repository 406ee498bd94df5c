use std::time::Duration;

// Given in given.rs, beside this file: `Lease`, `LeaseError`, `LeaseStore`, `within`.
pub use super::given::*;

/// The pause after a call that has failed.
const RETRY: Duration = Duration::from_millis(600);

/// Holds a lease without a gap, from the first `grant` until the caller drops this future.
///
/// * `ttl`, 10 s or more, is what you ask for. `Lease::ttl` in each answer is what counts.
/// * One call in two may fail, or one in three may stay without a reply: the lease is held all the same.
/// * After `NotFound` a new lease is granted within 30 s.
/// * While the store is unavailable the call is repeated, also the first `grant`, with a pause of 0.5 s to 1 s.
/// * A lease that runs is renewed; `grant` is called again only after `NotFound`.
/// * At most ten calls are made within one lease while all calls succeed.
pub async fn keep_alive(store: &impl LeaseStore, ttl: Duration) {
    let mut lease: Option<Lease> = None;
    loop {
        let limit = lease.map_or(ttl, |lease| lease.ttl) / 3;
        let result = match lease {
            None => within(store, limit, store.grant(ttl)).await,
            Some(_) => std::future::pending().await,
        };
        let pause = match result {
            Ok(new) => {
                lease = Some(new);
                RETRY
            }
            Err(_) => RETRY,
        };
        store.sleep(pause).await;
    }
}
