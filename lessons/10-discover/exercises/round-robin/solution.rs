//! A connection leads to one server, for as long as it is open. A client of three servers therefore needs three
//! connections, and a rule that chooses one of them: here a number that goes round. A failed turn costs the
//! time of a refused connection. The loop has as many rounds as there are greeters, so it ends when all of
//! them fail.

use std::io;
use std::net::SocketAddr;

// Given in given.rs, beside this file: `Connection`, `random_below`.
pub use super::given::*;

/// Calls several greeters as if they were one server.
pub struct Greeters {
    connections: Vec<Option<Connection>>,
    addrs: Vec<SocketAddr>,
    turn: usize,
}

impl Greeters {
    pub fn new(addrs: Vec<SocketAddr>) -> Self {
        Greeters {
            connections: addrs.iter().map(|_| None).collect(),
            turn: random_below(addrs.len()),
            addrs,
        }
    }

    pub fn greet(&mut self, name: &str) -> io::Result<String> {
        for _ in 0..self.addrs.len() {
            let turn = self.turn % self.addrs.len();
            self.turn = turn + 1;
            let outcome = self.call(turn, name);
            if outcome.is_ok() {
                return outcome;
            }
            self.connections[turn] = None;
        }
        Err(io::ErrorKind::NotConnected.into())
    }

    fn call(&mut self, turn: usize, name: &str) -> io::Result<String> {
        let connection = match &mut self.connections[turn] {
            Some(connection) => connection,
            none => none.insert(Connection::open(self.addrs[turn])?),
        };
        connection.greet(name)
    }
}
