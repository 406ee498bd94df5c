//! What a learner has believed: the fold over a record, the command and the route of the page.

use std::fs;

use serde_json::{Value, json};
use workbook::beliefs::{Due, met};
use workbook::course::Course;
use workbook::store::{Line, Store};

use crate::support::{AssertHas, Fixture};

const DAY: u64 = 86_400;

/// An attempt on a day, as the record has it.
fn attempt(day: u64, id: &str, belief: Option<&str>) -> Value {
    let status = if belief.is_some() { "failed" } else { "passed" };
    json!({
        "v": 1, "at": day * DAY + 100, "id": id, "kind": "attempt", "status": status, "seconds": 0.1,
        "belief": belief, "hash": "0"
    })
}

fn lines(fixture: &Fixture, attempts: &[Value]) -> Vec<Line> {
    let text: String = attempts.iter().map(|line| format!("{line}\n")).collect();
    fs::create_dir_all(fixture.path(".workbook")).unwrap();
    fixture.put(".workbook/attempts.jsonl", text);
    let (lines, damage) = Store::new(fixture.root()).lines();
    assert_eq!(damage, []);
    lines
}

#[test]
fn a_belief_is_open_then_overcome_and_may_come_back() {
    let fixture = Fixture::new();
    let course = Course::load(fixture.root()).unwrap();
    let mut record = vec![
        attempt(0, "alpha", Some("the-same-is-twice")),
        attempt(0, "alpha", Some("the-same-is-twice")),
        attempt(0, "own-lines", Some("lines-arrive-whole")),
    ];
    let all = met(&course, &lines(&fixture, &record), DAY);
    let [same, lines_whole] = all.as_slice() else {
        panic!("{all:#?}")
    };
    assert_eq!(same.words.as_deref(), Some("The same is twice as much."));
    assert_eq!((same.times, same.again, same.overcome), (2, false, false));
    assert_eq!(same.lesson.as_deref(), Some("00-first"));
    assert_eq!(
        (lines_whole.lesson.as_ref(), lines_whole.words.as_ref()),
        (None, None)
    );
    record.push(attempt(1, "alpha", None));
    let all = met(&course, &lines(&fixture, &record), DAY);
    assert!(all[0].overcome && !all[0].again && !all[1].overcome);
    record.push(attempt(2, "alpha", Some("the-same-is-twice")));
    let all = met(&course, &lines(&fixture, &record), DAY);
    assert!(all[0].again && !all[0].overcome, "{:?}", all[0]);
}

#[test]
fn another_look_is_due_after_one_three_and_seven_days() {
    let fixture = Fixture::new();
    let course = Course::load(fixture.root()).unwrap();
    let mut record = vec![
        attempt(0, "alpha", Some("the-same-is-twice")),
        attempt(0, "alpha", None),
    ];
    let due = |record: &[Value], day: u64| {
        let all = met(&course, &lines(&fixture, record), day * DAY + 200);
        all[0].due.clone()
    };
    let again = Some(Due {
        exercise: "alpha".to_owned(),
        page: "00-first".to_owned(),
        variant: false,
    });
    assert_eq!((due(&record, 0), due(&record, 1)), (None, again.clone()));
    // A look on the first day; the next is due three days later, then seven.
    record.push(attempt(1, "alpha", None));
    assert_eq!((due(&record, 3), due(&record, 4)), (None, again.clone()));
    record.push(attempt(4, "alpha", None));
    assert_eq!((due(&record, 10), due(&record, 11)), (None, again));
    // Not as long as it is open.
    record.push(attempt(11, "alpha", Some("the-same-is-twice")));
    assert_eq!(due(&record, 100), None);
}

#[test]
fn another_exercise_with_the_belief_is_the_better_look() {
    let fixture = Fixture::new();
    let toml = fixture.path("lessons/01-second/lesson.toml");
    let text = fs::read_to_string(&toml).unwrap();
    let start = text.find("belief = ").unwrap();
    let end = start + text[start..].find('\n').unwrap();
    let same = r#"belief = { slug = "the-same-is-twice", words = "The same is twice as much." }"#;
    fs::write(&toml, format!("{}{same}{}", &text[..start], &text[end..])).unwrap();
    let course = Course::load(fixture.root()).unwrap();
    let record = [
        attempt(0, "alpha", Some("the-same-is-twice")),
        attempt(0, "alpha", None),
    ];
    let all = met(&course, &lines(&fixture, &record), 2 * DAY);
    let due = all[0].due.as_ref().unwrap();
    assert_eq!((due.exercise.as_str(), due.variant), ("beta", true));
    assert_eq!(due.page, "01-second");
}

#[test]
fn the_command_tells_the_same_in_words_and_in_json() {
    let fixture = Fixture::new();
    let said = fixture.says(&["beliefs"]);
    said.assert_has(&["No answer of yours"]);
    fixture.write("alpha", &fixture.mistake("alpha", "1_the_same"));
    fixture.run(&["check", "alpha"]);
    let said = fixture.says(&["beliefs", "--plain"]);
    said.assert_has(&["The same is twice as much.\n  1 time in alpha: still open"]);
    let line: Value = serde_json::from_str(&fixture.says(&["beliefs", "--json"])).unwrap();
    assert_eq!(
        (&line["slug"], &line["overcome"]),
        (&json!("the-same-is-twice"), &json!(false))
    );
}
