//! belief: better-none-than-a-wrong-one
//! words: Better no file than a wrong one.
//! check: e_the_old_text_comes_back
//! says: what was there before comes back

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
    put(desk, name, text);
    desk.reload().inspect_err(|_| desk.remove(name))
}

/// Replaces a file in one step.
fn put(desk: &mut impl Desk, name: &str, text: &str) {
    // Not `.json`: to an agent it is no definition file.
    let draft = format!("{name}.draft");
    desk.write(&draft, text);
    desk.rename(&draft, name);
}
