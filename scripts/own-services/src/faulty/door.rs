//! Stage 13, with faults.

use std::env;
use std::io;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::fault;

const BODY: usize = 64 * 1024;

pub async fn serve(listener: TcpListener) -> io::Result<()> {
    let greeting = if fault("http-any-method") {
        any(greet)
    } else if fault("http-404-for-method") {
        post(greet).fallback(async || StatusCode::NOT_FOUND)
    } else {
        post(greet)
    };
    let routes = Router::new()
        .route("/greet", greeting)
        .route("/healthz", get(async || "ok"));
    axum::serve(listener, routes).await
}

async fn greet(request: Request) -> Response {
    let (head, body) = request.into_parts();
    let name = match name(&head.headers, body).await {
        Ok(name) => name,
        Err(status) => return error(status),
    };
    if name.is_empty() {
        return error(StatusCode::BAD_REQUEST);
    }
    let time = number(&head.headers, "x-timeout-ms").filter(|_| !fault("http-no-deadline"));
    let time = Duration::from_millis(time.unwrap_or(5000));
    let work = async move {
        if name != "slow" {
            return Ok(name);
        }
        crate::greeter::line(&env::var("SLOW_ADDR").unwrap_or_default()).await
    };
    let done = if fault("http-work-goes-on") {
        let task = tokio::spawn(work);
        timeout(time, async { task.await.map_err(io::Error::other)? }).await
    } else {
        timeout(time, work).await
    };
    match done {
        Ok(Ok(name)) => Json(json!({ "message": format!("hello {name}") })).into_response(),
        Ok(Err(_)) if fault("http-500-for-neighbour") => error(StatusCode::INTERNAL_SERVER_ERROR),
        Ok(Err(_)) => error(StatusCode::SERVICE_UNAVAILABLE),
        Err(_) => error(StatusCode::GATEWAY_TIMEOUT),
    }
}

async fn name(headers: &HeaderMap, body: Body) -> Result<String, StatusCode> {
    let large = StatusCode::PAYLOAD_TOO_LARGE;
    let announced = number(headers, header::CONTENT_LENGTH.as_str());
    if announced.is_some_and(|n| n > BODY as u64) && !fault("http-reads-all") {
        return Err(large);
    }
    let most = if fault("http-trusts-length") {
        16 * BODY
    } else {
        BODY
    };
    let body = to_bytes(body, most).await.map_err(|_| large)?;
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let name = body["name"].as_str().map(str::to_owned);
    name.ok_or(StatusCode::BAD_REQUEST)
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

fn error(status: StatusCode) -> Response {
    let status = match status {
        _ if fault("http-200-for-all") => StatusCode::OK,
        StatusCode::BAD_REQUEST if fault("http-500-for-all") => StatusCode::INTERNAL_SERVER_ERROR,
        status => status,
    };
    (status, Json(json!({ "error": status.as_str() }))).into_response()
}
