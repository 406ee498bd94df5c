//! What is given in this exercise: the answer uses it and does not change it.

use std::future::Future;
use std::time::Duration;
use tokio::sync::mpsc;

/// What is said by radio. No two warnings have the same number; a confirmation has that of its warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub number: u64,
    pub text: String,
}

/// On which channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    Warnings,
    Confirmations,
}

/// The air, between a lighthouse and a ship.
pub trait Air {
    /// Says it once, to whoever listens at this moment. It may be lost in the noise. Nobody tells who has heard it.
    fn say(&self, channel: Channel, message: Message);

    /// What is said on a channel from now on. It ends when the radio is switched off.
    fn listen(&self, channel: Channel) -> mpsc::Receiver<Message>;

    /// Sleeps, by the clock of the check. Any other clock is wrong here.
    fn sleep(&self, time: Duration) -> impl Future<Output = ()>;
}

/// Nobody has confirmed it in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unheard;
