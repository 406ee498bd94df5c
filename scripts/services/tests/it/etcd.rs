//! The lab of three etcds.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::net::TcpListener;

use crate::support::{Home, in_order, lives, me, processes, said, signal};
use services::testkit::program::{PATIENCE, Program};

/// A port for the first of the three, all of whose ports are free.
fn port() -> u16 {
    let random = RandomState::new().build_hasher().finish();
    let first = 20_500 + u16::try_from(random % 6_000).unwrap();
    let needs = |port: u16| [port, port + 1, port + 2, port + 3, port + 1000, port + 2000];
    let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    (first..first + 900)
        .step_by(4)
        .find(|port| needs(*port).into_iter().all(free))
        .unwrap()
}

/// The etcds of the cluster whose first port is `port`.
fn servers(port: u16) -> Vec<u32> {
    let one = format!("etcd01=http://127.0.0.1:{}", port + 1);
    processes("cmdline", |line| {
        line.contains("--initial-cluster ") && line.contains(&one)
    })
}

fn lab(home: &Home, port: u16) -> Program {
    Program::start(home.command(&["cluster", "etcd", "--port", &port.to_string()]))
}

#[test]
fn an_election_of_etcd_is_measured() {
    let home = Home::new();
    let port = port();
    let arguments = [
        "cluster",
        "etcd",
        "--kill-leader",
        "--port",
        &port.to_string(),
    ];
    let out = home.good(&arguments);
    let all = [
        &format!("etcd03 is started on 127.0.0.1:{}", port + 2000),
        " leads",
        "the leader, ",
        "was ended by signal 9",
        " leads",
        "is started again",
        "is back",
        "After kill -9 of the leader",
        " leads",
        "a key can be written again",
        "it is back, and follows ",
    ];
    in_order(&out, &all);
    assert_eq!(servers(port), Vec::<u32>::new());
    assert_eq!(home.folders(), Vec::<String>::new());
}

#[test]
fn what_a_person_does_to_an_etcd_is_told() {
    let home = Home::new();
    let port = port();
    let mut lab = lab(&home, port);
    let words = lab.says("kill -9 ");
    let leader: u32 = words.split_whitespace().next().unwrap().parse().unwrap();
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
    lab.tell("nonsense");
    lab.says("1, 2 or 3 starts that etcd again");
    lab.tell(name.strip_prefix("etcd0").unwrap());
    let words = lab.says(&format!("{name} is started again (process "));
    lab.says(&format!("{name} is back"));
    lab.tell(name);
    lab.says(&format!("{name} runs already"));

    // One that stands still has not ended.
    let again: u32 = words.trim_end_matches(')').parse().unwrap();
    signal("STOP", again);
    lab.says(&format!("{name} runs and does not answer"));
    signal("CONT", again);
    lab.says(&format!("{name} is back"));

    all.extend(servers(port));
    lab.signal("TERM");
    lab.says("All three are ended.");
    assert!(lab.ends(PATIENCE).success());
    assert!(!all.into_iter().any(lives));
    assert_eq!(home.folders(), Vec::<String>::new());
}

#[test]
fn a_lab_of_etcd_on_other_ports_says_so_and_leaves_nothing_when_it_is_killed() {
    let home = Home::new();
    // If somebody else has it, it is taken all the same.
    let _taken = TcpListener::bind("127.0.0.1:2379");
    let mut lab = Program::start(home.command(&["cluster", "etcd"]));
    lab.says("Something listens on the usual ports; the cluster takes others.");
    let words = lab.says("etcd01 is started on 127.0.0.1:");
    let port: u16 = words.split(' ').next().unwrap().parse().unwrap();
    assert!(port > 2379 && port % 10 == 9, "{port}");
    lab.says("etcd03 is started");
    lab.signal("KILL");
    lab.ends(PATIENCE);
    crate::support::until("the etcds are gone", || servers(port).is_empty());
    crate::support::until("their data is gone", || home.folders().is_empty());
}

#[test]
fn a_port_that_is_taken_and_a_missing_etcd_are_clear_errors() {
    let home = Home::new();
    let port = port();
    let _taken = TcpListener::bind(("127.0.0.1", port + 1000)).unwrap();
    let at = |port: u16| {
        let mut command = home.command(&["cluster", "etcd", "--port", &port.to_string()]);
        command.env("ETCD_BIN", "/nowhere/etcd");
        said(command)
    };
    let refused = at(port);
    let words = format!("127.0.0.1:{} is taken", port + 1000);
    refused.code(2).complains(&[&words, &me()]);

    let refused = at(port + 4);
    refused.code(2).complains(&["cannot start /nowhere/etcd"]);
    assert_eq!(home.folders(), Vec::<String>::new());

    let mut command = home.command(&["cluster", "etcd"]);
    let refused = said({
        command.env("PATH", "/nowhere").env_remove("ETCD_BIN");
        command
    });
    refused.code(2).complains(&["etcd-server"]);
}
