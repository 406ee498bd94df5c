//! `cluster etcd`: three real etcds on 127.0.0.1, on three ports each.

mod watch;

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result, bail};
use lexopt::prelude::*;
use services::testkit::etcd::{KIND, Member, find};

use super::{Lab as _, choose, kill};
use crate::ports;
use watch::Lab;

/// What the three are called.
const NAMES: [&str; 3] = ["etcd01", "etcd02", "etcd03"];
/// Where etcd itself serves clients.
const CLIENT: u16 = 2379;

pub const HELP: &str = "\
Usage: cargo workbook services cluster etcd [--port N] [--kill-leader]

Three real etcds on 127.0.0.1 that are one cluster: etcd01, etcd02 and etcd03. It prints where they
are and what to try in another terminal, and tells with times what happens to them: who leads, who
fails, who is back. Type 1, 2 or 3 and Enter to start one again that has ended. Ctrl-C ends all three.

  --port N       the port for clients of etcd01, 2379 by default; those of the others are 1000 and
                 2000 above. Between each other they use N+1, N+2 and N+3. Without it, and if
                 something listens there: 2389, 2399 ...
  --kill-leader  do the experiment: kill the leader, watch the election, start it again, print the
                 times, end

What they keep is forgotten in the end. $ETCD_BIN names another etcd than the one on the PATH.

Example: cargo workbook services cluster etcd --kill-leader
";

/// Runs it to its end.
pub async fn run(mut arguments: lexopt::Parser) -> Result<()> {
    let (mut port, mut kill_leader) = (None, false);
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("port") => port = Some(arguments.value()?.parse()?),
            Long("kill-leader") => kill_leader = true,
            other => return Err(other.unexpected().into()),
        }
    }
    if port.is_some_and(|port| members(port).is_none()) {
        bail!("--port is 1024 to 63535");
    }
    if find().is_none() {
        bail!("{}", KIND.missing());
    }
    let members = choose(port, CLIENT, members, taken)?;
    let mut lab = Lab::new(&members)?;
    for (place, name) in NAMES.into_iter().enumerate() {
        let etcd = &mut lab.etcds[place];
        let program = etcd.program().display().to_string();
        etcd.run()
            .with_context(|| format!("cannot start {program}"))?;
        let (addr, pid) = (etcd.addr(), etcd.id());
        lab.say(&format!("{name} is started on {addr} (process {pid})"));
    }
    lab.become_whole().await?;
    if kill_leader {
        return kill::run(&mut lab).await;
    }
    introduce(&lab, &members);
    lab.watch().await
}

/// The three, with the distances between their ports that the course notes have.
fn members(port: u16) -> Option<[Member; 3]> {
    port.checked_add(2000).filter(|_| port >= 1024)?;
    let member = |place: u16| Member {
        name: NAMES[usize::from(place)].to_owned(),
        client: port + 1000 * place,
        peer: port + 1 + place,
    };
    Some([0, 1, 2].map(member))
}

/// The first port of these that is not free, and why.
fn taken(members: &[Member; 3]) -> Option<(SocketAddr, std::io::Error)> {
    let all = members
        .iter()
        .flat_map(|member| [member.client, member.peer]);
    let ip = Ipv4Addr::LOCALHOST.into();
    let mut all = all.map(|port| (SocketAddr::new(ip, port), ports::tcp(ip, port)));
    all.find_map(|(addr, free)| Some((addr, free.err()?)))
}

fn introduce(lab: &Lab, members: &[Member; 3]) {
    say!("\nA cluster of three etcds:\n");
    say!("  name    process  clients         other members");
    for (etcd, member) in lab.etcds.iter().zip(members) {
        let leads = match lab.leader {
            Some(place) if NAMES[place] == member.name => "   leads",
            _ => "",
        };
        let peer = format!("127.0.0.1:{}", member.peer);
        say!(
            "  {}  {:<7}  {}  {peer}{leads}",
            member.name,
            etcd.id(),
            etcd.addr()
        );
    }
    let all = lab
        .etcds
        .each_ref()
        .map(|etcd| etcd.addr().to_string())
        .join(",");
    let leader = lab.leader.unwrap_or(0);
    let pid = lab.etcds[leader].id();
    say!("\nIn another terminal:\n");
    say!("  etcdctl --endpoints={all} endpoint status --write-out=table");
    say!("  etcdctl --endpoints={all} watch --prefix /micro/registry/");
    say!("  kill -9 {pid}      the leader crashes; the election is told here");
    say!("\nServices and callers get --registry=etcd --registry_address={all}");
    say!("Here: 1, 2 or 3 and Enter starts one again that has ended. Ctrl-C ends all.\n");
}

#[cfg(test)]
mod tests {
    use super::members;

    #[test]
    fn the_ports_are_those_of_the_notes() {
        let members = members(2379).unwrap();
        let ports = members.map(|member| (member.client, member.peer));
        assert_eq!(ports, [(2379, 2380), (3379, 2381), (4379, 2382)]);
        assert!(super::members(1023).is_none());
        assert!(super::members(63_536).is_none());
    }
}
