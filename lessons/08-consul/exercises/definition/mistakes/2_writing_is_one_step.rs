//! belief: writing-is-one-step
//! words: Writing a file is one step.
//! check: b_nobody_reads_half
//! says: has read half of a file

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
    desk.write(name, text);
}
