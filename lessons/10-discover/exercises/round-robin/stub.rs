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
