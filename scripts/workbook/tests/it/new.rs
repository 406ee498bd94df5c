//! `new`: what it refuses, and what it makes. Each type is made in the copy of the course in which
//! `verify` judges answers, built without a warning, tested, and run: it registers with Consul, answers
//! through the gateway of lesson 14, and leaves.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use workbook::judge::without_outer_cargo;

use crate::support::consul::Agent;
use crate::support::{AssertHas, Copy, Fixture, Run, until};

const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn what_cannot_be_is_refused_with_a_reason() {
    let fixture = Fixture::new();
    for (arguments, reason) in [
        (&["new", "tea"][..], "--type is missing: srv, web or api"),
        (&["new", "--type", "srv"], "NAME is missing"),
        (&["new", "--type", "fnc", "tea"], "there is no type `fnc`"),
        (&["new", "--type", "srv", "Tea"], "small letters"),
        (&["new", "--type", "srv", "../tea"], "small letters"),
        (&["new", "--type", "srv", "async"], "it is a word of Rust"),
        (&["new", "--type", "srv", "18-tea"], "begins with a letter"),
        (
            &["new", "--type", "srv", "tea", "cup"],
            "unexpected argument \"cup\"",
        ),
        (
            &["new", "--type", "web", "tea", "--calls", "tea"],
            "of its own name",
        ),
        (
            &["new", "--type", "srv", "tea", "--calls", "cup"],
            "--calls is for web and api",
        ),
        (
            &["new", "--type", "srv", "tea", "--namespace", "Go"],
            "the namespace",
        ),
    ] {
        let output = fixture.run(arguments);
        let err = output.err;
        assert_eq!(output.code, Some(2), "{arguments:?}: {err}");
        assert!(err.contains(reason), "{arguments:?}: {err}");
    }
    let lessons = std::fs::read_dir(fixture.path("lessons")).unwrap();
    assert_eq!(lessons.count(), 2, "and nothing was made");

    // A second time the same name.
    assert!(fixture.run(&["new", "--type", "srv", "tea"]).code == Some(0));
    let handler = fixture.path("lessons/tea/src/handler.rs");
    std::fs::write(&handler, "// mine\n").unwrap();
    let output = fixture.run(&["new", "--type", "web", "tea"]);
    let err = output.err;
    assert_eq!(output.code, Some(2), "{err}");
    err.assert_has(&["a crate is called `tea` already"]);
    assert_eq!(std::fs::read_to_string(handler).unwrap(), "// mine\n");
}

const MADE: [&str; 3] = ["tea", "tea-shop", "tea-api"];

/// A copy of the course with the three new services in it.
fn made() -> Copy {
    let made = Copy::new();
    for arguments in [
        &["new", "--type", "srv", "tea"][..],
        &["new", "--type", "web", "tea-shop", "--calls", "tea"],
        &["new", "--type", "api", "tea-api", "--calls", "tea"],
    ] {
        let said = made.workbook(arguments).said();
        assert_eq!(said.code, Some(0), "{arguments:?}: {}", said.all());
    }
    made
}

/// cargo with these arguments in the copy. What it said.
fn cargo(made: &Copy, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO"));
    let said = without_outer_cargo(&mut command)
        .args(arguments)
        .current_dir(made.root())
        .env("CARGO_TARGET_DIR", made.target())
        .said();
    assert_eq!(said.code, Some(0), "cargo {arguments:?}: {}", said.all());
    said.all()
}

/// cargo's `command` about all three, then what is `behind`.
fn each(made: &Copy, command: &[&str], behind: &[&str]) {
    let named = MADE.iter().flat_map(|name| ["--package", name]);
    let all = command.iter().copied().chain(named);
    cargo(made, &all.chain(behind.iter().copied()).collect::<Vec<_>>());
}

/// A program that has said where it listens. It is killed when this is dropped.
struct Running {
    child: Child,
    at: SocketAddr,
}

impl Running {
    fn start(program: &Path, arguments: &[&str], consul: SocketAddr) -> Self {
        let mut child = Command::new(program)
            .args(arguments)
            .args(["--registry", "consul", "--registry_address"])
            .arg(format!("http://{consul}"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let at = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.split_once("listening on ")?.1.trim().parse().ok());
        let Some(at) = at else {
            let _ = child.kill();
            panic!("{} has ended without a word", program.display());
        };
        // Whoever prints must not meet a closed pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Running { child, at }
    }

    /// Asks it to end. It has to leave well.
    fn end(mut self) {
        let process = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ask(at: SocketAddr, request: &str) -> String {
    let mut answer = String::new();
    if let Ok(mut stream) = TcpStream::connect(at) {
        let _ = stream.write_all(request.as_bytes());
        let _ = stream.read_to_string(&mut answer);
    }
    answer
}

fn get(at: SocketAddr, path: &str) -> String {
    ask(at, &format!("GET {path} HTTP/1.0\r\nhost: {at}\r\n\r\n"))
}

#[test]
fn each_type_builds_tests_registers_answers_and_ends() {
    let made = made();
    each(&made, &["fmt", "--check"], &[]);
    each(
        &made,
        &["clippy", "--offline", "--quiet", "--all-targets"],
        &["--", "-D", "warnings"],
    );
    // `--workspace`, as for checks: other features would build the dependencies anew.
    let said = cargo(
        &made,
        &["test", "--offline", "--workspace", "--test", "answers"],
    );
    let passed = said
        .lines()
        .filter(|line| line.starts_with("test ") && line.ends_with(" ok"));
    assert_eq!(passed.count(), 4, "{said}");
    // That has built their programs, too.
    let gateway = "build --offline --quiet --workspace --bin l14-gateway";
    cargo(&made, &gateway.split(' ').collect::<Vec<_>>());

    let consul = Agent::start(&Agent::all()[0], 0);
    let start =
        |name: &str| Running::start(&made.target().join("debug").join(name), &[], consul.addr);
    let (tea, shop, api) = (start("tea"), start("tea-shop"), start("tea-api"));
    let listed = |name: &str| {
        let path = format!("/v1/health/service/{name}?passing");
        consul.ask("GET", &path, "").contains("\"Service\"")
    };
    for name in [
        "go.micro.srv.tea",
        "go.micro.web.tea-shop",
        "go.micro.api.tea-api",
    ] {
        until(&format!("{name} is listed"), PATIENCE, || listed(name));
    }

    // The site.
    get(shop.at, "/").assert_has(&["<form"]);
    let body = r#"{"name":"huohuo"}"#;
    let length = body.len();
    let head = "POST /example/call HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: ";
    ask(shop.at, &format!("{head}{length}\r\n\r\n{body}")).assert_has(&[r#""msg":"hello huohuo""#]);

    // The others are seen through the gateway, which has never heard of them.
    for (namespace, path) in [
        ("go.micro.srv", "/tea/tea/call?name=huohuo"),
        ("go.micro.api", "/tea-api/teaapi/call?name=huohuo"),
    ] {
        let free = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let arguments = format!("gateway --addr {free} --namespace {namespace} --expose *");
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let gateway = Running::start(
            &made.target().join("debug").join("l14-gateway"),
            &arguments,
            consul.addr,
        );
        until(&format!("{path} answers"), PATIENCE, || {
            get(gateway.at, path).contains(r#""msg":"hello huohuo""#)
        });
    }

    for running in [shop, api, tea] {
        running.end();
    }
    until("all have said goodbye", PATIENCE, || {
        !listed("go.micro.srv.tea")
            && !listed("go.micro.web.tea-shop")
            && !listed("go.micro.api.tea-api")
    });
}
