//! `own`: the learner's own service is made, judged and recorded.

use std::process::Command;
use std::time::Duration;

use crate::support::{AssertHas, Copy, Fixture, Run, repository, until};

/// The judge may have to be compiled first.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn each_start_is_made_once_and_never_overwritten() {
    for language in ["rust", "go", "python"] {
        let fixture = Fixture::new();
        fixture.put("Cargo.lock", "version = 4\n");
        let said = fixture.says(&["own", "--lang", language]);
        said.assert_has(&["own.toml", "own check 1"]);
        let order = fixture.path("my-service/own.toml");
        std::fs::write(&order, "# mine\n").unwrap();
        let output = fixture.run(&["own", "--lang", language]);
        assert_eq!(output.code, Some(2));
        output.err.assert_has(&["stays as it is"]);
        assert_eq!(std::fs::read_to_string(&order).unwrap(), "# mine\n");
    }
}

#[test]
fn what_cannot_be_is_said() {
    let fixture = Fixture::new();
    for (arguments, reason) in [
        (
            &["own", "check"][..],
            "`cargo workbook own` makes a service",
        ),
        (&["own", "check", "99"], "there is no stage `99`"),
        (&["own", "--lang", "cobol"], "rust, go or python"),
        (&["own", "paint"], "list, check or watch"),
    ] {
        let output = fixture.run(arguments);
        let err = output.err;
        assert_eq!(output.code, Some(2), "{arguments:?}: {err}");
        assert!(err.contains(reason), "{arguments:?}: {err}");
    }
    let said = fixture.says(&["own", "list"]);
    said.assert_has(&[" 1  own-lines", "open"]);
}

/// `own` with these arguments, over a copy of the course.
fn own(copy: &Copy, arguments: &[&str]) -> Command {
    let mut command = copy.workbook(&[&["own"], arguments].concat());
    command.env("CARGO_NET_OFFLINE", "true");
    command
}

/// How many processes sleep as the service of the test does.
fn sleepers() -> usize {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    all.filter(|entry| {
        std::fs::read(entry.path().join("cmdline")).is_ok_and(|words| words == b"sleep\x0073.25\0")
    })
    .count()
}

#[test]
fn a_service_is_built_judged_and_recorded() {
    let copy = Copy::new();
    let root = copy.root();
    for folder in ["my-service", ".workbook"] {
        let _ = std::fs::remove_dir_all(root.join(folder));
    }
    assert_eq!(own(&copy, &[]).said().code, Some(0));
    let check = own(&copy, &["check", "1"]).said();
    assert_eq!(check.code, Some(1), "{}", check.all());
    check.out.assert_has(&["stage 1 own-lines   failed", "→"]);

    // A reference takes its place: it passes, and the record says so.
    let order = "build = []\nstart = [\"python3\", \"main.py\"]\n";
    std::fs::write(root.join("my-service/own.toml"), order).unwrap();
    std::fs::write(root.join("my-service/main.py"), SERVER).unwrap();
    let check = own(&copy, &["check", "own-lines"]).said();
    assert_eq!(check.code, Some(0), "{}", check.all());
    check.out.assert_has(&["stage 1 own-lines   passed"]);
    let list = own(&copy, &["list"]).said().out;
    assert!(list.lines().next().unwrap().contains("passed"), "{list}");
    let log = std::fs::read_to_string(root.join(".workbook/attempts.jsonl")).unwrap();
    assert_eq!(log.lines().count(), 2, "{log}");
    log.assert_has(&["\"id\":\"own-lines\"", "\"kind\":\"attempt\""]);

    // `watch` judges at once, and again when a file is saved.
    let output = root.join("my-service-watched.txt");
    let mut watch = own(&copy, &["watch", "1", "--plain"])
        .stdout(std::fs::File::create(&output).unwrap())
        .spawn()
        .unwrap();
    let verdicts = |word: &str| {
        let said = std::fs::read_to_string(&output).unwrap();
        said.matches(&format!("stage 1 own-lines   {word}")).count()
    };
    until("the first verdict", PATIENCE, || verdicts("passed") == 1);
    let wrong = SERVER.replace("error: empty name", "error: no name");
    std::fs::write(root.join("my-service/main.py"), wrong).unwrap();
    until("the verdict after a change", PATIENCE, || {
        verdicts("failed") == 1
    });
    assert_eq!(verdicts("passed"), 1);
    watch.kill().unwrap();
    watch.wait().unwrap();
    std::fs::remove_file(&output).unwrap();

    // Nothing of the service is left when the runner is killed in the middle of a stage.
    let order = "start = [\"sh\", \"-c\", \"trap '' TERM; sleep 73.25 & sleep 73.25\"]\n";
    std::fs::write(root.join("my-service/own.toml"), order).unwrap();
    let mut runner = own(&copy, &["check", "1"]).spawn().unwrap();
    until("the service runs", PATIENCE, || sleepers() == 2);
    runner.kill().unwrap();
    runner.wait().unwrap();
    until("the service is gone", PATIENCE, || sleepers() == 0);

    // A build that fails is told in the compiler's words.
    let order = "build = [\"sh\", \"-c\", \"echo no such type >&2; exit 1\"]\nstart = [\"true\"]\n";
    std::fs::write(root.join("my-service/own.toml"), order).unwrap();
    let said = own(&copy, &["check", "1"]).said().out;
    said.assert_has(&["no such type"]);
    std::fs::remove_dir_all(root.join("my-service")).unwrap();
    std::fs::remove_dir_all(root.join(".workbook")).unwrap();
}

/// What the start in Rust proposes is what the course has compiled already.
#[test]
fn the_start_in_rust_proposes_the_versions_of_the_course() {
    let read = |file: &str| std::fs::read_to_string(repository().join(file)).unwrap();
    let course: toml::Table = read("Cargo.toml").parse().unwrap();
    let course = &course["workspace"]["dependencies"];
    let version = |value: &toml::Value| {
        let text = value.get("version").unwrap_or(value);
        text.as_str().unwrap().to_owned()
    };
    let mut count = 0;
    for line in read("scripts/own/start/rust/Cargo.toml").lines() {
        let proposed = line
            .strip_prefix("# ")
            .and_then(|line| line.parse::<toml::Table>().ok());
        for (name, value) in proposed.unwrap_or_default() {
            if name == "build" {
                continue;
            }
            assert_eq!(version(&value), version(&course[&name]), "{name}");
            count += 1;
        }
    }
    assert!(count > 8, "{count} dependencies are proposed");
}

const SERVER: &str = r#"
import os, socketserver

class Greeter(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            if line.endswith(b"\n"):
                name = line[:-1].removesuffix(b"\r")
                self.wfile.write(b"hello " + name + b"\n" if name else b"error: empty name\n")

host, _, port = os.environ["TCP_ADDR"].rpartition(":")
socketserver.ThreadingTCPServer((host, int(port)), Greeter).serve_forever()
"#;
