//! A learner of the first edition pulls this one: what that edition's runner kept still works. The files in
//! `tests/first-edition/` were written by the runner of the first edition (commit 0176185) over the fixture course.

use std::fs;
use std::path::Path;

use workbook::course::{Course, renames};
use workbook::store::{Event, Store, Undo};
use workbook::verdict::Status;
use workbook::verify::files;

use crate::support::{AssertHas, Fixture, copy};

/// The fixture course with the `.workbook/` of that learner.
fn learner() -> Fixture {
    let fixture = Fixture::new();
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/first-edition");
    copy(&kept, &fixture.path(".workbook"));
    fixture
}

fn record(fixture: &Fixture) -> String {
    fixture.read(".workbook/attempts.jsonl")
}

#[test]
fn the_record_is_read_without_damage() {
    let fixture = learner();
    let (progress, damage) = Store::new(fixture.root()).progress();
    assert_eq!(damage, []);
    let alpha = progress.state("alpha");
    assert_eq!(
        (alpha.passed, alpha.attempts, alpha.hints, alpha.revealed),
        (true, 4, 1, false)
    );
    let beta = progress.state("beta");
    assert_eq!(
        (beta.passed, beta.attempts, beta.hints, beta.revealed),
        (false, 1, 2, true)
    );
    let course = Course::load(fixture.root()).unwrap();
    assert!(progress.lesson_passed(&course.lessons[0]));
    let said = fixture.says(&["list", "--plain"]);
    said.assert_has(&["passed  0.1   alpha", "tried   1.1   beta"]);
    // The solution is open after a pass.
    assert!(fixture.run(&["solution", "alpha"]).code == Some(0));
}

#[test]
fn the_record_goes_on_in_lines_that_the_first_edition_reads() {
    let fixture = learner();
    let before = record(&fixture);
    let store = Store::new(fixture.root());
    store.shown("alpha", Event::Hint { hints: 2 }).unwrap();
    fixture.write("beta", &fixture.mistake("beta", "1_accept_is_all"));
    fixture.run(&["check", "beta"]);
    fixture.run(&["reset", "beta"]);
    let after = record(&fixture);
    let lines: Vec<serde_json::Value> = after
        .strip_prefix(&before)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds: Vec<&str> = lines.iter().map(|l| l["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["hint", "attempt", "reset"]);
    // The members that the first edition wants in every line, and in an attempt.
    for line in &lines {
        assert_eq!(line["v"], 1, "{line}");
        assert!(line["at"].is_u64() && line["id"].is_string(), "{line}");
    }
    let old: serde_json::Value = serde_json::from_str(before.lines().next().unwrap()).unwrap();
    let members = |line: &serde_json::Value| -> Vec<String> {
        let mut names: Vec<String> = line.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    assert_eq!(members(&lines[1]), members(&old));
    assert_eq!(lines[1]["hints"], 2);
    assert_eq!(lines[1]["revealed"], true);
}

#[test]
fn every_kind_of_line_is_known() {
    let fixture = learner();
    let (lines, damage) = workbook::store::read(&fixture.path(".workbook/attempts.jsonl"));
    assert_eq!(damage, []);
    let words: Vec<String> = lines
        .iter()
        .map(|line| match &line.event {
            Event::Attempt(attempt) => format!("{} {}", line.id, attempt.status.word()),
            Event::Hint { hints } => format!("{} hint {hints}", line.id),
            Event::Reveal { hints } => format!("{} reveal {hints}", line.id),
            Event::Reset => format!("{} reset", line.id),
            Event::Undo => format!("{} undo", line.id),
        })
        .collect();
    assert_eq!(
        words,
        [
            "alpha failed",
            "alpha hint 1",
            "alpha compile-error",
            "alpha reset",
            "alpha timed-out",
            "alpha undo",
            "alpha passed",
            "alpha reset",
            "beta hint 1",
            "beta hint 2",
            "beta reveal 2",
            "beta failed",
        ]
    );
    let Event::Attempt(first) = &lines[0].event else {
        panic!("{:?}", lines[0])
    };
    assert_eq!(first.status, Status::Failed);
    assert_eq!(first.check.as_deref(), Some("doubles"));
    assert_eq!(first.belief.as_deref(), Some("the-same-is-twice"));
}

/// The exercise `alpha` of the fixture under other ids, with what the table of renames says of it.
fn renamed(fixture: &Fixture, ids: &[&str], table: &str) {
    let lesson = fixture.path("lessons/00-first");
    for id in ids {
        copy(
            &lesson.join("exercises/alpha"),
            &lesson.join("exercises").join(id),
        );
    }
    fs::remove_dir_all(lesson.join("exercises/alpha")).unwrap();
    for (file, table) in [
        ("lesson.toml", "\n[[exercise]]"),
        ("Cargo.toml", "\n[[test]]"),
    ] {
        let text = fs::read_to_string(lesson.join(file)).unwrap();
        let (head, entry) = text.split_once(table).unwrap();
        let entries: Vec<String> = (ids.iter())
            .map(|id| format!("{table}{}", entry.replace("alpha", id)))
            .collect();
        fs::write(lesson.join(file), format!("{head}{}", entries.concat())).unwrap();
    }
    let place = fixture.path(renames::FILE);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::write(place, table).unwrap();
}

#[test]
fn what_was_done_under_an_old_id_follows_the_new_one() {
    let fixture = learner();
    // Split in two: the first has the record, the second is new.
    renamed(&fixture, &["omega", "psi"], "# Old and new.\nalpha omega\n");
    let said = fixture.says(&["list", "--plain"]);
    said.assert_has(&["passed  0.1   omega", "open    0.2   psi"]);
    // The solution is open, and the next attempt goes on where the old ones ended.
    assert!(fixture.run(&["solution", "omega"]).code == Some(0));
    let answer = fixture.path("lessons/00-first/exercises/omega/exercise.rs");
    let kept = fixture.read(".workbook/kept/alpha/0002.rs");
    let says = fixture.says(&["undo", "omega"]);
    says.assert_has(&["Your text is back"]);
    assert_eq!(fs::read_to_string(&answer).unwrap(), kept);
    // The old id is understood, and what is kept from now on lies under the new one.
    let says = fixture.says(&["check", "alpha"]);
    assert_eq!(says, "✓ 0.1 omega   passed in T s\n");
    assert!(fixture.path(".workbook/passed/omega.rs").exists());
    assert!(fixture.path(".workbook/passed/alpha.rs").exists());
    let says = fixture.says(&["reset", "omega"]);
    says.assert_has(&[".workbook/kept/omega/0001.rs"]);
    let said = record(&fixture).lines().last().unwrap().to_owned();
    said.assert_has(&["\"id\":\"omega\""]);
    let says = fixture.says(&["undo", "psi"]);
    assert!(!says.contains("Your text is back"), "{says}");
}

#[test]
fn a_table_of_renames_that_leads_nowhere_is_found() {
    let fixture = Fixture::new();
    renamed(
        &fixture,
        &["omega"],
        "alpha omega\nalpha beta\nbeta gamma\n",
    );
    let course = Course::load(fixture.root()).unwrap();
    let found: Vec<String> = (files::faults(&course).iter())
        .map(ToString::to_string)
        .filter(|fault| fault.starts_with(renames::FILE))
        .collect();
    let what = [
        "`alpha` has two lines",
        "`beta` is the id of an exercise",
        "there is no exercise `gamma`",
    ];
    assert_eq!(found.len(), what.len(), "{found:#?}");
    for (fault, what) in found.iter().zip(what) {
        assert!(fault.contains(what), "{fault}");
    }
}

#[test]
fn the_kept_and_the_passed_text_come_back_and_pass() {
    let fixture = learner();
    let passed = fixture.read(".workbook/passed/alpha.rs");
    let kept = fixture.read(".workbook/kept/alpha/0002.rs");
    assert_eq!(kept, passed);
    let says = fixture.says(&["undo", "alpha"]);
    says.assert_has(&["Your text is back"]);
    assert_eq!(fixture.text("alpha"), kept);
    assert_eq!(
        fixture.says(&["check", "alpha"]),
        "✓ 0.1 alpha   passed in T s\n"
    );
    // The next text that is taken away gets the next number.
    let said = fixture.says(&["reset", "alpha"]);
    said.assert_has(&[".workbook/kept/alpha/0003.rs"]);
    assert!(fixture.path(".workbook/kept/alpha/0001.undone.rs").exists());
}

/// The ids of `released-ids.txt`.
fn released() -> Vec<&'static str> {
    let all = include_str!("../released-ids.txt").lines();
    all.filter(|line| !line.starts_with('#')).collect()
}

/// A record with a pass, a passed answer and a kept text under every id that was ever released, over the course of today.
#[test]
fn every_released_record_and_text_is_there_on_the_course_of_today() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let dir = tempfile::TempDir::new().unwrap();
    let root = dir.path();
    copy(&here.join("lessons"), &root.join("lessons"));
    fs::create_dir_all(root.join(renames::FILE).parent().unwrap()).unwrap();
    fs::copy(here.join(renames::FILE), root.join(renames::FILE)).unwrap();
    let store = root.join(".workbook");
    let mut record = String::new();
    for id in released() {
        record += &format!(
            r#"{{"v":1,"at":1700000000,"id":"{id}","kind":"attempt","status":"passed","seconds":0.1,"hash":"0"}}"#
        );
        record.push('\n');
        for (folder, file) in [
            (format!("kept/{id}"), "0001.rs".to_owned()),
            ("passed".to_owned(), format!("{id}.rs")),
        ] {
            fs::create_dir_all(store.join(&folder)).unwrap();
            fs::write(store.join(folder).join(file), format!("// {id}\n")).unwrap();
        }
    }
    fs::write(store.join("attempts.jsonl"), record).unwrap();

    let course = Course::load(root).unwrap();
    let store = Store::new(root);
    store.prepare(&course).unwrap();
    let (progress, damage) = store.progress();
    assert_eq!(damage, []);
    let mut left = released();
    for exercise in course.exercises() {
        let id = exercise.id.as_str();
        assert!(
            released().contains(&id),
            "`{id}` is not in released-ids.txt: add it, so that it is never lost"
        );
        assert!(progress.state(id).passed, "{id}");
        // Each undo brings the next text: that of the present id, then those of the old ones.
        for id in std::iter::once(id).chain(course.renames.before(id)) {
            assert_eq!(store.undo(root, exercise).unwrap().0, Undo::BroughtBack);
            let text = fs::read_to_string(root.join(exercise.answer())).unwrap();
            assert_eq!(text, format!("// {id}\n"));
            left.retain(|each| *each != id);
        }
    }
    assert_eq!(left, Vec::<&str>::new(), "no exercise has these ids");
}
