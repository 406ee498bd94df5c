// Given in given.rs, beside this file: `ConfigDir`.
pub use super::given::*;

/// Publishes `text` as the definition file `name`, which ends in `.json`.
///
/// * Afterwards the agent has read it. If the agent refuses it, the error has the agent's own words.
/// * Other programs may reload the agent at any moment. No reload ever reads a part of a file.
/// * A refused text does not stay: the file is restored, or removed if it did not exist. An agent that is started
///   with the directory must be able to read it.
/// * No other file is left in the directory.
pub fn publish(dir: &mut impl ConfigDir, name: &str, text: &str) -> Result<(), String> {
    dir.write(name, text);
    Ok(())
}
