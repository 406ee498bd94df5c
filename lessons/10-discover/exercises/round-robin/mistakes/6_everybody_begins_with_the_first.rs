//! belief: everybody-begins-with-the-first
//! words: It does not matter with whom one begins.
//! check: f_sixty_programs_make_one_call_each
//! says: All of them began with the same one

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
        let turn = 0;
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
