//! A connection between a client and a Redis that breaks at the worst moment, on purpose.
//!
//! On the loopback interface commands run and replies come. Here a [`Rule`] sees each command
//! before it goes on and each reply before it goes back, may wait as long as it likes, and may cut the
//! connection. So what happens once a year elsewhere happens in every run.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::decode::decode;
use crate::resp::Value;

/// The longest command and the longest reply that go through. They are small here.
const LONGEST: usize = 16 * 1024 * 1024;

/// One command on its way to Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Which connection it came on: 1, 2, 3, ... in the order in which they were made.
    pub connection: usize,
    /// Which command of its connection it is: 1, 2, 3, ...
    pub number: usize,
    /// Its words: the name in capital letters, then the arguments, as text.
    pub words: Vec<String>,
    /// Whether further bytes came with it: the client sent the next command before this one's reply.
    pub pipelined: bool,
}

/// The fate of a command or a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// It goes on.
    Pass,
    /// It is thrown away, and its connection is cut.
    Cut,
}

/// Decides what is cut. The commands that a client sends about itself (`HELLO`, `CLIENT`) always pass, and are not counted.
pub trait Rule: Send + Sync + 'static {
    /// A command has come. With [`Act::Cut`] it never runs.
    fn command(&self, command: &Command) -> impl Future<Output = Act> + Send {
        let _ = command;
        async { Act::Pass }
    }

    /// The command has run, and this is the reply. With [`Act::Cut`] the client never gets it.
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

    /// Returns the address for clients.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns the number of connections so far.
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
    while let Some((said, request)) = next(&mut client, &mut asked).await? {
        let words = words(said);
        let about_itself = words.first().is_some_and(|name| {
            name.eq_ignore_ascii_case("HELLO") || name.eq_ignore_ascii_case("CLIENT")
        });
        number += usize::from(!about_itself);
        let command = Command {
            connection,
            number,
            words,
            pipelined: !asked.is_empty(),
        };
        if !about_itself && rule.command(&command).await == Act::Cut {
            break;
        }
        redis.write_all(&request).await?;
        let Some((_, reply)) = next(&mut redis, &mut answered).await? else {
            break;
        };
        if !about_itself && rule.reply(&command, &reply).await == Act::Cut {
            break;
        }
        client.write_all(&reply).await?;
    }
    Ok(())
}

/// The next whole value of RESP and the bytes that it was, `None` at the end.
async fn next(stream: &mut TcpStream, held: &mut Vec<u8>) -> io::Result<Option<(Value, Vec<u8>)>> {
    loop {
        if let Some((value, length)) = decode(held)? {
            let rest = held.split_off(length);
            return Ok(Some((value, std::mem::replace(held, rest))));
        }
        if held.len() > LONGEST || stream.read_buf(held).await? == 0 {
            return Ok(None);
        }
    }
}

/// The words of a request, as text; none if it is no array of bulk strings.
fn words(request: Value) -> Vec<String> {
    let Value::Array(values) = request else {
        return Vec::new();
    };
    let mut words: Vec<String> = (values.iter())
        .filter_map(|value| match value {
            Value::Bulk(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            _ => None,
        })
        .collect();
    if let Some(name) = words.first_mut() {
        name.make_ascii_uppercase();
    }
    words
}
