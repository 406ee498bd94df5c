//! Watch mode as a learner meets it: on a pseudo-terminal, with keys pressed and files saved.

#![cfg(target_os = "linux")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::pty::{LONG, Terminal};
use crate::support::{AssertHas, Fixture, mask, processes_with, until};
use rustix::process::Signal;

const RIGHT: &str = "pub fn double(n: u32) -> u32 {\n    n + n\n}\n";
const PLUS_21: &str = "pub fn double(n: u32) -> u32 {\n    n + 21\n}\n";
const TRIPLE: &str = "pub fn double(n: u32) -> u32 {\n    n * 3\n}\n";
const ENDLESS: &str = "pub fn double(n: u32) -> u32 {\n    while n == 21 {\n        std::thread::yield_now();\n    }\n    n\n}\n";
const NO_RUST: &str = "pub fn double(n: u32) -> u32 {\n    \"two\"\n}\n";

fn watch(fixture: &Fixture, arguments: &[&str]) -> Terminal {
    let arguments = [&["watch"], arguments].concat();
    Terminal::start(&fixture.workbook(&arguments), 80, 24)
}

fn give_time(fixture: &Fixture) {
    let file = fixture.path("lessons/00-first/lesson.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("limit = 2", "limit = 5")).unwrap();
}

/// Nothing of this fixture runs any more.
fn nothing_runs(fixture: &Fixture) {
    let mark = fixture.root().to_str().unwrap();
    until("no process is left", Duration::from_secs(5), || {
        processes_with(mark).is_empty()
    });
}

#[test]
fn each_save_gives_a_verdict_however_the_editor_saves() {
    let fixture = Fixture::new();
    let mut terminal = watch(&fixture, &[]);
    assert_eq!(
        mask(&terminal.wait_for("check 1")),
        "\
0.1 alpha   Twice as much   check 1
  edit lessons/00-first/exercises/alpha/exercise.rs

· 0.1 alpha   not started
  This is the text that you begin with: change it and save. Its check says of
  it:
  A number is doubled
    expected     42
    your answer  21
  → You returned the number itself: add it to itself.
    lessons/00-first/exercises/alpha/check.rs:11  doubles
  h hint   l list   v full output   ? keys   q quit"
    );
    let answer = fixture.answer("alpha");

    // Written in place.
    fixture.write("alpha", TRIPLE);
    terminal.wait_for("check 2").assert_has(&["63"]);

    // Written beside it and renamed over it, as vim and VS Code do.
    let beside = answer.with_file_name("exercise.rs.tmp");
    fs::write(&beside, PLUS_21).unwrap();
    fs::rename(&beside, &answer).unwrap();
    let said = terminal.wait_for("check 3");
    said.assert_has(&["Nothing is doubled"]);

    // Moved away first, then written anew: vim with backups.
    fs::rename(&answer, answer.with_file_name("exercise.rs~")).unwrap();
    std::thread::sleep(Duration::from_millis(30));
    fs::write(&answer, TRIPLE).unwrap();
    terminal.wait_for("check 4").assert_has(&["63"]);

    // Backups, swap files and a touch are no saves.
    for name in ["exercise.rs~", ".exercise.rs.swp", "4913", "#exercise.rs#"] {
        fs::write(answer.with_file_name(name), "no Rust").unwrap();
    }
    fs::write(&answer, TRIPLE).unwrap();
    std::thread::sleep(Duration::from_millis(700));
    terminal.screen().assert_has(&["check 4"]);

    // Emptied first and written a little later: the empty file is not judged.
    let file = fs::File::create(&answer).unwrap();
    std::thread::sleep(Duration::from_millis(80));
    std::io::Write::write_all(&mut &file, PLUS_21.as_bytes()).unwrap();
    drop(file);
    let said = terminal.wait_for("check 5");
    said.assert_has(&["Nothing is doubled"]);
    assert!(!terminal.bytes().contains("does not compile"));

    // A burst: the verdict is about the last text.
    for n in 0..20 {
        let text = if n == 19 { RIGHT } else { TRIPLE };
        fixture.write("alpha", &format!("{text}// {n}\n"));
        std::thread::sleep(Duration::from_millis(10));
    }
    let passed = terminal.wait_for("passed in");
    assert_eq!(
        mask(&passed[passed.find('✓').unwrap()..]),
        "\
✓ 0.1 alpha   passed in T s

  Why one good answer is as it is:
    A product says what is meant; a sum would do as well.

  n next   l list   ? keys   q quit"
    );

    // It never goes on by itself; n does.
    std::thread::sleep(Duration::from_millis(300));
    terminal.screen().assert_has(&["0.1 alpha"]);
    terminal.press("n");
    let beta = terminal.wait_for("check 1");
    beta.assert_has(&["1.1 beta   Answer a client"]);
    terminal.press("q");
    assert!(terminal.end().success());
    nothing_runs(&fixture);
}

#[test]
fn every_key_works_while_a_check_hangs_and_a_save_ends_it() {
    let fixture = Fixture::new();
    give_time(&fixture);
    fixture.write("alpha", ENDLESS);
    let mut terminal = watch(&fixture, &["alpha"]);
    terminal.wait_for("running ...");
    terminal.press("h");
    terminal.wait_for("Hint 1 of 2: Look at the sign.");
    terminal.press("l");
    terminal.wait_for("0 of 2 exercises passed");
    terminal.press("?");
    terminal.wait_for("quit; Ctrl-C and Ctrl-D do the same");
    terminal.press("v");
    terminal.wait_for("running 2 tests");
    terminal.press("x");
    terminal.wait_for("x again to reset");
    terminal.press("h");
    terminal.wait_for("Not reset.");
    // Arrow keys mean nothing, and break nothing.
    terminal.press("\u{1b}");
    fixture.write("alpha", RIGHT);
    terminal.wait_for("passed in");
    assert!(!terminal.bytes().contains("timed out"));

    // All over again, and quit in the middle.
    fixture.write("alpha", ENDLESS);
    terminal.wait_for("running ...");
    let asked = Instant::now();
    terminal.press("q");
    assert!(terminal.end().success());
    assert!(asked.elapsed() < Duration::from_secs(2));
    assert!(terminal.is_as_before() && terminal.cursor_shown());
    nothing_runs(&fixture);
}

#[test]
fn a_check_of_all_takes_only_what_was_begun_and_a_hint_stays_under_the_verdict() {
    let fixture = Fixture::new();
    let mut terminal = watch(&fixture, &["alpha"]);
    terminal.wait_for("check 1");
    terminal.press("c");
    terminal.wait_for("No exercise has been begun");
    fixture.write("alpha", RIGHT);
    terminal.wait_for("passed in");
    terminal.press("c");
    let all = terminal.wait_for("not begun");
    all.assert_has(&["Checking 1 exercise:", "1 of 1 passed; 1 not begun."]);

    fixture.write("alpha", TRIPLE);
    terminal.wait_for("failed after");
    terminal.press("h");
    terminal.wait_for("Hint 1 of 2");
    terminal.press("h");
    terminal.wait_for("Hint 2 of 2: Return `n * 2`.");
    fixture.write("alpha", PLUS_21);
    let screen = terminal.wait_for("Nothing is doubled");
    assert_eq!(screen.matches("Hint 1 of 2").count(), 1, "{screen}");
    screen.assert_has(&["Hint 2 of 2"]);
    terminal.press("h");
    terminal.wait_for("That was the last hint.");
}

#[test]
fn reset_asks_and_undo_brings_the_very_text_back() {
    let fixture = Fixture::new();
    fixture.write("alpha", TRIPLE);
    let mut terminal = watch(&fixture, &["alpha"]);
    terminal.wait_for("check 1");
    terminal.press("u");
    terminal.wait_for("u undoes an x of this sitting");
    terminal.press("x");
    terminal.wait_for("Put the stub of alpha back? Your text is kept in .workbook/.");
    assert_eq!(fixture.text("alpha"), TRIPLE);
    terminal.press("x");
    let reset = terminal.wait_for("check 2");
    reset.assert_has(&[
        "your answer  21",
        ".workbook/kept/alpha/0001.rs",
        "u undo the reset",
    ]);
    terminal.press("u");
    // The verdict is about the text that came back, although its time is an old one.
    let said = terminal.wait_for("check 3");
    said.assert_has(&["your answer  63"]);
    assert_eq!(fixture.text("alpha"), TRIPLE);
}

#[test]
fn a_text_moved_into_place_with_an_old_time_is_judged() {
    let fixture = Fixture::new();
    let old = fixture.path("old.rs");
    fs::write(&old, TRIPLE).unwrap();
    let mut terminal = watch(&fixture, &["alpha"]);
    terminal.wait_for("check 1");
    fs::rename(&old, fixture.answer("alpha")).unwrap();
    let said = terminal.wait_for("check 2");
    said.assert_has(&["your answer  63"]);
    terminal.press("q");
    assert!(terminal.end().success());
}

#[test]
fn another_exercise_is_watched_once_it_is_saved_and_a_lost_file_is_said() {
    let fixture = Fixture::new();
    let mut terminal = watch(&fixture, &["beta"]);
    terminal.wait_for("check 1");
    fixture.write("alpha", TRIPLE);
    let said = terminal.wait_for("your answer  63");
    said.assert_has(&["You saved alpha: watching it now."]);
    fs::remove_file(fixture.answer("alpha")).unwrap();
    terminal.wait_for("exercise.rs is missing");
    fixture.write("alpha", PLUS_21);
    terminal.wait_for("Nothing is doubled");
    fs::remove_file(fixture.answer("alpha")).unwrap();
    terminal.wait_for("exercise.rs is missing");
    terminal.press("xx");
    terminal.wait_for("your answer  21");
}

#[test]
fn a_compile_error_reads_as_rustc_prints_it() {
    let fixture = Fixture::new();
    fixture.write("alpha", NO_RUST);
    let mut terminal = watch(&fixture, &["alpha"]);
    assert_eq!(
        terminal.wait_for("check 1"),
        "\
0.1 alpha   Twice as much   check 1
  edit lessons/00-first/exercises/alpha/exercise.rs

✗ 0.1 alpha   does not compile

error[E0308]: mismatched types
 --> lessons/00-first/exercises/alpha/exercise.rs:2:5
  |
1 | pub fn double(n: u32) -> u32 {
  |                          --- expected `u32` because of return type
2 |     \"two\"
  |     ^^^^^ expected `u32`, found `&str`
  h hint   l list   v full output   ? keys   q quit"
    );
    // With rustc's colours.
    let said = terminal.bytes();
    said.assert_has(&["\u{1b}[1m\u{1b}[91merror[E0308]"]);
    terminal.press("q");
}

#[test]
fn many_errors_are_cut_and_v_shows_all() {
    let fixture = Fixture::new();
    let mut text = String::from(RIGHT);
    for n in 0..30 {
        text.push_str(&format!("pub fn f{n}() -> u32 {{\n    \"{n}\"\n}}\n"));
    }
    fixture.write("alpha", &text);
    let mut terminal = watch(&fixture, &["alpha"]);
    let screen = terminal.wait_for("errors more: v shows them.");
    assert!(!screen.contains("pub fn f29"), "{screen}");
    terminal.press("v");
    terminal.wait_for("could not compile `l00-first`");
    terminal.bytes().assert_has(&["pub fn f29"]);
}

#[test]
fn a_time_out_says_what_was_running() {
    let fixture = Fixture::new();
    fixture.write("alpha", ENDLESS);
    let mut terminal = watch(&fixture, &["alpha"]);
    assert_eq!(
        mask(&terminal.wait_for("check 1")),
        "\
0.1 alpha   Twice as much   check 1
  edit lessons/00-first/exercises/alpha/exercise.rs

✗ 0.1 alpha   timed out after T s
  The check did not finish: `doubles` was still running after 2 s
  → Your code waits or loops for ever here. Look for a loop without an end, and
    for a read or an accept that waits for something that never comes.
    doubles
  h hint   l list   v full output   ? keys   q quit"
    );
    terminal.press("q");
}

#[test]
fn whatever_ends_it_during_a_long_compile_the_terminal_is_as_before() {
    let fixture = Fixture::new();
    let slow = "fn main() {\n    std::thread::sleep(std::time::Duration::from_secs(100));\n}\n";
    fixture.put("lessons/00-first/build.rs", slow);
    for ending in ["q", "\u{3}", "\u{4}", "TERM", "HUP"] {
        let mut terminal = watch(&fixture, &["alpha"]);
        let said = terminal.wait_for("compiling ...");
        said.assert_has(&["? keys   q quit"]);
        let asked = Instant::now();
        let code = match ending {
            "TERM" => {
                terminal.signal(Signal::TERM);
                143
            }
            "HUP" => {
                terminal.signal(Signal::HUP);
                129
            }
            key => {
                terminal.press(key);
                0
            }
        };
        assert_eq!(terminal.end().code(), Some(code), "{ending:?}");
        assert!(asked.elapsed() < Duration::from_secs(3), "{ending:?}");
        assert!(terminal.is_as_before(), "{ending:?}");
        assert!(terminal.cursor_shown());
        nothing_runs(&fixture);
    }
}

#[test]
fn a_panic_and_ctrl_z_leave_the_terminal_as_before() {
    let fixture = Fixture::new();
    let mut command = fixture.workbook(&["watch", "alpha"]);
    command.env("WORKBOOK_TEST_PANIC", "1");
    let mut terminal = Terminal::start(&command, 80, 24);
    terminal.wait_for("check 1");
    assert!(!terminal.is_as_before());

    terminal.press("\u{1a}");
    until("it has stopped", LONG, || terminal.state() == 'T');
    assert!(terminal.is_as_before());
    terminal.signal(Signal::CONT);
    until("it goes on", LONG, || !terminal.is_as_before());
    terminal.press("h");
    terminal.wait_for("Hint 1 of 2");

    terminal.press("!");
    assert_eq!(terminal.end().code(), Some(101));
    assert!(terminal.is_as_before());
    terminal.bytes().assert_has(&["panicked at"]);
}

#[test]
fn polling_works_and_is_taken_up_where_no_events_arrive() {
    let fixture = Fixture::new();
    let mut terminal = watch(&fixture, &["alpha", "--poll"]);
    terminal.wait_for("check 1");
    fixture.write("alpha", TRIPLE);
    terminal.wait_for("your answer  63");
    fixture.write("beta", "pub fn serve() {}\n");
    terminal.wait_for("You saved beta");
    terminal.press("q");
    assert!(terminal.end().success());

    let mut command = fixture.workbook(&["watch", "alpha"]);
    command.env("WORKBOOK_TEST_DEAF", "1");
    let mut terminal = Terminal::start(&command, 80, 24);
    terminal.wait_for("does not say when a file is saved");
    fixture.write("alpha", PLUS_21);
    terminal.wait_for("Nothing is doubled");
    terminal.press("q");
    assert!(terminal.end().success());
    // The probe does not stay.
    let left: Vec<_> = fs::read_dir(fixture.path(".workbook"))
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("probe"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_record_that_cannot_be_written_is_said_and_the_watch_goes_on() {
    let fixture = Fixture::new();
    // A folder in the place of the record: not even root can append to that.
    fs::create_dir_all(fixture.path(".workbook/attempts.jsonl")).unwrap();
    fixture.write("alpha", TRIPLE);
    let terminal = watch(&fixture, &["alpha"]);
    let said = terminal.wait_for("is not in your record");
    said.assert_has(&["your answer  63"]);
    fixture.write("alpha", &TRIPLE.replace("n * 3", "n * 4"));
    terminal.wait_for("your answer  84");
}

#[test]
fn plain_output_is_lines_and_has_no_escape_codes() {
    let fixture = Fixture::new();
    for (arguments, name, value) in [
        (&["watch", "alpha", "--plain"][..], "TERM", "xterm"),
        (&["watch", "alpha"][..], "NO_COLOR", "1"),
        (&["watch", "alpha"][..], "TERM", "dumb"),
    ] {
        fixture.write("alpha", TRIPLE);
        let mut command = fixture.workbook(arguments);
        command.env(name, value);
        let mut terminal = Terminal::start(&command, 80, 24);
        terminal.wait_for("your answer  63");
        terminal.wait_for("q quit");
        terminal.press("h");
        terminal.wait_for("Hint 1 of 2");
        fixture.write("alpha", PLUS_21);
        terminal.wait_for("Nothing is doubled");
        terminal.press("q");
        assert!(terminal.end().success());
        let bytes = terminal.bytes();
        assert!(!bytes.contains('\u{1b}'), "{name}: {bytes:?}");
    }
}

#[test]
fn a_narrow_window_is_not_wider_than_it_is() {
    let fixture = Fixture::new();
    let terminal = watch(&fixture, &["alpha"]);
    terminal.wait_for("check 1");
    terminal.resize(44, 20);
    fixture.write("alpha", PLUS_21);
    let screen = terminal.wait_for("check 2");
    screen.assert_has(&["  → Twice nothing is nothing: do not add a\n    constant."]);
    assert!(screen.ends_with("…"), "{screen}");
    assert!(
        screen
            .lines()
            .all(|line| line.chars().count() <= 44 || line.contains("lessons/"))
    );
}

#[test]
fn without_a_keyboard_saves_are_checked_until_the_input_ends() {
    let fixture = Fixture::new();
    let mut child = fixture
        .workbook(&["watch", "alpha"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut line_with = |text: &str| {
        lines
            .by_ref()
            .map(Result::unwrap)
            .find(|line| line.contains(text))
            .unwrap()
    };
    line_with("your answer  21");
    fixture.write("alpha", TRIPLE);
    line_with("your answer  63");
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());

    // With no input at all it is a background job: it goes on until it is told to end.
    let mut child = fixture
        .workbook(&["watch", "alpha"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let text: Vec<String> = lines
        .map(Result::unwrap)
        // On a busy machine it may take long enough to be said.
        .filter(|line| !line.contains("compiling ..."))
        .take(7)
        .collect();
    let running = child.try_wait().unwrap().is_none();
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert!(running);
    assert_eq!(
        mask(&text.join("\n")),
        "\
0.1 alpha   Twice as much
  edit lessons/00-first/exercises/alpha/exercise.rs

✗ 0.1 alpha   failed after T s
  A number is doubled
    expected     42
    your answer  63"
    );
    nothing_runs(&fixture);
}

#[test]
fn an_unknown_name_is_an_error_with_the_nearest_one() {
    let fixture = Fixture::new();
    let output = fixture.run(&["watch", "alpah"]);
    assert_eq!(output.code, Some(2));
    output.err.assert_has(&["did you mean `alpha`?"]);
}
