//! `up`, `status` and `down` as a person meets them: real processes, both kinds of Consul. What holds for
//! Redis as well is in `support/lives.rs`.

use std::process::Stdio;

use crate::support::{Home, ask, lives, said};
use l08_consul::agent::{Agent, Config};
use services::testkit::tests;

const ANY: [&str; 4] = ["up", "consul", "--port", "0"];

fn a_life(side: &str) {
    let next = "export CONSUL_HTTP_ADDR=http://{addr}";
    lives::a_life("consul", side, "1.8.7", next, |at| {
        let service = r#"{"Name":"greeter","Port":8801}"#;
        ask(at, "PUT", "/v1/agent/service/register", service);
        assert!(ask(at, "GET", "/v1/catalog/services", "").contains("greeter"));
    });
}

tests! {
    the_embedded_one_lives_until_it_is_ended: a_life("embedded");
    the_real_consul_lives_until_it_is_ended: a_life("real");
    a_crash_of_the_embedded_one_is_told: lives::a_crash("consul", "embedded");
    a_crash_of_the_real_consul_is_told: lives::a_crash("consul", "real");
    the_real_consul_is_ended_when_all_who_looked_after_it_are_gone: lives::an_orphan("consul");
    the_real_consul_that_hangs_is_not_up: lives::hangs("consul");
    two_at_the_same_time_start_one: lives::at_the_same_time("consul");
    an_up_of_the_real_consul_that_is_broken_off_leaves_nothing: lives::broken_off("consul");
    in_the_foreground_it_ends_with_its_terminal:
        lives::in_the_foreground("consul", &[("embedded", "TERM"), ("embedded", "KILL")]);
    in_the_foreground_the_real_consul_ends_with_its_terminal:
        lives::in_the_foreground("consul", &[("real", "INT"), ("real", "KILL")]);
}

#[test]
fn a_port_that_somebody_has_is_a_clear_error() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let agent = runtime.block_on(Agent::start(Config::default())).unwrap();
    let at = agent.address();
    let stranger = format!("a Consul 1.8.7 that was not started here listens on {at}");
    let use_it = format!("CONSUL_HTTP_ADDR=http://{at}");
    lives::a_port_is_taken("consul", at, &[&stranger, &use_it]);
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
    let chosen = "as WORKBOOK_SERVICES=embedded says";
    embedded.code(0).says(&[chosen]);
    assert_eq!(home.file().unwrap()["side"], "embedded");
    home.good(&["down"]);

    let wrong = with(&ANY, &[("WORKBOOK_SERVICES", "both")]);
    wrong.code(2).complains(&["it can be `real` or `embedded`"]);

    let forced = [
        ("WORKBOOK_SERVICES", "real"),
        ("CONSUL_BIN", "/nowhere/consul"),
    ];
    let missing = with(&ANY, &forced);
    missing.code(2).complains(&["Consul cannot be started"]);
    assert_eq!(home.status()["state"], "down");
    assert_eq!(home.left(), Vec::<u32>::new());
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
        home.run(arguments).code(2).complains(&[words]);
    }
    for command in ["up", "status", "down", "cluster"] {
        let help = home.good(&[command, "--help"]);
        assert!(help.contains("Usage: cargo workbook services"), "{help}");
    }
    assert!(home.good(&[]).contains("Usage: "));
}
