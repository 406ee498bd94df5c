//! belief: a-reload-works
//! words: A reload works.
//! check: c_a_refusal_is_an_error
//! says: needs these words

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
    if desk.reload().is_err() {
        match &before {
            Some(before) => put(desk, name, before),
            None => desk.remove(name),
        }
    }
    Ok(())
}

/// Replaces a file in one step.
fn put(desk: &mut impl Desk, name: &str, text: &str) {
    // Not `.json`: to an agent it is no definition file.
    let draft = format!("{name}.draft");
    desk.write(&draft, text);
    desk.rename(&draft, name);
}
