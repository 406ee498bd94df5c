//! Processes: what they say, how they end, and that they do not outlive their starter.

use std::path::Path;
use std::time::Duration;

use stage::child::{Ask, PATIENCE, Spawn, place};
use stage::story;

/// A shell that runs this.
fn shell(script: &str) -> Spawn {
    Spawn::program(Path::new("sh"), ["-c", script])
}

/// Says where it listens, and then repeats what it hears.
const ECHO: &str = "echo callers trust me; echo listening on 127.0.0.1:9; cat";

#[tokio::test]
async fn the_address_is_read_and_orders_are_answered() {
    let child = shell(ECHO)
        .with_stdin()
        .note("callers trust ")
        .start()
        .unwrap();
    assert_eq!(child.listening().await.unwrap().port(), 9);
    assert_eq!(child.said("callers trust ").await.unwrap(), "me");
    assert!(child.lines().is_empty());
    let before = story::now();
    child.order("one").unwrap();
    child.order("two").unwrap();
    let line = child.line(PATIENCE).await.unwrap();
    assert_eq!(line.text, "one");
    assert!(before <= line.micros && line.micros <= story::now() && !line.error);
    assert_eq!(child.next_line(PATIENCE).unwrap().text, "two");
    assert!(child.next_line(Duration::from_millis(1)).is_none());
    let (status, _) = child.ask_to_end(Ask::EndOfStdin, PATIENCE).await.unwrap();
    assert!(status.success());
    assert!(child.line(PATIENCE).await.is_none());
    assert!(child.order("three").is_err() && child.pause().is_err());
}

#[test]
fn every_line_is_heard_and_noted_ones_are_counted() {
    let (heard, hears) = std::sync::mpsc::channel();
    let script = "echo listening on [::1]:80; echo registered: a; echo oh >&2; echo registered: b";
    let child = shell(script)
        .note("registered: ")
        .errors_too()
        .heard(move |line| heard.send((line.error, line.text.clone())).unwrap())
        .start()
        .unwrap();
    assert_eq!(child.listening_blocking().unwrap().port(), 80);
    let mut lines: Vec<_> = (0..4)
        .map(|_| hears.recv_timeout(PATIENCE).unwrap())
        .collect();
    lines.sort();
    assert_eq!(lines[3], (true, "oh".to_string()));
    assert_eq!(lines[1], (false, "registered: a".to_string()));
    let said = child.notes("registered: ");
    while said.borrow().times < 2 {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(said.borrow().rest, "b");
}

#[tokio::test]
async fn an_end_before_the_first_line_is_an_error() {
    for script in ["exit 3", "echo hello; exit 0"] {
        let child = shell(script).name("the broker").start().unwrap();
        let error = child.listening().await.unwrap_err().to_string();
        assert_eq!(error, "the broker ended before it said `listening on`");
        let error = child.listening_blocking().unwrap_err().to_string();
        assert_eq!(error, "the broker ended before it said `listening on`");
    }
    let child = shell("echo listening on the moon").start().unwrap();
    let error = child.listening().await.unwrap_err().to_string();
    assert!(
        error.contains("`the moon`, which is not an address"),
        "{error}"
    );
}

#[tokio::test]
async fn signals_reach_it_and_it_can_be_paused() {
    let script = "trap 'exit 5' TERM; trap 'exit 6' INT; echo listening on 1.1.1.1:1; \
                  while :; do sleep 0.01; done";
    for (how, code) in [(Ask::Terminate, 5), (Ask::Interrupt, 6)] {
        for spawn in [shell(script), shell(script).with_stdin()] {
            let child = spawn.start().unwrap();
            child.listening().await.unwrap();
            child.pause().unwrap();
            child.ask(how).unwrap();
            assert!(child.ended().is_none());
            child.resume().unwrap();
            while child.ended().is_none() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            assert_eq!(child.ended().unwrap().code(), Some(code));
        }
    }
}

#[test]
fn it_ends_with_its_value_also_when_it_is_paused() {
    for spawn in [
        shell("cat; sleep 60"),
        shell("sleep 60"),
        shell("sleep 60").with_stdin(),
    ] {
        let child = spawn.start().unwrap();
        child.pause().unwrap();
        let id = child.id();
        assert!(Path::new(&format!("/proc/{id}")).exists() || cfg!(not(target_os = "linux")));
        drop(child);
        assert!(!Path::new(&format!("/proc/{id}")).exists());
    }
}

#[test]
fn a_flag_is_passed_and_a_place_is_free() {
    let child = shell("echo $1 $MORE").args(["sh"]).env("MORE", "x");
    let child = child
        .until_stdin_ends("--until-stdin-ends")
        .start()
        .unwrap();
    assert_eq!(
        child.next_line(PATIENCE).unwrap().text,
        "--until-stdin-ends x"
    );
    child.kill();
    assert!(child.ended().is_some());
    std::net::TcpListener::bind(place().unwrap()).unwrap();
}
