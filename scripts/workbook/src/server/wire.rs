//! What pages ask of the live capture: paths such as `start/06-grpc`, `start/06-grpc/http`, `own/8080/lines`,
//! `chaos/split,delay=50ms`, `call/0` and `stop`.
//!
//! Each part of a path is read into a lesson of the course, a port, a view, a dial or a number.
//! Nothing else of a request goes further.

use std::sync::Arc;

use hyper::{Response, StatusCode};
use serde_json::json;

use super::App;
use super::reply::{self, Reply, refusal};
use crate::session::Event;
use crate::wire::dial::Dial;
use crate::wire::script::View;
use crate::wire::{Subject, Wire};
use crate::words::book as words;
use crate::words::wire as said;

/// Does what the path after `/workbook/wire/` asks.
pub fn act(app: &Arc<App>, path: &str) -> Response<Reply> {
    let session = &app.session;
    let (what, rest) = path.split_once('/').unwrap_or((path, ""));
    let done = match what {
        "start" => {
            let (name, view) = match rest.split_once('/') {
                None => (rest, None),
                Some((name, view)) => match View::from_name(view) {
                    None => return refusal(StatusCode::BAD_REQUEST, said::BAD_VIEW),
                    view => (name, view),
                },
            };
            let Some(lesson) = session.course.lessons.iter().find(|l| l.name == name) else {
                return refusal(StatusCode::NOT_FOUND, words::UNKNOWN_HERE);
            };
            match Subject::of(session, lesson, view) {
                Ok(subject) => Wire::start(session, subject).map(|_| ()),
                Err(why) => return refusal(StatusCode::NOT_FOUND, &why),
            }
        }
        "own" => {
            let own = rest.split_once('/').and_then(|(port, view)| {
                let digits = port.bytes().all(|byte| byte.is_ascii_digit());
                let port = port.parse::<u16>().ok();
                Some(Subject::Own {
                    port: port.filter(|port| digits && *port > 0)?,
                    view: View::from_name(view)?,
                })
            });
            match own {
                Some(subject) => Wire::start(session, subject).map(|_| ()),
                None => return refusal(StatusCode::BAD_REQUEST, said::BAD_OWN),
            }
        }
        "chaos" => match Dial::parse(rest) {
            Some(dial) => session.wire.turn(dial),
            None => return refusal(StatusCode::BAD_REQUEST, said::BAD_CHAOS),
        },
        "call" => match rest.parse::<usize>() {
            Ok(number) => session.wire.call(number),
            Err(_) => return refusal(StatusCode::NOT_FOUND, words::NOT_FOUND),
        },
        "stop" if rest.is_empty() => match session.wire.stop() {
            true => Ok(()),
            false => Err(said::NOT_RUNNING),
        },
        _ => return refusal(StatusCode::NOT_FOUND, words::NOT_FOUND),
    };
    if let Err(why) = done {
        return refusal(StatusCode::CONFLICT, why);
    }
    session.tell(&Event::State);
    reply::json(
        StatusCode::ACCEPTED,
        &json!({ "capture": session.wire.state().capture }),
    )
}
