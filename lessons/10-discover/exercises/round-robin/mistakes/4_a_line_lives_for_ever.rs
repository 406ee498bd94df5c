//! belief: a-line-lives-for-ever
//! words: A line that once worked works.
//! check: d_one_dies_and_comes_back
//! says: dialled again

use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A connection to one greeter, as in lesson 01: a line with a name goes there, a line comes back.
pub struct Line(BufReader<TcpStream>);

impl Line {
    /// Dials. Nobody there is an error at once.
    pub fn dial(addr: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&addr, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.set_nodelay(true)?;
        Ok(Line(BufReader::new(stream)))
    }

    /// One call. After an error this line is of no use any more.
    pub fn greet(&mut self, name: &str) -> io::Result<String> {
        self.0.get_mut().write_all(format!("{name}\n").as_bytes())?;
        let mut reply = String::new();
        if self.0.read_line(&mut reply)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(reply.trim_end().to_string())
    }
}

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
