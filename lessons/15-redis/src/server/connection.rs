//! One connection: reads requests, answers them in their order, and bounds what it may hold.
//!
//! All requests that have come are answered before the answers go out, in one write: that is what makes a
//! pipeline cheap. But answers never pile up. Beyond [`FLUSH`] bytes they are written before the next
//! request is looked at, and while the client does not read them nothing more of its requests is read
//! either: the system's buffers fill, and the client has to wait.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout, timeout_at};

use super::session::Session;
use super::state::Shared;
use crate::resp::{Requests, Value};

/// So much is read at once.
const READ: usize = 16 * 1024;
/// Answers beyond this are written before the next request is done.
const FLUSH: usize = 64 * 1024;
/// How long, and for how many bytes, a connection that ends waits for what the client still sends.
const LINGER: (Duration, usize) = (Duration::from_millis(200), 1024 * 1024);

/// A connection with all that the server holds for it. Dropped, it has left nothing behind, also if
/// its task was cut or panicked.
#[derive(Debug)]
pub struct Connection {
    shared: Arc<Shared>,
    stream: TcpStream,
    session: Session,
    requests: Requests,
    out: Vec<u8>,
    counted: usize,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    /// Makes the connection of a client that has a permit.
    pub fn new(shared: Arc<Shared>, stream: TcpStream, place: OwnedSemaphorePermit) -> Self {
        let id = shared.clients.fetch_add(1, Ordering::Relaxed) + 1;
        let bulk = shared.config.max_bulk;
        Connection {
            shared,
            stream,
            session: Session::new(id),
            requests: Requests::new(bulk),
            out: Vec::new(),
            counted: 0,
            _place: place,
        }
    }

    /// Serves it until one of the two ends it, or it breaks, or takes too long or too much.
    pub async fn serve(mut self) -> io::Result<()> {
        // Small answers that wait for each other's acknowledgements would cost 40 ms each.
        self.stream.set_nodelay(true)?;
        let mut incomplete_since = None;
        while !self.session.closing {
            if !self.read(incomplete_since).await? {
                return Ok(());
            }
            let done = self.answer_all().await?;
            self.flush().await?;
            // The time of a request runs from its first byte: a byte a minute is no progress.
            if !self.requests.is_incomplete() {
                incomplete_since = None;
            } else if done || incomplete_since.is_none() {
                incomplete_since = Some(Instant::now());
            }
        }
        self.leave().await
    }

    /// Waits for bytes. A client that is silent between two requests may stay, as in Redis: pools of
    /// connections need that. One that stops in the middle of a request may not. Whether there
    /// were any.
    async fn read(&mut self, incomplete_since: Option<Instant>) -> io::Result<bool> {
        loop {
            let readable = self.stream.readable();
            match incomplete_since {
                None => readable.await?,
                Some(since) => timeout_at(since + self.shared.config.timeout, readable).await??,
            }
            // Only now is memory taken: ten thousand idle clients need no buffers.
            let space = self.requests.space();
            space.reserve(READ);
            match self.stream.try_read_buf(space) {
                // It only looked readable; that wait has the same deadline.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.requests.tidy(),
                read => return Ok(read? > 0),
            }
        }
    }

    /// Answers every request that is whole. Whether there was one.
    async fn answer_all(&mut self) -> io::Result<bool> {
        let mut any = false;
        while !self.session.closing {
            let answer = match self.next_request() {
                Ok(None) => break,
                Ok(Some(words)) => self.session.answer(&self.shared, words),
                Err(words) => {
                    // Where the next request would begin is unknown.
                    self.session.closing = true;
                    Value::error(format!("ERR Protocol error: {words}"))
                }
            };
            any = true;
            if self.session.cut || answer.size() > self.shared.config.max_answer {
                return Err(io::Error::other("an answer that is too large"));
            }
            // Behind the command: HELLO 3 is answered in RESP3 already.
            answer.encode(self.session.protocol, &mut self.out);
            // The bytes are in `out`; while the client reads them they need not be here as well.
            drop(answer);
            if self.out.len() >= FLUSH {
                self.flush().await?;
            }
        }
        self.requests.tidy();
        self.account()?;
        Ok(any)
    }

    /// The next request, by our own reader or by the one of the configuration.
    fn next_request(&mut self) -> Result<Option<Vec<Vec<u8>>>, String> {
        let Some(decode) = self.shared.config.decode else {
            return self.requests.next_request();
        };
        loop {
            let rest = self.requests.rest();
            if rest.is_empty() {
                return Ok(None);
            }
            // If it panics, that ends this task, and so this connection and no other.
            let Some((words, used)) = decode(rest)? else {
                let most = self.shared.config.max_bulk;
                return match rest.len() > most {
                    true => Err("too big request".into()),
                    false => Ok(None),
                };
            };
            if used == 0 || used > rest.len() {
                return Err(format!("a request of {used} bytes was read"));
            }
            self.requests.skip(used);
            if !words.is_empty() {
                return Ok(Some(words));
            }
        }
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.account()?;
        let mut rest = self.out.as_slice();
        while !rest.is_empty() {
            let written = timeout(self.shared.config.timeout, self.stream.write(rest));
            match written.await?? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                count => rest = rest.get(count..).unwrap_or_default(),
            }
        }
        // A large answer must not hold its room for as long as the connection lives.
        self.out.clear();
        self.out.shrink_to(READ);
        self.account()
    }

    /// Counts the bytes that this connection holds. All connections share one limit, and the one that exceeds it is
    /// closed.
    fn account(&mut self) -> io::Result<()> {
        let held = self.requests.held() + self.out.len() + self.session.held();
        if held == self.counted {
            return Ok(());
        }
        match self.shared.may_hold(&mut self.counted, held) {
            true => Ok(()),
            false => Err(io::Error::other("too much is under way")),
        }
    }

    /// Ends it after an answer. Closing at once while the client is still sending would reset the
    /// connection, and it would lose the answer that says why.
    async fn leave(mut self) -> io::Result<()> {
        self.stream.shutdown().await?;
        let until = Instant::now() + LINGER.0;
        let (mut left, mut waste) = (LINGER.1, vec![0; READ]);
        while let Ok(Ok(count @ 1..)) = timeout_at(until, self.stream.read(&mut waste)).await {
            left = match left.checked_sub(count) {
                Some(left) => left,
                None => break,
            };
        }
        Ok(())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.shared.may_hold(&mut self.counted, 0);
    }
}
