//! The HTTP API: every path of it, and what all of them have in common.

pub mod agent;
pub mod catalog;
pub mod health;
pub mod kv;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Query, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use axum::routing::any;
use serde::Serialize;
use serde_json::Value;

use crate::agent::{SERVER_PORT, Shared};
use crate::decode;
use crate::refused::Refused;
use crate::store::{self, Topic};

/// A value may be so long, and nothing else that is sent here needs more.
pub const MAX_BODY: usize = 512 * 1024;
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

type Answer = Result<Response, Refused>;

/// All paths. One that ends in a slash takes a name after it.
pub fn router(shared: Arc<Shared>) -> Router {
    let mut routes = Routes(Router::new());
    let r = &mut routes;
    r.at("/v1/agent/self", "GET", agent::this);
    r.at("/v1/agent/members", "GET", agent::members);
    r.at("/v1/agent/services", "GET", agent::services);
    r.at("/v1/agent/service/", "GET", agent::service);
    r.at("/v1/agent/service/register", "PUT", agent::register);
    r.at("/v1/agent/service/deregister/", "PUT", agent::deregister);
    r.at(
        "/v1/agent/service/maintenance/",
        "PUT",
        agent::service_maintenance,
    );
    r.at("/v1/agent/maintenance", "PUT", agent::maintenance);
    r.at("/v1/agent/checks", "GET", agent::checks);
    r.at("/v1/agent/check/register", "PUT", agent::register_check);
    r.at(
        "/v1/agent/check/deregister/",
        "PUT",
        agent::deregister_check,
    );
    r.at("/v1/agent/check/pass/", "PUT", agent::pass);
    r.at("/v1/agent/check/warn/", "PUT", agent::warn);
    r.at("/v1/agent/check/fail/", "PUT", agent::fail);
    r.at("/v1/agent/check/update/", "PUT", agent::update);
    r.at("/v1/agent/health/service/id/", "GET", agent::health_by_id);
    r.at(
        "/v1/agent/health/service/name/",
        "GET",
        agent::health_by_name,
    );
    r.at("/v1/agent/reload", "PUT", agent::reload);
    r.at("/v1/catalog/datacenters", "GET", catalog::datacenters);
    r.at("/v1/catalog/nodes", "GET", catalog::nodes);
    r.at("/v1/catalog/node/", "GET", catalog::node);
    r.at("/v1/catalog/services", "GET", catalog::services);
    r.at("/v1/catalog/service/", "GET", catalog::service);
    r.at("/v1/catalog/register", "PUT", catalog::register);
    r.at("/v1/catalog/deregister", "PUT", catalog::deregister);
    r.at("/v1/health/service/", "GET", health::service);
    r.at("/v1/health/node/", "GET", health::node);
    r.at("/v1/health/checks/", "GET", health::checks);
    r.at("/v1/health/state/", "GET", health::state);
    r.at("/v1/kv/", "GET,PUT,DELETE", kv::key);
    r.at("/v1/status/leader", "GET", leader);
    r.at("/v1/status/peers", "GET", peers);
    routes.0.fallback(elsewhere).with_state(shared)
}

struct Routes(Router<Arc<Shared>>);

impl Routes {
    fn at<F, A>(&mut self, path: &'static str, allow: &'static str, endpoint: F)
    where
        F: Fn(Call) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Answer> + Send,
    {
        let handler = any(
            move |State(shared): State<Arc<Shared>>, request: Request| async move {
                // The caller has a word for a wrong method in every case, so axum's own is not asked.
                let methods = || HeaderValue::from_str(&format!("OPTIONS,{allow}"));
                let method = request.method().clone();
                let mut answer = if method == Method::OPTIONS {
                    empty(StatusCode::OK)
                } else if !allow.split(',').any(|allowed| allowed == method.as_str()) {
                    text(
                        StatusCode::METHOD_NOT_ALLOWED,
                        format!("method {method} not allowed"),
                    )
                } else {
                    let result = match read(shared, request, path).await {
                        Ok(call) => endpoint(call).await,
                        Err(refused) => Err(refused),
                    };
                    return vary(result.unwrap_or_else(refusal));
                };
                if let Ok(methods) = methods() {
                    answer.headers_mut().insert(header::ALLOW, methods);
                }
                vary(answer)
            },
        );
        let router = std::mem::take(&mut self.0).route(path, handler.clone());
        self.0 = match path.ends_with('/') {
            true => router.route(&format!("{path}{{*rest}}"), handler),
            false => router,
        };
    }
}

/// Reads a request as far as it is allowed to go.
async fn read(shared: Arc<Shared>, request: Request, path: &str) -> Result<Call, Refused> {
    let (parts, body) = request.into_parts();
    let rest = parts.uri.path().strip_prefix(path).unwrap_or("");
    let rest = unescape(rest).ok_or_else(|| Refused::bad("the path is not text"))?;
    // A query that cannot be read is as good as none, in Go and here.
    let query = Query::try_from_uri(&parts.uri).map_or(Vec::new(), |Query(query)| query);
    let length = parts.headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > MAX_BODY as u64) {
        // Refused before the first byte of it is read.
        return Err(too_large(length));
    }
    let body = tokio::time::timeout(BODY_TIMEOUT, axum::body::to_bytes(body, MAX_BODY)).await;
    let body = body.map_err(|_| Refused::new(408, "the body took too long"))?;
    let body = body.map_err(|_| too_large(length))?;
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

fn too_large(length: Option<u64>) -> Refused {
    let length = length.map_or("more".into(), |length| length.to_string());
    Refused::new(
        413,
        format!(
            "Request body({length} bytes) too large, max size: {MAX_BODY} bytes. See \
             https://www.consul.io/docs/agent/options.html#kv_max_value_size."
        ),
    )
}

impl Call {
    /// Whether a word stands after the question mark, with a value or without.
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

    /// All values of a word.
    pub fn all(&self, name: &str) -> Vec<String> {
        let found = self.query.iter().filter(|(own, _)| own == name);
        found.map(|(_, value)| value.clone()).collect()
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<Value, Refused> {
        Ok(decode::value(&self.body)?)
    }

    /// What no endpoint here does. An answer that ignores `filter` would look like one that obeyed.
    fn judge(&self) -> Result<(), Refused> {
        if self.has("filter") {
            return Err(Refused::not_here("?filter"));
        }
        if self.has("stale") && self.has("consistent") {
            return Err(Refused::bad(
                "Cannot specify ?stale with ?consistent, conflicting semantics.",
            ));
        }
        match self.get("dc") {
            "" => Ok(()),
            dc if dc == self.shared.datacenter => Ok(()),
            _ => Err(Refused::internal("No path to datacenter")),
        }
    }

    /// Waits as the caller asked: until the index is past the one that it has seen, or the time is
    /// over. Without `index` not at all.
    pub async fn block(
        &self,
        topic: Topic,
        index: impl Fn(&store::State) -> u64,
    ) -> Result<(), Refused> {
        let (seen, wait) = self.blocking()?;
        if seen > 0 {
            let clock = &self.shared.clock;
            // All who asked together would otherwise come back together.
            let wait = wait + clock.jitter(wait / 16);
            self.shared
                .store
                .wait_past(topic, clock, seen, wait, index)
                .await;
        }
        Ok(())
    }

    /// `index` and `wait`.
    fn blocking(&self) -> Result<(u64, Duration), Refused> {
        let wait = match self.get("wait") {
            "" => Duration::ZERO,
            text => crate::duration::parse(text).map_err(|_| Refused::bad("Invalid wait time"))?,
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

    /// An answer in JSON.
    pub fn answer(&self, value: &impl Serialize) -> Answer {
        let wrong = |error: serde_json::Error| Refused::internal(error.to_string());
        let mut bytes = Vec::new();
        if self.has("pretty") {
            let indent = serde_json::ser::PrettyFormatter::with_indent(b"    ");
            let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, indent);
            value.serialize(&mut serializer).map_err(wrong)?;
            bytes.push(b'\n');
        } else {
            serde_json::to_writer(&mut bytes, value).map_err(wrong)?;
        }
        // Go writes these three as numbers, so that an answer may stand inside a page. In JSON they
        // occur only within texts, where both spellings are the same.
        if bytes.iter().any(|byte| b"<>&".contains(byte)) {
            let mut escaped = Vec::with_capacity(bytes.len() + 64);
            for byte in bytes {
                match byte {
                    b'<' | b'>' | b'&' => {
                        escaped.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
                    }
                    _ => escaped.push(byte),
                }
            }
            bytes = escaped;
        }
        let mut answer = Response::new(Body::from(bytes));
        let json = HeaderValue::from_static("application/json");
        answer.headers_mut().insert(header::CONTENT_TYPE, json);
        Ok(answer)
    }

    /// An answer in JSON that tells its index, for the next question to begin from.
    pub fn indexed(&self, index: u64, value: &impl Serialize) -> Answer {
        let mut answer = self.answer(value)?;
        tell_index(&mut answer, index);
        let mode = if self.has("stale") { "stale" } else { "leader" };
        let mode = if self.has("consistent") {
            "consistent"
        } else {
            mode
        };
        let mode = HeaderValue::from_static(mode);
        answer
            .headers_mut()
            .insert("x-consul-effective-consistency", mode);
        Ok(answer)
    }
}

/// The index, and what a client of a cluster wants to know of the server behind it.
pub fn tell_index(answer: &mut Response, index: u64) {
    let headers = answer.headers_mut();
    // An index of 0 would mean "do not wait" when it comes back.
    headers.insert("x-consul-index", index.max(1).into());
    headers.insert("x-consul-knownleader", HeaderValue::from_static("true"));
    headers.insert("x-consul-lastcontact", 0.into());
}

/// An answer without a word.
pub fn empty(status: StatusCode) -> Response {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status;
    answer
}

/// An answer in words.
pub fn text(status: StatusCode, words: impl Into<Body>) -> Response {
    let mut answer = Response::new(words.into());
    *answer.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, plain);
    answer
}

fn refusal(refused: Refused) -> Response {
    let status = StatusCode::from_u16(refused.status);
    text(
        status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        refused.words,
    )
}

/// Consul compresses for those who ask, and says so to caches; this agent never does, and says the same.
fn vary(mut answer: Response) -> Response {
    let value = HeaderValue::from_static("Accept-Encoding");
    answer.headers_mut().insert(header::VARY, value);
    answer
}

/// The whole of the answer for a path that would need cleaning before anyone looks at it.
///
/// `..`, `.` and `//` are answered by where they lead, as Go's server does, and never followed here.
pub fn tidy<B>(request: &Request<B>) -> Option<Response> {
    let path = request.uri().path();
    let Some(path) = unescape(path).filter(|path| !path.chars().any(char::is_control)) else {
        return Some(vary(empty(StatusCode::BAD_REQUEST)));
    };
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let mut clean = format!("/{}", parts.join("/"));
    if path.ends_with('/') && clean.len() > 1 || path == "/v1/kv" {
        clean.push('/');
    }
    if clean == path {
        return None;
    }
    let mut answer = empty(StatusCode::MOVED_PERMANENTLY);
    let query = request
        .uri()
        .query()
        .map_or(String::new(), |query| format!("?{query}"));
    // What cannot be a header leads nowhere.
    let location = HeaderValue::from_str(&format!("{clean}{query}")).ok()?;
    answer.headers_mut().insert(header::LOCATION, location);
    Some(vary(answer))
}

/// `%2F` is `/`. None, if it is not UTF-8 then.
pub fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let hex = |byte: u8| {
            char::from(byte)
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        };
        bytes.push(match byte {
            b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

async fn leader(call: Call) -> Answer {
    call.answer(&format!("127.0.0.1:{SERVER_PORT}"))
}

async fn peers(call: Call) -> Answer {
    call.answer(&[format!("127.0.0.1:{SERVER_PORT}")])
}

/// Everything else. What a real Consul has there is refused in words; the rest is not found, as there.
async fn elsewhere(request: Request) -> Response {
    const CONSUL: &str = "acl agent catalog config connect coordinate discovery-chain event health \
        internal operator query session snapshot txn";
    let path = request.uri().path();
    let mut parts = path.split('/').skip(1);
    let family = (parts.next(), parts.next());
    let answer = match family {
        (Some(""), None) => text(StatusCode::OK, "Consul Agent"),
        (Some("ui"), _) => refusal(Refused::new(404, "this agent has no user interface")),
        (Some("v1"), Some(name)) if CONSUL.split(' ').any(|own| own == name) => {
            refusal(Refused::not_here(path))
        }
        _ => empty(StatusCode::NOT_FOUND),
    };
    vary(answer)
}
