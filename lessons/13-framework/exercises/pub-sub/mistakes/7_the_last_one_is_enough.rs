//! belief: the-last-one-is-enough
//! words: What comes again is what came last.
//! check: f_an_old_one_comes_again
//! says: more than the last number

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

pub async fn warn(
    air: &impl Air,
    number: u64,
    text: &str,
    patience: Duration,
) -> Result<(), Unheard> {
    // First listen: the answer may come at once.
    let mut confirmations = air.listen(Channel::Confirmations);
    let confirmed = async {
        while let Some(confirmation) = confirmations.recv().await {
            if confirmation.number == number {
                return Ok(());
            }
        }
        Err(Unheard)
    };
    let say = async {
        loop {
            let text = text.to_string();
            air.say(Channel::Warnings, Message { number, text });
            air.sleep(Duration::from_secs(1)).await;
        }
    };
    tokio::select! {
        // Before a word more is said.
        biased;
        heard = confirmed => heard,
        () = air.sleep(patience) => Err(Unheard),
        () = say => Err(Unheard),
    }
}

pub async fn keep_watch(air: &impl Air, mut act: impl FnMut(&Message)) {
    let mut last = None;
    let mut warnings = air.listen(Channel::Warnings);
    while let Some(warning) = warnings.recv().await {
        if last.replace(warning.number) != Some(warning.number) {
            act(&warning);
        }
        air.say(Channel::Confirmations, warning);
    }
}
