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
