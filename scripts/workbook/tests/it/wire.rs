//! The live capture of a served course: what it refuses, what it shows, and that nothing of it is
//! left behind. The fixture has a small stand-in for `wire`; the real one is in the browser tests.

#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use crate::support::served::{Events, Running, json, status};
use crate::support::{AssertHas, Fixture, processes_with, until};
use rustix::process::Signal;
use serde_json::{Value, json};

/// The programs of the fixture's capture, and their supervisors.
fn programs(fixture: &Fixture) -> Vec<u32> {
    let built = fixture.path("target/debug");
    let of = |name: &str| processes_with(&format!("{}/{name}", built.display()));
    let mut all = of("wire");
    all.extend(of("l01-second"));
    all
}

fn gone(fixture: &Fixture) {
    until("nothing is left", Duration::from_secs(20), || {
        programs(fixture).is_empty()
    });
}

fn phase(events: &mut Events, phase: &str) -> Value {
    let state = events.next("state", |state| state["wire"]["phase"] == phase);
    state["wire"].clone()
}

fn started(running: &Running, path: &str) -> (Events, Value) {
    let mut events = running.events();
    assert_eq!(status(&running.post(path)), 202, "{path}");
    let state = phase(&mut events, "running");
    (events, state)
}

#[test]
fn what_pages_may_ask_is_narrow() {
    let fixture = Fixture::new();
    let running = Running::new(&fixture);
    let start = "POST /workbook/wire/start/01-second";
    let token = format!("X-Workbook-Token: {}\r\n", running.token);
    assert_eq!(status(&running.ask(start, "")), 403, "no token");
    let foreign = format!("{token}Origin: http://evil.example\r\n");
    assert_eq!(status(&running.ask(start, &foreign)), 403);
    let cross = format!("{token}Sec-Fetch-Site: cross-site\r\n");
    assert_eq!(status(&running.ask(start, &cross)), 403);
    let cross = running.ask("GET /workbook/wire", "Sec-Fetch-Site: cross-site\r\n");
    assert_eq!(status(&cross), 403);
    assert_eq!(status(&running.get("/workbook/wire/start/01-second")), 404);

    for (path, code) in [
        ("start/99-nothing", 404),
        ("start/1", 404),
        ("start/l01-second", 404),
        ("start/..%2f01-second", 400),
        ("start/--help", 404),
        ("start/", 404),
        ("start/00-first", 404), // it has no wire.toml
        ("start/01-second/", 400),
        ("start/01-second/--help", 400),
        ("start/01-second/lines/more", 400),
        ("own/0/lines", 400),
        ("own/65536/lines", 400),
        ("own/+80/lines", 400),
        ("own/-1/lines", 400),
        ("own/80/--help", 400),
        ("own/80/", 400),
        ("own/80", 400),
        ("own/80/lines/more", 400),
        ("own/127.0.0.1:80/lines", 400),
        ("chaos/split,split", 400),
        ("chaos/delay=1h", 400),
        ("chaos/delay=2001ms", 400),
        ("chaos/split%0achaos%20none", 400),
        ("chaos/none", 409),
        ("call/0", 409),
        ("call/x", 404),
        ("call/-1", 404),
        ("stop", 409),
        ("stop/1", 404),
        ("", 404),
        ("other", 404),
    ] {
        let reply = running.post(&format!("/workbook/wire/{path}"));
        assert_eq!(status(&reply), code, "{path}: {reply}");
        let words = json(&reply)["error"].as_str().unwrap().to_owned();
        assert!(words.ends_with('.'), "{path}: {words}");
    }
    let all = json(&running.get("/workbook/wire"));
    assert_eq!(all["state"]["phase"], "idle");
    assert_eq!(all["state"]["capture"], 0, "nothing was started");
    assert_eq!(all["rows"], json!([]));
    let lessons = all["lessons"].as_array().unwrap();
    assert_eq!(lessons.len(), 1, "{lessons:?}");
    assert_eq!(lessons[0]["id"], "01-second");
    assert_eq!(lessons[0]["calls"][0], "Greet Ada");
}

#[test]
fn a_capture_from_the_build_to_the_end() {
    let fixture = Fixture::new();
    let running = Running::new(&fixture);
    let (mut events, state) = started(&running, "/workbook/wire/start/01-second");
    assert_eq!(state["lesson"], "01-second");
    assert_eq!(state["view"], "lines");
    let wire = state["wire"].as_str().unwrap();
    assert_eq!(
        state["commands"][0],
        format!("cargo run -p l01-second -- client --addr {wire} Ada")
    );
    let again = running.post("/workbook/wire/start/01-second");
    assert_eq!(status(&again), 409, "one at a time: {again}");
    let own = running.post("/workbook/wire/own/80/bytes");
    assert_eq!(status(&own), 409, "{own}");

    assert_eq!(status(&running.post("/workbook/wire/call/0")), 202);
    // What a client prints may come before the row about the same bytes: the order is free.
    let mut there = (false, false, false);
    events.next("wire", |row| {
        let line = |dir: &str, text: &str| row["dir"] == dir && row["text"] == text;
        there.0 |= line("client-to-server", "Ada");
        there.1 |= line("server-to-client", "hello Ada");
        there.2 |= row["who"] == "client" && row["text"] == "hello Ada";
        there == (true, true, true)
    });
    assert_eq!(status(&running.post("/workbook/wire/call/9")), 409);

    let chaos = "/workbook/wire/chaos/half-close,split,delay=50ms";
    assert_eq!(status(&running.post(chaos)), 202);
    let heard = events.next("wire", |row| row["event"] == "chaos");
    assert_eq!(heard["chaos"], "split,delay=50ms,half-close");
    let dial = &json(&running.get("/workbook/state"))["wire"]["dial"];
    assert_eq!((&dial["split"], &dial["delay"]), (&json!(true), &json!(50)));

    // A page that is opened now sees all of it.
    let all = json(&running.get("/workbook/wire"));
    let rows = all["rows"].as_array().unwrap();
    let has = |name: &str| rows.iter().any(|row| row["event"] == name);
    assert!(has("listening") && has("line") && has("chaos"), "{rows:?}");
    let numbers: Vec<u64> = rows.iter().map(|row| row["n"].as_u64().unwrap()).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");

    // Calls that hang are bounded in number, and end with the capture.
    for _ in 0..4 {
        assert_eq!(status(&running.post("/workbook/wire/call/1")), 202);
    }
    assert_eq!(status(&running.post("/workbook/wire/call/1")), 409);
    events.next("state", |state| state["wire"]["calls"] == 4);
    assert!(programs(&fixture).len() >= 4);
    assert_eq!(status(&running.post("/workbook/wire/stop")), 202);
    let state = phase(&mut events, "idle");
    assert_eq!(state["why"], Value::Null, "somebody asked for it");
    assert!(programs(&fixture).is_empty(), "{:?}", programs(&fixture));

    // Stopped while it is still being built: nothing goes on.
    let source = fixture.path("lessons/01-second/src/main.rs");
    let main = fs::read_to_string(&source).unwrap();
    fs::write(&source, format!("{main}\n// Changed: it is built anew.\n")).unwrap();
    assert_eq!(status(&running.post("/workbook/wire/start/01-second")), 202);
    assert_eq!(status(&running.post("/workbook/wire/stop")), 202);
    events.next("state", |state| {
        state["wire"]["capture"] == 2 && state["wire"]["phase"] == "idle"
    });
    gone(&fixture);

    // And another one.
    let (_, state) = started(&running, "/workbook/wire/start/01-second/bytes");
    assert_eq!(
        (&state["capture"], &state["view"]),
        (&json!(3), &json!("bytes"))
    );
    assert_eq!(state["dial"]["split"], false, "a new wire behaves");
}

#[test]
fn a_server_that_ends_is_told_and_one_that_does_not_compile_as_well() {
    let fixture = Fixture::new();
    let running = Running::new(&fixture);
    let (mut events, _) = started(&running, "/workbook/wire/start/01-second");
    running.post("/workbook/wire/call/2");
    let state = phase(&mut events, "idle");
    let why = state["why"].as_str().unwrap();
    why.assert_has(&["The server has ended"]);
    gone(&fixture);

    let main = fixture.path("lessons/01-second/src/main.rs");
    fs::write(main, "fn main() { broken( }\n").unwrap();
    running.post("/workbook/wire/start/01-second");
    let error = |row: &Value| row["text"].as_str().is_some_and(|t| t.starts_with("error"));
    events.next("wire", error);
    let state = phase(&mut events, "idle");
    state["why"].as_str().unwrap().assert_has(&["not compile"]);
}

#[test]
fn a_server_of_ones_own() {
    let fixture = Fixture::new();
    let running = Running::new(&fixture);
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let (mut events, state) = started(&running, &format!("/workbook/wire/own/{port}/frames"));
    assert_eq!(state["lesson"], Value::Null);
    assert_eq!(state["view"], "frames");
    assert_eq!(state["server"], format!("127.0.0.1:{port}"));
    let mut client = TcpStream::connect(state["wire"].as_str().unwrap()).unwrap();
    writeln!(client, "to my own").unwrap();
    let mut line = String::new();
    let (accepted, _) = server.accept().unwrap();
    BufReader::new(accepted).read_line(&mut line).unwrap();
    assert_eq!(line, "to my own\n");
    events.next("wire", |row| row["text"] == "to my own");
    assert_eq!(status(&running.post("/workbook/wire/call/0")), 409);
}

#[test]
fn a_flood_is_bounded_and_counted() {
    let fixture = Fixture::new();
    let script = fixture.path("lessons/01-second/wire.toml");
    let text = fs::read_to_string(&script).unwrap();
    fs::write(
        &script,
        text.replacen("\n\n", "\nwire = [\"--flood\"]\n\n", 1),
    )
    .unwrap();
    let running = Running::new(&fixture);
    let (mut events, _) = started(&running, "/workbook/wire/start/01-second");
    let mut left_out = 0;
    events.next("wire", |row| {
        left_out += row["count"].as_u64().unwrap_or(0);
        // News come through.
        row["event"] == "closed"
    });
    assert!(left_out > 10_000, "{left_out}");
    let all = json(&running.get("/workbook/wire"));
    let rows = all["rows"].as_array().unwrap();
    assert!(rows.len() <= 500, "{}", rows.len());
}

#[test]
fn nothing_is_left_when_the_runner_ends_or_is_killed_or_nobody_looks() {
    let fixture = Fixture::new();
    for signal in [Signal::TERM, Signal::KILL] {
        let running = Running::new(&fixture);
        let (_events, _) = started(&running, "/workbook/wire/start/01-second");
        running.post("/workbook/wire/call/1");
        assert!(!programs(&fixture).is_empty());
        running.signal(signal);
        gone(&fixture);
    }
    let mut command = fixture.workbook(&["start", "--port", "0", "--no-open", "--poll"]);
    command.env("WORKBOOK_WIRE_NOBODY_MS", "1500");
    let running = Running::of(command);
    let (events, _) = started(&running, "/workbook/wire/start/01-second");
    assert!(!programs(&fixture).is_empty());
    drop(events);
    gone(&fixture);
    until("the reason is told", Duration::from_secs(5), || {
        let state = &json(&running.get("/workbook/state"))["wire"];
        state["why"]
            .as_str()
            .is_some_and(|why| why.contains("No page"))
    });
}
