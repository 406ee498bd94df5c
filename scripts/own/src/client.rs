//! A client that writes bytes and reads lines, and remembers both for the verdict.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::told::{Belief, Failure, Message, quoted};

/// What a client got while it waited for a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Got {
    /// A line, without its end.
    Line(Vec<u8>),
    /// Nothing, or a part of a line, until the time was over.
    Silence(Vec<u8>),
    /// The end of the connection, after a part of a line or nothing.
    Closed(Vec<u8>),
}

impl Got {
    /// In words.
    pub fn words(&self, waited: Duration) -> String {
        let waited = waited.as_millis();
        match self {
            Got::Line(line) => format!("sent the line {}", quoted(line)),
            Got::Silence(part) if part.is_empty() => format!("sent nothing within {waited} ms"),
            Got::Silence(part) => {
                format!(
                    "sent {} and no end of the line within {waited} ms",
                    quoted(part)
                )
            }
            Got::Closed(part) if part.is_empty() => "closed the connection without a reply".into(),
            Got::Closed(part) => {
                format!(
                    "sent {} and closed the connection before the end of the line",
                    quoted(part)
                )
            }
        }
    }
}

/// A connection to the service.
pub struct Client {
    stream: TcpStream,
    situation: String,
    messages: Vec<Message>,
    arrived: Vec<u8>,
    /// So long a line may take.
    pub limit: Duration,
}

impl Client {
    /// Connects; `situation` is what a failure begins with.
    ///
    /// # Errors
    /// A failure if the service does not accept.
    pub fn connect(at: SocketAddr, situation: &str) -> Result<Self, Failure> {
        let limit = Duration::from_secs(1);
        let stream = TcpStream::connect_timeout(&at, limit).map_err(|e| {
            let happened = format!("did not accept: {e}");
            Failure::new(
                situation,
                format!("a connection to {at} is accepted"),
                happened,
                None,
            )
        })?;
        let _ = stream.set_nodelay(true);
        let _ = stream.set_write_timeout(Some(Duration::from_secs(2)));
        Ok(Self {
            stream,
            situation: situation.to_owned(),
            messages: Vec::new(),
            arrived: Vec::new(),
            limit: Duration::from_secs(1),
        })
    }

    /// Writes; a service that has closed shows itself when its reply is missing.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let bytes = bytes.as_ref();
        self.note(true, quoted(bytes));
        if let Err(e) = self.stream.write_all(bytes) {
            self.note(true, format!("(the write failed: {e})"));
        }
        self
    }

    /// Writes piece by piece, with a pause between two.
    pub fn send_pieces(&mut self, pieces: &[&[u8]], pause: Duration) -> &mut Self {
        for (n, piece) in pieces.iter().enumerate() {
            if n > 0 {
                thread::sleep(pause);
            }
            self.send(piece);
        }
        self
    }

    /// Ends the client's direction of the stream; replies can still arrive.
    pub fn finish(&mut self) -> &mut Self {
        let _ = self.stream.shutdown(Shutdown::Write);
        self.note(true, "(end of the client's stream)".into());
        self
    }

    /// The next line, if one comes within `limit`.
    pub fn line(&mut self, limit: Duration) -> Got {
        let got = self.read_line(limit);
        self.note(
            false,
            match &got {
                Got::Line(line) => quoted(&[line, &b"\n"[..]].concat()),
                Got::Silence(part) if part.is_empty() => "(nothing)".into(),
                Got::Silence(part) => format!("{} (no line)", quoted(part)),
                Got::Closed(part) if part.is_empty() => "(closed)".into(),
                Got::Closed(part) => format!("{} (closed)", quoted(part)),
            },
        );
        got
    }

    fn read_line(&mut self, limit: Duration) -> Got {
        let until = Instant::now() + limit;
        loop {
            if let Some(end) = self.arrived.iter().position(|b| *b == b'\n') {
                let mut line: Vec<u8> = self.arrived.drain(..=end).collect();
                line.pop();
                return Got::Line(line);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Got::Silence(std::mem::take(&mut self.arrived));
            }
            let _ = self.stream.set_read_timeout(Some(left));
            let mut buffer = [0; 16 * 1024];
            match self.stream.read(&mut buffer) {
                Ok(0) => return Got::Closed(std::mem::take(&mut self.arrived)),
                Ok(count) => self.arrived.extend_from_slice(&buffer[..count]),
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Got::Closed(std::mem::take(&mut self.arrived)),
            }
        }
    }

    /// The next line has to be `expected`; `belief` recognises what another one shows.
    ///
    /// # Errors
    /// A failure that tells what came instead.
    pub fn expect(
        &mut self,
        expected: &str,
        belief: impl Fn(&Got) -> Option<Belief>,
    ) -> Result<(), Failure> {
        self.expect_bytes(expected.as_bytes(), belief)
    }

    /// The same for a line that is no text.
    ///
    /// # Errors
    /// A failure that tells what came instead.
    pub fn expect_bytes(
        &mut self,
        expected: &[u8],
        belief: impl Fn(&Got) -> Option<Belief>,
    ) -> Result<(), Failure> {
        let limit = self.limit;
        let got = self.line(limit);
        if got == Got::Line(expected.to_vec()) {
            return Ok(());
        }
        let expected = format!("sends the line {}", quoted(expected));
        Err(self.failure(&expected, &got.words(limit), belief(&got)))
    }

    /// The service has to close within `limit`, and to send nothing before.
    ///
    /// # Errors
    /// A failure that tells what came instead.
    pub fn expect_end(
        &mut self,
        limit: Duration,
        belief: impl Fn(&Got) -> Option<Belief>,
    ) -> Result<(), Failure> {
        let got = self.line(limit);
        if got == Got::Closed(Vec::new()) {
            return Ok(());
        }
        let expected = format!("closes the connection within {} ms", limit.as_millis());
        Err(self.failure(&expected, &got.words(limit), belief(&got)))
    }

    /// A failure on this connection.
    pub fn failure(&self, expected: &str, happened: &str, belief: Option<Belief>) -> Failure {
        let mut failure = Failure::new(&self.situation, expected, happened, belief);
        failure.messages.clone_from(&self.messages);
        failure
    }

    /// The stream itself, for what a line cannot say.
    pub fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Remembers a message of this connection.
    pub fn note(&mut self, by_client: bool, text: String) {
        self.messages.push(Message { by_client, text });
    }
}
