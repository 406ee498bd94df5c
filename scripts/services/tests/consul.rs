//! `up`, `status` and `down` as a person meets them: real processes, both kinds of Consul.
#![cfg(target_os = "linux")]

mod support;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;
use std::time::Duration;

use l08_consul::agent::{Agent, Config};
use support::{Home, addr, ask, lives, pid, processes, said, signal, stopped, until};

const ANY: [&str; 3] = ["up", "--port", "0"];

/// From the start to the end, for one side.
fn a_life(side: &str) {
    let home = Home::new();
    let none = home.run(&["status"]);
    assert_eq!(none.code, Some(3), "{none:?}");
    assert!(none.out.contains("No Consul was started here"), "{none:?}");
    assert_eq!(home.status()["state"], "down");

    let option = format!("--{side}");
    let out = home.good(&["up", "consul", "--port", "0", &option]);
    let file = home.file().unwrap();
    let (at, process) = (addr(&file), pid(&file));
    assert!(
        out.contains(&format!("Starting the {side} Consul: as --{side} says.")),
        "{out}"
    );
    assert!(
        out.contains(&format!("export CONSUL_HTTP_ADDR=http://{at}")),
        "{out}"
    );
    assert!(out.contains("cargo workbook services down"), "{out}");
    // Exactly what others have been promised.
    let names: Vec<_> = file.as_object().unwrap().keys().collect();
    assert_eq!(names, ["addr", "pid", "side", "version"]);
    assert_eq!(
        (&file["side"], &file["version"]),
        (&side.into(), &"1.8.7".into())
    );

    // It was ready before `up` returned.
    let service = r#"{"Name":"greeter","Port":8801}"#;
    ask(at, "PUT", "/v1/agent/service/register", service);
    assert!(ask(at, "GET", "/v1/catalog/services", "").contains("greeter"));

    let up = home.run(&["status"]);
    assert_eq!(up.code, Some(0), "{up:?}");
    assert!(
        up.out.contains(&format!(
            "the {side} one, is up at {at} (process {process})"
        )),
        "{up:?}"
    );
    let state = home.status();
    assert_eq!(
        (&state["state"], &state["addr"]),
        (&"up".into(), &file["addr"])
    );

    let again = home.good(&["up"]);
    assert!(
        again.contains("Already up.") && again.contains(&at.to_string()),
        "{again}"
    );
    assert_eq!(home.file().unwrap(), file, "it is still the same one");
    let other = if side == "real" {
        "--embedded"
    } else {
        "--real"
    };
    for wanted in [&["up", other][..], &["up", "--port", "1"]] {
        let refused = home.run(wanted);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(
            refused.err.contains(&format!("is up at {at} already")),
            "{refused:?}"
        );
    }

    let worker = home.worker();
    let out = home.good(&["down"]);
    assert!(
        out.contains(&format!("The Consul at {at} is down.")),
        "{out}"
    );
    assert!(TcpListener::bind(at).is_ok(), "{at} is free at once");
    assert!(!lives(worker) && !lives(process));
    assert_eq!((home.file(), home.left()), (None, Vec::new()));
    assert_eq!(home.folders(), Vec::<String>::new());
    assert_eq!(home.run(&["status"]).code, Some(3));
    assert!(home.good(&["down"]).contains("No Consul was up."));
}

#[test]
fn the_embedded_one_lives_until_it_is_ended() {
    a_life("embedded");
}

#[test]
fn the_real_consul_lives_until_it_is_ended() {
    a_life("real");
}

/// `kill -9`; the system needs a moment for it.
fn kill(pid: u32) {
    signal("KILL", pid);
    until("it is killed", || !lives(pid));
}

/// `kill -9` of the process that serves, then of the one that looks after it.
fn a_crash(side: &str) {
    let option = format!("--{side}");
    let up = ["up", "--port", "0", &option];
    let home = Home::new();
    for victim in ["Consul", "its keeper"] {
        home.good(&up);
        let file = home.file().unwrap();
        let (served, keeper) = (pid(&file), home.worker());
        kill(if victim == "Consul" { served } else { keeper });
        let crashed = home.run(&["status"]);
        assert_eq!(crashed.code, Some(1), "{victim}: {crashed:?}");
        assert!(
            crashed.out.contains("Consul has crashed"),
            "{victim}: {crashed:?}"
        );
        let state = home.status();
        assert_eq!(state["state"], "crashed", "{victim}: {state}");
        assert!(
            state["why"]
                .as_str()
                .unwrap()
                .contains(&addr(&file).to_string()),
            "{state}"
        );
        // Nobody has to clean up, and the old one is gone when the new one is there.
        let again = home.run(&up);
        assert_eq!(again.code, Some(0), "{victim}: {again:?}");
        assert!(
            again.err.contains("The last one has crashed"),
            "{victim}: {again:?}"
        );
        assert!(!lives(served) && !lives(keeper), "{victim}");
        home.good(&["status"]);
        home.good(&["down"]);
        // A guard that was left alone goes within two seconds.
        until("nothing is left", || home.left().is_empty());
    }
    home.good(&up);
    kill(home.worker());
    let out = home.good(&["down"]);
    assert!(
        out.contains("Consul had crashed; what it left is cleaned up."),
        "{out}"
    );
    assert_eq!(home.run(&["status"]).code, Some(3));
}

#[test]
fn a_crash_of_the_embedded_one_is_told() {
    a_crash("embedded");
}

#[test]
fn a_crash_of_the_real_consul_is_told() {
    a_crash("real");
}

#[test]
fn the_real_consul_is_ended_when_all_who_looked_after_it_are_gone() {
    let home = Home::new();
    home.good(&["up", "--port", "0", "--real"]);
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
    home.good(&["up", "--port", "0", "--real"]);
    let served = pid(&home.file().unwrap());
    signal("STOP", served);
    until("all of it has stopped", || stopped(served));
    let silent = home.run(&["status"]);
    assert_eq!(silent.code, Some(1), "{silent:?}");
    assert!(silent.out.contains("gives no good answer"), "{silent:?}");
    let up = home.run(&["up"]);
    assert_eq!(up.code, Some(2), "{up:?}");
    assert!(up.err.contains("services down"), "{up:?}");
    home.good(&["down"]);
    assert!(!lives(served));
}

#[test]
fn two_at_the_same_time_start_one() {
    let home = Home::new();
    let start = || {
        let mut command = home.command(&["up", "--port", "0", "--embedded"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let both = [start(), start(), start()].map(|child| child.wait_with_output().unwrap());
    let texts = both.map(|output| {
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    });
    let began = texts
        .iter()
        .filter(|text| text.contains("Starting the embedded"));
    assert_eq!(began.count(), 1, "{texts:?}");
    let found = texts.iter().filter(|text| text.contains("Already up."));
    assert_eq!(found.count(), 2, "{texts:?}");
    assert_eq!(home.left(), [home.worker()]);
}

#[test]
fn a_port_that_somebody_has_is_a_clear_error() {
    let home = Home::new();
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = stranger.local_addr().unwrap().port();
    let refused = home.run(&["up", "--embedded", "--port", &port.to_string()]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let me = format!("process {}", std::process::id());
    assert!(
        refused.err.contains("is taken") && refused.err.contains(&me),
        "{refused:?}"
    );

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let agent = runtime.block_on(Agent::start(Config::default())).unwrap();
    let at: SocketAddr = agent.address();
    let refused = home.run(&["up", "--embedded", "--port", &at.port().to_string()]);
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
    for (name, pause) in [("INT", 0), ("KILL", 0), ("TERM", 150), ("KILL", 300)] {
        let home = Home::new();
        let mut command = home.command(&["up", "--port", "0", "--real"]);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut up = command.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(pause));
        if up.try_wait().unwrap().is_none() {
            signal(name, up.id());
        }
        let said = up.wait_with_output().unwrap().stdout;
        // It was quicker than the signal.
        if String::from_utf8_lossy(&said).contains("is up at") {
            home.good(&["down"]);
        }
        until("nothing is left", || home.left().is_empty());
        assert_eq!(home.file(), None, "{name} after {pause} ms");
        assert_eq!(home.status()["state"], "down");
    }
}

#[test]
fn in_the_foreground_it_ends_with_its_terminal() {
    in_the_foreground(&[("embedded", "TERM"), ("embedded", "KILL")]);
}

#[test]
fn in_the_foreground_the_real_consul_ends_with_its_terminal() {
    in_the_foreground(&[("real", "INT"), ("real", "KILL")]);
}

fn in_the_foreground(endings: &[(&str, &str)]) {
    for (side, name) in endings {
        let home = Home::new();
        let option = format!("--{side}");
        let mut command = home.command(&["up", "--foreground", "--port", "0", &option]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut up = command.spawn().unwrap();
        until("it is up", || home.file().is_some());
        let file = home.file().unwrap();
        assert_eq!(home.status()["state"], "up");
        signal(name, up.id());
        let ended = up.wait().unwrap();
        assert_eq!(ended.success(), *name != "KILL", "{name}");
        until("Consul is gone", || {
            !lives(pid(&file)) && TcpStream::connect(addr(&file)).is_err()
        });
        let state = if *name == "KILL" { "crashed" } else { "down" };
        assert_eq!(home.status()["state"], state, "{name}");
    }
}

#[test]
fn a_reader_that_goes_away_ends_nothing() {
    let home = Home::new();
    let mut command = home.command(&["up", "--port", "0", "--embedded"]);
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
        (&["up", "redis"][..], "there is no service \"redis\""),
        (&["up", "--real", "--embedded"], "not both"),
        (&["up", "--port", "65536"], "65536"),
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
