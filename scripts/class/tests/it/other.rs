//! Mistakes that the course does not know: grouped in the report, named by the teacher, then a belief like any other.

use std::path::Path;

use class::protocol::{Record, Status, What};
use serde_json::Value;

use crate::support::{Learner, Server, file, program, record};

fn run(dir: &Path, words: &[&str]) -> (bool, String) {
    let output = program()
        .args(words)
        .arg("--file")
        .arg(file(dir))
        .output()
        .unwrap();
    (
        output.status.success(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

fn unknown(exercise: &str, attempt: u32, seen: &str) -> Record {
    Record {
        belief: None,
        seen: Some(seen.to_owned()),
        ..record(exercise, Status::Failed, attempt)
    }
}

#[tokio::test]
async fn unknown_mistakes_that_are_alike_become_a_belief_when_they_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::open(dir.path(), &["--port", "0"]);
    let mut ada = Learner::joined(&server, "Ada").await;
    let mut bob = Learner::joined(&server, "Bob").await;
    let lost = "whole: # bytes of this message were lost at its end";
    ada.taken(What::Results(vec![
        unknown("frames", 1, lost),
        unknown("frames", 2, "empty: a frame without bytes was not returned"),
        unknown("echo", 1, lost),
    ]))
    .await;
    bob.taken(What::Results(vec![unknown(
        "frames",
        1,
        "whole: # bytes of this message were lost at its beginning",
    )]))
    .await;
    let (_, report) = run(dir.path(), &["report"]);
    for line in [
        "not known: 3 answers of 2 learners in frames",
        "frames/1: 2 answers of 2 learners: whole: # bytes of this message were lost at its end",
        "frames/2: 1 answer of 1 learner: empty: a frame",
        "echo/1: 1 answer of 1 learner: whole",
    ] {
        assert!(report.contains(line), "{line}: {report}");
    }
    assert!(!run(dir.path(), &["name", "frames/3", "x"]).0);
    assert!(!run(dir.path(), &["name", "frames/1", ""]).0);
    // While the class is open; the second name takes the place of the first.
    for words in ["Something", "A long message is cut at the end."] {
        assert!(run(dir.path(), &["name", "frames/1", words]).0);
    }
    // One that comes later, and is alike, has the name at once.
    ada.taken(What::Results(vec![unknown(
        "frames",
        3,
        "whole: # bytes of this message were lost at its very end",
    )]))
    .await;
    let words = "A long message is cut at the end.";
    let board = server
        .board(|board| board["beliefs"][0]["learners"] == 2)
        .await;
    assert_eq!(board["beliefs"][0]["words"], words);
    let (_, report) = run(dir.path(), &["report", "--json"]);
    let report: Value = serde_json::from_str(&report).unwrap();
    let lesson = &report[0];
    assert_eq!(lesson["beliefs"][0]["met"], 2, "{report}");
    assert_eq!(lesson["beliefs"][0]["words"], words);
    assert_eq!(lesson["groups"][0]["name"], words);
    assert_eq!(lesson["groups"][0]["answers"], 3);
    let other = lesson["other"].as_array().unwrap();
    let frames = other.iter().find(|each| each["exercise"] == "frames");
    assert_eq!(frames.unwrap()["answers"], 1, "{report}");
    let (_, csv) = run(dir.path(), &["export", "csv"]);
    let named = csv
        .matches(",class-a-long-message-is-cut-at-the-end,")
        .count();
    assert_eq!(named, 3, "{csv}");
}

#[test]
fn records_of_an_earlier_version_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let records = class::store::open(&file(dir.path())).unwrap();
    records
        .execute_batch("ALTER TABLE results DROP COLUMN seen; DROP TABLE named;")
        .unwrap();
    drop(records);
    let (good, report) = run(dir.path(), &["report"]);
    assert!(good && report.contains("no results yet"), "{report}");
}
