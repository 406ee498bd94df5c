//! belief: who-leaves-owes-nothing
//! words: Who has left owes nothing.
//! check: f_somebody_takes_the_bus
//! says: takes the bus

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

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

/// Gets a taxi to the door, and returns its number.
pub async fn taxi(company: &impl Company, patience: Duration) -> Result<u32, NoTaxi> {
    let mut first = company.order();
    let broken = match timeout(patience, first.wait()).await {
        Ok(Ok(taxi)) => return Ok(taxi),
        outcome => outcome.is_ok(),
    };
    let mut second = company.order();
    let (one, two) = (first.taxi, second.taxi);
    tokio::select! {
        Ok(taxi) = first.wait(), if !broken => {
            company.call_off(two);
            Ok(taxi)
        }
        Ok(taxi) = second.wait() => {
            if !broken {
                company.call_off(one);
            }
            Ok(taxi)
        }
        else => Err(NoTaxi),
    }
}
