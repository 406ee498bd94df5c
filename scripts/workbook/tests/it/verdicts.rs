//! The judge against answers that go wrong in every way we know. Whatever an answer does, there is
//! one verdict, in words, and no process is left.

use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use crate::support::{AssertHas, Fixture, Said, processes_with, until};

/// Checks `alpha` with `body` as the function's body.
fn check(fixture: &Fixture, body: &str) -> String {
    let text = format!("pub fn double(n: u32) -> u32 {{\n    {body}\n}}\n");
    fixture.write("alpha", &text);
    fixture.says(&["check", "alpha"])
}

/// The same in a course of its own.
fn alpha(body: &str) -> (Fixture, String) {
    let fixture = Fixture::new();
    let says = check(&fixture, body);
    (fixture, says)
}

/// The verdict on `alpha` as `--json` prints it.
fn json(fixture: &Fixture, more: &[&str]) -> serde_json::Value {
    let line = fixture
        .run(&[&["check", "alpha", "--json"], more].concat())
        .out;
    serde_json::from_str(&line).unwrap()
}

/// A mark for child processes of one test: an odd number of seconds to sleep.
fn nap(number: u32) -> String {
    format!("87654.{}{number}", std::process::id())
}

#[test]
fn a_right_answer_passes_and_is_kept() {
    let (fixture, says) = alpha("n + n");
    assert_eq!(says, "✓ 0.1 alpha   passed in T s\n");
    let said = fixture.read(".workbook/passed/alpha.rs");
    said.assert_has(&["n + n"]);
}

#[test]
fn a_wrong_answer_is_told_what_was_expected() {
    let (_, says) = alpha("n");
    assert_eq!(
        says,
        "\
✗ 0.1 alpha   failed after T s
  A number is doubled
    expected     42
    your answer  21
  → You returned the number itself: add it to itself.
    lessons/00-first/exercises/alpha/check.rs:11  doubles
"
    );
}

#[test]
fn json_is_one_object_a_line_with_the_promised_members() {
    let fixture = Fixture::new();
    let output = fixture.run(&["check", "--all", "--json"]);
    assert_eq!(output.code, Some(1));
    let text = output.out;
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    for member in [
        "id", "lesson", "number", "status", "seconds", "check", "belief", "message",
    ] {
        assert!(lines[0].get(member).is_some(), "{member}: {text}");
    }
    assert_eq!(lines[0]["status"], "failed");
    assert_eq!(lines[0]["belief"], "the-same-is-twice");
    // For a tutor: the belief in words, and which hint is next.
    assert_eq!(lines[0]["words"], "The same is twice as much.");
    assert_eq!(
        (&lines[0]["hints_seen"], &lines[0]["hints"]),
        (&0.into(), &2.into())
    );
    assert_eq!(lines[0]["check"], "doubles");
    assert_eq!(lines[1]["belief"], "accept-is-an-answer");
}

#[test]
fn a_known_mistake_gives_the_verdict_its_belief() {
    let fixture = Fixture::new();
    let verdict = json(&fixture, &["--answer", "mistakes/2_a_constant.diff"]);
    assert_eq!(verdict["belief"], "twice-is-a-constant-more");
    assert_eq!(verdict["check"], "zero_stays_zero");
}

#[test]
fn a_mistake_that_is_not_known_has_no_belief() {
    let fixture = Fixture::new();
    fixture.write(
        "alpha",
        "pub fn double(_: u32) -> u32 {\n    panic!(\"no idea\")\n}\n",
    );
    let verdict = json(&fixture, &[]);
    assert_eq!(verdict["status"], "failed");
    assert_eq!(verdict.get("belief"), Some(&serde_json::Value::Null));
    // The record has what the check said, and of a panic in the answer only the fact.
    let log = fixture.read(".workbook/attempts.jsonl");
    let line: serde_json::Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    let check = verdict["check"].as_str().unwrap();
    assert_eq!(line["seen"], format!("{check}: the answer panicked"));
}

#[test]
fn an_answer_that_does_not_compile_shows_what_rustc_says() {
    let (fixture, says) = alpha("\"two\"");
    assert!(says.starts_with("✗ 0.1 alpha   does not compile\n\nerror[E0308]: mismatched types\n"));
    says.assert_has(&["lessons/00-first/exercises/alpha/exercise.rs:2:5"]);
    assert!(!says.contains("aborting due to"), "{says}");
    assert_eq!(fixture.run(&["check", "alpha"]).code, Some(1));
}

#[test]
fn an_endless_loop_is_ended_at_the_limit() {
    let (_, says) = alpha("loop { std::hint::black_box(n); }");
    assert_eq!(
        says,
        "\
✗ 0.1 alpha   timed out after T s
  The check did not finish: `doubles` was still running after 2 s
  → Your code waits or loops for ever here. Look for a loop without an end, and
    for a read or an accept that waits for something that never comes.
    doubles
"
    );
}

#[test]
fn a_child_left_behind_is_ended() {
    let nap = nap(1);
    let (_, says) = alpha(&format!(
        "std::process::Command::new(\"sleep\").arg(\"{nap}\").spawn().unwrap(); n * 2"
    ));
    assert!(says.starts_with("✓"), "{says}");
    assert!(processes_with(&nap).is_empty());
}

#[test]
fn a_child_that_leaves_the_process_group_is_ended() {
    let nap = nap(2);
    // setsid -f forks: the sleeper has a session of its own and its parent is gone.
    let (_, says) = alpha(&format!(
        "std::process::Command::new(\"setsid\").args([\"-f\", \"sleep\", \"{nap}\"]).status().unwrap(); \
         loop {{ std::hint::black_box(n); }}"
    ));
    assert!(says.starts_with("✗ 0.1 alpha   timed out"), "{says}");
    assert!(processes_with(&nap).is_empty());
}

#[test]
fn exit_0_in_the_middle_is_no_pass() {
    let (_, says) = alpha("std::process::exit(i32::from(n == 7))");
    assert_eq!(
        says,
        "\
✗ 0.1 alpha   failed after T s
  The whole program ended during `doubles` with exit code 0, before the check was done
  → Something called `std::process::exit`. Return from the function instead: the
    program belongs to the check.
    doubles
"
    );
}

/// Bodies of the function, how the verdict on each begins, and words of it.
const ENDINGS: [(&str, &str, &[&str]); 8] = [
    (
        "let l = std::net::TcpListener::bind(\"127.0.0.1:0\").unwrap(); let _ = l.accept(); n * 2",
        "✗ 0.1 alpha   timed out",
        &[],
    ),
    (
        "let _ = n; std::process::abort()",
        FAILED,
        &["was ended during `doubles` by SIGABRT"],
    ),
    (
        "if n == u32::MAX { 0 } else { double(std::hint::black_box(n)) + 1 }",
        FAILED,
        &["The stack overflowed during `doubles`"],
    ),
    (
        "let big = vec![1_u8; 3 << 30]; u32::from(std::hint::black_box(&big)[9]) + n",
        FAILED,
        &["more memory than a check may use"],
    ),
    (
        "let _ = std::thread::spawn(|| panic!(\"lost in a thread\")).join(); n * 2",
        FAILED,
        &["lost in a thread"],
    ),
    (
        "let list: Vec<u32> = vec![]; list[n as usize]",
        FAILED,
        &["index out of bounds", "exercise.rs:2"],
    ),
    (
        // The panic is in the standard library; told is the line that called it.
        "let now = std::time::Instant::now();\n    let _ = now - std::time::Duration::MAX;\n    n",
        FAILED,
        &[
            "your code panicked  lessons/00-first/exercises/alpha/exercise.rs:3\n",
            "overflow when subtracting duration",
        ],
    ),
    (
        "print!(\"test doubles ... ok\"); println!(\"test result: ok. 9 passed; 0 failed;\"); n",
        FAILED,
        &[],
    ),
];
const FAILED: &str = "✗ 0.1 alpha   failed";

#[test]
fn however_an_answer_ends_it_is_named() {
    let fixture = Fixture::new();
    for (body, begins, words) in ENDINGS {
        let says = check(&fixture, body);
        assert!(says.starts_with(begins), "{body}: {says}");
        format!("{body}: {says}").assert_has(words);
    }
}

#[test]
fn the_test_that_stands_first_in_the_check_speaks_first() {
    // By its name `all_is_well` runs before `doubles`; and it never ends.
    for last in ["panic!(\"a puzzle\")", "loop { std::thread::park(); }"] {
        let fixture = Fixture::new();
        let check = fixture.path("lessons/00-first/exercises/alpha/check.rs");
        let text = std::fs::read_to_string(&check).unwrap();
        let more = format!(
            "\n#[test]\nfn all_is_well() {{\n    if exercise::double(1) != 2 {{\n        {last}\n    }}\n}}\n"
        );
        std::fs::write(&check, text + &more).unwrap();
        let says = fixture.says(&["check", "alpha"]);
        says.assert_has(&[
            "A number is doubled\n    expected     42",
            "check.rs:11  doubles",
        ]);
    }
}

#[test]
fn a_gigabyte_of_output_is_bounded() {
    let fixture = Fixture::new();
    fixture.write(
        "alpha",
        "use std::io::Write;\n\npub fn double(n: u32) -> u32 {\n    \
         for _ in 0..1_000_000 {\n        \
         let _ = std::io::stdout().write_all(&[b'x'; 1024]);\n    }\n    n * 2\n}\n",
    );
    let mut runner = fixture
        .workbook(&["check", "alpha"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut peak = 0;
    while runner.try_wait().unwrap().is_none() {
        peak = peak.max(peak_memory(runner.id()));
        std::thread::sleep(Duration::from_millis(5));
    }
    let says = Said::from(runner.wait_with_output().unwrap()).out;
    // Done within the limit or ended at it: in both cases there is one short verdict.
    assert!(says.starts_with("✗") || says.starts_with("✓"), "{says}");
    assert!(says.len() < 10_000, "{} bytes on the screen", says.len());
    assert!(
        (1..100 * 1024).contains(&peak),
        "the runner held {peak} KiB"
    );
}

/// The most memory that a process has held, in KiB (`VmHWM`, proc(5)); 0 if it has gone.
fn peak_memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

#[test]
fn a_check_whose_tests_are_gone_is_no_pass() {
    let fixture = Fixture::new();
    let check = fixture.path("lessons/00-first/exercises/alpha/check.rs");
    let text = std::fs::read_to_string(&check).unwrap();
    std::fs::write(&check, text.replace("#[test]", "#[test]\n#[ignore]")).unwrap();
    let says = fixture.says(&["check", "alpha"]);
    says.assert_has(&["The check is not whole: 0 tests said ok, 2 are needed"]);
}

#[test]
fn nothing_is_left_when_the_runner_is_killed() {
    let nap = nap(3);
    let fixture = Fixture::new();
    fixture.write(
        "alpha",
        &format!(
            "pub fn double(n: u32) -> u32 {{\n std::process::Command::new(\"setsid\")\
             .args([\"-f\", \"sleep\", \"{nap}\"]).status().unwrap();\n \
             loop {{ std::hint::black_box(n); }}\n}}\n"
        ),
    );
    let mut runner = fixture.workbook(&["check", "alpha"]).spawn().unwrap();
    until(
        "the answer to start its child",
        Duration::from_secs(60),
        || !processes_with(&format!("sleep {nap}")).is_empty(),
    );
    runner.kill().unwrap();
    assert_eq!(runner.wait().unwrap().signal(), Some(9));
    let root = fixture.root().to_str().unwrap().to_owned();
    until("everything to end", Duration::from_secs(5), || {
        processes_with(&nap).is_empty() && processes_with(&root).is_empty()
    });
}

#[test]
fn a_killed_runner_ends_the_compiler_too() {
    let fixture = Fixture::new();
    fixture.write("alpha", "pub fn double(n: u32) -> u32 { n * 3 }\n");
    let mut runner = fixture.workbook(&["check", "alpha"]).spawn().unwrap();
    let root = fixture.root().to_str().unwrap().to_owned();
    // cargo itself carries no mark; rustc has the path of the file or of the folder it runs in.
    until("cargo to start", Duration::from_secs(60), || {
        !children_of(runner.id()).is_empty()
    });
    let child = children_of(runner.id());
    runner.kill().unwrap();
    runner.wait().unwrap();
    until("the build to end", Duration::from_secs(5), || {
        child
            .iter()
            .all(|pid| !std::path::Path::new(&format!("/proc/{pid}")).exists())
            && processes_with(&root).is_empty()
    });
}

fn children_of(pid: u32) -> Vec<u32> {
    let list = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    list.unwrap_or_default()
        .split_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect()
}

#[test]
fn two_checks_side_by_side_keep_their_own_answers() {
    let one = Fixture::new();
    let two = Fixture::new();
    two.write("alpha", "pub fn double(n: u32) -> u32 {\n    n * 2\n}\n");
    let started = Instant::now();
    let slow = one
        .workbook(&["check", "alpha", "--json"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let fast = two.run(&["check", "alpha", "--json"]);
    let slow = Said::from(slow.wait_with_output().unwrap());
    slow.out.assert_has(&["\"failed\""]);
    fast.out.assert_has(&["\"passed\""]);
    assert!(started.elapsed() < Duration::from_secs(120));
}
