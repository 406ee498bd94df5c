//! `/v1/kv`: the key/value store.

use axum::body::Body;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;

use crate::api::call::{Answer, Call};
use crate::extra::answer::{empty, tell_index};
use crate::extra::kv::Plan;
use crate::refused::Refused;
use crate::store::{State, Topic};

/// As much as all values together may take.
const MOST: usize = 256 * 1024 * 1024;

/// Reads, sets or deletes, by the method.
pub async fn key(call: Call) -> Answer {
    let list = call.has("keys") || call.has("recurse");
    match call.method {
        Method::GET if call.has("keys") => keys(call).await,
        Method::GET | Method::DELETE if call.rest.is_empty() && !list => {
            Err(Refused::bad("Missing key name"))
        }
        Method::GET => get(call).await,
        Method::PUT => put(&call),
        _ => delete(&call),
    }
}

async fn get(call: Call) -> Answer {
    let key = call.rest.as_str();
    let recurse = call.has("recurse");
    let index = |state: &State| match recurse {
        true => state.kv.prefix_index(key),
        false => state.kv.get(key).0,
    };
    let look = |state: &State| match recurse {
        true => state.kv.list(key),
        false => state.kv.get(key).1.into_iter().collect(),
    };
    let (index, pairs) = call.ask(Topic::Kv, index, look).await?;
    let mut answer = match pairs.first() {
        None => empty(StatusCode::NOT_FOUND),
        Some(pair) if call.has("raw") => raw(&pair.value),
        Some(_) => call.answer(&pairs.iter().map(AsRef::as_ref).collect::<Vec<_>>())?,
    };
    tell_index(&mut answer, index);
    Ok(answer)
}

/// The bytes alone. A client stored them, so no browser is to take them for a page of ours.
fn raw(value: &[u8]) -> Response {
    let mut answer = Response::new(Body::from(value.to_owned()));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("sandbox"),
    );
    answer
}

async fn keys(call: Call) -> Answer {
    let prefix = call.rest.as_str();
    let index = |state: &State| state.kv.prefix_index(prefix);
    let look = |state: &State| state.kv.keys(prefix, call.get("separator"));
    let (index, keys) = call.ask(Topic::Kv, index, look).await?;
    let mut answer = if keys.is_empty() {
        empty(StatusCode::NOT_FOUND)
    } else {
        call.answer(&keys)?
    };
    tell_index(&mut answer, index);
    Ok(answer)
}

fn put(call: &Call) -> Answer {
    call.alone(&["cas", "acquire", "release"])?;
    if call.rest.is_empty() {
        return Err(Refused::bad("Missing key name"));
    }
    for session in ["acquire", "release"] {
        if call.has(session) {
            return Err(Refused::not_here(format!(
                "?{session}: a lock needs a session, which"
            )));
        }
    }
    let flags = call.number("flags")?.unwrap_or(0);
    let cas = call.number("cas")?;
    let done = call.shared.store.write(|state| {
        let index = state.index + 1;
        match state.kv.plan(index, &call.rest, flags, &call.body, cas) {
            Plan::Lost => Ok(false),
            Plan::Same => Ok(true),
            Plan::Put(_) if state.kv.bytes() + call.body.len() > MOST => Err(Refused::new(
                503,
                format!("this agent keeps {MOST} bytes of values"),
            )),
            Plan::Put(pair) => {
                state.kv.put(pair);
                state.index = index;
                Ok(true)
            }
        }
    })?;
    call.answer(&done)
}

fn delete(call: &Call) -> Answer {
    call.alone(&["recurse", "cas"])?;
    let cas = call.number("cas")?;
    let done = call.shared.store.write(|state| {
        let gone = match call.has("recurse") {
            true => state.kv.list(&call.rest),
            false => state.kv.get(&call.rest).1.into_iter().collect(),
        };
        if !state.kv.may_remove(&call.rest, cas) {
            return false;
        }
        if gone.is_empty() {
            return true;
        }
        // One index for all of them: it was one change.
        state.index += 1;
        let now = call.shared.clock.now();
        for pair in gone {
            state.kv.remove(state.index, &pair.key, now);
        }
        true
    });
    call.answer(&done)
}

impl Call {
    /// Refuses two words that contradict each other.
    fn alone(&self, words: &[&str]) -> Result<(), Refused> {
        if words.iter().filter(|word| self.has(word)).count() < 2 {
            return Ok(());
        }
        let mut query: Vec<_> = self.query.iter().map(|(k, v)| format!("{k}={v}")).collect();
        query.sort();
        Err(Refused::bad(format!(
            "Conflicting flags: {}",
            query.join("&")
        )))
    }

    fn number(&self, name: &str) -> Result<Option<u64>, Refused> {
        if !self.has(name) {
            return Ok(None);
        }
        let text = self.get(name);
        let wrong = |_| Refused::internal(format!("{name}: {text:?} is no number"));
        text.parse().map(Some).map_err(wrong)
    }
}
