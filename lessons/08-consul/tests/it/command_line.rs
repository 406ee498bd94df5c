//! The command line: the demo, three terminals, Ctrl-C, and its error messages.

use std::net::{TcpListener, UdpSocket};
use std::process::Command;

use testkit::program::{self, Binary, PATIENCE, Program, Server, has_all, is_gone};

const L08: Binary = Binary(env!("CARGO_BIN_EXE_l08-consul"));

fn agent(options: &[&str]) -> Server {
    let command = ["agent", "--http-addr", "127.0.0.1:0"];
    Server::start(L08.command(&[&command, options].concat()))
}

/// One question to it, which it answers well.
fn ask(agent: &Server, args: &[&str]) -> String {
    L08.tells(&[args, &["--addr", &agent.addr.to_string()]].concat(), &[])
}

/// The demo with one kind of Consul, and the folder for what it keeps.
fn demo(side: &str) -> (Command, tempfile::TempDir) {
    let temporary = tempfile::tempdir().unwrap();
    let mut demo = L08.command(&[]);
    demo.env("TMPDIR", temporary.path())
        .env("WORKBOOK_SERVICES", side);
    (demo, temporary)
}

/// Checks that the demo has left nothing there.
fn is_empty(folder: &tempfile::TempDir) {
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
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
    let (demo, temporary) = demo("embedded");
    let out = program::output(demo);
    has_all(&out, &STORY);
    // The minutes are the agent's, not ours.
    assert!(out.contains("greeter-3  reaped"), "{out}");
    assert!(!out.contains("real Consul."), "{out}");
    is_empty(&temporary);
    is_gone(&out, "that is process ");
}

#[test]
fn the_demo_tells_the_same_with_the_real_consul() {
    let (demo, temporary) = demo("real");
    let out = program::output(demo);
    // Its clock is the machine's, and a check may come in the moment of the kill.
    has_all(&out, &STORY[..STORY.len() - 1]);
    let more = [
        "killed",
        "A    127.0.0.1",
        "faceid.service.consul  0 s  SRV  port 9000 of workbook.node.dc1.consul",
        "NXDOMAIN",
    ];
    has_all(&out, &more);
    is_empty(&temporary);
}

#[test]
fn three_terminals() {
    let agent = agent(&[]);
    let addr = agent.addr.to_string();
    let mut greeters = Program::start(L08.command(&["greeters", "--addr", &addr]));
    let addresses = greeters.says("listening on ");
    let first = addresses.split(' ').next().unwrap();
    let port = first.rsplit(':').next().unwrap();
    let body = format!(r#"{{"Name": "greeter", "Port": {port}, "Check": {{"TTL": "1m"}}}}"#);
    ask(&agent, &["put", "/v1/agent/service/register", &body]);
    greeters.tell("3 pass service:greeter");
    greeters.says("done: 3 pass service:greeter");
    greeters.tell("1 dance");
    greeters.says("not done: 1 dance: no such order");
    let healthy = ["get", "/v1/health/service/greeter?passing", "--addr", &addr];
    let (good, out, err) = L08.run(&healthy);
    assert!(good && err.starts_with("200, index "), "{err}");
    assert!(out.contains(&format!("\"Port\":{port}")), "{out}");
    let key = "/v1/kv/greeting";
    assert_eq!(ask(&agent, &["put", key, "你好"]), "true\n");
    assert_eq!(ask(&agent, &["get", &format!("{key}?raw")]), "你好\n");
    ask(&agent, &["delete", key]);
    let err = L08.refuses(&["get", key, "--addr", &addr], "404, index ");
    assert!(err.starts_with("404, index "), "{err}");
}

#[test]
fn files_and_folders_are_used() {
    let folder = tempfile::tempdir().unwrap();
    let definition = r#"{"service": {"name": "Faceid", "port": 9000}}"#;
    std::fs::write(folder.path().join("faceid.json"), definition).unwrap();
    let mut agent = agent(&["--config-dir", folder.path().to_str().unwrap()]);
    let out = ask(&agent, &["get", "/v1/catalog/service/faceid"]);
    assert!(out.contains("\"ServicePort\":9000"), "{out}");
    let body = folder.path().join("body");
    std::fs::write(&body, r#"{"Name": "greeter", "Port": 8800}"#).unwrap();
    let body = format!("@{}", body.display());
    ask(&agent, &["put", "/v1/agent/service/register", &body]);
    agent.program.signal("TERM");
    assert!(agent.program.ends(PATIENCE).success());
}

#[test]
fn signals_end_the_agent_and_the_demo() {
    for name in ["INT", "TERM"] {
        let mut agent = agent(&[]);
        agent.program.signal(name);
        assert!(agent.program.ends(PATIENCE).success(), "{name}");
        let mut demo = Program::start(L08.command(&["greeters"]));
        demo.says("listening on ");
        demo.signal(name);
        assert!(demo.ends(PATIENCE).success(), "{name}");
    }
}

#[test]
fn ctrl_c_ends_the_demo_with_all_that_it_started() {
    let (demo, temporary) = demo("real");
    let mut demo = Program::start(demo);
    let processes = demo.says("It is process ");
    demo.says("greeter-1  passing");
    demo.signal("INT");
    assert!(demo.ends(PATIENCE).success());
    is_gone(&format!("Consul {processes}"), "Consul ");
    is_gone(&processes, "the greeters are process ");
    is_empty(&temporary);
}

#[test]
fn a_taken_port_is_a_clear_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let (good, out, err) = L08.run(&["agent", "--http-addr", &addr]);
    assert!(!good);
    assert_eq!(out, "");
    let words = format!("cannot listen on {addr}: another program listens there");
    assert!(err.contains(&words), "{err}");
}

#[test]
fn the_sizes_are_counted() {
    let words = [
        "For an evening",
        "For a second evening",
        "store.rs",
        "kv.rs",
    ];
    let out = L08.tells(&["reading"], &words);
    // A file that the layout names and that is not there would have no lines.
    assert!(
        !out.lines().any(|line| line.trim_start().starts_with("0 ")),
        "{out}"
    );
}

#[test]
fn help_helps_and_mistakes_point_to_it() {
    let words = [
        "-- agent",
        "-- get PATH",
        "-- dns NAME",
        "-- measure",
        "--http-addr ADDR",
        "--config-dir DIR",
        "--enable-script-checks",
        "WORKBOOK_SERVICES",
    ];
    let out = L08.tells(&["--help"], &words);
    assert!(out.lines().all(|line| line.chars().count() <= 100), "{out}");
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let no_server = silent.local_addr().unwrap().to_string();
    drop(silent);
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
        // Port 1 has been out of use for decades, and no test is given it as a free one.
        (
            &["get", "/v1/agent/self", "--addr", "127.0.0.1:1"],
            "no agent answers at 127.0.0.1:1",
        ),
        (
            &["dns", "greeter.service.consul", "--addr", &no_server],
            "no name server answers at",
        ),
    ] {
        L08.refuses(args, words);
    }
    let (demo, _temporary) = demo("both");
    let (good, _, err) = program::run(demo);
    assert!(
        !good && err.contains("it can be `real` or `embedded`"),
        "{err}"
    );
}
