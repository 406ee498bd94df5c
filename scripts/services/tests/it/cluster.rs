//! The lab of three real servers.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::net::{SocketAddr, TcpListener};

use crate::support::{Home, ask, in_order, lives, me, processes, said, signal};
use services::testkit::program::{PATIENCE, Program};

/// A port whose neighbours, 200 below to 100 above, are free on all three addresses.
fn port() -> u16 {
    let random = RandomState::new().build_hasher().finish();
    let first = 20_500 + u16::try_from(random % 9_000).unwrap();
    let free = |port: u16| {
        let needed = [port, port + 100, port - 200, port - 199];
        let hosts = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
        hosts.iter().all(|host| {
            needed
                .iter()
                .all(|port| TcpListener::bind((*host, *port)).is_ok())
        })
    };
    (first..first + 300)
        .step_by(2)
        .find(|port| free(*port))
        .unwrap()
}

/// The servers of the cluster whose HTTP APIs are on `port`.
fn servers(port: u16) -> Vec<u32> {
    processes("cmdline", |line| {
        line.contains(&format!("-http-port={port} ")) && line.contains("-server ")
    })
}

#[test]
fn an_election_of_the_real_consul_is_measured() {
    let home = Home::new();
    let port = port();
    let out = home.good(&[
        "cluster",
        "consul",
        "--kill-leader",
        "--port",
        &port.to_string(),
    ]);
    let all = [
        "three is started on 127.0.0.3",
        " leads",
        "the leader, ",
        "was ended by signal 9",
        " leads",
        "is started again",
        "is alive, say the others",
        "After kill -9 of the leader (raft_multiplier 1):",
        " leads",
        "a key can be written again",
        "is failed in the list of members",
        "it is alive again, and follows ",
    ];
    in_order(&out, &all);
    assert_eq!(servers(port), Vec::<u32>::new());
}

fn lab(home: &Home, port: u16) -> Program {
    Program::start(home.command(&["cluster", "consul", "--port", &port.to_string()]))
}

#[test]
fn what_a_person_does_to_the_real_consul_is_told() {
    let home = Home::new();
    let port = port();
    let mut lab = lab(&home, port);
    let leader: u32 = lab
        .says("kill -9 ")
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    lab.says("Ctrl-C ends all");
    let mut all = servers(port);
    assert_eq!(all.len(), 3);
    assert!(all.contains(&leader), "{leader} of {all:?}");

    signal("KILL", leader);
    let ended = loop {
        let line = lab.line().unwrap();
        if line.contains("was ended by signal 9") {
            break line;
        }
    };
    let (_, name) = ended.split_once(" s  ").unwrap();
    let (name, _) = name.split_once(':').unwrap();
    lab.says(" leads");
    lab.says(&format!("{name} has failed, say the others"));
    let number = 1 + ["one", "two", "three"]
        .iter()
        .position(|known| *known == name)
        .unwrap();
    lab.tell("nonsense");
    lab.tell(&number.to_string());
    lab.says("1, 2 or 3 starts that server again");
    lab.says(&format!("{name} is started again"));
    lab.says(&format!("{name} is alive, say the others"));

    // Who says goodbye has left; nobody has to notice that it failed.
    let leaves = if name == "three" { 2 } else { 3 };
    let at: SocketAddr = format!("127.0.0.{leaves}:{port}").parse().unwrap();
    ask(at, "PUT", "/v1/agent/leave", "");
    let left = ["", "two", "three"][leaves - 1];
    lab.says(&format!("{left} has left"));
    lab.says(&format!("{left}: its process has ended (exit status: 0)"));

    all.extend(servers(port));
    lab.signal("TERM");
    lab.says("All three are ended.");
    assert!(lab.ends(PATIENCE).success());
    assert!(!all.into_iter().any(lives));
    assert_eq!(home.folders(), Vec::<String>::new());
}

#[test]
fn a_lab_of_the_real_consul_that_is_killed_leaves_nothing() {
    let home = Home::new();
    let port = port();
    let mut lab = lab(&home, port);
    lab.says("three is started");
    lab.signal("KILL");
    lab.ends(PATIENCE);
    crate::support::until("the servers are gone", || servers(port).is_empty());
    crate::support::until("their data is gone", || home.folders().is_empty());
}

#[test]
fn a_port_that_is_taken_and_a_missing_consul_are_clear_errors() {
    let home = Home::new();
    let port = port();
    let _taken = TcpListener::bind(("127.0.0.2", port)).unwrap();
    let at = |port: u16| {
        let mut command = home.command(&["cluster", "consul", "--port", &port.to_string()]);
        command.env("CONSUL_BIN", "/nowhere/consul");
        said(command)
    };
    let refused = at(port);
    let words = format!("127.0.0.2:{port} is taken");
    refused.code(2).complains(&[&words, &me()]);

    let refused = at(port + 1);
    assert_eq!(home.folders(), Vec::<String>::new());
    refused.code(2).complains(&["cannot start /nowhere/consul"]);
}
