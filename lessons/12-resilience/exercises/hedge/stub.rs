use std::time::Duration;

use tokio::time::timeout;

// Given in given.rs, beside this file: `Ride`, `Broken`, `Company`, `NoTaxi`.
pub use super::given::*;

/// Gets a taxi to the door, and returns its number.
///
/// * If the first is not there after `patience`, a second one is ordered. The one that is there first is
///   taken, whichever it is; the other one is called off.
/// * If the first breaks down, the second is ordered at once. There are never more than two.
/// * Somebody may take the bus meanwhile: then this future is dropped, and what is on its way is called off.
/// * One that is at the door, or has broken down, is not called off.
pub async fn taxi(company: &impl Company, patience: Duration) -> Result<u32, NoTaxi> {
    let mut first = company.order();
    if let Ok(outcome) = timeout(patience, first.wait()).await {
        return outcome.map_err(|Broken| NoTaxi);
    }
    let mut second = company.order();
    second.wait().await.map_err(|Broken| NoTaxi)
}
