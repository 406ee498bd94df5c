//! The binary as a person meets it: the demo, three terminals, Ctrl-C, and what it says when it cannot.

use std::net::{TcpListener, UdpSocket};
use std::process::Command;

use testkit::program::{self, PATIENCE, Program, Server, is_gone};

fn l08_consul(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_l08-consul"));
    command.args(args);
    command
}

fn run(args: &[&str]) -> (bool, String, String) {
    program::run(&mut l08_consul(args))
}

fn agent(options: &[&str]) -> Server {
    Server::start(l08_consul(&["agent", "--http-addr", "127.0.0.1:0"]).args(options))
}

/// One question to it.
fn ask(agent: &Server, args: &[&str]) -> (bool, String, String) {
    run(&[args, &["--addr", &agent.addr.to_string()]].concat())
}

/// What both sides of the demo tell.
const STORY: [&str; 18] = [
    "all three are registered: HTTP, TCP, TTL",
    "[1 2 3]  greeter-3  passing",
    "GET /greet/wire: hello wire, from greeter-1",
    "greeter-1  warning   429 Too Many Requests",
    "greeter-1  critical  500 Internal Server Error",
    "greeter-2  critical  dial tcp",
    "greeter-3  critical  TTL expired",
    "disk       warning   disk: filling",
    "disk       critical  disk: full",
    "the wait is over: 200",
    "server-1: true",
    "server-2: false",
    "holds \"c2VydmVyLTE=\"",
    "faceid.json is written: not listed",
    "PUT /v1/agent/reload: listed",
    "invalid config key service.prot",
    "Request decode failed: json: unknown field \"Script\"",
    "[1 2 3]  killed. No check has run since",
];

#[test]
fn the_demo_tells_its_story_and_leaves_nothing_behind() {
    let temporary = tempfile::tempdir().unwrap();
    let mut demo = l08_consul(&[]);
    demo.env("TMPDIR", temporary.path())
        .env("WORKBOOK_SERVICES", "embedded");
    let (good, out, err) = program::run(&mut demo);
    assert!(good, "{out}\n{err}");
    for words in STORY {
        assert!(out.contains(words), "{words:?} is missing in\n{out}");
    }
    // The minutes are the agent's, not ours.
    assert!(out.contains("greeter-3  reaped"), "{out}");
    assert!(!out.contains("real Consul."), "{out}");
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
    is_gone(&out, "that is process ");
}

#[test]
fn the_demo_tells_the_same_with_the_real_consul() {
    let temporary = tempfile::tempdir().unwrap();
    let mut demo = l08_consul(&[]);
    demo.env("TMPDIR", temporary.path())
        .env("WORKBOOK_SERVICES", "real");
    let (good, out, err) = program::run(&mut demo);
    assert!(good, "{out}\n{err}");
    // Its clock is the machine's, and a check may come in the moment of the kill.
    for words in &STORY[..STORY.len() - 1] {
        assert!(out.contains(words), "{words:?} is missing in\n{out}");
    }
    for words in [
        "killed",
        "A    127.0.0.1",
        "faceid.service.consul  0 s  SRV  port 9000 of workbook.node.dc1.consul",
        "NXDOMAIN",
    ] {
        assert!(out.contains(words), "{words:?} is missing in\n{out}");
    }
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
}

#[test]
fn three_terminals() {
    let agent = agent(&[]);
    let mut greeters = l08_consul(&["greeters", "--addr", &agent.addr.to_string()]);
    let mut greeters = Program::start(&mut greeters);
    let addresses = greeters.says("listening on ");
    let first = addresses.split(' ').next().unwrap();
    let port = first.rsplit(':').next().unwrap();
    let (good, _, err) = ask(
        &agent,
        &[
            "put",
            "/v1/agent/service/register",
            &format!(r#"{{"Name": "greeter", "Port": {port}, "Check": {{"TTL": "1m"}}}}"#),
        ],
    );
    assert!(good, "{err}");
    greeters.tell("3 pass service:greeter");
    greeters.says("done: 3 pass service:greeter");
    greeters.tell("1 dance");
    greeters.says("not done: 1 dance: no such order");
    let (good, out, err) = ask(&agent, &["get", "/v1/health/service/greeter?passing"]);
    assert!(good, "{err}");
    assert!(err.starts_with("200, index "), "{err}");
    assert!(out.contains(&format!("\"Port\":{port}")), "{out}");
    let (good, out, _) = ask(&agent, &["put", "/v1/kv/greeting", "你好"]);
    assert!(good && out == "true\n", "{out}");
    let (good, out, _) = ask(&agent, &["get", "/v1/kv/greeting?raw"]);
    assert!(good && out == "你好\n", "{out}");
    let (good, _, _) = ask(&agent, &["delete", "/v1/kv/greeting"]);
    assert!(good);
    let (good, _, err) = ask(&agent, &["get", "/v1/kv/greeting"]);
    assert!(!good && err.starts_with("404, index "), "{err}");
}

#[test]
fn files_and_folders_are_used() {
    let folder = tempfile::tempdir().unwrap();
    let definition = r#"{"service": {"name": "Faceid", "port": 9000}}"#;
    std::fs::write(folder.path().join("faceid.json"), definition).unwrap();
    let mut agent = agent(&["--config-dir", folder.path().to_str().unwrap()]);
    let (good, out, err) = ask(&agent, &["get", "/v1/catalog/service/faceid"]);
    assert!(good && out.contains("\"ServicePort\":9000"), "{out}{err}");
    let body = folder.path().join("body");
    std::fs::write(&body, r#"{"Name": "greeter", "Port": 8800}"#).unwrap();
    let body = format!("@{}", body.display());
    let (good, _, err) = ask(&agent, &["put", "/v1/agent/service/register", &body]);
    assert!(good, "{err}");
    agent.program.signal("TERM");
    assert!(agent.program.ends(PATIENCE).success());
}

#[test]
fn signals_end_the_agent_and_the_demo() {
    for name in ["INT", "TERM"] {
        let mut agent = agent(&[]);
        agent.program.signal(name);
        assert!(agent.program.ends(PATIENCE).success(), "{name}");
        let mut demo = l08_consul(&["greeters"]);
        let mut demo = Program::start(&mut demo);
        demo.says("listening on ");
        demo.signal(name);
        assert!(demo.ends(PATIENCE).success(), "{name}");
    }
}

#[test]
fn ctrl_c_ends_the_demo_with_all_that_it_started() {
    let temporary = tempfile::tempdir().unwrap();
    let mut demo = l08_consul(&[]);
    demo.env("TMPDIR", temporary.path())
        .env("WORKBOOK_SERVICES", "real");
    let mut demo = Program::start(&mut demo);
    let processes = demo.says("It is process ");
    demo.says("greeter-1  passing");
    demo.signal("INT");
    assert!(demo.ends(PATIENCE).success());
    is_gone(&format!("Consul {processes}"), "Consul ");
    is_gone(&processes, "the greeters are process ");
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
}

#[test]
fn a_taken_port_is_a_clear_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let (good, out, err) = run(&["agent", "--http-addr", &addr]);
    assert!(!good);
    assert_eq!(out, "");
    let words = format!("cannot listen on {addr}: another program listens there");
    assert!(err.contains(&words), "{err}");
}

#[test]
fn no_agent_is_a_clear_error() {
    // Port 1 has been out of use for decades, and no test is given it as a free one.
    let (good, _, err) = run(&["get", "/v1/agent/self", "--addr", "127.0.0.1:1"]);
    assert!(!good);
    assert!(err.contains("no agent answers at 127.0.0.1:1"), "{err}");
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let addr = silent.local_addr().unwrap().to_string();
    drop(silent);
    let (good, _, err) = run(&["dns", "greeter.service.consul", "--addr", &addr]);
    assert!(!good);
    assert!(err.contains("no name server answers at"), "{err}");
}

#[test]
fn the_sizes_are_counted() {
    let (good, out, _) = run(&["reading"]);
    assert!(good);
    for words in [
        "For an evening",
        "For a second evening",
        "store.rs",
        "kv.rs",
    ] {
        assert!(out.contains(words), "{words:?} is missing in\n{out}");
    }
    // A file that the layout names and that is not there would have no lines.
    assert!(
        !out.lines().any(|line| line.trim_start().starts_with("0 ")),
        "{out}"
    );
}

#[test]
fn help_helps_and_mistakes_point_to_it() {
    let (good, out, _) = run(&["--help"]);
    assert!(good);
    assert!(out.lines().all(|line| line.chars().count() <= 100), "{out}");
    for words in [
        "-- agent",
        "-- get PATH",
        "-- dns NAME",
        "-- measure",
        "--http-addr ADDR",
        "--config-dir DIR",
        "--enable-script-checks",
        "WORKBOOK_SERVICES",
    ] {
        assert!(out.contains(words), "{words:?} is missing in\n{out}");
    }
    for (args, words) in [
        (&["agnet"][..], "there is no `agnet`; `--help`"),
        (&["get"], "which path?"),
        (&["get", "v1/kv/a"], "is no path"),
        (&["dns"], "which name?"),
        (&["dns", "a..b"], "is no part of a name"),
        (
            &["get", "/v1", "--addr", "8500"],
            "an address looks like 127.0.0.1:8500",
        ),
        (&["agent", "now"], "one word too many"),
        (&["agent", "--nonsense"], "there is no option `--nonsense`"),
        (
            &["put", "/v1/kv/a", "@/nowhere/body"],
            "cannot read /nowhere/body",
        ),
    ] {
        let (good, _, err) = run(args);
        assert!(!good);
        assert!(err.contains(words), "{args:?}: {err}");
    }
    let mut demo = l08_consul(&[]);
    let (good, _, err) = program::run(demo.env("WORKBOOK_SERVICES", "both"));
    assert!(
        !good && err.contains("it can be `real` or `embedded`"),
        "{err}"
    );
}
