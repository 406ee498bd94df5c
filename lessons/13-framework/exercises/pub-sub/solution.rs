//! Whoever publishes knows that it was said, and nothing else: not whether anybody was there, nor whether the noise
//! was louder. To know more, somebody has to answer, and that answer goes through the same air. So both
//! ends have work. The lighthouse listens before it speaks, says the same thing again until its own number comes
//! back, and has a moment when it says "I do not know". The ship cannot tell "said again" from "lost
//! confirmation", so it confirms each time it hears a warning, after it has acted, and acts on the first time only:
//! by the number, as two storms may have the same words. This makes "at least once" of "at most once", and the
//! number makes "once" of that. A ship that sails for years would forget numbers at some time; how soon it may is a
//! promise of the lighthouse, namely `patience`.

use std::collections::HashSet;
use std::time::Duration;

// Given in given.rs, beside this file: `Message`, `Channel`, `Air`, `Unheard`.
pub use super::given::*;

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
    let mut done = HashSet::new();
    let mut warnings = air.listen(Channel::Warnings);
    while let Some(warning) = warnings.recv().await {
        if done.insert(warning.number) {
            act(&warning);
        }
        air.say(Channel::Confirmations, warning);
    }
}
