//! `cluster consul`: three real Consul servers, each on an address of its own.

mod node;
mod watch;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use lexopt::prelude::*;
use services::testkit;

use super::{Lab as _, choose, kill};
use crate::typed;
use node::{NAMES, Node, Ports, Wiring};
use watch::Lab;

/// The port of the HTTP API that Consul itself takes.
const HTTP: u16 = 8500;

pub const HELP: &str = "\
Usage: cargo workbook services cluster consul [--port N] [--kill-leader] [--raft-multiplier N]

Three real Consul servers on 127.0.0.1, 127.0.0.2 and 127.0.0.3. It prints where they are and what
to try in another terminal, and tells with times what happens to them: who leads, who fails, who
leaves. Type 1, 2 or 3 and Enter to start a server again that has ended. Ctrl-C ends all three.

  --port N             their HTTP APIs, 8500 by default, or 8510, 8520 ... if something listens
                       there; DNS is 100 above, the rest 200 below
  --kill-leader        do the experiment: kill the leader, watch the election, start it again,
                       print the times, end
  --raft-multiplier N  how patient the servers are, 1 to 10; Consul's own is 5, here it is 1

Example: cargo workbook services cluster consul --kill-leader
";

struct Options {
    port: Option<u16>,
    kill_leader: bool,
    raft_multiplier: u8,
}

/// Runs it to its end.
pub async fn run(mut arguments: lexopt::Parser) -> Result<()> {
    let mut options = Options {
        port: None,
        kill_leader: false,
        raft_multiplier: 1,
    };
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("port") => options.port = Some(arguments.value()?.parse()?),
            Long("kill-leader") => options.kill_leader = true,
            Long("raft-multiplier") => options.raft_multiplier = arguments.value()?.parse()?,
            other => return Err(other.unexpected().into()),
        }
    }
    if !(1..=10).contains(&options.raft_multiplier) {
        bail!("--raft-multiplier is 1 to 10");
    }
    if options
        .port
        .is_some_and(|port| Ports::around(port).is_none())
    {
        bail!("--port is 1224 to 65435");
    }
    let Some(program) = testkit::consul::find() else {
        bail!(
            "a cluster needs the real Consul, the embedded one is always alone.\n{}",
            testkit::consul::KIND.missing()
        );
    };
    lab(program, &options).await
}

async fn lab(program: PathBuf, options: &Options) -> Result<()> {
    let ports = choose(options.port, HTTP, Ports::around, |ports| {
        (1..=3).find_map(|last| ports.taken([127, 0, 0, last].into()))
    })?;
    let wiring = Wiring {
        program,
        ports,
        raft_multiplier: options.raft_multiplier,
    };
    let nodes = [
        Node::new(0, ports)?,
        Node::new(1, ports)?,
        Node::new(2, ports)?,
    ];
    let mut lab = Lab::new(wiring, nodes);
    for place in 0..NAMES.len() {
        lab.start(place)
            .with_context(|| format!("cannot start {}", lab.wiring.program.display()))?;
        let node = &lab.nodes[place];
        lab.say(&format!(
            "{} is started on {} (process {})",
            node.name, node.ip, node.pid
        ));
    }
    lab.become_whole().await?;
    if options.kill_leader {
        return kill::run(&mut lab).await;
    }
    introduce(&lab);
    lab.watch().await
}

fn introduce(lab: &Lab) {
    let ports = lab.wiring.ports;
    let consul = typed::program(&lab.wiring.program);
    let [one, two, three] = lab.nodes.each_ref().map(|node| node.http(ports));
    say!("\nA cluster of three Consul servers:\n");
    say!("  name   process  HTTP API          DNS");
    for node in &lab.nodes {
        let dns = match node.dns {
            true => format!("{}:{}", node.ip, ports.dns),
            false => "(port taken)".to_owned(),
        };
        let leads = match lab.leader {
            Some(place) if NAMES[place] == node.name => "   leads",
            _ => "",
        };
        say!(
            "  {:<5}  {:<7}  {:<16}  {dns}{leads}",
            node.name,
            node.pid,
            node.http(ports)
        );
    }
    let leader = lab.leader.unwrap_or(0);
    let (pid, other) = (lab.nodes[leader].pid, (leader + 1) % NAMES.len());
    let leaves = lab.nodes[other].http(ports);
    say!("\nIn another terminal:\n");
    say!("  {consul} members -http-addr={one}");
    say!("  {consul} operator raft list-peers -http-addr={two}");
    say!("  kill -9 {pid}      the leader crashes; the election is told here");
    say!(
        "  {consul} leave -http-addr={leaves}      {} says goodbye",
        lab.nodes[other].name
    );
    if lab.nodes[1].dns {
        say!(
            "  cargo run -p l08-consul -- dns consul.service.consul --addr 127.0.0.2:{}",
            ports.dns
        );
    }
    say!("\nIn a browser: http://{three}/ui");
    say!("Here: 1, 2 or 3 and Enter starts a server again that has ended. Ctrl-C ends all.\n");
}
