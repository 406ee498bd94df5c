//! `-- captchas`: the captcha service for programs that speak HTTP and JSON. Stage 15 of the learner's own service calls it.
//!
//! `POST /issue` returns a question in words, and `POST /verify` the verdict on an answer. Each captcha has a session of its
//! own, its id: the service behind it judges each of them once.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use l16_captcha::code;
use l16_captcha::pb::{CallRequest, Kind, Verdict, VerifyRequest};
use l16_captcha::web::{ByName, Captchas};
use serde_json::{Value, json};
use tokio::time::Instant;
use tonic::{Code, Status};

/// The default address.
pub const ADDR: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8890);
/// The time for one call of the service behind it.
const LIMIT: Duration = Duration::from_millis(800);

/// The routes, on the captcha service that `service` finds.
pub fn router(service: ByName) -> Router {
    Router::new()
        .route("/issue", post(issue))
        .route("/verify", post(verify))
        .with_state(service)
}

async fn issue(State(service): State<ByName>) -> Response {
    let Ok(id) = code::id() else {
        return failed(&Status::unavailable("no randomness"));
    };
    let request = CallRequest {
        id: id.clone(),
        session: id.clone(),
        kind: Kind::Question.into(),
        request: id.clone(),
        ..CallRequest::default()
    };
    match service.call(request, Instant::now() + LIMIT).await {
        Ok(made) => Json(json!({"id": id, "question": made.question})).into_response(),
        Err(status) => failed(&status),
    }
}

async fn verify(State(service): State<ByName>, body: Bytes) -> Response {
    // Whatever the content type says: the client of a captcha is a program, and it sends JSON.
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let request = VerifyRequest {
        id: text("id"),
        session: text("id"),
        answer: text("answer"),
        ..VerifyRequest::default()
    };
    match service.verify(request, Instant::now() + LIMIT).await {
        Ok(judged) => {
            let right = judged.verdict() == Verdict::Accepted;
            Json(json!({ "right": right })).into_response()
        }
        // An id that cannot be one was never issued.
        Err(status) if status.code() == Code::InvalidArgument => {
            Json(json!({ "right": false })).into_response()
        }
        Err(status) => failed(&status),
    }
}

fn failed(status: &Status) -> Response {
    let code = match status.code() {
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    (code, Json(json!({ "error": status.message() }))).into_response()
}
