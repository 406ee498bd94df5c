//! belief: patience-has-to-be-used-up
//! words: The time that there is has to be used up.
//! check: e_the_first_breaks_down_at_once
//! says: nobody to wait for

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::sleep;

/// A taxi that has been ordered.
pub struct Ride {
    /// Its number.
    pub taxi: u32,
    /// It says that it is at the door; or it breaks down, and then nothing is ever said.
    pub arrives: oneshot::Receiver<()>,
}

/// It has broken down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

impl Ride {
    /// Waits until it is at the door. This can be dropped and called again.
    pub async fn wait(&mut self) -> Result<u32, Broken> {
        match (&mut self.arrives).await {
            Ok(()) => Ok(self.taxi),
            Err(_) => Err(Broken),
        }
    }
}

/// A taxi company.
pub trait Company {
    /// Sends a taxi. It drives, whether anybody waits for it or not, until it is called off or is at the door.
    /// Whoever is at the door has to be paid.
    fn order(&self) -> Ride;

    /// Calls off one that is still on its way.
    fn call_off(&self, taxi: u32);
}

/// All that were ordered have broken down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoTaxi;

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
    tokio::select! {
        Ok(taxi) = first.wait() => return Ok(taxi),
        () = sleep(patience) => {}
    }
    let mut second = Sent::order(company);
    tokio::select! {
        Ok(taxi) = first.wait(), if first.on_its_way => Ok(taxi),
        Ok(taxi) = second.wait() => Ok(taxi),
        else => Err(NoTaxi),
    }
}
