//! Stages 13 and 15, with faults.

use std::env;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::fault;
use crate::http::ask_with_index;

const BODY: usize = 64 * 1024;

pub async fn serve(listener: TcpListener) -> io::Result<()> {
    while fault("http-no-end") {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(without_length(stream));
    }
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

/// A reply whose end cannot be seen: no library does that by itself.
async fn without_length(mut stream: TcpStream) -> io::Result<()> {
    let _request = stream.read(&mut [0; 4096]).await?;
    let reply =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"message\":\"hello Ali\"}";
    stream.write_all(reply.as_bytes()).await?;
    std::future::pending().await
}

async fn greet(request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = match read(&head.headers, body).await {
        Ok(body) => body,
        Err(status) => return error(status),
    };
    if fault("captcha-first")
        && let Err(refused) = admit(&body["captcha"]).await
    {
        return refused;
    }
    let name = body["name"].as_str().unwrap_or_default().to_owned();
    if name.is_empty() && !fault("http-greets-empty") {
        return error(StatusCode::BAD_REQUEST);
    }
    if !fault("captcha-first")
        && let Err(refused) = admit(&body["captcha"]).await
    {
        return refused;
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
        Ok(Ok(name)) => {
            let greeting = Json(json!({ "message": format!("hello {name}") }));
            if fault("http-closes") {
                return ([(header::CONNECTION, "close")], greeting).into_response();
            }
            greeting.into_response()
        }
        Ok(Err(_)) if fault("http-500-for-neighbour") => error(StatusCode::INTERNAL_SERVER_ERROR),
        Ok(Err(_)) => error(StatusCode::SERVICE_UNAVAILABLE),
        Err(_) => error(StatusCode::GATEWAY_TIMEOUT),
    }
}

/// The ids of captchas that were used.
static OPENED: Mutex<Vec<String>> = Mutex::new(Vec::new());

async fn admit(captcha: &Value) -> Result<(), Response> {
    let addr = env::var("CAPTCHA_ADDR").unwrap_or_default();
    if addr.is_empty() || fault("no-captcha") {
        return Ok(());
    }
    let post = async |path: &str, body: Value| {
        let limit = Duration::from_secs(if fault("captcha-waits") { 9 } else { 1 });
        timeout(
            limit,
            ask_with_index(&addr, "POST", path, &body.to_string()),
        )
        .await?
    };
    let closed = |_| error(StatusCode::SERVICE_UNAVAILABLE);
    if let (Some(id), Some(answer)) = (captcha["id"].as_str(), captcha["answer"].as_str()) {
        let opened = || OPENED.lock().unwrap_or_else(PoisonError::into_inner);
        if fault("captcha-kept") && opened().iter().any(|kept| kept == id) {
            return Ok(());
        }
        let verdict = post("/verify", json!({"id": id, "answer": answer})).await;
        let right = match verdict {
            Ok(_) if fault("captcha-status-only") => true,
            Ok((_, verdict)) if fault("captcha-nonsense-is-yes") => verdict["right"] != false,
            Ok((_, verdict)) => match verdict["right"].as_bool() {
                Some(right) => right,
                None => return Err(error(StatusCode::SERVICE_UNAVAILABLE)),
            },
            Err(_) if fault("captcha-open") => true,
            Err(e) => return Err(closed(e)),
        };
        if right {
            opened().push(id.to_owned());
            return Ok(());
        }
    }
    let (_, new) = post("/issue", json!({})).await.map_err(closed)?;
    Err((StatusCode::FORBIDDEN, Json(json!({ "captcha": new }))).into_response())
}

async fn read(headers: &HeaderMap, body: Body) -> Result<Value, StatusCode> {
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
    serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)
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
