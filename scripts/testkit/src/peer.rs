//! The other end of a connection, played by a check. Every read and every write has a deadline:
//! a check may fail, but it never hangs.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Case, On, Trouble, View, case::local_addr, view_bytes};

/// The time that a peer waits by default. Long for a computer, even a busy one, and short for a
/// learner at the terminal.
pub const PATIENCE: Duration = Duration::from_millis(500);

/// One end of a TCP connection.
pub struct Peer<'c> {
    case: &'c Case,
    stream: TcpStream,
    patience: Duration,
}

impl<'c> Peer<'c> {
    pub(crate) fn new(case: &'c Case, stream: TcpStream) -> Self {
        // Without this the system may hold a small piece back to join it with the next one, and
        // a check could not split a message on purpose.
        let _ = stream.set_nodelay(true);
        let _ = stream.set_write_timeout(Some(PATIENCE));
        Peer {
            case,
            stream,
            patience: PATIENCE,
        }
    }

    /// Waits this long from now on.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        let _ = self.stream.set_write_timeout(Some(patience));
        self
    }

    /// This end's address.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.stream.local_addr()
    }

    // ---- writing

    /// Sends the bytes in one write, or fails in words.
    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        if let Err(error) = self.try_send(bytes) {
            let trouble = Trouble::from_io(error);
            self.case.fail(
                self.case
                    .report()
                    .detail("sent to you", view_bytes(bytes))
                    .detail("expected", "you take these bytes")
                    .detail("your answer", trouble.happened(&self.patience.view()))
                    .advice(trouble.advice(&[])),
            );
        }
    }

    /// Sends the bytes in one write; an error is an answer as well.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// Sends each piece in a write of its own, with a pause after each but the last.
    #[track_caller]
    pub fn send_pieces<B: AsRef<[u8]>>(&mut self, pieces: &[B], pause: Duration) {
        for (number, piece) in pieces.iter().enumerate() {
            if number > 0 {
                thread::sleep(pause);
            }
            self.send(piece);
        }
    }

    /// Sends every byte in a write of its own.
    #[track_caller]
    pub fn send_byte_by_byte(&mut self, bytes: impl AsRef<[u8]>, pause: Duration) {
        let pieces: Vec<[u8; 1]> = bytes.as_ref().iter().map(|byte| [*byte]).collect();
        self.send_pieces(&pieces, pause);
    }

    /// Says "I have sent everything" (half-close). Reading goes on.
    pub fn finish(&mut self) {
        // The other side may be gone already. Then it will not read the end, which is fine.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Ends the connection in the polite way.
    pub fn close(self) {
        drop(self);
    }

    /// Ends the connection by throwing it away: the other side gets "connection reset".
    ///
    /// The standard library cannot ask for that, but systems do it by themselves when a
    /// connection is closed with bytes that were never read. So this waits for an answer first.
    #[track_caller]
    pub fn reset(self) {
        let _ = self.stream.set_read_timeout(Some(self.patience));
        match self.stream.peek(&mut [0]) {
            Ok(1..) => drop(self),
            Ok(0) => self.case.differ(
                "an answer to ignore",
                "the connection was closed",
                &Trouble::Closed.advice(&[]),
            ),
            Err(error) => {
                let trouble = Trouble::from_io(error);
                let happened = trouble.happened(&self.patience.view());
                self.case
                    .differ("an answer to ignore", happened, &trouble.advice(&[]))
            }
        }
    }

    // ---- reading

    /// Fails unless exactly these bytes come next.
    #[track_caller]
    pub fn expect(&mut self, expected: impl AsRef<[u8]>, better: &[On]) {
        let expected = expected.as_ref();
        let (got, trouble) = self.collect(
            |got| got.len() >= expected.len() || !expected.starts_with(got),
            expected.len(),
        );
        let trouble = match trouble {
            None if got == expected => return,
            None => Trouble::Wrong,
            Some(trouble) => trouble,
        };
        self.fail(&view_bytes(expected), &got, &trouble, better);
    }

    /// The bytes up to the next newline, without it.
    #[track_caller]
    pub fn read_line(&mut self, better: &[On]) -> String {
        let (mut got, trouble) = self.collect(|got| got.last() == Some(&b'\n'), 1);
        if let Some(trouble) = trouble {
            self.fail("a line", &got, &trouble, better);
        }
        got.pop();
        match String::from_utf8(got) {
            Ok(line) => line,
            Err(error) => self.fail("a line of text", error.as_bytes(), &Trouble::Wrong, better),
        }
    }

    /// Exactly this many bytes.
    #[track_caller]
    pub fn read_exactly(&mut self, count: usize, better: &[On]) -> Vec<u8> {
        let (got, trouble) = self.collect(|got| got.len() >= count, count);
        match trouble {
            None => got,
            Some(trouble) => self.fail(&format!("{count} bytes"), &got, &trouble, better),
        }
    }

    /// Everything until the other side ends the connection.
    #[track_caller]
    pub fn read_to_end(&mut self, better: &[On]) -> Vec<u8> {
        let (got, trouble) = self.collect(|_| false, 4096);
        match trouble {
            Some(Trouble::Closed) => got,
            Some(trouble) => self.fail(
                "bytes, and then the end of the connection",
                &got,
                &trouble,
                better,
            ),
            None => unreachable!("collecting goes on until there is trouble"),
        }
    }

    /// Fails unless the other side has nothing more to say and ends the connection.
    #[track_caller]
    pub fn expect_end(&mut self, better: &[On]) {
        let (got, trouble) = self.collect(|got| !got.is_empty(), 4096);
        let trouble = match trouble {
            Some(Trouble::Closed) => return,
            Some(trouble) => trouble,
            None => Trouble::Extra,
        };
        self.fail("the end of the connection", &got, &trouble, better);
    }

    /// Fails unless the other side has ended the connection, politely or not.
    ///
    /// A server that closes while bytes of the client are still unread causes a reset on most
    /// systems. Where the check sends more than the server wants, both are right.
    #[track_caller]
    pub fn expect_gone(&mut self, better: &[On]) {
        let (got, trouble) = self.collect(|got| !got.is_empty(), 4096);
        match trouble {
            Some(Trouble::Closed | Trouble::Reset) => {}
            Some(trouble) => self.fail("the end of the connection", &got, &trouble, better),
            None => self.fail("the end of the connection", &got, &Trouble::Extra, better),
        }
    }

    /// Reads, at most `at_once` bytes a time, until `enough` says so or something happens.
    /// The end of the connection is reported as [`Trouble::Closed`].
    fn collect(
        &mut self,
        enough: impl Fn(&[u8]) -> bool,
        at_once: usize,
    ) -> (Vec<u8>, Option<Trouble>) {
        let until = Instant::now() + self.patience;
        let mut got = Vec::new();
        let mut buf = vec![0; at_once.max(1)];
        while got.is_empty() || !enough(&got) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return (got, Some(Trouble::Silence));
            }
            // Never more than is wanted: what follows belongs to the next expectation.
            let want = if at_once > 1 {
                buf.len().saturating_sub(got.len()).max(1)
            } else {
                1
            };
            let read = self
                .stream
                .set_read_timeout(Some(left))
                .and_then(|()| self.stream.read(&mut buf[..want]));
            match read {
                Ok(0) => return (got, Some(Trouble::Closed)),
                Ok(n) => got.extend_from_slice(&buf[..n]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return (got, Some(Trouble::from_io(error))),
            }
        }
        (got, None)
    }

    #[track_caller]
    fn fail(&self, expected: &str, got: &[u8], trouble: &Trouble, better: &[On]) -> ! {
        let happened = trouble.happened(&self.patience.view());
        let answer = match (got.is_empty(), happened.is_empty()) {
            (true, _) => happened,
            (false, true) => view_bytes(got),
            (false, false) => format!("{}, then {happened}", view_bytes(got)),
        };
        self.case.differ(expected, answer, &trouble.advice(better))
    }
}

/// A port where the check plays the server.
pub struct Listening<'c> {
    case: &'c Case,
    listener: TcpListener,
}

impl<'c> Listening<'c> {
    pub(crate) fn new(case: &'c Case, listener: TcpListener) -> Self {
        Listening { case, listener }
    }

    /// Returns the address to connect to.
    pub fn addr(&self) -> SocketAddr {
        local_addr(&self.listener)
    }

    /// The next client; fails in words if none comes in time.
    #[track_caller]
    pub fn accept(&self, better: &[On]) -> Peer<'c> {
        let until = Instant::now() + PATIENCE;
        // The standard library has no `accept` with a timeout, so this one asks again and again.
        let _ = self.listener.set_nonblocking(true);
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    // On some systems the connection inherits the setting of the listener.
                    let _ = stream.set_nonblocking(false);
                    return Peer::new(self.case, stream);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => self.case.differ(
                    "a connection from you",
                    error.view(),
                    &Trouble::from_io(error).advice(better),
                ),
            }
            if Instant::now() >= until {
                self.case.differ(
                    "a connection from you",
                    format!("nobody called for {}", PATIENCE.view()),
                    &Trouble::Silence.advice(better),
                );
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}
