//! A connection leads to one server, for as long as it lives. So whoever wants to reach three needs
//! three, and somebody who chooses: here a number that goes round. A turn that fails costs the call
//! nothing but the time of a refused connection; the loop has as many rounds as there are greeters, so
//! it ends when nobody is there. The first turn is drawn by lot: a thousand programs that all begin
//! with number one are a crowd at one door.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::SocketAddr;

// Given in given.rs, beside this file: `Line`.
pub use super::given::*;

/// Calls several greeters as if they were one.
pub struct Greeters {
    addrs: Vec<SocketAddr>,
    lines: Vec<Option<Line>>,
    turn: usize,
}

impl Greeters {
    pub fn new(addrs: Vec<SocketAddr>) -> Self {
        let lines = addrs.iter().map(|_| None).collect();
        let turn = random(addrs.len());
        Greeters { addrs, lines, turn }
    }

    pub fn greet(&mut self, name: &str) -> io::Result<String> {
        for _ in 0..self.addrs.len() {
            let turn = self.turn % self.addrs.len();
            self.turn = turn + 1;
            if let Ok(reply) = self.ask(turn, name) {
                return Ok(reply);
            }
            // Whatever is left of this line, nobody wants to meet it again.
            self.lines[turn] = None;
        }
        Err(io::ErrorKind::NotConnected.into())
    }

    fn ask(&mut self, turn: usize, name: &str) -> io::Result<String> {
        let line = match &mut self.lines[turn] {
            Some(line) => line,
            none => none.insert(Line::dial(self.addrs[turn])?),
        };
        line.greet(name)
    }
}

/// Any number below `limit`. The standard library has no random numbers, but its hash maps have random
/// keys.
fn random(limit: usize) -> usize {
    let any = RandomState::new().hash_one(());
    usize::try_from(any % limit.max(1) as u64).unwrap_or(0)
}
