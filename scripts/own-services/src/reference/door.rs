//! Stage 13: a door for HTTP. Its calls are those of the greeter, and so are its errors.

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

use crate::greeter::Answers;

/// The largest body, in bytes.
const BODY: usize = 64 * 1024;
/// The time for a request without `X-Timeout-Ms`.
const TIME: Duration = Duration::from_secs(5);

/// Serves clients until the listener fails.
pub async fn serve(listener: TcpListener, answers: Arc<Answers>) -> io::Result<()> {
    // axum answers other paths with 404, and other methods with 405 and `Allow`.
    let routes = Router::new()
        .route("/greet", post(greet))
        .route("/healthz", get(async || "ok"))
        .with_state(answers);
    axum::serve(listener, routes).await
}

async fn greet(State(answers): State<Arc<Answers>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let name = match name(&head.headers, body).await {
        Ok(name) => name,
        Err((status, reason)) => return error(status, reason),
    };
    let time = number(&head.headers, "x-timeout-ms").map_or(TIME, Duration::from_millis);
    // After the time the call is dropped, and with it its connection to a neighbour.
    match timeout(time, answers.greet(&name)).await {
        Ok(Ok(message)) => Json(json!({ "message": message })).into_response(),
        Ok(Err(status)) => error(status_code(&status), status.message()),
        Err(_) => error(StatusCode::GATEWAY_TIMEOUT, "the time is over"),
    }
}

async fn name(headers: &HeaderMap, body: Body) -> Result<String, (StatusCode, &'static str)> {
    let too_large = (
        StatusCode::PAYLOAD_TOO_LARGE,
        "the body has more than 64 KiB",
    );
    // Before any of it is read; then again while it is read, because a length may be missing.
    if number(headers, header::CONTENT_LENGTH.as_str()).is_some_and(|n| n > BODY as u64) {
        return Err(too_large);
    }
    let body = to_bytes(body, BODY).await.map_err(|_| too_large)?;
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let name = body["name"].as_str().map(str::to_owned);
    name.ok_or((StatusCode::BAD_REQUEST, "the body is {\"name\": \"...\"}"))
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
