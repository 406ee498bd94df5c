//! The part of the site that speaks JSON, and the pictures.

use axum::Json;
use axum::body::{Body, HttpBody};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Response};
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::json;

use super::Shared;
use super::errors::{Problem, ok};
use super::session::{Session, Visitor};
use super::work::{good_id, name};
use crate::pb::{Header, Kind};
use crate::rules::Decision;

/// Returns the path of the picture with this id.
pub fn picture_url(id: &str) -> String {
    format!("/api/v1.0/imagecode/{id}")
}

/// Returns the path of the question with this id.
fn question_url(id: &str) -> String {
    format!("/api/v1.0/question/{id}")
}

/// `GET /api/v1.0/session`: whether this session was let in.
pub async fn session(State(web): Shared, who: Visitor) -> Result<Response<Body>, Problem> {
    match web.passed(&who).await? {
        true => Ok(ok(json!({}))),
        false => Err(Problem::NotLetIn),
    }
}

/// Answers with 405 what is not GET. That includes HEAD: axum would answer it by GET, which here would make a
/// captcha that no visitor sees.
pub async fn only_get() -> Response<Body> {
    let allow = (ALLOW, HeaderValue::from_static("GET"));
    ([allow], Problem::WrongMethod).into_response()
}

/// `GET /api/v1.0/imagecode/ID`: makes the captcha with this id, and shows it.
pub async fn picture(
    State(web): Shared,
    who: Visitor,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response<Body>, Problem> {
    let Path(id) = id.map_err(|_| Problem::BadId)?;
    let reply = web.make(&who, good_id(&id)?, Kind::Picture).await?;
    let mut response = reply.picture.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("image/png"));
    if let Ok(description) = HeaderValue::from_str(&reply.description) {
        headers.insert(DESCRIPTION, description);
    }
    add(headers, reply.headers);
    Ok(response)
}

/// What stands in for the picture, for callers that have no page around it.
const DESCRIPTION: HeaderName = HeaderName::from_static("x-description");

/// Header lines of the service; what the reply is made of is not its affair.
fn add(headers: &mut HeaderMap, lines: Vec<Header>) {
    const OURS: [&str; 5] = [
        "content-type",
        "content-length",
        "connection",
        "transfer-encoding",
        "set-cookie",
    ];
    for line in lines {
        let name = HeaderName::from_bytes(line.name.as_bytes());
        let value = HeaderValue::from_str(&line.value);
        if let (Ok(name), Ok(value)) = (name, value)
            && !OURS.contains(&name.as_str())
        {
            headers.insert(name, value);
        }
    }
}

/// `GET /api/v1.0/question/ID`: makes the captcha with this id, and asks it in words.
pub async fn question(
    State(web): Shared,
    who: Visitor,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response<Body>, Problem> {
    let Path(id) = id.map_err(|_| Problem::BadId)?;
    let reply = web.make(&who, good_id(&id)?, Kind::Question).await?;
    let seconds = reply.expires_in_seconds;
    let mut response =
        ok(json!({ "id": id, "question": reply.question, "expires_in_seconds": seconds }));
    add(response.headers_mut(), reply.headers);
    Ok(response)
}

/// The form of a captcha that a visitor may ask for.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// Digits in a picture.
    #[default]
    Picture,
    /// A question in words.
    Question,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaptchaRequest {
    #[serde(default)]
    kind: Way,
}

/// `POST /api/v1.0/imagecode`, with `{"kind": "question"}` or with nothing: an unguessable id,
/// and where its captcha is. It is made by the first request for it.
pub async fn fresh(State(web): Shared, request: Request) -> Result<Response<Body>, Problem> {
    let kind = match request.body().is_end_stream() {
        true => Way::default(),
        false => web.body::<Json<CaptchaRequest>>(request).await?.0.kind,
    };
    let id = name()?;
    let (kind, url) = match kind {
        Way::Picture => ("picture", picture_url(&id)),
        Way::Question => ("question", question_url(&id)),
    };
    Ok(ok(json!({ "id": id, "url": url, "kind": kind })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    id: String,
    answer: String,
}

/// `POST /api/v1.0/verify` with `{"id": ..., "answer": ...}`: the verdict.
pub async fn verify(
    State(web): Shared,
    who: Visitor,
    request: Request,
) -> Result<Response<Body>, Problem> {
    let Json(Answer { id, answer }) = web.body(request).await?;
    let next = Session::renewed()?;
    match web.judge(&who, &next, good_id(&id)?, &answer).await? {
        Decision::Welcome => Ok(next.put(ok(json!({})))),
        Decision::Wrong => Err(Problem::Wrong),
        Decision::Stale => Err(Problem::Stale),
        Decision::TryLater => Err(Problem::Unavailable),
    }
}
