//! `up`, `status` and `down` as a person meets them: real processes, both kinds of Consul. What holds for
//! Redis as well is in `support/lives.rs`.

use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;

use crate::support::{Home, ask, kill, lives, pid, processes, said, signal, stopped, until};
use l08_consul::agent::{Agent, Config};

const ANY: [&str; 4] = ["up", "consul", "--port", "0"];

fn a_life(side: &str) {
    let next = "export CONSUL_HTTP_ADDR=http://{addr}";
    lives::a_life("consul", side, "1.8.7", next, |at| {
        let service = r#"{"Name":"greeter","Port":8801}"#;
        ask(at, "PUT", "/v1/agent/service/register", service);
        assert!(ask(at, "GET", "/v1/catalog/services", "").contains("greeter"));
    });
}

#[test]
fn the_embedded_one_lives_until_it_is_ended() {
    a_life("embedded");
}

#[test]
fn the_real_consul_lives_until_it_is_ended() {
    a_life("real");
}

#[test]
fn a_crash_of_the_embedded_one_is_told() {
    lives::a_crash("consul", "embedded");
}

#[test]
fn a_crash_of_the_real_consul_is_told() {
    lives::a_crash("consul", "real");
}

#[test]
fn the_real_consul_is_ended_when_all_who_looked_after_it_are_gone() {
    let home = Home::new();
    home.good(&["up", "consul", "--port", "0", "--real"]);
    let served = pid(&home.file().unwrap());
    let guards = processes("cmdline", |line| {
        line.contains(&format!(" guard {served} "))
    });
    assert_eq!(guards.len(), 1, "the guard of the real one");
    kill(guards[0]);
    kill(home.worker());
    assert!(lives(served));
    home.good(&["down"]);
    until("the orphan is gone", || !lives(served));
}

#[test]
fn the_real_consul_that_hangs_is_not_up() {
    let home = Home::new();
    home.good(&["up", "consul", "--port", "0", "--real"]);
    let served = pid(&home.file().unwrap());
    signal("STOP", served);
    until("all of it has stopped", || stopped(served));
    let silent = home.run(&["status"]);
    assert_eq!(silent.code, Some(1), "{silent:?}");
    assert!(silent.out.contains("gives no good answer"), "{silent:?}");
    let up = home.run(&["up", "consul"]);
    assert_eq!(up.code, Some(2), "{up:?}");
    assert!(up.err.contains("services down"), "{up:?}");
    home.good(&["down"]);
    assert!(!lives(served));
}

#[test]
fn two_at_the_same_time_start_one() {
    lives::at_the_same_time("consul");
}

#[test]
fn a_port_that_somebody_has_is_a_clear_error() {
    let home = Home::new();
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = stranger.local_addr().unwrap().port();
    let refused = home.run(&["up", "consul", "--embedded", "--port", &port.to_string()]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let me = format!("process {}", std::process::id());
    assert!(
        refused.err.contains("is taken") && refused.err.contains(&me),
        "{refused:?}"
    );

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let agent = runtime.block_on(Agent::start(Config::default())).unwrap();
    let at: SocketAddr = agent.address();
    let refused = home.run(&[
        "up",
        "consul",
        "--embedded",
        "--port",
        &at.port().to_string(),
    ]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let words = format!("a Consul 1.8.7 that was not started here listens on {at}");
    assert!(
        refused.err.contains(&words) && refused.err.contains(&me),
        "{refused:?}"
    );
    assert!(
        refused
            .err
            .contains(&format!("CONSUL_HTTP_ADDR=http://{at}")),
        "{refused:?}"
    );
    assert_eq!(home.status()["state"], "down");
}

#[test]
fn the_environment_chooses_a_side() {
    let home = Home::new();
    let with = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = home.command(arguments);
        command.envs(variables.iter().copied());
        said(command)
    };
    let embedded = with(&ANY, &[("WORKBOOK_SERVICES", "embedded")]);
    assert_eq!(embedded.code, Some(0), "{embedded:?}");
    assert!(
        embedded.out.contains("as WORKBOOK_SERVICES=embedded says"),
        "{embedded:?}"
    );
    assert_eq!(home.file().unwrap()["side"], "embedded");
    home.good(&["down"]);

    let wrong = with(&ANY, &[("WORKBOOK_SERVICES", "both")]);
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    assert!(
        wrong.err.contains("it can be `real` or `embedded`"),
        "{wrong:?}"
    );

    let forced = [
        ("WORKBOOK_SERVICES", "real"),
        ("CONSUL_BIN", "/nowhere/consul"),
    ];
    let missing = with(&ANY, &forced);
    assert_eq!(missing.code, Some(2), "{missing:?}");
    assert!(
        missing.err.contains("Consul cannot be started"),
        "{missing:?}"
    );
    assert_eq!(home.status()["state"], "down");
    assert_eq!(home.left(), Vec::<u32>::new());
}

#[test]
fn an_up_of_the_real_consul_that_is_broken_off_leaves_nothing() {
    lives::broken_off("consul");
}

#[test]
fn in_the_foreground_it_ends_with_its_terminal() {
    lives::in_the_foreground("consul", &[("embedded", "TERM"), ("embedded", "KILL")]);
}

#[test]
fn in_the_foreground_the_real_consul_ends_with_its_terminal() {
    lives::in_the_foreground("consul", &[("real", "INT"), ("real", "KILL")]);
}

#[test]
fn a_reader_that_goes_away_ends_nothing() {
    let home = Home::new();
    let mut command = home.command(&["up", "consul", "--port", "0", "--embedded"]);
    command.stdout(Stdio::piped());
    let mut up = command.spawn().unwrap();
    drop(up.stdout.take());
    assert!(up.wait().unwrap().success());
    assert_eq!(home.status()["state"], "up");
}

#[test]
fn mistakes_are_answered_in_words() {
    let home = Home::new();
    for (arguments, words) in [
        (&["up", "mysql"][..], "there is no service \"mysql\""),
        (&["status", "mysql"], "there is no service \"mysql\""),
        (&["down", "mysql"], "there is no service \"mysql\""),
        (&["up", "--port", "0"], "for one server: say which"),
        (&["up", "--foreground"], "for one server: say which"),
        (&["up", "--real", "--embedded"], "not both"),
        (&["up", "consul", "--port", "65536"], "65536"),
        (&["start"], "there is no `services start`"),
        (&["status", "--loud"], "--loud"),
        (&["cluster"], "a cluster of what?"),
        (&["cluster", "redis"], "there is no cluster of `redis`"),
        (&["cluster", "etcd", "--port", "80"], "--port is"),
        (&["cluster", "consul", "--raft-multiplier", "11"], "1 to 10"),
        (&["cluster", "consul", "--port", "80"], "--port is"),
    ] {
        let refused = home.run(arguments);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.err.contains(words), "{refused:?}");
    }
    for command in ["up", "status", "down", "cluster"] {
        let help = home.good(&[command, "--help"]);
        assert!(help.contains("Usage: cargo workbook services"), "{help}");
    }
    assert!(home.good(&[]).contains("Usage: "));
}
