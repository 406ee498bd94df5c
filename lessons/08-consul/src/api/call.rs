//! One request to the API: its body, up to a limit, and the parameters of a blocking query.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Query, Request};
use axum::http::{Method, header};
use axum::response::Response;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::extra::path::unescape;
use crate::extra::{decode, duration};
use crate::refused::Refused;
use crate::shared::Shared;
use crate::store::{State, Topic};

/// The value of a key may be so long.
const MAX_VALUE: usize = 512 * 1024;
/// A registration may be so long, which is far more than one needs.
const MAX_BODY: usize = 2 * 1024 * 1024;
/// A body up to here is just read; so many longer ones are read at a time, and the rest wait.
const SMALL: u64 = 64 * 1024;
static LARGE: Semaphore = Semaphore::const_new(16);
const BODY_TIMEOUT: Duration = Duration::from_secs(60);
const DEFAULT_WAIT: Duration = Duration::from_secs(5 * 60);
const MAX_WAIT: Duration = Duration::from_secs(10 * 60);

/// One request, read and bounded.
pub struct Call {
    /// The agent that is asked.
    pub shared: Arc<Shared>,
    /// GET, PUT or DELETE.
    pub method: Method,
    /// What follows the path of the endpoint: a name, an id, a key.
    pub rest: String,
    /// What follows the question mark.
    pub query: Vec<(String, String)>,
    /// What was sent.
    pub body: Bytes,
}

/// The result of an endpoint.
pub type Answer = Result<Response, Refused>;

impl Call {
    /// Reads a request as far as it is allowed to go.
    pub async fn read(shared: Arc<Shared>, request: Request, path: &str) -> Result<Call, Refused> {
        let (parts, body) = request.into_parts();
        let rest = parts.uri.path().strip_prefix(path).unwrap_or("");
        let rest = unescape(rest).ok_or_else(|| Refused::bad("the path is not text"))?;
        // A query that cannot be read is as good as none, in Go and here.
        let query = Query::try_from_uri(&parts.uri).map_or(Vec::new(), |Query(query)| query);
        let most = if path == "/v1/kv/" {
            MAX_VALUE
        } else {
            MAX_BODY
        };
        let length = parts.headers.get(header::CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        let chunked = parts.headers.contains_key(header::TRANSFER_ENCODING);
        if length.is_some_and(|length| length > most as u64) {
            // Refused before the first byte of it is read.
            return Err(too_large(length, most));
        }
        let large = chunked || length.is_some_and(|length| length > SMALL);
        // The semaphore is never closed.
        let _turn = if large {
            LARGE.acquire().await.ok()
        } else {
            None
        };
        let body = tokio::time::timeout(BODY_TIMEOUT, axum::body::to_bytes(body, most)).await;
        let body = body.map_err(|_| Refused::new(408, "the body took too long"))?;
        let body = body.map_err(|_| too_large(length, most))?;
        let call = Call {
            shared,
            method: parts.method,
            rest,
            query,
            body,
        };
        call.judge()?;
        Ok(call)
    }

    /// The name after the path, which must be there.
    pub fn needed(&self, what: &str) -> Result<&str, Refused> {
        match self.rest.as_str() {
            "" => Err(Refused::bad(format!("Missing {what}"))),
            rest => Ok(rest),
        }
    }

    /// Returns whether a word stands after the question mark, with a value or without.
    pub fn has(&self, name: &str) -> bool {
        self.query.iter().any(|(own, _)| own == name)
    }

    /// The first value of a word, or nothing.
    pub fn get(&self, name: &str) -> &str {
        self.query
            .iter()
            .find(|(own, _)| own == name)
            .map_or("", |(_, value)| value)
    }

    /// Returns all values of a query parameter.
    pub fn all(&self, name: &str) -> Vec<String> {
        let found = self.query.iter().filter(|(own, _)| own == name);
        found.map(|(_, value)| value.clone()).collect()
    }

    /// Returns the body as JSON.
    pub fn json(&self) -> Result<Value, Refused> {
        decode::value(&self.body)
    }

    /// What is wrong for every endpoint.
    fn judge(&self) -> Result<(), Refused> {
        if self.has("ns") {
            return Err(Refused::bad(
                "Bad request: Invalid query parameter: \"ns\" - Namespaces are a Consul Enterprise \
                 feature",
            ));
        }
        if self.has("stale") && self.has("consistent") {
            return Err(Refused::bad(
                "Cannot specify ?stale with ?consistent, conflicting semantics.",
            ));
        }
        if !self.get("filter").is_empty() {
            // To leave it out of account would be worse: the caller would take all for what it wanted.
            return Err(Refused::not_here("?filter="));
        }
        match self.get("dc") {
            "" => Ok(()),
            dc if dc == self.shared.datacenter => Ok(()),
            _ => Err(Refused::internal("No path to datacenter")),
        }
    }

    /// The blocking query. Waits as the caller asked, until the index is past the one that it has seen or
    /// the time is over (without `?index` not at all); then takes what is wanted, with its index.
    pub async fn ask<T>(
        &self,
        topic: Topic,
        index: impl Fn(&State) -> u64,
        look: impl FnOnce(&State) -> T,
    ) -> Result<(u64, T), Refused> {
        let (seen, wait) = self.index_and_wait()?;
        let Shared { clock, store, .. } = &*self.shared;
        if seen > 0 {
            // All who asked together would otherwise come back together.
            let wait = wait + clock.jitter(wait / 16);
            store.wait_past(topic, clock, seen, wait, &index).await;
        }
        Ok(store.read(|state| (index(state), look(state))))
    }

    /// Returns the parameters of a blocking query, `index` and `wait`.
    pub fn index_and_wait(&self) -> Result<(u64, Duration), Refused> {
        let wait = match self.get("wait") {
            "" => Duration::ZERO,
            text => duration::parse(text).map_err(|_| Refused::bad("Invalid wait time"))?,
        };
        let wait = if wait.is_zero() {
            DEFAULT_WAIT
        } else {
            wait.min(MAX_WAIT)
        };
        match self.get("index") {
            "" => Ok((0, wait)),
            text => Ok((
                text.parse().map_err(|_| Refused::bad("Invalid index"))?,
                wait,
            )),
        }
    }
}

fn too_large(length: Option<u64>, most: usize) -> Refused {
    let length = length.map_or("more".into(), |length| length.to_string());
    let mut words = format!("Request body({length} bytes) too large, max size: {most} bytes.");
    if most == MAX_VALUE {
        words += " See https://www.consul.io/docs/agent/options.html#kv_max_value_size.";
    }
    Refused::new(413, words)
}
