//! What pages ask of the phone book: `at/127.0.0.1:8500` to look there, `auto` to find one, `up` to
//! start one and `down` to end that.
//!
//! Any other address than one of this machine is refused here, before anything is done with it: the
//! runner must not become a way to other hosts.

use std::sync::Arc;

use hyper::{Response, StatusCode};
use serde_json::json;

use super::App;
use super::reply::{self, Reply, refusal};
use crate::phone::{Order, Phone, begin, local};
use crate::words::book as words;
use crate::words::phone as said;

/// Does what the path after `/workbook/phone/` asks.
pub fn act(app: &Arc<App>, path: &str) -> Response<Reply> {
    let (what, rest) = path.split_once('/').unwrap_or((path, ""));
    let named = match what {
        "auto" if rest.is_empty() => None,
        "at" => match local(rest) {
            None => return refusal(StatusCode::BAD_REQUEST, said::BAD_ADDRESS),
            addr => addr,
        },
        "up" if rest.is_empty() => return services(app, Order::Up),
        "down" if rest.is_empty() => return services(app, Order::Down),
        _ => return refusal(StatusCode::NOT_FOUND, words::NOT_FOUND),
    };
    Phone::choose(&app.session, named);
    reply::json(StatusCode::ACCEPTED, &json!({ "named": named }))
}

fn services(app: &Arc<App>, order: Order) -> Response<Reply> {
    match begin(&app.session, order) {
        Ok(()) => reply::json(StatusCode::ACCEPTED, &json!({ "doing": order })),
        Err(why) => refusal(StatusCode::CONFLICT, why),
    }
}
