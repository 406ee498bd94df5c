//! Server and client on `std::net`. Every call blocks its thread until it is done, so a program that does
//! two things at once needs two threads: one accepts, and each conversation has one of its own.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use crate::limit::{ConnectionLimit, Permit};
use crate::protocol::{self, Ended, Event, Lines, Refusal, Settings, reply};

/// Serves clients until something is sent on `shutdown` or its sender is dropped.
///
/// The listener is an argument: the caller decides about the port, and a test takes a free one.
///
/// # Errors
/// If the listener itself breaks. What happens to one client is no error of the server.
// ANCHOR: serve
pub fn serve(
    listener: TcpListener,
    settings: Settings,
    shutdown: mpsc::Receiver<()>,
) -> io::Result<()> {
    let addr = listener.local_addr()?;
    let limit = ConnectionLimit::new(settings.max_clients);
    let watched = Arc::clone(&limit);
    thread::spawn(move || {
        watched.watch(&shutdown);
        // The thread below is blocked in `accept`; one last connection ends that.
        let _ = TcpStream::connect(connectable(addr));
    });
    loop {
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) => {
                pause_after(error)?;
                continue;
            }
        };
        if limit.is_closed() {
            limit.wait_until_empty();
            return Ok(());
        }
        match limit.acquire(stream) {
            Ok(permit) => {
                let conversation = move || serve_client(&permit, settings);
                // If no thread can be started, the permit is dropped with the closure,
                // and that closes the connection.
                drop(thread::Builder::new().spawn(conversation));
            }
            Err(mut stream) => {
                (settings.observe)(Event::Refused(Refusal::Full));
                let _ = stream.write_all(Refusal::Full.line().as_bytes());
            }
        }
    }
}
// ANCHOR_END: serve

/// One client, from its first byte to its last. Its errors end here: they concern no other client.
fn serve_client(permit: &Permit, settings: Settings) {
    if let Err(Ended::Refused(refusal)) = converse(permit, settings) {
        (settings.observe)(Event::Refused(refusal));
        let _ = refuse(permit, refusal);
    }
}

/// The conversation: lines in, answers out, until the client has finished.
// ANCHOR: converse
fn converse(permit: &Permit, settings: Settings) -> Result<(), Ended> {
    let mut stream = permit.stream();
    // Otherwise a client that never reads its answers blocks `write_all` without limit.
    stream.set_write_timeout(Some(settings.line_timeout))?;
    let mut lines = Lines::new(settings.max_line);
    let mut buf = [0; 1024];
    permit.set_deadline(settings.line_timeout);
    loop {
        let n = stream.read(&mut buf)?;
        if n == 0 {
            return ended(permit, settings, &lines);
        }
        (settings.observe)(Event::Read(&buf[..n]));
        lines.push(&buf[..n]);
        // One read may hold half a line or three lines. Only a whole one gets a new deadline.
        while let Some(name) = lines.next_line()? {
            stream.write_all(reply(&name).as_bytes())?;
            permit.set_deadline(settings.line_timeout);
        }
    }
}

/// What 0 bytes mean depends on which side ended the connection, and at which byte.
fn ended(permit: &Permit, settings: Settings, lines: &Lines) -> Result<(), Ended> {
    if permit.timed_out() {
        return Err(Refusal::TooSlow.into());
    }
    (settings.observe)(Event::Finished);
    if lines.is_empty() {
        Ok(())
    } else {
        Err(Refusal::Unfinished.into())
    }
}
// ANCHOR_END: converse

/// Sends the reason and closes the connection. Closing one with unread bytes resets it, and the reset may
/// reach the client before the reason; so what is left is read for a moment and thrown away.
fn refuse(permit: &Permit, refusal: Refusal) -> io::Result<()> {
    let mut stream = permit.stream();
    stream.write_all(refusal.line().as_bytes())?;
    stream.shutdown(Shutdown::Write)?;
    permit.set_deadline(protocol::LINGER);
    let mut rest = stream.take(protocol::LINGER_BYTES);
    io::copy(&mut rest, &mut io::sink())?;
    Ok(())
}

/// Most errors of `accept` are about one client that gave up, or pass: without a free file handle
/// the server goes on with its clients. Then a pause keeps it from spinning. The others end it.
fn pause_after(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::NotConnected => Err(error),
        _ => {
            thread::sleep(Duration::from_millis(10));
            Ok(())
        }
    }
}

/// An address to connect to: "all addresses of this machine" is one to listen on only.
fn connectable(mut addr: SocketAddr) -> SocketAddr {
    if addr.ip().is_unspecified() {
        addr.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    addr
}

// ANCHOR: client
/// A connection to a greeting server.
#[derive(Debug)]
pub struct Client {
    reader: BufReader<TcpStream>,
}

impl Client {
    /// Connects. Each read waits `timeout` at most.
    ///
    /// # Errors
    /// If no server listens there, or the system refuses.
    pub fn connect(addr: SocketAddr, timeout: Duration) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&addr, timeout)?;
        stream.set_read_timeout(Some(timeout))?;
        stream.set_write_timeout(Some(timeout))?;
        // Small requests that wait for an answer gain nothing from being collected.
        stream.set_nodelay(true)?;
        Ok(Client {
            reader: BufReader::new(stream),
        })
    }

    /// The greeting call: sends a name and returns the answer.
    ///
    /// # Errors
    /// `InvalidInput` for a name that is no line, `TimedOut` if no byte came for too long,
    /// `UnexpectedEof` if the server ended the connection without an answer, `InvalidData` for an
    /// answer that is no text.
    pub fn greet(&mut self, name: &str) -> io::Result<String> {
        let request = protocol::request(name)?;
        let mut answer = Vec::new();
        let limit = protocol::ANSWER_LIMIT as u64;
        self.reader
            .get_mut()
            .write_all(request.as_bytes())
            .and_then(|()| {
                let mut reader = self.reader.by_ref().take(limit);
                reader.read_until(b'\n', &mut answer)
            })
            .map_err(timed_out)?;
        protocol::answer(answer)
    }

    /// Closes the sending side, and waits until the server has closed as well.
    ///
    /// # Errors
    /// If the connection broke before that.
    pub fn finish(mut self) -> io::Result<()> {
        match self.reader.get_mut().shutdown(Shutdown::Write) {
            // The server has ended first: no connection is left to shut down.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => return Ok(()),
            other => other?,
        }
        io::copy(
            &mut self.reader.take(protocol::LINGER_BYTES),
            &mut io::sink(),
        )?;
        Ok(())
    }
}
// ANCHOR_END: client

/// A read that waited too long is `WouldBlock` on Unix and `TimedOut` on Windows.
fn timed_out(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock => {
            io::Error::new(io::ErrorKind::TimedOut, "no answer came in time")
        }
        _ => error,
    }
}
