/// The config directory of an agent, and the agent.
pub trait Desk {
    /// What a file holds. None: there is no such file.
    fn read(&mut self, name: &str) -> Option<String>;
    /// Writes a file, piece by piece: whoever reads meanwhile sees a part of it.
    fn write(&mut self, name: &str, text: &str);
    /// Gives a file another name, in one step. A file of that name is replaced.
    fn rename(&mut self, from: &str, to: &str);
    /// Takes a file away.
    fn remove(&mut self, name: &str);
    /// `PUT /v1/agent/reload`: the agent reads every file whose name ends in `.json`. If it refuses one
    /// of them, it changes nothing, and says why.
    fn reload(&mut self) -> Result<(), String>;
}

/// Publishes `text` as the definition file `name`, which ends in `.json`.
///
/// * Afterwards the agent runs by it. If it refuses, its words are the error.
/// * Others may let the agent reload at any moment. It never reads half of a file.
/// * A text that was refused does not stay: the file is then what it was before, or is not there.
///   An agent that is started with the directory must be able to read it.
/// * No other file is left behind.
pub fn publish(desk: &mut impl Desk, name: &str, text: &str) -> Result<(), String> {
    desk.write(name, text);
    Ok(())
}
