//! A wire between a client and a Redis that breaks at the worst moment, on purpose.
//!
//! Loopback is too good to learn from: commands run, replies come. Here a [`Rule`] sees each command
//! before it goes on and each reply before it goes back, may wait as long as it likes, and may cut the
//! connection. So what happens once a year happens in every run.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// The longest command and the longest reply that go through. It is for lessons, not for films.
const LONGEST: usize = 16 * 1024 * 1024;
/// Arrays in arrays. A reply of Redis has two at most.
const DEEPEST: usize = 8;

/// One command on its way to Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Which connection it came on: 1, 2, 3, ... in the order in which they were made.
    pub connection: usize,
    /// Which command of its connection it is: 1, 2, 3, ...
    pub number: usize,
    /// Its words: the name in capital letters, then the arguments, as text.
    pub words: Vec<String>,
}

/// What becomes of a command or a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// It goes on.
    Pass,
    /// It is thrown away, and its connection is cut.
    Cut,
}

/// Who decides. A client's words about itself (`HELLO`, `CLIENT`) always pass, and are not counted.
pub trait Rule: Send + Sync + 'static {
    /// A command has come. With [`Act::Cut`] it never runs.
    fn command(&self, command: &Command) -> impl Future<Output = Act> + Send {
        let _ = command;
        async { Act::Pass }
    }

    /// The command has run, and this is the reply. With [`Act::Cut`] nobody learns of it.
    fn reply(&self, command: &Command, reply: &[u8]) -> impl Future<Output = Act> + Send {
        let _ = (command, reply);
        async { Act::Pass }
    }
}

/// A running wire. It ends, and cuts all connections, when this is dropped.
#[derive(Debug)]
pub struct Wire {
    addr: SocketAddr,
    made: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Wire {
    /// A wire to the Redis at `to`.
    ///
    /// # Errors
    /// If there is no free port.
    pub async fn start(to: SocketAddr, rule: impl Rule) -> io::Result<Wire> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (addr, rule) = (listener.local_addr()?, Arc::new(rule));
        let made = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&made);
        let task = tokio::spawn(async move {
            // They end with this task.
            let mut lines = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let connection = count.fetch_add(1, Ordering::SeqCst) + 1;
                let rule = Arc::clone(&rule);
                lines.spawn(async move {
                    // However it ends, both ends see a closed connection; that is all that there is to tell.
                    let _ = line(client, to, connection, &*rule).await;
                });
            }
        });
        Ok(Wire { addr, made, task })
    }

    /// Where clients connect.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// How many connections were made so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.made.load(Ordering::SeqCst)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One connection: a command, its reply, the next command.
async fn line(
    mut client: TcpStream,
    to: SocketAddr,
    connection: usize,
    rule: &impl Rule,
) -> io::Result<()> {
    let mut redis = TcpStream::connect(to).await?;
    // Small pieces at once: otherwise the wire would be slower than what it shows.
    client.set_nodelay(true)?;
    redis.set_nodelay(true)?;
    let (mut asked, mut answered) = (Vec::new(), Vec::new());
    let mut number = 0;
    while let Some(request) = next(&mut client, &mut asked).await? {
        let words = words(&request);
        let about_itself = words.first().is_some_and(|name| {
            name.eq_ignore_ascii_case("HELLO") || name.eq_ignore_ascii_case("CLIENT")
        });
        number += usize::from(!about_itself);
        let command = Command {
            connection,
            number,
            words,
        };
        if !about_itself && rule.command(&command).await == Act::Cut {
            break;
        }
        redis.write_all(&request).await?;
        let Some(reply) = next(&mut redis, &mut answered).await? else {
            break;
        };
        if !about_itself && rule.reply(&command, &reply).await == Act::Cut {
            break;
        }
        client.write_all(&reply).await?;
    }
    Ok(())
}

/// The next whole value of RESP, `None` at the end.
async fn next(stream: &mut TcpStream, held: &mut Vec<u8>) -> io::Result<Option<Vec<u8>>> {
    loop {
        if let Some(length) = length(held, DEEPEST)? {
            let rest = held.split_off(length);
            return Ok(Some(std::mem::replace(held, rest)));
        }
        if held.len() > LONGEST || stream.read_buf(held).await? == 0 {
            return Ok(None);
        }
    }
}

/// How long the value is that `bytes` begin with; `None` while it is not whole. RESP2, and the parts of
/// RESP3 that replies of these lessons have.
fn length(bytes: &[u8], deeper: usize) -> io::Result<Option<usize>> {
    let Some(end) = bytes.windows(2).position(|pair| pair == b"\r\n") else {
        return Ok(None);
    };
    let after = end + 2;
    let (kind, rest) = (bytes[0], &bytes[1.min(end)..end]);
    let count = || {
        let number = std::str::from_utf8(rest).ok().and_then(|n| n.parse().ok());
        let number: i64 = number.ok_or_else(|| io::Error::other("no number after the sign"))?;
        // -1 is "nothing".
        usize::try_from(number.max(-1) + 1).map_err(io::Error::other)
    };
    let values = match kind {
        b'$' | b'=' | b'!' => {
            let count = count()?;
            let whole = after + if count == 0 { 0 } else { count + 1 };
            return Ok((bytes.len() >= whole).then_some(whole));
        }
        b'*' | b'~' | b'>' => count()?.saturating_sub(1),
        b'%' => count()?.saturating_sub(1).saturating_mul(2),
        _ => return Ok(Some(after)),
    };
    let deeper = deeper.checked_sub(1);
    let deeper = deeper.ok_or_else(|| io::Error::other("arrays in arrays in arrays"))?;
    let mut whole = after;
    for _ in 0..values {
        match length(&bytes[whole..], deeper)? {
            Some(length) => whole += length,
            None => return Ok(None),
        }
    }
    Ok(Some(whole))
}

/// The words of a whole request, as text; none if it is no array.
fn words(request: &[u8]) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = skip_line(request);
    while rest.first() == Some(&b'$') {
        let Ok(Some(length)) = length(rest, 1) else {
            break;
        };
        let (word, others) = rest.split_at(length);
        let word = skip_line(word);
        let word = word.strip_suffix(b"\r\n").unwrap_or(word);
        words.push(String::from_utf8_lossy(word).into_owned());
        rest = others;
    }
    if let Some(name) = words.first_mut() {
        name.make_ascii_uppercase();
    }
    words
}

fn skip_line(bytes: &[u8]) -> &[u8] {
    let end = bytes.windows(2).position(|pair| pair == b"\r\n");
    end.map_or(&[], |end| &bytes[end + 2..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_measured() {
        for whole in [
            &b"+OK\r\n"[..],
            b"-ERR no\r\n",
            b":7\r\n",
            b"$-1\r\n",
            b"*-1\r\n",
            b"_\r\n",
            b"$0\r\n\r\n",
            b"$9\r\ntwo\r\nline\r\n",
            b"*2\r\n$1\r\na\r\n*1\r\n:1\r\n",
            b"%1\r\n+a\r\n:1\r\n",
        ] {
            for cut in 0..whole.len() {
                assert_eq!(length(&whole[..cut], DEEPEST).unwrap(), None);
            }
            let more = [whole, b"+more\r\n"].concat();
            assert_eq!(length(&more, DEEPEST).unwrap(), Some(whole.len()));
        }
        assert!(length(b"*x\r\n", DEEPEST).is_err());
        assert!(length(&b"*1\r\n".repeat(20), DEEPEST).is_err());
    }

    #[test]
    fn words_are_read() {
        let request = b"*3\r\n$3\r\nset\r\n$1\r\nk\r\n$4\r\n\r\n\r\n\r\n";
        assert_eq!(words(request), ["SET", "k", "\r\n\r\n"]);
        assert!(words(b"PING\r\n").is_empty());
    }
}
