//! The real etcd: found, started on ports of 127.0.0.1, ready before `start` returns, and gone with
//! this process, however that ends. One can be ended and started again, with what it has kept.
//!
//! ```no_run
//! let etcd = testkit::etcd::Etcd::start()?;
//! println!("its API is at {}", etcd.addr());
//! # Ok::<(), testkit::server::Trouble>(())
//! ```

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::scratch::free_port;
use crate::server::{Kind, Server, Trouble, again, get, is_a_server};

/// The real etcd. It needs about two seconds to elect itself; a busy machine, more.
pub static KIND: Kind = Kind {
    name: "etcd",
    variable: "ETCD_BIN",
    program: "etcd",
    tool: "",
    advice: "on Debian and Ubuntu `sudo apt-get install etcd-server etcd-client` brings it; elsewhere \
             install it so that `etcd --version` works, or set $ETCD_BIN to it",
    unready: "is not healthy",
    patience: Duration::from_secs(60),
};

/// The program: `$ETCD_BIN`, else `etcd` on the PATH.
pub fn find() -> Option<PathBuf> {
    KIND.find()
}

/// One member: what it is called and where it listens, both on 127.0.0.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name in the cluster.
    pub name: String,
    /// The port for clients: 2379 where nothing else is said.
    pub client: u16,
    /// The port for the other members: 2380.
    pub peer: u16,
}

impl Member {
    /// One on free ports.
    pub fn new(name: &str) -> io::Result<Self> {
        Ok(Member {
            name: name.to_owned(),
            client: free_port()?,
            peer: free_port()?,
        })
    }

    fn peer_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.peer)
    }
}

/// An etcd. It ends when this is dropped, and what it has kept goes with it.
pub struct Etcd {
    program: PathBuf,
    member: Member,
    /// All members as `--initial-cluster` wants them.
    cluster: String,
    server: Server,
}

is_a_server!(Etcd);

impl Etcd {
    /// An etcd alone, on free ports, with nothing in it.
    ///
    /// # Errors
    /// If it is missing, ends, or is not ready within a minute.
    pub fn start() -> Result<Self, Trouble> {
        let attempt = || {
            let one = Member::new("workbook")?;
            let mut etcd = Etcd::of(std::slice::from_ref(&one), 0)?;
            etcd.run()?;
            etcd.wait_until_ready()?;
            Ok(etcd)
        };
        again(attempt)
    }

    /// Three that are one cluster, on free ports: `etcd01`, `etcd02` and `etcd03`.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn cluster() -> Result<[Self; 3], Trouble> {
        let attempt = || {
            let names = ["etcd01", "etcd02", "etcd03"];
            let members: Vec<Member> = names
                .into_iter()
                .map(Member::new)
                .collect::<Result<_, _>>()?;
            let mut all = [0, 1, 2].map(|place| Etcd::of(&members, place));
            // None is ready before two of them run.
            for etcd in all.iter_mut().flatten() {
                etcd.run()?;
            }
            let [one, two, three] = all;
            let mut all = [one?, two?, three?];
            for etcd in &mut all {
                etcd.wait_until_ready()?;
            }
            Ok(all)
        };
        again(attempt)
    }

    /// The member at `place` of a cluster of `members`. It does not run yet.
    ///
    /// # Errors
    /// If there is no etcd, or no room for its folder.
    ///
    /// # Panics
    /// If there is no such place.
    pub fn of(members: &[Member], place: usize) -> Result<Self, Trouble> {
        let all = members.iter();
        let all = all.map(|member| format!("{}={}", member.name, member.peer_url()));
        Ok(Etcd {
            program: find().ok_or(Trouble::Missing(&KIND))?,
            member: members[place].clone(),
            cluster: all.collect::<Vec<_>>().join(","),
            server: Server::new(&KIND)?,
        })
    }

    /// Starts its process, with what it has kept if it ran before, and does not wait for it.
    pub fn run(&mut self) -> io::Result<()> {
        let client = format!("http://127.0.0.1:{}", self.member.client);
        let peer = self.member.peer_url();
        let mut command = Command::new(&self.program);
        // Its own variables could send it anywhere.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("ETCD_") {
                command.env_remove(name);
            }
        }
        command.args(["--name", &self.member.name]);
        command
            .arg("--data-dir")
            .arg(self.server.folder().join("data"));
        command.args(["--listen-client-urls", &client]);
        command.args(["--advertise-client-urls", &client]);
        command.args(["--listen-peer-urls", &peer]);
        command.args(["--initial-advertise-peer-urls", &peer]);
        command.args(["--initial-cluster", &self.cluster]);
        command.args(["--initial-cluster-state", "new"]);
        // The log for people is gone in 3.5; 3.4 calls it deprecated in every first line.
        command.args(["--logger", "zap", "--log-outputs", "stderr"]);
        self.server.run(&mut command)
    }

    /// Starts it again after [`kill`](Self::kill), and waits until it answers. A member of a cluster
    /// answers only while most of them run.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_again(&mut self) -> Result<(), Trouble> {
        self.run()?;
        self.wait_until_ready()
    }

    /// Forgets all that it has kept; only while it does not run.
    pub fn wipe(&mut self) -> io::Result<()> {
        std::fs::remove_dir_all(self.server.folder().join("data"))
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.member.name
    }

    /// Returns the address for clients.
    pub fn addr(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.member.client).into()
    }

    /// Returns the path of the program.
    pub fn program(&self) -> &Path {
        &self.program
    }

    fn wait_until_ready(&mut self) -> Result<(), Trouble> {
        let addr = self.addr();
        // It is healthy when it has written something, which takes a leader.
        self.server.wait(|| {
            let answer = get(addr, "/health");
            answer.is_ok_and(|answer| answer.contains(r#""health":"true""#))
        })
    }
}
