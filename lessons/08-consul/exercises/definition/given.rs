//! What is given in this exercise: the answer uses it and does not change it.

/// The directory of definition files that an agent reads, and the agent.
pub trait ConfigDir {
    /// The text of a file. None: the file does not exist.
    fn read(&mut self, name: &str) -> Option<String>;
    /// Writes a file, piece by piece: a reload at the same moment reads a part of it.
    fn write(&mut self, name: &str, text: &str);
    /// Gives a file another name, in one step. A file of that name is replaced.
    fn rename(&mut self, from: &str, to: &str);
    /// Removes a file.
    fn remove(&mut self, name: &str);
    /// `PUT /v1/agent/reload`: the agent reads each file whose name ends in `.json`. If it refuses one of them, it changes
    /// nothing, and says why.
    fn reload(&mut self) -> Result<(), String>;
}
