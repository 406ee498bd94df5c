//! What a message of a member, or an action of the teacher, does to the records.

use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Deserialize;

use crate::course::{Course, Question};
use crate::protocol::{LINE, Message, Note, Record, Refusal, Taken, What, is_text};
use crate::store::{get, set};
use crate::{other, poll};

/// Members of one class.
const MEMBERS: i64 = 500;
/// Results of one member.
const RESULTS: i64 = 20_000;
/// Exercises with results of one member.
const EXERCISES: i64 = 400;
/// Answers that one member has shown; an older one is then deleted.
const ANSWERS: i64 = 20;

/// A message whose signature has been checked.
pub struct Signed {
    /// The sender's public key.
    pub key: String,
    /// SHA-256 of the bytes: a message that is sent again has the same.
    pub hash: Vec<u8>,
    /// What they say.
    pub message: Message,
}

type Outcome<T> = rusqlite::Result<Result<T, Refusal>>;

struct Member {
    id: i64,
    name: String,
    sequence: i64,
    hash: Vec<u8>,
}

/// Takes a message, or says why not. A message that has arrived before and is sent again, because its confirmation was
/// lost, is confirmed again and does nothing.
pub fn take(connection: &Connection, signed: &Signed, now: i64) -> Outcome<Taken> {
    let room = get::<String>(connection, "room")?;
    if room.as_deref() != Some(signed.message.room.as_str()) {
        return Ok(Err(Refusal::WrongRoom));
    }
    let sequence = i64::try_from(signed.message.sequence).unwrap_or(i64::MAX);
    let member = find(connection, &signed.key)?;
    let member = match (member, &signed.message.what) {
        (None, What::Join { name }) => match join(connection, &signed.key, name.trim(), now)? {
            Ok(member) => member,
            Err(refusal) => return Ok(Err(refusal)),
        },
        (None, _) => return Ok(Err(Refusal::ForeignKey)),
        (Some(member), _) if member.sequence == sequence && member.hash == signed.hash => {
            return Ok(Ok(taken(connection, member.name, true)?));
        }
        (Some(member), _) if sequence <= member.sequence => {
            let newest = u64::try_from(member.sequence).unwrap_or_default();
            return Ok(Err(Refusal::Replay(newest)));
        }
        (Some(member), _) => member,
    };
    if let Err(refusal) = act(connection, member.id, &signed.message.what, now)? {
        return Ok(Err(refusal));
    }
    let gone = matches!(signed.message.what, What::Leave { .. });
    let sql = "UPDATE members SET sequence = ?2, hash = ?3, seen = ?4, gone = ?5 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![
        member.id,
        sequence,
        signed.hash,
        now,
        gone
    ])?;
    let mut taken = taken(connection, member.name, false)?;
    if let What::Here { notes } = signed.message.what {
        taken.notes = notes_after(connection, member.id, notes)?;
    }
    Ok(Ok(taken))
}

fn find(connection: &Connection, key: &str) -> rusqlite::Result<Option<Member>> {
    let mut found =
        connection.prepare_cached("SELECT id, name, sequence, hash FROM members WHERE key = ?1")?;
    let member = found.query_row([key], |row| {
        Ok(Member {
            id: row.get(0)?,
            name: row.get(1)?,
            sequence: row.get(2)?,
            hash: row.get(3)?,
        })
    });
    member.optional()
}

fn taken(connection: &Connection, name: String, repeated: bool) -> rusqlite::Result<Taken> {
    let upto = newest_result(connection)?;
    Ok(Taken {
        name,
        upto,
        repeated,
        notes: Vec::new(),
    })
}

/// Number of the newest result; 0 if there is none.
pub fn newest_result(connection: &Connection) -> rusqlite::Result<i64> {
    let mut newest = connection.prepare_cached("SELECT COALESCE(MAX(id), 0) FROM results")?;
    newest.query_row([], |row| row.get(0))
}

fn count(connection: &Connection, sql: &str, member: i64) -> rusqlite::Result<i64> {
    connection
        .prepare_cached(sql)?
        .query_row([member], |row| row.get(0))
}

/// Binds the key of a handed-in file to a name, and returns the number of its member.
pub fn bind(connection: &Connection, key: &str, name: &str, now: i64) -> Outcome<i64> {
    if let Some(member) = find(connection, key)? {
        return Ok(Ok(member.id));
    }
    let joined = join(connection, key, name, now)?;
    Ok(joined.map(|member| member.id))
}

/// Binds a new key to a name.
fn join(connection: &Connection, key: &str, name: &str, now: i64) -> Outcome<Member> {
    let one = |sql: &str| {
        connection
            .query_row(sql, [name], |row| row.get::<_, String>(0))
            .optional()
    };
    let has_roster: bool =
        connection.query_row("SELECT EXISTS (SELECT 1 FROM roster)", [], |row| row.get(0))?;
    let on_roster = one("SELECT name FROM roster WHERE name = ?1")?;
    if has_roster && on_roster.is_none() {
        return Ok(Err(Refusal::NotOnRoster));
    }
    // In the spelling of the roster.
    let name = on_roster.as_deref().unwrap_or(name);
    let sql = "SELECT id, key FROM members WHERE name = ?1";
    let known = connection
        .query_row(sql, [name], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?))
        })
        .optional()?;
    let id = match known {
        Some((_, Some(_))) => return Ok(Err(Refusal::NameTaken)),
        Some((id, None)) => {
            connection.execute(
                "UPDATE members SET key = ?2 WHERE id = ?1",
                params![id, key],
            )?;
            id
        }
        None => {
            if count(connection, "SELECT COUNT(*) FROM members WHERE id > ?1", 0)? >= MEMBERS {
                return Ok(Err(Refusal::Full("members")));
            }
            let sql = "INSERT INTO members (key, name, sequence, hash, joined, seen) VALUES (?1, ?2, 0, x'', ?3, ?3)";
            connection.execute(sql, params![key, name, now])?;
            connection.last_insert_rowid()
        }
    };
    Ok(Ok(Member {
        id,
        name: name.to_owned(),
        sequence: 0,
        hash: Vec::new(),
    }))
}

fn act(connection: &Connection, member: i64, what: &What, now: i64) -> Outcome<()> {
    let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
        connection.prepare_cached(sql)?.execute(values)
    };
    match what {
        What::Join { .. } | What::Here { .. } => {}
        What::Results(records) => {
            if count(
                connection,
                "SELECT COUNT(*) FROM results WHERE member = ?1",
                member,
            )? > RESULTS
            {
                return Ok(Err(Refusal::Full("results of yours")));
            }
            // The course has fewer than 100 exercises: more ids than that are made up.
            let sql = "SELECT COUNT(*) FROM standing WHERE member = ?1";
            if count(connection, sql, member)? > EXERCISES {
                return Ok(Err(Refusal::Full("exercises of yours")));
            }
            for record in records {
                keep(connection, member, record, now)?;
            }
        }
        What::Help { exercise } => {
            let sql = "INSERT INTO help VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET exercise = excluded.exercise";
            run(sql, &[&member, exercise, &now])?;
        }
        What::NoHelp {} => {
            run("DELETE FROM help WHERE member = ?1", &[&member])?;
        }
        What::Vote { poll, choice } => {
            return poll::vote(connection, *poll, &format!("member {member}"), *choice);
        }
        What::Answer { exercise, text } => {
            let sql = "INSERT INTO answers (member, exercise, text, at) VALUES (?1, ?2, ?3, ?4)";
            run(sql, &[&member, exercise, text, &now])?;
            let sql = "DELETE FROM answers WHERE member = ?1 AND id NOT IN \
                       (SELECT id FROM answers WHERE member = ?1 ORDER BY id DESC LIMIT ?2)";
            run(sql, &[&member, &ANSWERS])?;
        }
        What::Leave { forget } => {
            run("DELETE FROM help WHERE member = ?1", &[&member])?;
            // The name is free again, also for this learner, who has a new key after the next join.
            run("UPDATE members SET key = NULL WHERE id = ?1", &[&member])?;
            if *forget {
                run(
                    "DELETE FROM votes WHERE voter = ?1",
                    &[&format!("member {member}")],
                )?;
                run("DELETE FROM members WHERE id = ?1", &[&member])?;
            }
        }
    }
    Ok(Ok(()))
}

/// Keeps one result, and where the member now stands.
pub fn keep(
    connection: &Connection,
    member: i64,
    record: &Record,
    now: i64,
) -> rusqlite::Result<()> {
    let Record {
        exercise,
        status,
        belief,
        seen,
        seconds,
        attempt,
        hints,
    } = record;
    let named = match seen {
        Some(seen) => other::slug(connection, exercise, seen)?,
        None => None,
    };
    let belief = belief.as_ref().or(named.as_ref());
    let sql = "INSERT INTO results (member, exercise, status, belief, seconds, attempt, hints, at, seen) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let all = params![
        member,
        exercise,
        status.word(),
        belief,
        seconds,
        attempt,
        hints,
        now,
        seen
    ];
    connection.prepare_cached(sql)?.execute(all)?;
    let passed = status.word() == "passed";
    let sql = "INSERT INTO standing VALUES (?1, ?2, ?3, ?4, NOT ?5, ?6, ?6, ?5) ON CONFLICT DO UPDATE SET \
               status = excluded.status, belief = excluded.belief, last = excluded.last, \
               since = IIF(excluded.passed OR standing.failed = 0, excluded.since, standing.since), \
               failed = IIF(excluded.passed, 0, standing.failed + 1), passed = MAX(standing.passed, excluded.passed)";
    let all = params![member, exercise, status.word(), belief, passed, now];
    connection.prepare_cached(sql)?.execute(all)?;
    if passed {
        // The question has answered itself.
        let sql = "DELETE FROM help WHERE member = ?1 AND exercise = ?2";
        connection
            .prepare_cached(sql)?
            .execute(params![member, exercise])?;
    }
    Ok(())
}

fn notes_after(connection: &Connection, member: i64, note: i64) -> rusqlite::Result<Vec<Note>> {
    let sql = "SELECT id, text FROM notes WHERE member = ?1 AND id > ?2 ORDER BY id LIMIT 20";
    let mut notes = connection.prepare_cached(sql)?;
    let notes = notes.query_map([member, note], |row| {
        Ok(Note {
            id: row.get(0)?,
            text: row.get(1)?,
        })
    })?;
    notes.collect()
}

/// Counts a refusal for the board.
pub fn count_refusal(connection: &Connection, kind: &str) -> rusqlite::Result<()> {
    let sql = "INSERT INTO refused VALUES (?1, 1) ON CONFLICT DO UPDATE SET count = count + 1";
    connection.prepare_cached(sql)?.execute([kind]).map(|_| ())
}

/// The lines of the roster that no key is bound to; `None` without a roster.
pub fn free_names(connection: &Connection) -> rusqlite::Result<Option<Vec<String>>> {
    let sql = "SELECT roster.name, members.key IS NULL FROM roster LEFT JOIN members USING (name) ORDER BY 1";
    let mut all = connection.prepare(sql)?;
    let all: Vec<(String, bool)> = all
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    if all.is_empty() {
        return Ok(None);
    }
    Ok(Some(
        all.into_iter()
            .filter_map(|(name, free)| free.then_some(name))
            .collect(),
    ))
}

/// What the teacher does on the board.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Action {
    /// Opens a lesson to the class, or takes that back.
    Open {
        /// Name of its folder.
        lesson: String,
        /// Whether it is open from now on.
        open: bool,
    },
    /// Says how far to go; empty for no stop point.
    Stop {
        /// What all read.
        text: String,
    },
    /// Sends a line to all.
    Line {
        /// What all read.
        text: String,
    },
    /// A note to one member.
    Note {
        /// To whom.
        member: i64,
        /// What it says.
        text: String,
    },
    /// Shows an answer of the last review on the projector; none takes it away.
    Review {
        /// Its number.
        answer: Option<i64>,
    },
    /// A question was answered.
    Helped {
        /// Whose.
        member: i64,
    },
    /// Unbinds the key of a member who has lost it: the next join with this name binds a new one.
    Free {
        /// Whose.
        member: i64,
    },
    /// Starts a poll.
    PollStart {
        /// Id of the question.
        question: String,
    },
    /// Vote, discuss, vote again, show.
    PollNext,
    /// Shows both votes and the right option now.
    PollShow,
    /// Ends the poll.
    PollClose,
}

/// Does what the teacher wants; a text is the reason why that makes no sense.
pub fn teach(
    connection: &Connection,
    course: &Course,
    action: &Action,
    now: i64,
) -> rusqlite::Result<Result<(), &'static str>> {
    let run =
        |sql: &str, values: &[&dyn rusqlite::ToSql]| connection.execute(sql, values).map(|_| ());
    match action {
        Action::Open { lesson, open } => {
            let mut opened = opened(connection)?;
            opened.retain(|name| name != lesson);
            if *open && course.lessons.iter().any(|known| known.name == *lesson) {
                opened.push(lesson.clone());
                opened.sort();
            }
            set(connection, "opened", serde_json::json!(opened).to_string())?;
        }
        Action::Stop { text } if text.is_empty() => set(connection, "stop", "")?,
        Action::Stop { text } | Action::Line { text } | Action::Note { text, .. }
            if !is_text(text, LINE) =>
        {
            return Ok(Err("a line has 1 to 300 characters"));
        }
        Action::Stop { text } => set(connection, "stop", text)?,
        Action::Line { text } => run(
            "INSERT INTO lines (text, at) VALUES (?1, ?2)",
            &[text, &now],
        )?,
        Action::Note { member, text } => {
            run(
                "INSERT INTO notes (member, text, at) VALUES (?1, ?2, ?3)",
                &[member, text, &now],
            )?;
        }
        Action::Review { answer } => {
            // No answer has the number 0.
            set(connection, "review", answer.unwrap_or_default())?;
        }
        Action::Helped { member } => run("DELETE FROM help WHERE member = ?1", &[member])?,
        Action::Free { member } => run("UPDATE members SET key = NULL WHERE id = ?1", &[member])?,
        Action::PollStart { question } => {
            let is = |each: &&Question| each.id == *question;
            let Some(question) = course.questions.iter().find(is) else {
                return Ok(Err("the book has no such question"));
            };
            poll::start(connection, question, now)?;
        }
        Action::PollNext => poll::go_on(connection, None)?,
        Action::PollShow => poll::go_on(connection, Some(poll::Phase::Shown))?,
        Action::PollClose => poll::go_on(connection, Some(poll::Phase::Closed))?,
    }
    Ok(Ok(()))
}

/// The lessons that the teacher has opened.
pub fn opened(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let opened = get::<String>(connection, "opened")?.unwrap_or_default();
    Ok(serde_json::from_str(&opened).unwrap_or_default())
}
