use std::io;
use std::net::SocketAddr;

// Given in given.rs, beside this file: `Connection`, `random_below`.
pub use super::given::*;

/// Calls several greeters (at least one) as if they were one server.
///
/// * The calls go round the greeters in the order of `addrs`.
/// * There is one connection to each greeter. It is opened when it is first needed, and then kept.
/// * If a greeter refuses the connection, or the call on it fails, the call goes to the next greeter at once. (A greeting
///   is idempotent.) The following call goes to the one behind the greeter that answered.
/// * A call fails only if all greeters have failed.
/// * A greeter that has failed is tried again at its next turn, on a new connection.
/// * The first turn is random, so that programs which start together do not all begin with the same
///   greeter.
pub struct Greeters {
    connection: Option<Connection>,
    addrs: Vec<SocketAddr>,
}

impl Greeters {
    pub fn new(addrs: Vec<SocketAddr>) -> Self {
        Greeters {
            connection: None,
            addrs,
        }
    }

    pub fn greet(&mut self, name: &str) -> io::Result<String> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => {
                let any = self.addrs[random_below(self.addrs.len())];
                self.connection.insert(Connection::open(any)?)
            }
        };
        connection.greet(name)
    }
}
