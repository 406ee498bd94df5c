//! The results for other programs: CSV, xAPI statements, and Gradescope's `results.json`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::course::Course;
use crate::report::{Row, rows};
use crate::store;

/// Writes all results in `format` to `out`, or prints them.
///
/// # Errors
/// If there are no records, or `out` cannot be written.
pub fn run(file: &Path, course: &Course, format: &str, out: Option<&Path>) -> Result<()> {
    let connection = store::open_to_read(file)?;
    let rows = rows(&connection)?;
    let room: String = store::get(&connection, "room")?.unwrap_or_default();
    let text = match format {
        "csv" => csv(&rows, course),
        "xapi" => xapi(&rows, course, &room),
        "gradescope" => {
            let out = out.context("gradescope takes --out FOLDER: one file a learner")?;
            return write_gradescope(&rows, course, out);
        }
        other => bail!("`{other}` is not known: csv, xapi or gradescope"),
    };
    match out {
        Some(path) => {
            fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
        }
        None => {
            print!("{text}");
            Ok(())
        }
    }
}

/// RFC 4180. A name that a spreadsheet would take for a formula gets an apostrophe.
fn csv(rows: &[Row], course: &Course) -> String {
    let mut text =
        String::from("learner,lesson,exercise,attempt,status,belief,seconds,hints,arrived\r\n");
    for row in rows {
        let formula = row.member.starts_with(['=', '+', '-', '@']);
        let name = format!("{}{}", if formula { "'" } else { "" }, row.member).replace('"', "\"\"");
        let (lesson, belief) = (
            course.lesson_of(&row.exercise).unwrap_or_default(),
            row.belief.as_deref().unwrap_or_default(),
        );
        let Row {
            exercise,
            attempt,
            status,
            seconds,
            hints,
            ..
        } = row;
        let _ = write!(
            text,
            "\"{name}\",{lesson},{exercise},{attempt},{status},{belief},{seconds},{hints},{}\r\n",
            time(row.at)
        );
    }
    text
}

/// One statement a line. The id is made from class and result: a store that gets it twice keeps it once.
fn xapi(rows: &[Row], course: &Course, room: &str) -> String {
    let home = format!("https://workbook.invalid/class/{room}");
    let statement = |row: &Row| {
        let passed = row.status == "passed";
        let verb = if passed { "passed" } else { "failed" };
        let lesson = course.lesson_of(&row.exercise).unwrap_or_default();
        json!({
            "id": uuid(&format!("{room} {}", row.id)),
            "actor": { "objectType": "Agent", "account": { "homePage": home, "name": row.member } },
            "verb": { "id": format!("http://adlnet.gov/expapi/verbs/{verb}"), "display": { "en": verb } },
            "object": {
                "objectType": "Activity",
                "id": format!("https://workbook.invalid/exercises/{}", row.exercise),
                "definition": { "name": { "en": row.exercise }, "type": "http://adlnet.gov/expapi/activities/assessment" },
            },
            "result": {
                "success": passed, "duration": format!("PT{:.2}S", row.seconds),
                "extensions": {
                    "https://workbook.invalid/status": row.status, "https://workbook.invalid/belief": row.belief,
                    "https://workbook.invalid/attempt": row.attempt, "https://workbook.invalid/hints": row.hints,
                },
            },
            "context": { "extensions": { "https://workbook.invalid/lesson": lesson } },
            "timestamp": time(row.at),
        })
    };
    rows.iter()
        .map(|row| format!("{}\n", statement(row)))
        .collect()
}

/// A UUID of version 8 (RFC 9562: the bits are the application's) from a hash.
fn uuid(text: &str) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    let mut hex: String = hash.as_ref()[..16]
        .iter()
        .fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
    hex.replace_range(12..13, "8");
    hex.replace_range(16..17, "9");
    for at in [20, 16, 12, 8] {
        hex.insert(at, '-');
    }
    hex
}

/// RFC 3339 in UTC, from seconds since 1970-01-01: the days are counted from March, so that February 29 is the last.
fn time(at: i64) -> String {
    let (days, second) = (at.div_euclid(86_400) + 719_468, at.rem_euclid(86_400));
    let era = days.div_euclid(146_097);
    let day = days.rem_euclid(146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// The day in UTC: `2026-11-24`.
pub fn date(at: i64) -> String {
    time(at).chars().take(10).collect()
}

/// A folder with one `results.json` a learner, named after the learner. An exercise is worth one point.
fn write_gradescope(rows: &[Row], course: &Course, out: &Path) -> Result<()> {
    let mut learners: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        learners.entry(&row.member).or_default().push(row);
    }
    for (name, rows) in learners {
        // A name is a text of a member: only its letters and digits become part of a path.
        let folder: String = name
            .chars()
            .map(|c| if c.is_alphanumeric() { c } else { '-' })
            .collect();
        let folder = out.join(folder);
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot write {}", folder.display()))?;
        let results = serde_json::to_string_pretty(&gradescope(&rows, course))?;
        fs::write(folder.join("results.json"), results)?;
    }
    println!("written to {}", out.display());
    Ok(())
}

fn gradescope(rows: &[&Row], course: &Course) -> Value {
    let mut exercises: BTreeMap<(&str, &str), Vec<&Row>> = BTreeMap::new();
    for row in rows {
        let lesson = course.lesson_of(&row.exercise).unwrap_or_default();
        exercises
            .entry((lesson, &row.exercise))
            .or_default()
            .push(row);
    }
    let tests: Vec<Value> = exercises
        .into_iter()
        .map(|((lesson, exercise), rows)| {
            let passed = rows.iter().any(|row| row.status == "passed");
            let (score, status) = if passed { (1, "passed") } else { (0, "failed") };
            let output = format!("{} attempts, {} hints", rows.len(), rows.iter().map(|row| row.hints).max().unwrap_or(0));
            json!({ "name": format!("{lesson} {exercise}"), "score": score, "max_score": 1, "status": status, "output": output, "visibility": "visible" })
        })
        .collect();
    let seconds: f64 = rows.iter().map(|row| row.seconds).sum();
    json!({ "tests": tests, "execution_time": seconds, "visibility": "visible" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        assert_eq!(time(0), "1970-01-01T00:00:00Z");
        assert_eq!(time(951_827_696), "2000-02-29T12:34:56Z");
        assert_eq!(time(1_795_564_800), "2026-11-25T00:00:00Z");
    }

    #[test]
    fn a_statement_has_a_stable_id_of_its_own() {
        let id = uuid("KPRTMW 1");
        assert_eq!(id, uuid("KPRTMW 1"));
        assert_ne!(id, uuid("KPRTMW 2"));
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
    }
}
