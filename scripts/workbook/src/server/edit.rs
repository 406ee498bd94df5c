//! The editor of an exercise card: its text, what the compiler says of it, and what the other buttons of the card do.
//!
//! The page sends the hash of the text that it has read (`If-Match`). Where `exercise.rs` has another text by now, the
//! answer is 409 with that text, and nothing is written. With `?aside` a text goes to `.workbook/kept/` alone: the one of
//! two that a learner did not take.

use std::sync::{Arc, Mutex};

use hyper::body::Incoming;
use hyper::header::IF_MATCH;
use hyper::{Request, StatusCode};
use serde_json::json;

use crate::commands::reset;
use crate::course::Exercise;
use crate::digest::sha256;
use crate::judge::build::{BuildError, Place};
use crate::judge::{self, process::Cancel};
use crate::session::Event;
use crate::store::{self, Saved, untouched};
use crate::text::without_colours;
use crate::words::book as words;

use super::reply::{self, Answer, refusal};
use super::routes::read_body;
use super::{App, lock};

/// The longest text: the longest answer of the course has 10 KB.
const TEXT: u32 = 256 * 1024;

/// The compiler's work for the open editors: one at a time, the latest wish.
#[derive(Default)]
pub struct Notes {
    latest: Mutex<Cancel>,
    one: Arc<Mutex<()>>,
}

impl Notes {
    /// Ends what runs.
    pub fn stop(&self) {
        lock(&self.latest).cancel();
    }

    /// Ends what runs and begins anew.
    fn begin(&self) -> Cancel {
        let mut latest = lock(&self.latest);
        latest.cancel();
        *latest = Cancel::default();
        latest.clone()
    }
}

/// Ends the compiler when the page that asked is gone.
struct Asked(Cancel);

impl Drop for Asked {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// The text of an exercise.
pub fn text(app: &App, id: &str) -> Answer {
    let exercise = app.exercise(id)?;
    let session = &app.session;
    let file = session.course.path(&exercise.answer());
    if !file.exists() {
        // What cannot be made is missing below.
        let _ = session.store.prepare(&session.course);
    }
    let bytes = std::fs::read(&file).map_err(|_| (StatusCode::NOT_FOUND, words::NOT_FOUND))?;
    shown(app, exercise, StatusCode::OK, &bytes)
}

fn shown(app: &App, exercise: &Exercise, status: StatusCode, bytes: &[u8]) -> Answer {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| (StatusCode::UNPROCESSABLE_ENTITY, words::NOT_UTF8))?;
    let root = &app.session.course.root;
    let place = root.canonicalize().unwrap_or(root.clone());
    let shown = json!({
        "text": text, "hash": sha256(bytes), "file": place.join(exercise.answer()),
        "conflict": status == StatusCode::CONFLICT,
    });
    Ok(reply::json(status, &shown))
}

/// Saves a text.
pub async fn save(app: &Arc<App>, id: &str, request: Request<Incoming>) -> Answer {
    let exercise = app.exercise(id)?.clone();
    let known = request.headers().get(IF_MATCH);
    let known = known.and_then(|known| Some(known.to_str().ok()?.trim_matches('"').to_owned()));
    let known = known.ok_or((StatusCode::PRECONDITION_REQUIRED, words::NO_HASH))?;
    let aside = request.uri().query() == Some("aside");
    let body = read_body(request, TEXT).await?;
    if std::str::from_utf8(&body).is_err() {
        return Err((StatusCode::UNPROCESSABLE_ENTITY, words::NOT_UTF8));
    }
    if aside {
        return Ok(match app.session.store.set_aside(&exercise, &body) {
            Ok(()) => reply::ok(&json!({})),
            Err(e) => refusal(StatusCode::INTERNAL_SERVER_ERROR, &words::not_saved(&e)),
        });
    }
    let for_disk = Arc::clone(app);
    let (saved, exercise, hash, turned) = tokio::task::spawn_blocking(move || {
        let session = &for_disk.session;
        let root = &session.course.root;
        let hash = sha256(&body);
        // Before it is written: the watcher may be faster than this thread.
        session.page_writes(&exercise.id, &hash);
        let before = untouched(root, &exercise);
        let saved = session.store.save(root, &exercise, &known, &body);
        let turned = before != untouched(root, &exercise);
        (saved, exercise, hash, turned)
    })
    .await
    .map_err(|_| (StatusCode::INTERNAL_SERVER_ERROR, words::NOT_FOUND))?;
    if turned {
        app.session.tell(&Event::State);
    }
    match saved {
        Ok(Saved::Written) => Ok(reply::ok(&json!({ "hash": hash }))),
        Ok(Saved::Changed(other)) => shown(app, &exercise, StatusCode::CONFLICT, &other),
        Err(e) => Ok(refusal(
            StatusCode::INTERNAL_SERVER_ERROR,
            &words::not_saved(&e),
        )),
    }
}

/// What the compiler says of a text, and of which.
pub async fn notes(app: &Arc<App>, id: &str) -> Answer {
    let exercise = app.exercise(id)?.clone();
    let cancel = app.notes.begin();
    let _asked = Asked(cancel.clone());
    let (session, one) = (Arc::clone(&app.session), Arc::clone(&app.notes.one));
    let said = tokio::task::spawn_blocking(move || {
        let _one = lock(&one);
        if cancel.is_cancelled() {
            return Err(BuildError::Cancelled);
        }
        judge::notes(&Place::home(&session.course.root), &exercise, &cancel)
    })
    .await
    .unwrap_or(Err(BuildError::Cancelled));
    Ok(match said {
        Ok((hash, notes)) => reply::ok(&json!({ "hash": hash, "notes": notes })),
        Err(BuildError::Cancelled) => reply::ok(&json!({ "cancelled": words::LATER_ONE })),
        Err(BuildError::Cargo(why) | BuildError::Missing(why)) => {
            reply::ok(&json!({ "failed": without_colours(&why) }))
        }
    })
}

/// The other buttons: `reset/ID`, `undo/ID`, `hint/ID/NUMBER`, `solution/ID`, `reveal/ID`.
pub fn act(app: &App, what: &str, name: &str) -> Answer {
    let answer = match what {
        "hint" => hint(app, name),
        "solution" | "reveal" => solution(app, what, name),
        _ => texts(app, what, name),
    };
    app.session.tell(&Event::State);
    answer
}

fn texts(app: &App, what: &str, id: &str) -> Answer {
    let exercise = app.exercise(id)?;
    let (course, store) = (&app.session.course, &app.session.store);
    let done = match what {
        "reset" => reset::reset(course, store, exercise),
        _ => reset::undo(course, store, exercise),
    };
    Ok(match done {
        Ok(said) => reply::ok(&json!({ "said": said })),
        Err(e) => refusal(StatusCode::INTERNAL_SERVER_ERROR, &format!("{e:#}")),
    })
}

/// Records that a hint was opened.
fn hint(app: &App, name: &str) -> Answer {
    let not_found = (StatusCode::NOT_FOUND, words::NOT_FOUND);
    let (id, number) = name.rsplit_once('/').ok_or(not_found)?;
    let exercise = app.exercise(id)?;
    let number: usize = number.parse().map_err(|_| not_found)?;
    if number == 0 || number > exercise.hints.len() {
        return Err(not_found);
    }
    let store = &app.session.store;
    if number > store.progress().0.state(id).hints {
        // A hint that is not in the record is a hint all the same.
        let _ = store.shown(id, store::Event::Hint { hints: number });
    }
    Ok(reply::ok(&json!({})))
}

fn solution(app: &App, what: &str, id: &str) -> Answer {
    let exercise = app.exercise(id)?;
    let store = &app.session.store;
    let state = store.progress().0.state(id);
    let closed = !state.passed && !state.revealed;
    if closed && what != "reveal" {
        return Err((StatusCode::CONFLICT, words::CLOSED));
    }
    if closed {
        let hints = state.hints;
        let _ = store.shown(id, store::Event::Reveal { hints });
    }
    let file = app.session.course.path(&exercise.solution());
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(reply::ok(&json!({ "text": text }))),
        Err(_) => Err((StatusCode::NOT_FOUND, words::NOT_FOUND)),
    }
}
