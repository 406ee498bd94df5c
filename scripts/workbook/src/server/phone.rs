//! What the page "The phone book" asks: the list of a Consul, and `up` or `down` to start or end one.
//!
//! Any other address than one of this machine is refused here, before anything is done with it: the
//! runner must not become a way to other hosts.

use std::sync::Arc;

use hyper::StatusCode;
use serde_json::json;

use super::App;
use super::reply::{self, Answer};
use crate::book::html::percent_decoded;
use crate::phone;
use crate::session::JobKind;
use crate::words::book as words;
use crate::words::phone as said;

/// Answers `GET /workbook/services`, with `at=ADDRESS` as the `query` for another Consul than the one
/// that is found.
///
/// # Errors
/// The refusal, if the address is not on this machine.
pub async fn list(app: &Arc<App>, query: Option<&str>) -> Answer {
    let bad = (StatusCode::BAD_REQUEST, said::BAD_ADDRESS);
    let named = match query.and_then(|query| query.strip_prefix("at=")) {
        None => None,
        Some(text) => {
            let text = percent_decoded(text).ok_or(bad)?;
            Some(phone::local(&text).ok_or(bad)?)
        }
    };
    let list = phone::read(&app.session.course.root, named).await;
    Ok(reply::ok(&list))
}

/// Does what the path after `/workbook/services/` asks: `up` or `down`.
pub fn act(app: &Arc<App>, path: &str) -> Answer {
    if path != "up" && path != "down" {
        return Err((StatusCode::NOT_FOUND, words::NOT_FOUND));
    }
    let jobs = app.session.jobs();
    if jobs.iter().any(|job| job.kind == JobKind::Services) {
        return Err((StatusCode::CONFLICT, said::BUSY));
    }
    let job = app.session.services(path).job;
    Ok(reply::json(StatusCode::ACCEPTED, &json!({ "job": job })))
}
