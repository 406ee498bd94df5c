//! A file in the directory is a promise about the next start; a reload is what makes it true now. Both
//! have to agree. So the text is written under a name that no agent reads, and takes its place in one
//! step: nobody can meet it half-written. And if the agent refuses it, the old one comes back the same
//! way: the running agent would not mind, it goes on with what it has, but the next one could not even
//! start, months later and in the middle of the night.

/// The config directory of an agent, and the agent.
pub trait Desk {
    /// What a file holds.
    fn read(&mut self, name: &str) -> Option<String>;
    /// Writes a file, piece by piece.
    fn write(&mut self, name: &str, text: &str);
    /// Gives a file another name, in one step.
    fn rename(&mut self, from: &str, to: &str);
    /// Takes a file away.
    fn remove(&mut self, name: &str);
    /// `PUT /v1/agent/reload`.
    fn reload(&mut self) -> Result<(), String>;
}

/// Publishes `text` as the definition file `name`, which ends in `.json`.
pub fn publish(desk: &mut impl Desk, name: &str, text: &str) -> Result<(), String> {
    let before = desk.read(name);
    put(desk, name, text);
    desk.reload().inspect_err(|_| match &before {
        Some(before) => put(desk, name, before),
        None => desk.remove(name),
    })
}

/// Replaces a file in one step.
fn put(desk: &mut impl Desk, name: &str, text: &str) {
    // Not `.json`: to an agent it is no definition file.
    let draft = format!("{name}.draft");
    desk.write(&draft, text);
    desk.rename(&draft, name);
}
