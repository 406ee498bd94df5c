//! The lab of three etcds. What holds for Consul as well is in `support/lab.rs`.

use std::net::TcpListener;

use crate::support::lab::{self, Kind};
use crate::support::{Home, processes, said, signal};
use services::testkit::program::Program;

const ETCD: Kind = Kind {
    word: "etcd",
    what: "etcd",
    names: ["etcd01", "etcd02", "etcd03"],
    variable: "ETCD_BIN",
    servers: |port| {
        let one = format!("etcd01=http://127.0.0.1:{}", port + 1);
        processes("cmdline", |line| {
            line.contains("--initial-cluster ") && line.contains(&one)
        })
    },
};

/// A port for the first of the three, all of whose ports are free.
fn port() -> u16 {
    lab::port(|port| {
        let needed = [port, port + 1, port + 2, port + 3, port + 1000, port + 2000];
        let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
        needed.into_iter().all(free)
    })
}

#[test]
fn an_election_of_etcd_is_measured() {
    let port = port();
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
    ETCD.measures_an_election(port, &all);
}

#[test]
fn what_a_person_does_to_an_etcd_is_told() {
    let (home, port) = (Home::new(), port());
    let (mut lab, name, all) = ETCD.loses_its_leader(&home, port);
    let words = ETCD.starts_again(&mut lab, &name);
    lab.says(&format!("{name} is back"));
    lab.tell(&name);
    lab.says(&format!("{name} runs already"));

    // One that stands still has not ended.
    let number = words.trim_start_matches(" (process ").trim_end_matches(')');
    let again: u32 = number.parse().unwrap();
    signal("STOP", again);
    lab.says(&format!("{name} runs and does not answer"));
    signal("CONT", again);
    lab.says(&format!("{name} is back"));
    ETCD.ends(&home, port, lab, all);
}

#[test]
fn a_lab_of_etcd_on_other_ports_says_so_and_leaves_nothing_when_it_is_killed() {
    let home = Home::new();
    // If somebody else has it, it is taken all the same.
    let _taken = TcpListener::bind("127.0.0.1:2379");
    let lab = Program::start(home.command(&["cluster", "etcd"]));
    lab.says("Something listens on the usual ports; the cluster takes others.");
    let words = lab.says("etcd01 is started on 127.0.0.1:");
    let port: u16 = words.split(' ').next().unwrap().parse().unwrap();
    assert!(port > 2379 && port % 10 == 9, "{port}");
    ETCD.is_killed(&home, port, lab);
}

#[test]
fn a_port_that_is_taken_and_a_missing_etcd_are_clear_errors() {
    let port = port();
    let _taken = TcpListener::bind(("127.0.0.1", port + 1000)).unwrap();
    ETCD.refuses(port, &format!("127.0.0.1:{}", port + 1000), port + 4);

    let home = Home::new();
    let mut command = home.command(&["cluster", "etcd"]);
    let refused = said(command.env("PATH", "/nowhere").env_remove("ETCD_BIN"));
    refused.code(2).complains(&["etcd-server"]);
}
