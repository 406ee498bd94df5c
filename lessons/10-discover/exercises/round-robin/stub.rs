use std::io;
use std::net::SocketAddr;

// Given in given.rs, beside this file: `Line`.
pub use super::given::*;

/// Calls several greeters as if they were one.
///
/// * They take turns, so each gets the same number of calls.
/// * There is one line for each of them, dialled when it is first needed and then kept.
/// * Who does not answer is passed over: the call goes to the next one. (A greeting may run twice.) When
///   it is his turn again, he is tried again. A call fails only if nobody answers.
/// * Programs that are started at the same time do not all begin with the same greeter.
pub struct Greeters {
    line: Option<Line>,
    addrs: Vec<SocketAddr>,
}

impl Greeters {
    pub fn new(addrs: Vec<SocketAddr>) -> Self {
        Greeters { line: None, addrs }
    }

    pub fn greet(&mut self, name: &str) -> io::Result<String> {
        let line = match &mut self.line {
            Some(line) => line,
            None => self.line.insert(Line::dial(self.addrs[0])?),
        };
        line.greet(name)
    }
}
