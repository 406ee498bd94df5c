//! The command line.

use testkit::program::{Binary, has_all};

const L17: Binary = Binary(env!("CARGO_BIN_EXE_l17-production"));

#[test]
fn what_is_wrong_is_said_in_words() {
    L17.tells(&["--help"], &["cargo run -p l17-production -- proxy"]);
    L17.refuses(&["instance", "--version", "v 2"], "--version");
    L17.refuses_each(&[
        ("nonsense", "there is no `nonsense`"),
        (
            "instance --redis here",
            "an address looks like 127.0.0.1:6379",
        ),
        ("instance --drain-ms 10", "--drain-ms: at least as long as"),
        ("instance --consul 127.0.0.1:1", "does not answer"),
        ("proxy --weights v1", "weights look like v1=9,v2=1"),
    ]);
}

/// All scenes, in the order of the chapter.
#[test]
fn the_demo_tells_the_whole_story() {
    let told = L17.tells(
        &[],
        &[
            "1. Three",
            "7. All instances leave",
            "cargo run -p l17-production -- proxy",
        ],
    );
    has_all(
        &told,
        &[
            "without an instance: 503 no healthy upstream",
            "30 requests, 0 failed",
            "before: 200 requests, 200 by v1, 0 failed",
            "Envoy rejects version",
            "--drain-ms: at least as long as --check-every-ms (500 ms)",
        ],
    );
    let roll = told.split("6. All of v1").nth(1).unwrap();
    let lost = roll
        .lines()
        .find(|line| line.contains(" requests, "))
        .unwrap();
    assert!(lost.contains(" requests, 0 failed ("), "{lost}");
}

/// A short run: the closed loop has fewer requests than the timetable, and hides the pause.
#[test]
fn the_timetable_has_requests_during_the_pause() {
    let told = L17.tells(
        &["timetable", "--rate", "50", "--seconds", "2"],
        &["closed loop", "by timetable"],
    );
    let numbers = |row: &str| -> Vec<f64> {
        let line = told.lines().find(|line| line.starts_with(row)).unwrap();
        let words = line[row.len()..].split_whitespace();
        words.map(|word| word.parse().unwrap()).collect()
    };
    let (closed, open) = (numbers("closed loop"), numbers("by timetable"));
    assert!(closed[0] < open[0], "{told}");
    // Requests, failed and not sent: all of the timetable.
    assert!((open[0] + open[5] + open[6] - 100.0).abs() < 0.5, "{told}");
    // The slowest request came at the beginning of a pause of 0.67 s.
    assert!(open[4] > 500.0, "{told}");
}
