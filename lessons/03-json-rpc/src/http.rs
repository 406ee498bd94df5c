//! The same 2.0 methods behind HTTP: the request is the body of a POST, the reply is the body of the
//! response. HTTP marks where a message ends (`Content-Length`), so no newline is needed. Any HTTP client
//! can call, from `curl` to a browser.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::host::Settings;
use crate::v2::Rpc;

/// Serves clients until `shutdown` is ready.
///
/// # Errors
/// If the listener itself fails. An error on one connection ends that connection only.
pub async fn serve(
    listener: TcpListener,
    rpc: Rpc,
    settings: Settings,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let permits = Arc::new(Semaphore::new(settings.clients));
    let mut conversations = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
            Some(_) = conversations.join_next() => continue,
        };
        match (accepted, Arc::clone(&permits).try_acquire_owned()) {
            (Ok((stream, _)), Ok(permit)) => {
                let rpc = rpc.clone();
                conversations.spawn(async move {
                    host_one(stream, rpc, settings).await;
                    drop(permit);
                });
            }
            (Ok(_), Err(_full)) => {}
            (Err(_), _) => sleep(Duration::from_millis(10)).await,
        }
    }
    conversations.shutdown().await;
    Ok(())
}

/// One connection, with any number of requests.
async fn host_one(stream: TcpStream, rpc: Rpc, settings: Settings) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let rpc = rpc.clone();
        async move { Ok::<_, Infallible>(answer(request, &rpc, settings).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.time)
        // A client that has finished sending still gets its answer, as in lesson 01.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    // A broken connection affects no other client.
    let _ = connection.await;
}

// ANCHOR: answer
/// One POST. An error in the HTTP request has a status. An error in the call is a JSON-RPC error, and its
/// status is 200.
async fn answer(
    request: Request<Incoming>,
    rpc: &Rpc,
    settings: Settings,
) -> Response<Full<Bytes>> {
    if request.method() != Method::POST {
        let mut response = status(StatusCode::METHOD_NOT_ALLOWED, "POST a JSON-RPC request\n");
        let allow = HeaderValue::from_static("POST");
        response.headers_mut().insert(ALLOW, allow);
        return response;
    }
    // A browser asks us before it lets a page of another site send this type.
    if !is_json(request.headers().get(CONTENT_TYPE)) {
        let words = "the Content-Type must be application/json\n";
        return status(StatusCode::UNSUPPORTED_MEDIA_TYPE, words);
    }
    let body = Limited::new(request.into_body(), settings.message).collect();
    let body = match timeout(settings.time, body).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(_)) => return status(StatusCode::PAYLOAD_TOO_LARGE, "the message is too long\n"),
        Err(_) => return status(StatusCode::REQUEST_TIMEOUT, "the message took too long\n"),
    };
    match rpc.answer(&body).await {
        Some(reply) => {
            let mut response = Response::new(Full::from(reply));
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, json);
            response
        }
        // A notification: HTTP requires a response, and 204 is the one without a body.
        None => status(StatusCode::NO_CONTENT, ""),
    }
}
// ANCHOR_END: answer

/// `application/json`, whatever parameters follow it.
fn is_json(value: Option<&HeaderValue>) -> bool {
    let text = value.and_then(|value| value.to_str().ok());
    let kind = text.and_then(|text| text.split(';').next());
    kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn status(code: StatusCode, words: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(words));
    *response.status_mut() = code;
    response
}
