//! Stages 13 and 15: the HTTP API. Its calls are those of the greeter, and so are its errors.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tonic::{Code, Status};

use crate::captcha::Captchas;
use crate::greeter::Answers;

/// The largest body, in bytes.
const BODY: usize = 64 * 1024;
/// The time for a request without `X-Timeout-Ms`.
const TIME: Duration = Duration::from_secs(5);

/// Serves clients until the listener fails.
pub async fn serve(
    listener: TcpListener,
    answers: Arc<Answers>,
    captchas: Option<Captchas>,
) -> io::Result<()> {
    // axum answers other paths with 404, and other methods with 405 and `Allow`.
    let routes = Router::new()
        .route("/greet", post(greet))
        .route("/healthz", get(async || "ok"))
        .with_state((answers, captchas));
    axum::serve(listener, routes).await
}

type Shared = (Arc<Answers>, Option<Captchas>);

async fn greet(State((answers, captchas)): State<Shared>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = match read(&head.headers, body).await {
        Ok(body) => body,
        Err((status, reason)) => return error(status, reason),
    };
    let name = body["name"].as_str().unwrap_or_default();
    if name.is_empty() {
        return error(StatusCode::BAD_REQUEST, "the body is {\"name\": \"...\"}");
    }
    // After all that can be wrong in the request: an answer can be judged only once.
    if let Some(captchas) = captchas
        && let Err(refused) = admit(&captchas, &body["captcha"]).await
    {
        return refused;
    }
    let time = number(&head.headers, "x-timeout-ms").map_or(TIME, Duration::from_millis);
    // After the time the call is dropped, and with it its connection to a neighbour.
    match timeout(time, answers.greet(name)).await {
        Ok(Ok(message)) => Json(json!({ "message": message })).into_response(),
        Ok(Err(status)) => error(status_code(&status), status.message()),
        Err(_) => error(StatusCode::GATEWAY_TIMEOUT, "the time is over"),
    }
}

/// Whether the captcha of a request is right; else the reply.
async fn admit(captchas: &Captchas, captcha: &Value) -> Result<(), Response> {
    let closed = |_| error(StatusCode::SERVICE_UNAVAILABLE, "no verdict on captchas");
    if let (Some(id), Some(answer)) = (captcha["id"].as_str(), captcha["answer"].as_str())
        && captchas.verify(id, answer).await.map_err(closed)?
    {
        return Ok(());
    }
    let new = captchas.issue().await.map_err(closed)?;
    Err((StatusCode::FORBIDDEN, Json(json!({ "captcha": new }))).into_response())
}

async fn read(headers: &HeaderMap, body: Body) -> Result<Value, (StatusCode, &'static str)> {
    let too_large = (
        StatusCode::PAYLOAD_TOO_LARGE,
        "the body has more than 64 KiB",
    );
    // Before any of it is read; then again while it is read, because a length may be missing.
    if number(headers, header::CONTENT_LENGTH.as_str()).is_some_and(|n| n > BODY as u64) {
        return Err(too_large);
    }
    let body = to_bytes(body, BODY).await.map_err(|_| too_large)?;
    let no_json = |_| (StatusCode::BAD_REQUEST, "the body is no JSON");
    serde_json::from_slice(&body).map_err(no_json)
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

fn status_code(status: &Status) -> StatusCode {
    match status.code() {
        Code::InvalidArgument => StatusCode::BAD_REQUEST,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn error(status: StatusCode, reason: &str) -> Response {
    (status, Json(json!({ "error": reason }))).into_response()
}
