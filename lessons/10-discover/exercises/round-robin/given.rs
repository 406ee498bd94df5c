//! What is given in this exercise: the answer uses it and does not change it.

use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A connection to one greeter, as in lesson 01: a name goes there as one line, a greeting comes back as
/// one line.
pub struct Connection(BufReader<TcpStream>);

impl Connection {
    /// Connects. A port on which no server listens is an error at once.
    pub fn open(addr: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&addr, Duration::from_secs(3))?;
        stream.set_read_timeout(Some(Duration::from_secs(3)))?;
        stream.set_nodelay(true)?;
        Ok(Connection(BufReader::new(stream)))
    }

    /// Makes one call. After an error the connection cannot be used any more.
    pub fn greet(&mut self, name: &str) -> io::Result<String> {
        self.0.get_mut().write_all(format!("{name}\n").as_bytes())?;
        let mut reply = String::new();
        if self.0.read_line(&mut reply)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(reply.trim_end().to_string())
    }
}

/// A random number below `limit`, which is at least 1. The standard library has no random numbers, but its
/// hash maps have random keys.
pub fn random_below(limit: usize) -> usize {
    let any = RandomState::new().hash_one(()) % limit as u64;
    usize::try_from(any).expect("smaller than limit")
}
