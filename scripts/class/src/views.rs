//! What the pages show, made from the records: the board, the projector's view without names, and the news for learners.
//!
//! Each view has a version. A page asks for the view with the version that it has, and the response waits until there
//! is a newer one: plain requests, which terminals and phones can make as well as a browser.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::course::{Course, Lesson};
use crate::poll::{self, Phase, Poll};
use crate::store::{Desk, get};
use crate::{other, review, room};

/// Changes within this time become one version: a request then costs the same for 20 verdicts as for one.
const PAUSE: Duration = Duration::from_millis(40);
/// Without a change, the time of day may still have changed something.
const TICK: Duration = Duration::from_secs(5);
/// A learner's program says at least every 10 s that it is there.
const HERE: i64 = 30;
/// What counts as now.
const RECENT: i64 = 20 * 60;
/// Failures in a row, or seconds since the first one, after which a learner is stuck.
const FAILURES: i64 = 4;
/// See [`FAILURES`].
const STUCK: i64 = 15 * 60;

/// One view: its version, and the JSON with version and content.
#[derive(Debug, Default)]
pub struct View {
    /// Differs from that of every other content, also of a server before a restart.
    pub version: u64,
    /// `{"version": ..., "view": ...}`.
    pub text: String,
    content: String,
}

/// All views of one moment.
#[derive(Debug, Default, Clone)]
pub struct Views {
    /// For the teacher.
    pub board: Arc<View>,
    /// For all to see.
    pub projector: Arc<View>,
    /// For the learners' terminals and phones.
    pub news: Arc<View>,
}

/// What of a class does not change while it is open.
pub struct About {
    /// Name of the class.
    pub name: String,
    /// What learners type.
    pub code: String,
    /// What phones open.
    pub join: String,
    /// Fingerprint of the key that signs certificates of learners.
    pub key: String,
    /// The course.
    pub course: Course,
}

/// Makes new views after each change, until the server ends.
pub async fn keep_current(desk: Desk, about: Arc<About>, views: watch::Sender<Views>) {
    // Microseconds, so that no version of a server that was restarted comes again.
    let mut version = crate::now() * 1_000_000;
    let mut changes = desk.changes();
    loop {
        changes.borrow_and_update();
        let about = Arc::clone(&about);
        if let Ok([board, projector, news]) =
            desk.run(move |connection| read(connection, &about)).await
        {
            version += 1;
            views.send_modify(|views| {
                update(&mut views.board, version, &board);
                update(&mut views.projector, version, &projector);
                update(&mut views.news, version, &news);
            });
        }
        sleep(PAUSE).await;
        if let Ok(Err(_)) = timeout(TICK, changes.changed()).await {
            return;
        }
    }
}

fn update(view: &mut Arc<View>, version: u64, content: &Value) {
    let content = content.to_string();
    if content != view.content {
        let text = format!(r#"{{"version":{version},"view":{content}}}"#);
        *view = Arc::new(View {
            version,
            text,
            content,
        });
    }
}

/// Board, projector and news of this moment.
pub fn read(connection: &Connection, about: &About) -> rusqlite::Result<[Value; 3]> {
    let now = i64::try_from(crate::now()).unwrap_or(i64::MAX);
    let opened = room::opened(connection)?;
    let stop = get::<String>(connection, "stop")?.unwrap_or_default();
    let poll = poll::current(connection)?;
    let lessons = lessons(connection, &about.course, &opened)?;
    let beliefs = beliefs(connection, &about.course, now)?;
    let members = rows(
        connection,
        "SELECT id, name, seen > ?1, gone, key IS NULL FROM members ORDER BY name",
        [now - HERE],
        |row| {
            let (here, gone, free): (bool, bool, bool) = (row.get(2)?, row.get(3)?, row.get(4)?);
            Ok(
                json!({ "id": row.get::<_, i64>(0)?, "name": row.get::<_, String>(1)?, "here": here && !gone, "gone": gone, "free": free }),
            )
        },
    )?;
    let count = |key: &str| {
        members
            .iter()
            .filter(|member| member[key] == json!(true))
            .count()
    };
    let (here, joined) = (count("here"), members.len() - count("gone"));
    let help = help(connection)?;
    let lines = rows(
        connection,
        "SELECT id, text FROM lines ORDER BY id DESC LIMIT 5",
        [],
        |row| Ok(json!({ "id": row.get::<_, i64>(0)?, "text": row.get::<_, String>(1)? })),
    )?;
    let head = json!({ "name": about.name, "code": about.code, "join": about.join, "joined": joined, "here": here });
    let board = json!({
        "head": head, "key": about.key, "upto": room::newest_result(connection)?, "lessons": lessons, "beliefs": beliefs,
        "members": members, "help": help, "stuck": stuck(connection, &about.course, now)?,
        "refused": rows(connection, "SELECT kind, count FROM refused ORDER BY count DESC", [], |row| {
            Ok(json!({ "kind": row.get::<_, String>(0)?, "count": row.get::<_, i64>(1)? }))
        })?,
        "opened": opened, "stop": stop, "lines": lines, "poll": poll.as_ref().map(|poll| shown(poll, true)),
    });
    let projector = json!({
        "head": head, "lessons": lessons, "beliefs": beliefs, "helping": help.len(), "stop": stop,
        "line": lines.first(), "poll": poll.as_ref().map(|poll| shown(poll, false)),
        "answer": review::on_projector(connection, &about.course)?,
    });
    let news = json!({
        "name": about.name, "opened": opened, "stop": stop, "lines": lines, "poll": poll.as_ref().map(for_voters),
    });
    Ok([board, projector, news])
}

fn rows<T>(
    connection: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
    row: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection
        .prepare_cached(sql)?
        .query_map(values, row)?
        .collect()
}

/// Exercises and how many learners are in which state. A lesson is shown if it is open, or if a learner has begun it.
fn lessons(
    connection: &Connection,
    course: &Course,
    opened: &[String],
) -> rusqlite::Result<Vec<Value>> {
    let sql = "SELECT exercise, IIF(passed, 'passed', status), COUNT(*) FROM standing \
               JOIN members ON id = member WHERE NOT gone GROUP BY 1, 2";
    let counted = rows(connection, sql, [], |row| {
        Ok((
            (row.get::<_, String>(0)?, row.get::<_, String>(1)?),
            row.get::<_, i64>(2)?,
        ))
    })?;
    let counted: BTreeMap<(String, String), i64> = counted.into_iter().collect();
    let begun = |id: &str| counted.keys().any(|(exercise, _)| exercise == id);
    let visible = |lesson: &&Lesson| {
        opened.contains(&lesson.name) || lesson.exercises.iter().any(|exercise| begun(&exercise.id))
    };
    let states = |id: &str| {
        let count = |state: &str| {
            counted
                .get(&(id.to_owned(), state.to_owned()))
                .copied()
                .unwrap_or_default()
        };
        json!({ "passed": count("passed"), "failed": count("failed") + count("timed-out"), "compile-error": count("compile-error") })
    };
    let lesson = |lesson: &Lesson| {
        let exercises = lesson.exercises.iter().map(|exercise| {
            json!({ "id": exercise.id, "title": exercise.title, "states": states(&exercise.id) })
        });
        json!({
            "name": lesson.name, "title": lesson.title, "open": opened.contains(&lesson.name), "stops": lesson.stops,
            "exercises": exercises.collect::<Vec<_>>(),
        })
    };
    Ok(course.lessons.iter().filter(visible).map(lesson).collect())
}

/// The words of a belief of the course, or of one that the teacher has named.
fn words(connection: &Connection, course: &Course) -> rusqlite::Result<impl Fn(&str) -> String> {
    let named: BTreeMap<String, String> = other::words(connection)?.into_iter().collect();
    Ok(move |slug: &str| {
        let named = named.get(slug).cloned();
        named.unwrap_or_else(|| course.words(slug).to_owned())
    })
}

/// The beliefs that the newest verdicts of most learners show.
fn beliefs(connection: &Connection, course: &Course, now: i64) -> rusqlite::Result<Vec<Value>> {
    let words = words(connection, course)?;
    let sql = "SELECT belief, COUNT(DISTINCT member) FROM standing JOIN members ON id = member \
               WHERE belief IS NOT NULL AND last > ?1 AND NOT gone GROUP BY belief ORDER BY 2 DESC, 1 LIMIT 6";
    rows(connection, sql, [now - RECENT], |row| {
        let slug: String = row.get(0)?;
        Ok(json!({ "words": words(&slug), "slug": slug, "learners": row.get::<_, i64>(1)? }))
    })
}

fn help(connection: &Connection) -> rusqlite::Result<Vec<Value>> {
    let sql = "SELECT member, name, exercise, at FROM help JOIN members ON id = member ORDER BY at, member";
    rows(connection, sql, [], |row| {
        let (exercise, since) = (row.get::<_, Option<String>>(2)?, row.get::<_, i64>(3)?);
        Ok(
            json!({ "member": row.get::<_, i64>(0)?, "name": row.get::<_, String>(1)?, "exercise": exercise, "since": since }),
        )
    })
}

fn stuck(connection: &Connection, course: &Course, now: i64) -> rusqlite::Result<Vec<Value>> {
    let words = words(connection, course)?;
    let sql = "SELECT name, exercise, failed, since, belief FROM standing JOIN members ON id = member \
               WHERE NOT passed AND NOT gone AND last > ?1 AND (failed >= ?2 OR since < ?3) \
               ORDER BY failed DESC, since LIMIT 20";
    rows(
        connection,
        sql,
        [now - RECENT, FAILURES, now - STUCK],
        |row| {
            let belief = row.get::<_, Option<String>>(4)?;
            Ok(json!({
                "name": row.get::<_, String>(0)?, "exercise": row.get::<_, String>(1)?, "failed": row.get::<_, i64>(2)?,
                "since": row.get::<_, i64>(3)?, "belief": belief.as_deref().map(&words),
            }))
        },
    )
}

/// A poll on the board, or on the projector, which shows no result before the end.
fn shown(poll: &Poll, all: bool) -> Value {
    let end = poll.phase == Phase::Shown;
    let round = usize::from(poll.phase != Phase::Vote);
    let mut shown = for_voters(poll);
    shown["votes"] = json!(poll.rounds[round].iter().sum::<i64>());
    if all || end {
        shown["rounds"] = json!(poll.rounds);
    }
    if end {
        shown["right"] = json!(poll.question.options.iter().position(|option| option.right));
        shown["why"] = json!(
            poll.question
                .options
                .iter()
                .map(|option| &option.why)
                .collect::<Vec<_>>()
        );
    }
    shown
}

/// A poll as voters see it: the question and its options.
fn for_voters(poll: &Poll) -> Value {
    let options: Vec<&String> = poll
        .question
        .options
        .iter()
        .map(|option| &option.text)
        .collect();
    json!({ "id": poll.id, "question": poll.question.id, "phase": poll.phase, "round": poll.phase.round(), "text": poll.question.text, "options": options })
}
