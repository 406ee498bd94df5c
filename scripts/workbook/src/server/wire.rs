//! What pages ask of the live capture: paths such as `start/06-grpc`, `start/06-grpc/http`, `own/8080/lines`,
//! `chaos/split,delay=50ms`, `call/0` and `stop`.
//!
//! Each part of a path is read into a lesson of the course, a port, a view, a dial or a number.
//! Nothing else of a request goes further.

use std::sync::Arc;

use hyper::StatusCode;
use serde_json::json;

use super::App;
use super::reply::{self, Answer, refusal};
use crate::session::Event;
use crate::wire::dial::Dial;
use crate::wire::script::View;
use crate::wire::{Server, Subject, Wire};
use crate::words::book as words;
use crate::words::wire as said;

/// Does what the path after `/workbook/wire/` asks.
pub fn act(app: &Arc<App>, path: &str) -> Answer {
    let session = &app.session;
    let not_found = (StatusCode::NOT_FOUND, words::NOT_FOUND);
    let bad = |why| (StatusCode::BAD_REQUEST, why);
    let (what, rest) = path.split_once('/').unwrap_or((path, ""));
    let done = match what {
        "start" => {
            let (name, view) = match rest.split_once('/') {
                None => (rest, None),
                Some((name, view)) => {
                    let view = View::from_name(view);
                    (name, Some(view.ok_or_else(|| bad(said::BAD_VIEW))?))
                }
            };
            let mut lessons = session.course.lessons.iter();
            let lesson = lessons.find(|lesson| lesson.name == name);
            let lesson = lesson.ok_or((StatusCode::NOT_FOUND, words::UNKNOWN_HERE))?;
            match Subject::of(session, lesson, view) {
                Ok(subject) => Wire::start(session, subject),
                Err(why) => return Ok(refusal(StatusCode::NOT_FOUND, &why)),
            }
        }
        "own" => {
            let own = rest.split_once('/').and_then(|(port, view)| {
                let digits = port.bytes().all(|byte| byte.is_ascii_digit());
                let port = port.parse().ok().filter(|port| digits && *port > 0)?;
                let view = View::from_name(view)?;
                let server = Server::Own(port);
                Some(Subject { view, server })
            });
            Wire::start(session, own.ok_or_else(|| bad(said::BAD_OWN))?)
        }
        "chaos" => session
            .wire
            .turn(Dial::parse(rest).ok_or_else(|| bad(said::BAD_CHAOS))?),
        "call" => session.wire.call(rest.parse().map_err(|_| not_found)?),
        "stop" if rest.is_empty() => session.wire.stop().then_some(()).ok_or(said::NOT_RUNNING),
        _ => return Err(not_found),
    };
    done.map_err(|why| (StatusCode::CONFLICT, why))?;
    session.tell(&Event::State);
    let capture = session.wire.state().capture;
    Ok(reply::json(
        StatusCode::ACCEPTED,
        &json!({ "capture": capture }),
    ))
}
