//! `class sign` compares a learner's certificate with the records and signs it; `class verify` checks a signed one.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use rusqlite::{Connection, OptionalExtension as _};

use super::Facts;
use super::page::{self, CLASS, Content, LEARNER, OfClass};
use crate::counted;
use crate::course::Course;
use crate::export::date;
use crate::protocol::{NAME, Status, check_id, is_text};
use crate::{code, store};

/// A day, in seconds: clocks may be in different time zones.
const DAY: u64 = 24 * 60 * 60;

/// What the teacher says about the files.
pub struct Options {
    /// Confirms this name where it is not the name in the class.
    pub name: Option<String>,
    /// Signs without the lines that the records do not have.
    pub leave_out: bool,
}

/// Signs each file that the records do not contradict, into a file beside it. One that is refused stops no other.
///
/// # Errors
/// If a file was refused.
pub fn sign(root: &Path, records: &Path, files: &[String], options: &Options) -> Result<()> {
    let course = Course::read(root)?;
    store::open_to_read(records)?;
    let connection = store::open(records)?;
    store::Class::load_or_make(&connection)?;
    let mut refused = 0;
    for file in files {
        match sign_one(&connection, &course, Path::new(file), options) {
            Ok(said) => print!("{file}: {said}"),
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

fn sign_one(
    connection: &Connection,
    course: &Course,
    file: &Path,
    options: &Options,
) -> Result<String> {
    let (claimed, key) = page::read(&text_of(file)?, &LEARNER)?;
    check(&claimed)?;
    let member = connection
        .query_row(
            "SELECT id, name FROM members WHERE key = ?1",
            [&key],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)),
        )
        .optional()?;
    let (member, known_as) = member.context(
        "no member of this class has the key of this file; a learner who has joined again writes it again",
    )?;
    let name_confirmed = options.name.as_deref() == Some(&claimed.name);
    if !name_confirmed && !claimed.name.eq_ignore_ascii_case(&known_as) {
        bail!(
            "it is in the name of {}, and this learner is {known_as} in the class; if you know the learner by the first name, add --name \"{}\"",
            claimed.name,
            claimed.name
        );
    }
    let (recorded, arrived) = recorded(connection, member)?;
    let (facts, missing) = compare(&claimed, &recorded);
    if !missing.is_empty() && !options.leave_out {
        bail!(
            "the records do not have {}; the learner can send more (`class join --from-start`, or `class hand-in`), or --leave-out signs without these",
            missing.join(", ")
        );
    }
    ensure!(
        !facts.passed.is_empty(),
        "the records have no passed exercise of this learner"
    );
    let signing = store::signing_key(connection)?;
    let days = (claimed.from.clone(), claimed.to.clone());
    let mut content = Content::new(&claimed.name, days, &facts, course);
    content.met = recorded.beliefs.len();
    content.class = Some(OfClass {
        arrived,
        key: store::fingerprint(connection)?,
        name: store::get(connection, "name")?.unwrap_or_else(|| "A class".to_owned()),
        name_confirmed,
        room: store::get(connection, "room")?.unwrap_or_default(),
        signed: date(i64::try_from(crate::now())?),
    });
    let to = signed_file(file);
    fs::write(&to, page::write(&content, &CLASS, &signing)?)
        .with_context(|| format!("cannot write {}", to.display()))?;
    Ok(said(&content, &to, &missing))
}

/// What a terminal prints of a signature: what it says, and what it does not say.
fn said(content: &Content, to: &Path, left_out: &[String]) -> String {
    let passed = counted(content.passed().count(), "passed exercise");
    let beliefs = counted(content.overcome.len(), "belief");
    let name = match content
        .class
        .as_ref()
        .is_some_and(|class| class.name_confirmed)
    {
        true => "you confirm the name",
        false => "the name is the learner's name in this class",
    };
    let left_out = match left_out {
        [] => String::new(),
        left_out => format!("  left out: {}\n", left_out.join(", ")),
    };
    format!(
        "signed: {}\n  verified: written with the key of {}; the records have its {passed} and {beliefs}; \
         {name}\n  not verified: who wrote the answers, and the dates {} to {}, which are by the learner's clock\n{left_out}",
        to.display(),
        content.name,
        content.from,
        content.to
    )
}

/// Checks what can be checked without the records.
fn check(content: &Content) -> Result<()> {
    ensure!(
        is_text(&content.name, NAME) && content.class.is_none(),
        "this is not what `class certificate` writes"
    );
    for id in content.passed() {
        check_id(id, "an exercise")?;
    }
    for belief in &content.overcome {
        check_id(&belief.slug, "a belief")?;
    }
    let tomorrow = date(i64::try_from(crate::now() + DAY)?);
    let is_date = |text: &str| {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        (text.len(), digits, text.matches('-').count()) == (10, 8, 2)
    };
    ensure!(
        is_date(&content.from) && is_date(&content.to),
        "its dates are no dates"
    );
    ensure!(
        content.from <= content.to && content.to <= tomorrow,
        "its dates {} to {} are not in the past: a clock is wrong",
        content.from,
        content.to
    );
    Ok(())
}

/// What the records say about a member, and the days on which the first and the last result arrived. An answer that the
/// teacher's own judge has rejected, although its file says `passed`, has not passed.
fn recorded(connection: &Connection, member: i64) -> Result<(Facts, (String, String))> {
    let mut rows = connection.prepare(
        "SELECT exercise, status, belief, at FROM results WHERE member = ?1 ORDER BY id",
    )?;
    let rows: Vec<(String, String, Option<String>, i64)> = rows
        .query_map([member], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let results = rows.iter().filter_map(|(exercise, status, belief, _)| {
        let status = Status::from_word(status)?;
        Some((exercise.as_str(), status, belief.as_deref()))
    });
    let mut facts = Facts::of(results);
    let sql = "SELECT exercise FROM reviews WHERE member = ?1 AND claim = 'passed' AND status <> 'passed'";
    let mut rejected = connection.prepare(sql)?;
    for exercise in rejected.query_map([member], |row| row.get::<_, String>(0))? {
        facts.passed.remove(&exercise?);
    }
    let day = |row: Option<&(String, String, Option<String>, i64)>| {
        row.map_or_else(String::new, |(.., at)| date(*at))
    };
    Ok((facts, (day(rows.first()), day(rows.last()))))
}

/// What is claimed and recorded, and in words what is claimed alone.
fn compare(claimed: &Content, recorded: &Facts) -> (Facts, Vec<String>) {
    let passed: BTreeSet<String> = claimed.passed().map(str::to_owned).collect();
    let overcome = claimed.overcome.iter().map(|belief| belief.slug.clone());
    let (known, unknown): (BTreeSet<String>, BTreeSet<String>) =
        overcome.partition(|slug| recorded.beliefs.get(slug) == Some(&true));
    let exercises = passed.difference(&recorded.passed);
    let mut missing: Vec<String> = exercises.map(|id| format!("a pass of {id}")).collect();
    missing.extend(
        unknown
            .iter()
            .map(|slug| format!("that {slug} was overcome")),
    );
    let facts = Facts {
        passed: passed.intersection(&recorded.passed).cloned().collect(),
        beliefs: known.into_iter().map(|slug| (slug, true)).collect(),
    };
    (facts, missing)
}

/// Says whether a class has signed the file, and what is in it.
///
/// # Errors
/// The reason why it is not valid.
pub fn verify(file: &Path, key: Option<&str>) -> Result<()> {
    let invalid = || format!("{} is not valid", file.display());
    let (content, public) = text_of(file)
        .and_then(|text| page::read(&text, &CLASS))
        .with_context(invalid)?;
    let class = content
        .class
        .as_ref()
        .context("it names no class")
        .with_context(invalid)?;
    let found = code::fingerprint(&public)?;
    let letters = |text: &str| text.replace(['-', ' '], "").to_ascii_uppercase();
    if found != class.key {
        bail!("{}: it names another key than its signature has", invalid());
    }
    if let Some(key) = key
        && letters(key) != letters(&found)
    {
        bail!("{}: the key {found} has signed it, not {key}", invalid());
    }
    println!("Valid: nothing has changed since it was signed.\n");
    println!(
        "signed on {} by {} (room {})",
        class.signed, class.name, class.room
    );
    println!("key {found}\n");
    print!("{}", page::summary(&content));
    println!(
        "\nVerified by the class: its records have these exercises and beliefs of this learner's machine."
    );
    println!(
        "Not verified: who wrote the answers, and with what help. It is practice, not an exam."
    );
    if key.is_none() {
        println!(
            "Any class can call itself {}: compare the key with the one that the teacher tells you.",
            class.name
        );
    }
    Ok(())
}

fn text_of(file: &Path) -> Result<String> {
    let mut text = String::new();
    File::open(file)
        .with_context(|| format!("cannot read {}", file.display()))?
        .take(page::FILE + 1)
        .read_to_string(&mut text)
        .context("this is no certificate")?;
    ensure!(
        text.len() as u64 <= page::FILE,
        "the file is larger than {} bytes",
        page::FILE
    );
    Ok(text)
}

/// `certificate-Ada.html` is signed into `certificate-Ada-signed.html`.
fn signed_file(file: &Path) -> PathBuf {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    file.with_file_name(format!("{stem}-signed.html"))
}
