//! What the page "Join a class" asks: its state, and to join, stop, leave or show an answer.
//!
//! Code and name come from a form and become arguments of a program, never of a shell. A code has letters, digits and
//! the marks of an address; a name is one line.

use std::sync::Arc;

use hyper::body::{Bytes, Incoming};
use hyper::{Request, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::App;
use super::guard::Refusal;
use super::reply::{self, Answer};
use super::routes::read_body;
use crate::classroom;
use crate::words::book as words;

/// The longest form, in bytes.
const FORM: u32 = 1024;
/// The longest code and the longest name, in characters.
const LENGTHS: (usize, usize) = (120, 40);

/// The form.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    #[serde(default)]
    code: String,
    #[serde(default)]
    name: String,
}

/// Answers `GET /workbook/class`.
pub async fn state(app: &Arc<App>) -> Answer {
    let read = Arc::clone(app);
    let state = blocking(move || read.classroom.state(&read.session.course.root)).await?;
    Ok(reply::ok(&state))
}

/// Does what the path after `/workbook/class/` asks: `join`, `stop`, `leave`, or `show/ID`.
pub async fn act(app: &Arc<App>, path: &str, request: Request<Incoming>) -> Answer {
    let body = read_body(request, FORM).await?;
    let root = app.session.course.root.clone();
    match (path, path.strip_prefix("show/")) {
        ("join", _) => {
            let form = form(&body)?;
            let (code, name) = (filled(&form.code), filled(&form.name));
            if !app.classroom.join(&root, code, name) {
                return Err((StatusCode::CONFLICT, words::CLASS_RUNS));
            }
            Ok(reply::json(StatusCode::ACCEPTED, &json!({})))
        }
        ("stop", _) => {
            app.classroom.stop();
            Ok(reply::ok(&json!({})))
        }
        ("leave", _) => {
            app.classroom.stop();
            said(blocking(move || classroom::tell(&root, &["leave"])).await?)
        }
        (_, Some(id)) => {
            let id = app.exercise(id)?.id.clone();
            said(blocking(move || classroom::tell(&root, &["show", &id])).await?)
        }
        _ => Err((StatusCode::NOT_FOUND, words::NOT_FOUND)),
    }
}

/// Whether a command was good, and its last line.
fn said((good, said): (bool, String)) -> Answer {
    Ok(reply::ok(&json!({ "good": good, "said": said })))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| (StatusCode::INTERNAL_SERVER_ERROR, words::CLASS_FAILED))
}

fn form(body: &Bytes) -> Result<Form, Refusal> {
    let bad = (StatusCode::BAD_REQUEST, words::BAD_CLASS_FORM);
    let form: Form = serde_json::from_slice(body).map_err(|_| bad)?;
    let mark = |c: char| c.is_ascii_alphanumeric() || ".:-/[] ".contains(c);
    let code = !form.code.starts_with('-') && form.code.chars().all(mark);
    let name = !form.name.chars().any(char::is_control);
    let (most_code, most_name) = LENGTHS;
    let short = form.code.chars().count() <= most_code && form.name.chars().count() <= most_name;
    if code && name && short {
        Ok(form)
    } else {
        Err(bad)
    }
}

fn filled(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn only_what_looks_like_a_code_and_a_name_goes_to_the_program() {
        let good = |form: Value| super::form(&Bytes::from(form.to_string())).is_ok();
        assert!(good(json!({})));
        assert!(good(
            json!({ "code": "192.168.1.5:7443/KPRTMW-7XKQ-2MNP-9VTR", "name": "Ada Lovelace" })
        ));
        for (code, name) in [
            ("--file=x", ""),
            ("a;b", ""),
            ("$(x)", ""),
            (&"A".repeat(121), ""),
            ("KPRTMW", "a\nb"),
            ("KPRTMW", &"a".repeat(41)),
        ] {
            assert!(
                !good(json!({ "code": code, "name": name })),
                "{code} {name}"
            );
        }
        assert!(!good(json!({ "file": "x" })) && !good(json!("x")));
    }
}
