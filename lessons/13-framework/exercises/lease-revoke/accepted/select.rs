//! Accepted: `select!` with the sleep for all attempts, pinned before the loop.

use std::pin::pin;
use std::time::Duration;

// Given in given.rs, beside this file: `LIMIT`, `LeaseError`, `LeaseStore`, `Revoked`, `within`.
pub use super::given::*;

pub async fn revoke(store: &impl LeaseStore, id: u64) -> Revoked {
    let mut end = pin!(store.sleep(LIMIT));
    loop {
        let attempt = async {
            let answer = within(store, Duration::from_secs(1), store.revoke(id)).await;
            if answer == Err(LeaseError::Unavailable) {
                store.sleep(Duration::from_millis(300)).await;
            }
            answer
        };
        tokio::select! {
            () = &mut end => return Revoked::Unknown,
            answer = attempt => match answer {
                Ok(()) | Err(LeaseError::NotFound) => return Revoked::Gone,
                Err(LeaseError::Unavailable) => {}
            },
        }
    }
}
