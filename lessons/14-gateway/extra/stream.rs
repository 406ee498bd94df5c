//! Streams of messages as HTTP: lines of JSON, or the events that a browser's `EventSource` reads.
//!
//! The status of HTTP is said before the first message, so an error that comes later has to be said in
//! the stream itself: it is the last item.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue};
use prost::bytes::Bytes;
use prost_reflect::MessageDescriptor;
use serde_json::Value as Json;
use tokio::time::{Sleep, sleep};
use tokio_stream::Stream;
use tonic::{Status, Streaming};

use crate::gateway::limits::Place;
use crate::gateway::status::Problem;
use crate::gateway::{call, transcode};

/// The format of a stream: how the messages are separated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `application/x-ndjson`: a line each, `{"result": ...}`, and at the end perhaps `{"error": ...}`.
    Lines,
    /// `text/event-stream`: an event each; then `end`, or `error` with what has happened.
    Events,
}

impl Form {
    /// Returns the format that the request asks for.
    pub fn of(headers: &HeaderMap) -> Form {
        let mut accept = headers
            .get_all(ACCEPT)
            .iter()
            .filter_map(|it| it.to_str().ok());
        match accept.any(|it| it.contains("text/event-stream")) {
            true => Form::Events,
            false => Form::Lines,
        }
    }

    fn kind(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Form::Lines => "application/x-ndjson",
            Form::Events => "text/event-stream",
        })
    }

    fn message(self, json: &[u8]) -> Vec<u8> {
        match self {
            Form::Lines => [&b"{\"result\":"[..], json, b"}\n"].concat(),
            Form::Events => [&b"data: "[..], json, b"\n\n"].concat(),
        }
    }

    fn error(self, json: &Json) -> Vec<u8> {
        match self {
            Form::Lines => format!("{{\"error\":{json}}}\n").into_bytes(),
            Form::Events => format!("event: error\ndata: {json}\n\n").into_bytes(),
        }
    }

    /// `EventSource` connects again when a stream ends, unless it is told that this was all.
    fn end(self) -> Option<Vec<u8>> {
        match self {
            Form::Lines => None,
            Form::Events => Some(b"event: end\ndata: {}\n\n".to_vec()),
        }
    }
}

// ANCHOR: response
/// The body of a response that goes on as long as the service has something to say. Each message is
/// asked for when the browser has taken the one before; when the browser leaves, the body is dropped,
/// and with it the call.
pub struct Answers {
    /// How they are written.
    pub form: Form,
    /// The call.
    pub messages: Streaming<Bytes>,
    /// What they are.
    pub desc: MessageDescriptor,
    /// The number of the request.
    pub id: HeaderValue,
    /// Kept until the end.
    pub place: Place,
    over: Option<Pin<Box<Sleep>>>,
}

impl Stream for Answers {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(over) = &mut self.over else {
            return Poll::Ready(None);
        };
        let problem = match over.as_mut().poll(context) {
            // A service that keeps to its time has said so before; one that is paused says nothing.
            Poll::Ready(()) => Problem::too_slow("the time for this stream is over"),
            Poll::Pending => match ready!(Pin::new(&mut self.messages).poll_next(context)) {
                Some(Ok(message)) => match transcode::to_json(&self.desc, message) {
                    Ok(json) => return Poll::Ready(Some(Ok(self.form.message(&json).into()))),
                    Err(error) => Problem::bad_gateway(format!(
                        "a message does not fit to its description: {error}"
                    )),
                },
                Some(Err(status)) => problem(status),
                None => {
                    self.over = None;
                    return Poll::Ready(self.form.end().map(|end| Ok(end.into())));
                }
            },
        };
        self.over = None;
        let last = self.form.error(&problem.json(&self.id));
        Poll::Ready(Some(Ok(last.into())))
    }
}
// ANCHOR_END: response

impl Answers {
    /// Makes the body of a response from the messages of a call, for at most `time`.
    pub fn new(
        form: Form,
        messages: Streaming<Bytes>,
        desc: MessageDescriptor,
        id: HeaderValue,
        (place, time): (Place, Duration),
    ) -> Answers {
        Answers {
            form,
            messages,
            desc,
            id,
            place,
            over: Some(Box::pin(sleep(time))),
        }
    }

    /// As a response.
    pub fn response(self) -> Response<Body> {
        let kind = self.form.kind();
        let mut response = Response::new(Body::from_stream(self));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, kind);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

fn problem(status: Status) -> Problem {
    match call::too_long(&status) {
        true => Problem::bad_gateway("a message that is too long"),
        false => status.into(),
    }
}
