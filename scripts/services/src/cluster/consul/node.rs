//! One server of the cluster: its addresses, its process, and what it believes.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use services::testkit::consul::KIND;
use services::testkit::server::Server;

use crate::http;
use crate::ports;

/// What the three are called.
pub const NAMES: [&str; 3] = ["one", "two", "three"];

/// The ports of one server. They keep the distances that Consul's own have.
#[derive(Debug, Clone, Copy)]
pub struct Ports {
    /// The HTTP API: 8500.
    pub http: u16,
    /// DNS: 8600.
    pub dns: u16,
    /// Between servers: 8300.
    pub server: u16,
    /// Gossip between all nodes: 8301.
    pub serf: u16,
}

impl Ports {
    /// Those around `http`.
    pub fn around(http: u16) -> Option<Self> {
        Some(Self {
            http,
            dns: http.checked_add(100)?,
            server: http.checked_sub(200).filter(|port| *port > 1023)?,
            serf: http.checked_sub(199)?,
        })
    }

    /// The first that is not free on `ip`, and why. DNS may be missing.
    pub fn taken(self, ip: IpAddr) -> Option<(SocketAddr, io::Error)> {
        let tcp = [self.http, self.server, self.serf];
        let tcp = tcp.map(|port| (port, ports::tcp(ip, port)));
        let udp = [(self.serf, ports::udp(ip, self.serf))];
        tcp.into_iter()
            .chain(udp)
            .find_map(|(port, free)| Some((SocketAddr::new(ip, port), free.err()?)))
    }
}

/// How the three talk to each other.
pub struct Wiring {
    /// The Consul to run.
    pub program: PathBuf,
    /// The same for all three.
    pub ports: Ports,
    /// `raft_multiplier`: how patient a server is before it wants a new leader.
    pub raft_multiplier: u8,
}

/// One server of the cluster. Its process and its folder go with this value.
pub struct Node {
    /// `one`, `two` or `three`.
    pub name: &'static str,
    /// 127.0.0.1, 2 or 3.
    pub ip: IpAddr,
    /// Its number in the system.
    pub pid: u32,
    /// Whether it answers DNS.
    pub dns: bool,
    place: usize,
    server: Server,
}

impl Node {
    /// The server at `place`, 0 to 2. It does not run yet.
    pub fn new(place: usize, ports: Ports) -> io::Result<Self> {
        let name = NAMES[place];
        let ip = address(place);
        Ok(Self {
            name,
            ip,
            pid: 0,
            dns: ports::tcp(ip, ports.dns).is_ok() && ports::udp(ip, ports.dns).is_ok(),
            place,
            server: Server::new(&KIND)?,
        })
    }

    /// Where its HTTP API is.
    pub fn http(&self, ports: Ports) -> SocketAddr {
        SocketAddr::new(self.ip, ports.http)
    }

    /// Starts its process, with what it has kept if it ran before.
    pub fn start(&mut self, wiring: &Wiring) -> io::Result<()> {
        let Ports {
            http,
            dns,
            server,
            serf,
        } = wiring.ports;
        let mut command = Command::new(&wiring.program);
        command.args(["agent", "-server", "-ui", "-bootstrap-expect=3"]);
        command.arg(format!("-node={}", self.name));
        command.arg(format!("-bind={0}", self.ip));
        command.arg(format!("-client={0}", self.ip));
        command.arg(format!("-http-port={http}"));
        command.arg(format!("-server-port={server}"));
        command.arg(format!("-serf-lan-port={serf}"));
        command.arg("-serf-wan-port=-1");
        match self.dns {
            true => command.arg(format!("-dns-port={dns}")),
            false => command.arg("-dns-port=-1"),
        };
        // Not itself: an agent that reaches itself believes that it has joined. And both others, so
        // that each of the three can come back after any other has gone.
        for other in (0..NAMES.len()).filter(|other| *other != self.place) {
            command.arg(format!("-retry-join={}:{serf}", address(other)));
        }
        command.arg("-retry-interval=1s");
        command
            .arg("-data-dir")
            .arg(self.server.folder().join("data"));
        command.arg("-hcl").arg(format!(
            "disable_update_check = true performance {{ raft_multiplier = {} }}",
            wiring.raft_multiplier
        ));
        self.server.run(&mut command)?;
        self.pid = self.server.id();
        Ok(())
    }

    /// Whether its process runs.
    pub fn runs(&self) -> bool {
        self.server.runs()
    }

    /// How its process has ended; told once.
    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        self.server.has_ended()
    }

    /// Ends it as a crash would. [`has_ended`](Self::has_ended) tells when it is gone.
    pub fn kill(&mut self) {
        self.server.kill();
    }

    /// The last things that it has logged.
    pub fn last_words(&self) -> String {
        self.server.last_words()
    }
}

fn address(place: usize) -> IpAddr {
    let last = u8::try_from(place + 1).unwrap_or(u8::MAX);
    IpAddr::from([127, 0, 0, last])
}

/// What a server believes at one moment.
#[derive(Debug, Default, Clone)]
pub struct Belief {
    /// The place of the leader; `None`: there is none.
    pub leader: Option<usize>,
    /// How it sees each of the three.
    pub members: [Option<Member>; 3],
}

/// How the gossip sees a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Member {
    /// It answers.
    Alive,
    /// It has said that it goes.
    Leaving,
    /// It has gone, and said so.
    Left,
    /// It has stopped to answer.
    Failed,
}

/// Asks the server at `http`; `None` if it gives no answer.
pub async fn belief(http: SocketAddr, ports: Ports) -> Option<Belief> {
    const PATIENCE: Duration = Duration::from_secs(2);
    let get = async |path| {
        let answer = http::ask(http, "GET", path, "", PATIENCE).await.ok()?;
        http::json(&answer)
    };
    let (leader, members) = tokio::join!(get("/v1/status/leader"), get("/v1/agent/members"));
    let leader = leader?;
    let leader = leader.as_str().unwrap_or_default();
    let mut belief = Belief {
        leader: (0..NAMES.len())
            .find(|place| leader == SocketAddr::new(address(*place), ports.server).to_string()),
        ..Belief::default()
    };
    for member in members?.as_array()? {
        let place = NAMES.iter().position(|name| member["Name"] == *name)?;
        belief.members[place] = match member["Status"].as_u64() {
            Some(1) => Some(Member::Alive),
            Some(2) => Some(Member::Leaving),
            Some(3) => Some(Member::Left),
            Some(4) => Some(Member::Failed),
            _ => None,
        };
    }
    Some(belief)
}

#[cfg(test)]
mod tests {
    use super::Ports;

    #[test]
    fn ports_keep_the_distances_of_consuls_own() {
        let ports = Ports::around(8500).unwrap();
        assert_eq!((ports.dns, ports.server, ports.serf), (8600, 8300, 8301));
        assert!(Ports::around(65_500).is_none());
        assert!(Ports::around(1000).is_none());
    }
}
