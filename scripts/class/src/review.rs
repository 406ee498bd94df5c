//! `class review`: judges the answers of a class again, with the teacher's own judge, and groups what is alike.
//!
//! First by what the judge says: status, belief, failing test. Within that by likeness: each text becomes the set of
//! its three-token sequences without comments, and with one name for all variables and one for all literals. Two texts
//! are alike if they share at least [`ALIKE`] of those sequences (Jaccard index). A renamed variable or another layout
//! changes nothing; another method call does. A text joins the first group to whose first text it is alike.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::course::Course;
use crate::protocol::Status;
use crate::store::{self, get};

/// The share of sequences from which on two texts are alike.
const ALIKE: f64 = 0.7;

/// Said before code of learners runs.
const WARNING: &str = "The answers are code of learners, and run with your rights, in a copy of the course. The time limit of a check holds;\n\
     nothing else stops such code. Read an answer first if you do not trust its author.";

/// An answer, and what its author says of it.
struct Given {
    member: i64,
    text: String,
    claim: Option<String>,
}

/// What the runner prints of an answer.
#[derive(Clone, Deserialize)]
struct Verdict {
    status: Status,
    check: Option<String>,
    belief: Option<String>,
    message: String,
}

/// Judges the newest answer of each member to the exercise `id`, and prints the groups.
pub fn run(root: &Path, records: &Path, id: &str, json: bool) -> Result<()> {
    let course = Course::read(root)?;
    if course.lesson_of(id).is_none() {
        bail!("there is no exercise `{id}`");
    }
    store::open_to_read(records)?;
    let mut connection = store::open(records)?;
    let given = given(&connection, id)?;
    if given.is_empty() {
        bail!("no answer to {id} was handed in or shown");
    }
    eprintln!("{WARNING}\n");
    // Equal texts are judged once.
    let mut verdicts: HashMap<&str, Verdict> = HashMap::new();
    for (number, each) in given.iter().enumerate() {
        eprintln!("  answer {} of {}", number + 1, given.len());
        if !verdicts.contains_key(each.text.as_str()) {
            verdicts.insert(&each.text, judge(root, id, &each.text)?);
        }
    }
    let judged: Vec<(&Given, &Verdict)> = given
        .iter()
        .map(|each| (each, &verdicts[each.text.as_str()]))
        .collect();
    keep(&mut connection, id, &judged)?;
    let groups = read(&connection, &course, id)?;
    if json {
        println!("{groups}");
    } else {
        print(id, &groups);
    }
    Ok(())
}

/// The newest answer of each member: from a file, with its claim, or shown after that.
fn given(connection: &Connection, id: &str) -> rusqlite::Result<Vec<Given>> {
    let sql = "SELECT member, text, claim, at, 0 FROM handed WHERE exercise = ?1 \
               UNION ALL SELECT member, text, NULL, at, id FROM answers WHERE exercise = ?1 ORDER BY 4, 5";
    let mut all = connection.prepare(sql)?;
    let all = all.query_map([id], |row| {
        Ok(Given {
            member: row.get(0)?,
            text: row.get(1)?,
            claim: row.get(2)?,
        })
    })?;
    let mut newest: BTreeMap<i64, Given> = BTreeMap::new();
    for each in all {
        let mut each = each?;
        // The same text, shown as well: the claim of the file holds for it.
        if let Some(before) = newest.get(&each.member)
            && before.text == each.text
        {
            each.claim = each.claim.or_else(|| before.claim.clone());
        }
        newest.insert(each.member, each);
    }
    Ok(newest.into_values().collect())
}

/// Asks the runner, which works in a copy: the teacher's own files stay as they are.
fn judge(root: &Path, id: &str, text: &str) -> Result<Verdict> {
    let dir = root.join(".workbook/class");
    std::fs::create_dir_all(&dir)?;
    let file = dir.join(format!("review-{}.rs", std::process::id()));
    std::fs::write(&file, text)?;
    let output = Command::new("cargo")
        .args(["workbook", "check", id, "--json", "--answer-file"])
        .arg(&file)
        .current_dir(root)
        .stdin(Stdio::null())
        .output();
    let _ = std::fs::remove_file(&file);
    let output = output.context("cannot start cargo")?;
    let line = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(line.trim()).with_context(|| {
        let said = String::from_utf8_lossy(&output.stderr);
        format!("the judge did not say what it found: {}", said.trim())
    })
}

fn keep(connection: &mut Connection, id: &str, judged: &[(&Given, &Verdict)]) -> Result<()> {
    let mut first: Vec<(i64, &Verdict, HashSet<[String; 3]>)> = Vec::new();
    let transaction = connection.transaction()?;
    transaction.execute("DELETE FROM reviews WHERE exercise = ?1", [id])?;
    for (given, verdict) in judged {
        let these = sequences(&given.text);
        let same = |one: &Verdict| {
            (one.status, &one.belief, &one.check)
                == (verdict.status, &verdict.belief, &verdict.check)
        };
        let known = first
            .iter()
            .find(|(_, one, those)| same(one) && likeness(&these, those) >= ALIKE);
        let known = known.map(|(group, ..)| *group);
        let group = known.unwrap_or(i64::try_from(first.len())?);
        if known.is_none() {
            first.push((group, verdict, these));
        }
        transaction.execute(
            "INSERT INTO reviews (member, exercise, text, claim, status, belief, test, message, alike) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                given.member,
                id,
                given.text,
                given.claim,
                verdict.status.word(),
                verdict.belief,
                verdict.check,
                verdict.message,
                group
            ],
        )?;
    }
    Ok(transaction.commit()?)
}

/// What the judge says, and the answers by the number of their likeness.
type Group = (Value, BTreeMap<i64, Vec<Value>>);

/// The groups of the last review of an exercise, the largest first, as pages and `--json` have them.
pub fn read(connection: &Connection, course: &Course, id: &str) -> rusqlite::Result<Value> {
    let sql = "SELECT reviews.id, member, name, text, claim, status, belief, test, message, alike \
               FROM reviews JOIN members ON members.id = member WHERE exercise = ?1 ORDER BY alike, name";
    let mut rows = connection.prepare(sql)?;
    let mut rows = rows.query([id])?;
    let mut groups: BTreeMap<[Option<String>; 3], Group> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let text = |at: usize| row.get::<_, Option<String>>(at);
        let (claim, status, belief, test) = (text(4)?, text(5)?, text(6)?, text(7)?);
        let holds = claim.as_ref().map(|claim| Some(claim) == status.as_ref());
        let answer = json!({
            "id": row.get::<_, i64>(0)?, "member": row.get::<_, i64>(1)?, "name": text(2)?, "text": text(3)?,
            "claim": claim, "holds": holds, "message": text(8)?,
        });
        let words = belief.as_deref().map(|slug| course.words(slug));
        let head = json!({ "status": status, "belief": belief, "words": words, "test": test });
        let (_, alike) = groups
            .entry([status, belief, test])
            .or_insert((head, BTreeMap::new()));
        alike.entry(row.get(9)?).or_default().push(answer);
    }
    let mut groups: Vec<(usize, Value)> = groups
        .into_values()
        .map(|(mut head, alike)| {
            let count: usize = alike.values().map(Vec::len).sum();
            let mut alike: Vec<_> = alike.into_values().collect();
            alike.sort_by_key(|answers| std::cmp::Reverse(answers.len()));
            head["count"] = json!(count);
            head["alike"] = json!(alike);
            (count, head)
        })
        .collect();
    groups.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let groups: Vec<Value> = groups.into_iter().map(|(_, group)| group).collect();
    Ok(json!({ "exercise": id, "groups": groups }))
}

/// The answer that the projector shows: no name, and nothing that leads to one.
pub fn on_projector(connection: &Connection, course: &Course) -> rusqlite::Result<Option<Value>> {
    let Some(id) = get::<i64>(connection, "review")? else {
        return Ok(None);
    };
    let sql = "SELECT exercise, text, status, belief, test FROM reviews WHERE id = ?1";
    let found = connection.query_row(sql, [id], |row| {
        let belief: Option<String> = row.get(3)?;
        Ok(json!({
            "exercise": row.get::<_, String>(0)?, "text": row.get::<_, String>(1)?, "status": row.get::<_, String>(2)?,
            "words": belief.as_deref().map(|slug| course.words(slug)), "test": row.get::<_, Option<String>>(4)?,
        }))
    });
    found.optional()
}

fn print(id: &str, review: &Value) {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    println!("{id}");
    let mut false_claims = Vec::new();
    for group in list(&review["groups"]) {
        println!(
            "\n{:>4}  {}",
            group["count"].as_u64().unwrap_or_default(),
            heading(&group)
        );
        for alike in list(&group["alike"]).iter().map(list) {
            let names: Vec<String> = alike.iter().map(|answer| text(&answer["name"])).collect();
            println!("      {} alike: {}", alike.len(), names.join(", "));
            for answer in alike
                .iter()
                .filter(|answer| answer["holds"] == json!(false))
            {
                let (name, claim) = (text(&answer["name"]), text(&answer["claim"]));
                false_claims.push(format!(
                    "{name} claims {claim}; the judge says {}",
                    text(&group["status"])
                ));
            }
        }
    }
    if !false_claims.is_empty() {
        println!(
            "\nClaims that do not hold (ask first: another machine or version may be the cause)"
        );
        for claim in false_claims {
            println!("      {claim}");
        }
    }
}

fn heading(group: &Value) -> String {
    let part = |key: &str| group[key].as_str();
    let mut parts = vec![part("status").unwrap_or_default().to_owned()];
    parts.extend(part("words").map(str::to_owned));
    parts.extend(part("test").map(|test| format!("test {test}")));
    parts.join(" | ")
}

/// How much two sets share: 0 for nothing, 1 for all.
fn likeness(one: &HashSet<[String; 3]>, other: &HashSet<[String; 3]>) -> f64 {
    let both = one.intersection(other).count();
    let all = one.len() + other.len() - both;
    if all == 0 {
        return 1.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "an answer has few tokens")]
    let share = both as f64 / all as f64;
    share
}

fn sequences(text: &str) -> HashSet<[String; 3]> {
    let all = tokens(text);
    all.windows(3)
        .map(|three| [three[0].clone(), three[1].clone(), three[2].clone()])
        .collect()
}

/// The tokens that count: a variable becomes `x`, a literal `0`. Names of functions, macros, methods and fields stay.
fn tokens(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if first == '"' {
            found.push("0".to_owned());
            string(rest)
        } else if first.is_alphanumeric() || first == '_' {
            let end = |c: char| !(c.is_alphanumeric() || c == '_');
            let length = rest.find(end).unwrap_or(rest.len());
            let after = rest[length..].trim_start();
            let (word, before) = (&rest[..length], found.last().map_or("", String::as_str));
            found.push(normal(word, before, after).to_owned());
            length
        } else {
            found.push(first.to_string());
            first.len_utf8()
        };
        rest = rest[length..].trim_start();
    }
    found
}

/// How long the string literal at the start of `text` is.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

fn normal<'a>(word: &'a str, before: &str, after: &str) -> &'a str {
    const KEYWORDS: &str = " as async await break const continue dyn else enum false fn for if impl in let loop match \
                            mod move mut pub ref return self static struct super trait true type unsafe use where while ";
    let named = before == "."
        || before == ":"
        || before == "fn"
        || ["(", "!", "::"].iter().any(|mark| after.starts_with(mark))
        || KEYWORDS.contains(&format!(" {word} "));
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        "0"
    } else if named || word.starts_with(char::is_uppercase) {
        word
    } else {
        "x"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "fn sum(all: &[u8]) -> u32 {\n    let mut sum = 0;\n    for each in all { sum += u32::from(*each); }\n    sum\n}";

    fn alike(one: &str, other: &str) -> f64 {
        likeness(&sequences(one), &sequences(other))
    }

    #[test]
    fn other_names_comments_and_layout_are_alike() {
        let renamed = "// adds\nfn sum(bytes: &[u8]) -> u32 {\n let mut total = 10; /* all */ for b in bytes {\n total += u32::from(*b);\n } total }";
        assert!((alike(ONE, renamed) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn other_calls_are_another_answer() {
        let other = "fn sum(all: &[u8]) -> u32 { all.iter().copied().map(u32::from).sum() }";
        assert!(alike(ONE, other) < ALIKE, "{}", alike(ONE, other));
    }

    #[test]
    fn texts_that_are_no_rust_do_no_harm() {
        for text in ["", "\"", "\"\\", "/*", "/* ä", "'", "ä\"ö\\\"", "//"] {
            tokens(text);
        }
        assert!((alike("", "") - 1.0).abs() < 1e-9);
    }
}
