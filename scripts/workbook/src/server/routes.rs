//! Answers requests: the book's files, the state, the events, and the things that act.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, ETAG, HeaderValue,
    IF_NONE_MATCH,
};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::json;

use crate::book::html::percent_decoded;
use crate::doctor::{Need, look};
use crate::own::Own;
use crate::session::Event;
use crate::store::now;
use crate::wire::Wire;
use crate::words::book as words;

use super::reply::{self, Answer, Reply, refusal};
use super::site::Page;
use super::{App, class, edit, guard, phone, wire};

/// The longest body of what acts: it needs none.
const BODY: u32 = 4096;
/// How long a body may take.
const BODY_TIME: Duration = Duration::from_secs(5);

/// Answers one request.
pub async fn answer(app: &Arc<App>, request: Request<Incoming>) -> Response<Reply> {
    let head = request.method() == Method::HEAD;
    let answer = respond(app, request).await;
    let mut response = answer.unwrap_or_else(|(status, words)| {
        let mut response = refusal(status, words);
        // What is left of a refused body is not read; the connection ends with the refusal.
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
        response
    });
    if head {
        if let Some(length) = response.body().size_hint().exact() {
            let headers = response.headers_mut();
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        *response.body_mut() = reply::whole("");
    }
    response
}

async fn respond(app: &Arc<App>, request: Request<Incoming>) -> Answer {
    // Decoded once: the guard and the routes read the same path.
    let not_found = (StatusCode::NOT_FOUND, words::NOT_FOUND);
    let path = percent_decoded(request.uri().path()).ok_or(not_found)?;
    guard::local(&request, &path, app.port)?;
    let method = request.method().clone();
    if method == Method::POST {
        guard::knows_token(request.headers(), &app.token)?;
        let asked = path.strip_prefix("/workbook/");
        let (what, rest) = asked
            .and_then(|rest| rest.split_once('/'))
            .ok_or(not_found)?;
        match what {
            "text" => return edit::save(app, rest, request).await,
            "class" => return class::act(app, rest, request).await,
            _ => {}
        }
        read_body(request, BODY).await?;
        return match what {
            "notes" => edit::notes(app, rest).await,
            "reset" | "undo" | "hint" | "solution" | "reveal" => edit::act(app, what, rest),
            "wire" => wire::act(app, rest),
            "services" => phone::act(app, rest),
            _ => act(app, what, rest),
        };
    }
    if method != Method::GET && method != Method::HEAD {
        return Err((StatusCode::METHOD_NOT_ALLOWED, words::NOT_ALLOWED));
    }
    if let Some(id) = path.strip_prefix("/workbook/text/") {
        // A learner's text is for our own pages alone.
        guard::knows_token(request.headers(), &app.token)?;
        return edit::text(app, id);
    }
    match path.as_str() {
        "/workbook/wire" => Ok(reply::ok(&Wire::everything(&app.session))),
        "/workbook/services" => {
            let query = request.uri().query();
            if query.is_some() {
                // Which address the runner speaks to is for our own pages to say.
                guard::knows_token(request.headers(), &app.token)?;
            }
            phone::list(app, query).await
        }
        "/workbook/class" => {
            // Names and messages are for our own pages alone.
            guard::knows_token(request.headers(), &app.token)?;
            class::state(app).await
        }
        "/workbook/doctor" => {
            // It starts programs: that is for our own pages to ask.
            guard::knows_token(request.headers(), &app.token)?;
            doctor(app).await
        }
        "/workbook/beliefs" => {
            let session = &app.session;
            let lines = session.store.lines().0;
            let all = crate::beliefs::met(&session.course, &lines, now());
            Ok(reply::ok(&all))
        }
        "/workbook/state" => Ok(reply::ok(&app.session.snapshot())),
        // Nobody asks for the head of something that never ends.
        "/workbook/events" if method == Method::GET => events(app),
        _ => Ok(page(app, &path, request.headers().get(IF_NONE_MATCH))),
    }
}

/// What is missing on this machine, with the section of "Set up" that explains it; nothing that only tests need.
async fn doctor(app: &Arc<App>) -> Answer {
    let root = app.session.course.root.clone();
    let looked = tokio::task::spawn_blocking(move || look(&root)).await;
    let failed = |_| (StatusCode::INTERNAL_SERVER_ERROR, words::NOT_LOOKED);
    let mut missing = Vec::new();
    for finding in looked.map_err(failed)? {
        if let Err(why) = &finding.found
            && finding.need != Need::Tests
        {
            missing.push(json!({
                "name": finding.name, "why": why, "command": if finding.need == Need::Comfort { finding.mend.clone() } else { format!("`{}`", finding.mend) },
                "needed": finding.need == Need::Always,
                "section": finding.section(), "anchor": finding.anchor(),
            }));
        }
    }
    Ok(reply::ok(&missing))
}

fn events(app: &Arc<App>) -> Answer {
    let too_many = (StatusCode::SERVICE_UNAVAILABLE, words::TOO_MANY_PAGES);
    let stream = app.hub.open(&app.session).ok_or(too_many)?;
    let mut response = reply::with(StatusCode::OK, "text/event-stream", Reply::Right(stream));
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn page(app: &App, path: &str, known: Option<&HeaderValue>) -> Response<Reply> {
    let site = app.site();
    match (site.get(path), site.get("/404.html")) {
        (Some(page), _) if known == Some(&page.etag) => {
            send(page, StatusCode::NOT_MODIFIED, Bytes::new())
        }
        (Some(page), _) => send(page, StatusCode::OK, page.bytes.clone()),
        (None, Some(page)) => send(page, StatusCode::NOT_FOUND, page.bytes.clone()),
        (None, None) => refusal(StatusCode::NOT_FOUND, words::NOT_FOUND),
    }
}

fn send(page: &Page, status: StatusCode, bytes: Bytes) -> Response<Reply> {
    let mut response = reply::with(status, page.kind, reply::whole(bytes));
    let headers = response.headers_mut();
    headers.insert(ETAG, page.etag.clone());
    if let Some(policy) = page.policy {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    }
    response
}

/// Reads a body of `most` bytes: the next request on this connection begins after it.
pub async fn read_body(request: Request<Incoming>, most: u32) -> Result<Bytes, guard::Refusal> {
    let too_large = (StatusCode::PAYLOAD_TOO_LARGE, words::TOO_LARGE);
    let stated = request.headers().get(CONTENT_LENGTH);
    let length = |value: &HeaderValue| value.to_str().ok()?.parse::<u64>().ok();
    if stated.is_some_and(|stated| length(stated).is_none_or(|bytes| bytes > u64::from(most))) {
        return Err(too_large);
    }
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let body = Limited::new(request.into_body(), most).collect();
    match tokio::time::timeout(BODY_TIME, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(_)) => Err(too_large),
        Err(_) => Err((StatusCode::REQUEST_TIMEOUT, words::TOO_SLOW)),
    }
}

/// Only named exercises and lessons run; nothing of the request becomes part of a command.
fn act(app: &App, what: &str, name: &str) -> Answer {
    let not_found = (StatusCode::NOT_FOUND, words::NOT_FOUND);
    let unknown = (StatusCode::NOT_FOUND, words::UNKNOWN_HERE);
    let session = &app.session;
    let job = match what {
        "check" => {
            let exercise = app.exercise(name)?;
            // The compiler works for one at a time, and the check tells more.
            app.notes.stop();
            session.check(exercise).job
        }
        "run" => {
            session.course.demo(name).ok_or(unknown)?;
            session.demo(name).job
        }
        "own" => {
            let stages = Own::stages().len();
            let stage = name.parse().ok().filter(|n| (1..=stages).contains(n));
            session.own(stage.ok_or(unknown)?).job
        }
        "stop" => {
            let job = name.parse().map_err(|_| not_found)?;
            if !session.stop(job) {
                return Err((StatusCode::NOT_FOUND, words::NO_SUCH_JOB));
            }
            job
        }
        _ => return Err(not_found),
    };
    // It may have to wait for another job; the pages show it as busy from now on.
    session.tell(&Event::State);
    Ok(reply::json(StatusCode::ACCEPTED, &json!({ "job": job })))
}
