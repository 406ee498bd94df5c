//! The lab of three real Consul servers. What holds for etcd as well is in `support/lab.rs`.

use std::net::{SocketAddr, TcpListener};

use crate::support::lab::{self, Kind};
use crate::support::{Home, ask, processes};

const CONSUL: Kind = Kind {
    word: "consul",
    what: "server",
    names: ["one", "two", "three"],
    variable: "CONSUL_BIN",
    servers: |port| {
        processes("cmdline", |line| {
            line.contains(&format!("-http-port={port} ")) && line.contains("-server ")
        })
    },
};

/// A port whose neighbours, 200 below to 100 above, are free on all three addresses.
fn port() -> u16 {
    lab::port(|port| {
        let needed = [port, port + 100, port - 200, port - 199];
        let hosts = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
        let free = |host: &str| {
            let mut ports = needed.iter();
            ports.all(|port| TcpListener::bind((host, *port)).is_ok())
        };
        hosts.into_iter().all(free)
    })
}

#[test]
fn an_election_of_the_real_consul_is_measured() {
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
    CONSUL.measures_an_election(port(), &all);
}

#[test]
fn what_a_person_does_to_the_real_consul_is_told() {
    let (home, port) = (Home::new(), port());
    let (mut lab, name, all) = CONSUL.loses_its_leader(&home, port);
    lab.says(&format!("{name} has failed, say the others"));
    CONSUL.starts_again(&mut lab, &name);
    lab.says(&format!("{name} is alive, say the others"));

    // Who says goodbye has left; nobody has to notice that it failed.
    let leaves = if name == "three" { 2 } else { 3 };
    let at: SocketAddr = format!("127.0.0.{leaves}:{port}").parse().unwrap();
    ask(at, "PUT", "/v1/agent/leave", "");
    let left = CONSUL.names[leaves - 1];
    lab.says(&format!("{left} has left"));
    lab.says(&format!("{left}: its process has ended (exit status: 0)"));
    CONSUL.ends(&home, port, lab, all);
}

#[test]
fn a_lab_of_the_real_consul_that_is_killed_leaves_nothing() {
    let (home, port) = (Home::new(), port());
    CONSUL.is_killed(&home, port, CONSUL.start(&home, port));
}

#[test]
fn a_port_that_is_taken_and_a_missing_consul_are_clear_errors() {
    let port = port();
    let _taken = TcpListener::bind(("127.0.0.2", port)).unwrap();
    CONSUL.refuses(port, &format!("127.0.0.2:{port}"), port + 1);
}
