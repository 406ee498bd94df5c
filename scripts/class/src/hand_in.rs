//! `class hand-in` and `class take`: answers in a signed file, for a class whose machines have no network.
//!
//! The file is JSON with the signed text as one string, so that the bytes which were signed are the bytes which are read.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use ring::digest::{SHA256, digest};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use crate::code::made_up_name;
use crate::counted;
use crate::course::Course;
use crate::member::{self, Files};
use crate::protocol::{self, ANSWER, NAME, Record, Status, is_text};
use crate::{room, store};

/// The largest file, in bytes.
const FILE: u64 = 8 * 1024 * 1024;
/// Answers in one file.
const ANSWERS: usize = 300;
/// Results of one exercise in a file: the newest.
const RESULTS: usize = 100;
/// Signed before the text: a signature of a message to a class is worth nothing here.
const PURPOSE: &str = "hand-in, version 1\n";

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    /// [`HandIn`] as JSON.
    hand_in: String,
    key: String,
    signature: String,
}

/// What a learner hands in.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HandIn {
    name: String,
    /// Seconds since 1970-01-01 UTC.
    made: u64,
    answers: Vec<Answer>,
}

/// The answer to one exercise.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    exercise: String,
    text: String,
    /// How this very text was judged on the learner's machine; none if it was not.
    claim: Option<Status>,
    results: Vec<Record>,
}

/// Key and name of a learner who has joined no class.
#[derive(Serialize, Deserialize)]
struct Alone {
    name: String,
    key: String,
}

/// Writes the file. Without `ids`, it has all exercises that were tried.
pub fn run(root: &Path, ids: &[String], name: Option<String>, to: Option<PathBuf>) -> Result<()> {
    let course = Course::read(root)?;
    let (name, key) = identity(root, name)?;
    let results = all_results(root)?;
    let ids: Vec<&str> = match ids {
        [] => results.keys().map(String::as_str).collect(),
        ids => ids.iter().map(String::as_str).collect(),
    };
    let mut answers = Vec::new();
    for id in ids {
        match course.lesson_of(id) {
            Some(lesson) => answers.push(answer(root, lesson, id, &results)?),
            // The log may have attempts of the learner's own service.
            None if results.contains_key(id) => {}
            None => bail!("there is no exercise `{id}`"),
        }
    }
    if answers.is_empty() {
        bail!("no exercise was checked yet; `class hand-in ID` takes one that was not");
    }
    let hand_in = HandIn {
        name,
        made: crate::now(),
        answers,
    };
    check(&hand_in, &course)?;
    let to = to.unwrap_or_else(|| usual_file(&hand_in.name));
    explain(&hand_in, &to);
    let text = serde_json::to_string(&hand_in)?;
    let (key, signature) = protocol::sign(&key, format!("{PURPOSE}{text}").as_bytes())?;
    let signed = Signed {
        hand_in: text,
        key,
        signature,
    };
    let bytes = serde_json::to_vec_pretty(&signed)?;
    if bytes.len() as u64 > FILE {
        bail!("that is more than {FILE} bytes; name fewer exercises");
    }
    fs::write(&to, bytes).with_context(|| format!("cannot write {}", to.display()))?;
    println!("Written. Give {} to the teacher.", to.display());
    Ok(())
}

/// Name and key (PKCS #8): those of the class, else those of the last file, else new ones.
pub fn identity(root: &Path, name: Option<String>) -> Result<(String, Vec<u8>)> {
    let files = Files::open(root)?;
    if let Some(member) = files.read()? {
        let key = member.key()?;
        return Ok((name.unwrap_or(member.name), key));
    }
    let path = root.join(".workbook/class/hand-in-key.json");
    let mut alone = match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .with_context(|| format!("{} is damaged", path.display()))?,
        Err(_) => Alone {
            name: made_up_name()?,
            key: protocol::encode(&protocol::make_key()?),
        },
    };
    if let Some(name) = name {
        alone.name = name;
    }
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    // A private key is in it.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path)?;
    file.write_all(&serde_json::to_vec_pretty(&alone)?)?;
    Ok((alone.name, protocol::decode(&alone.key)?))
}

/// The newest results of each exercise in the attempt log.
fn all_results(root: &Path) -> Result<BTreeMap<String, Vec<Record>>> {
    let files = Files::open(root)?;
    let mut found: BTreeMap<String, Vec<Record>> = BTreeMap::new();
    let mut cursor = 0;
    loop {
        let (records, next) = files.results(cursor);
        if records.is_empty() {
            break;
        }
        for record in records {
            found
                .entry(record.exercise.clone())
                .or_default()
                .push(record);
        }
        cursor = next;
    }
    for records in found.values_mut() {
        records.drain(..records.len().saturating_sub(RESULTS));
    }
    Ok(found)
}

/// The text that has passed, else the present one.
fn answer(
    root: &Path,
    lesson: &str,
    id: &str,
    results: &BTreeMap<String, Vec<Record>>,
) -> Result<Answer> {
    let passed = root.join(format!(".workbook/passed/{id}.rs"));
    let own = root.join(format!("lessons/{lesson}/exercises/{id}/exercise.rs"));
    let (text, claim) = match fs::read_to_string(&passed) {
        Ok(text) => (text, Some(Status::Passed)),
        Err(_) => {
            let text = fs::read_to_string(&own)
                .with_context(|| format!("cannot read {}", own.display()))?;
            let claim = member::status_of(root, id, text.as_bytes());
            (text, claim)
        }
    };
    Ok(Answer {
        exercise: id.to_owned(),
        text,
        claim,
        results: results.get(id).cloned().unwrap_or_default(),
    })
}

fn usual_file(name: &str) -> PathBuf {
    let letters = name
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { '-' });
    format!("hand-in-{}.json", letters.collect::<String>()).into()
}

/// Prints what is in the file, before it is written.
fn explain(hand_in: &HandIn, to: &Path) {
    println!("{} will have:\n", to.display());
    println!("  your name in the class: {}", hand_in.name);
    println!("  a public key and a signature, made on this machine");
    for answer in &hand_in.answers {
        println!(
            "  {}: your code ({} bytes, {}) and {} of checks",
            answer.exercise,
            answer.text.len(),
            answer.claim.map_or("not checked", Status::word),
            match answer.results.len() {
                1 => "1 result".to_owned(),
                count => format!("{count} results"),
            },
        );
    }
    println!(
        "\nA result is status, belief, seconds, attempt and hints. Nothing else is in the file."
    );
    println!("The teacher runs your code again. This is for feedback; it is not an exam.\n");
}

/// The bounds of a file; both sides check them.
fn check(hand_in: &HandIn, course: &Course) -> Result<()> {
    ensure!(
        is_text(&hand_in.name, NAME),
        "a name has 1 to {NAME} characters"
    );
    ensure!(
        (1..=ANSWERS).contains(&hand_in.answers.len()),
        "a file has 1 to {ANSWERS} answers"
    );
    ensure!(
        i64::try_from(hand_in.made).is_ok() && hand_in.made < crate::now() + 24 * 60 * 60,
        "the file comes from the future: a clock is wrong"
    );
    let mut seen = HashSet::new();
    for answer in &hand_in.answers {
        let id = &answer.exercise;
        protocol::check_id(id, "an exercise")?;
        ensure!(seen.insert(id), "{id} is there twice");
        ensure!(
            course.lesson_of(id).is_some(),
            "this course has no exercise `{id}`"
        );
        ensure!(
            answer.text.len() <= ANSWER,
            "the answer to {id} is larger than {ANSWER} bytes"
        );
        ensure!(
            answer.results.len() <= RESULTS,
            "{id} has more than {RESULTS} results"
        );
        for record in &answer.results {
            record.check()?;
            ensure!(
                record.exercise == *id,
                "a result of `{}` is among those of {id}",
                record.exercise
            );
        }
    }
    Ok(())
}

/// Reads files into the records. A file that is refused stops no other.
///
/// # Errors
/// If the records cannot be written, or a file was refused.
pub fn take(root: &Path, records: &Path, files: &[String]) -> Result<()> {
    let course = Course::read(root)?;
    if let Some(dir) = records.parent() {
        fs::create_dir_all(dir).with_context(|| format!("cannot write {}", dir.display()))?;
    }
    let mut connection = store::open(records)?;
    store::Class::load_or_make(&connection)?;
    let mut refused = 0;
    for file in files {
        match take_one(&mut connection, &course, Path::new(file)) {
            Ok(done) => println!("{file}: {done}"),
            Err(e) => {
                refused += 1;
                eprintln!("{file}: refused: {e:#}");
            }
        }
    }
    if refused > 0 {
        bail!("refused: {refused} of {} files", files.len());
    }
    Ok(())
}

fn take_one(connection: &mut Connection, course: &Course, file: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    File::open(file)?.take(FILE + 1).read_to_end(&mut bytes)?;
    ensure!(
        bytes.len() as u64 <= FILE,
        "the file is larger than {FILE} bytes"
    );
    let signed: Signed = serde_json::from_slice(&bytes).context("this is no hand-in file")?;
    let text = format!("{PURPOSE}{}", signed.hand_in);
    ensure!(
        protocol::is_signed(&signed.key, &signed.signature, text.as_bytes()),
        "the signature does not fit; the file was changed"
    );
    let hand_in: HandIn =
        serde_json::from_str(&signed.hand_in).context("this is no hand-in file")?;
    check(&hand_in, course)?;
    let hash = digest(&SHA256, text.as_bytes());
    let transaction = connection.transaction()?;
    let done = keep(&transaction, &signed.key, &hand_in, hash.as_ref())?;
    transaction.commit()?;
    Ok(done)
}

fn keep(connection: &Connection, key: &str, hand_in: &HandIn, hash: &[u8]) -> Result<String> {
    let now = i64::try_from(crate::now())?;
    let made = i64::try_from(hand_in.made)?;
    let member = room::bind(connection, key, hand_in.name.trim(), now)??;
    let before = connection
        .query_row(
            "SELECT hash, made FROM hand_ins WHERE member = ?1",
            [member],
            |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?)),
        )
        .optional()?;
    match before {
        Some((old, _)) if old == hash => return Ok("was taken before; nothing has changed".into()),
        Some((_, newer)) if newer > made => bail!("a newer file of {} was taken", hand_in.name),
        _ => {}
    }
    connection.execute(
        "INSERT OR REPLACE INTO hand_ins VALUES (?1, ?2, ?3)",
        params![member, hash, made],
    )?;
    let mut results = 0;
    for answer in &hand_in.answers {
        connection.execute(
            "INSERT OR REPLACE INTO handed VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                member,
                answer.exercise,
                answer.text,
                answer.claim.map(Status::word),
                now
            ],
        )?;
        // Those that came before, in a file or by the network, are here already.
        let known: u32 = connection.query_row(
            "SELECT COALESCE(MAX(attempt), 0) FROM results WHERE member = ?1 AND exercise = ?2",
            params![member, answer.exercise],
            |row| row.get(0),
        )?;
        for record in answer.results.iter().filter(|each| each.attempt > known) {
            room::keep(connection, member, record, now)?;
            results += 1;
        }
    }
    Ok(format!(
        "{}: {}, {}",
        hand_in.name,
        counted(hand_in.answers.len(), "answer"),
        counted(results, "new result")
    ))
}
