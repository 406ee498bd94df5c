//! A guarded program ends with the process that started it, however that ends.
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use testkit::Guarded;

const ROLE: &str = "GUARDED_ROLE";

/// A shell that has started a program of its own, and tells both numbers.
fn family() -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", "sleep 600 & echo $$ $!; wait"]);
    shell
}

fn numbers(line: &str) -> Vec<u32> {
    let numbers = line.split_whitespace().filter_map(|part| part.parse().ok());
    let numbers: Vec<u32> = numbers.collect();
    assert_eq!(numbers.len(), 2, "{line:?}");
    numbers
}

fn first_line(family: &mut Guarded) -> String {
    let mut line = String::new();
    let output = family.child().stdout.take().unwrap();
    BufReader::new(output).read_line(&mut line).unwrap();
    line.trim_end().to_string()
}

fn lives(id: u32) -> bool {
    // A zombie has ended; only its parent has not asked yet.
    std::fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| {
        !stat
            .rsplit(')')
            .next()
            .is_some_and(|rest| rest.starts_with(" Z"))
    })
}

fn must_end(ids: &[u32]) {
    let since = Instant::now();
    while ids.iter().any(|id| lives(*id)) {
        assert!(since.elapsed() < Duration::from_secs(20), "{ids:?} live on");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What the child processes of these tests do: start a family and wait to be ended.
#[test]
fn role() {
    let Some(scratch) = std::env::var_os(ROLE) else {
        return;
    };
    let mut family = family();
    family.stdout(Stdio::piped());
    let mut family = Guarded::start(&mut family, Some(Path::new(&scratch))).unwrap();
    println!("{}", first_line(&mut family));
    match std::env::var("GUARDED_END").as_deref() {
        Ok("exit") => std::process::exit(0),
        Ok("panic") => panic!("as a test does"),
        _ => drop(family.child().wait()),
    }
}

/// This program once more, in the role, and its family.
fn start(scratch: &Path, end: &str) -> (Child, Vec<u32>) {
    std::fs::create_dir(scratch).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["guarded::role", "--exact", "--nocapture"]);
    command.env(ROLE, scratch).env("GUARDED_END", end);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let is_family = |line: &String| line.split_whitespace().all(|p| p.parse::<u32>().is_ok());
    let line = lines
        .map(Result::unwrap)
        .find(|line| !line.is_empty() && is_family(line));
    let family = numbers(&line.expect("the numbers of the family"));
    (child, family)
}

fn scratch(name: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("guarded-{name}-{}", std::process::id()))
}

#[test]
fn a_guarded_program_ends_with_its_value() {
    let mut family = Guarded::start(family().stdout(Stdio::piped()), None).unwrap();
    let line = first_line(&mut family);
    assert!(family.ended().is_none());
    drop(family);
    must_end(&numbers(&line));
}

#[test]
fn a_guarded_program_ends_when_its_starter_is_killed() {
    let scratch = scratch("killed");
    let (mut child, family) = start(&scratch, "never");
    child.kill().unwrap();
    child.wait().unwrap();
    must_end(&family);
    let since = Instant::now();
    while scratch.exists() {
        assert!(
            since.elapsed() < Duration::from_secs(20),
            "the folder stays"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_guarded_program_ends_when_its_starter_exits_without_a_drop() {
    let (mut child, family) = start(&scratch("exit"), "exit");
    child.wait().unwrap();
    must_end(&family);
}

#[test]
fn a_guarded_program_ends_when_its_starter_panics() {
    let (mut child, family) = start(&scratch("panic"), "panic");
    child.wait().unwrap();
    must_end(&family);
}
