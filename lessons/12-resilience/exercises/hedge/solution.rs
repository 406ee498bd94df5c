//! The second is a second, and no replacement: the first drives on, and may be the one that is there first. So both are
//! waited for, and whoever loses is called off. That is done by `Drop`, and not by a line behind the `select!`: there
//! are three ways out of this function, and the third one, that somebody drops its future, has no line in it. A branch
//! of `select!` with a pattern, `Ok(taxi) = ...`, is out when the pattern does not match: a breakdown is
//! no answer as long as another one drives. With gRPC the `Drop` is there already, a call that is dropped is
//! cancelled on the wire. And only what may run twice is worth this: between the two there is always a moment in
//! which both are at work.

use std::time::Duration;

use tokio::time::timeout;

// Given in given.rs, beside this file: `Ride`, `Broken`, `Company`, `NoTaxi`.
pub use super::given::*;

/// A taxi that is called off unless something has become of it.
struct Sent<'a, C: Company> {
    company: &'a C,
    ride: Ride,
    on_its_way: bool,
}

impl<'a, C: Company> Sent<'a, C> {
    fn order(company: &'a C) -> Self {
        let ride = company.order();
        Sent {
            company,
            ride,
            on_its_way: true,
        }
    }

    async fn wait(&mut self) -> Result<u32, Broken> {
        let outcome = self.ride.wait().await;
        self.on_its_way = false;
        outcome
    }
}

impl<C: Company> Drop for Sent<'_, C> {
    fn drop(&mut self) {
        if self.on_its_way {
            self.company.call_off(self.ride.taxi);
        }
    }
}

/// Gets a taxi to the door, and returns its number.
pub async fn taxi(company: &impl Company, patience: Duration) -> Result<u32, NoTaxi> {
    let mut first = Sent::order(company);
    if let Ok(Ok(taxi)) = timeout(patience, first.wait()).await {
        return Ok(taxi);
    }
    let mut second = Sent::order(company);
    tokio::select! {
        Ok(taxi) = first.wait(), if first.on_its_way => Ok(taxi),
        Ok(taxi) = second.wait() => Ok(taxi),
        else => Err(NoTaxi),
    }
}
