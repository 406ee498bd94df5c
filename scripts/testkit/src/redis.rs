//! The real Redis: found, started on a port of 127.0.0.1, ready before `start` returns, and gone with
//! this process, however that ends. It can be killed and started again; it writes nothing to a disk, so
//! it comes back empty, as a cache does.
//!
//! ```no_run
//! let redis = testkit::redis::Redis::start()?;
//! println!("redis-cli -p {}", redis.addr().port());
//! # Ok::<(), testkit::server::Trouble>(())
//! ```

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::scratch::free_port;
use crate::server::{Kind, Server, Trouble, again, is_a_server};

/// The real Redis. It needs a few milliseconds to start; a busy machine, more.
pub static KIND: Kind = Kind {
    name: "Redis",
    variable: "REDIS_BIN",
    program: "redis-server",
    tool: "",
    advice: "on Debian and Ubuntu `sudo apt-get install redis-server` brings it; elsewhere install it so \
             that `redis-server --version` works, or set $REDIS_BIN to it",
    unready: "does not answer",
    patience: Duration::from_secs(30),
};

/// The program: `$REDIS_BIN`, else `redis-server` on the PATH.
pub fn find() -> Option<PathBuf> {
    KIND.find()
}

/// Why lessons 15 and 16 cannot use this one, in words: `SET` with both `NX` and `GET` came with 7.0, and
/// Ubuntu 22.04 has 6.0. `None` if they can, and for a program that names its version in another way.
pub fn too_old(program: &Path) -> Option<String> {
    let said = Command::new(program).arg("--version").output().ok()?;
    let said = String::from_utf8_lossy(&said.stdout);
    let number = said
        .split_whitespace()
        .find_map(|word| word.strip_prefix("v="))?;
    let major: u32 = number.split('.').next()?.parse().ok()?;
    (major < 7).then(|| format!("the real Redis here is {number}, and lessons need 7.0"))
}

/// The options of a Redis.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    port: Option<u16>,
    arguments: Vec<String>,
}

impl Setup {
    /// An empty one.
    pub fn new() -> Self {
        Setup::default()
    }

    /// Listens on this port instead of a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// One more argument for `redis-server`, as `--maxmemory`; it wins against ours.
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_string());
        self
    }

    /// Starts it, and returns when it answers.
    ///
    /// # Errors
    /// If it is missing, ends, or does not answer in time.
    pub fn start(&self) -> Result<Redis, Trouble> {
        again(|| {
            let mut redis = Redis {
                program: find().ok_or(Trouble::Missing(&KIND))?,
                port: self.port.map_or_else(free_port, Ok)?,
                arguments: self.arguments.clone(),
                server: Server::new(&KIND)?,
            };
            redis.start_again()?;
            Ok(redis)
        })
    }
}

/// A Redis. It ends when this is dropped.
pub struct Redis {
    program: PathBuf,
    port: u16,
    arguments: Vec<String>,
    server: Server,
}

is_a_server!(Redis);

impl Redis {
    /// An empty one on a free port.
    ///
    /// # Errors
    /// See [`Setup::start`].
    pub fn start() -> Result<Self, Trouble> {
        Setup::new().start()
    }

    /// Starts it again after [`kill`](Self::kill), on the same port and empty, and waits until it
    /// answers.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_again(&mut self) -> Result<(), Trouble> {
        let mut command = Command::new(&self.program);
        command.args(["--bind", "127.0.0.1", "--port", &self.port.to_string()]);
        // Nothing on a disk: no snapshot, no log of commands.
        command.args(["--save", "", "--appendonly", "no"]);
        command.arg("--dir").arg(self.server.folder());
        command.args(&self.arguments);
        self.server.run(&mut command)?;
        let addr = self.addr();
        self.server.wait(|| ping(addr).unwrap_or(false))
    }

    /// Returns the address.
    pub fn addr(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }
}

/// Returns whether a Redis answers there.
fn ping(addr: SocketAddr) -> io::Result<bool> {
    let mut stream = TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"PING\r\n")?;
    let mut answer = [0; 7];
    stream.read_exact(&mut answer)?;
    Ok(answer == *b"+PONG\r\n")
}
