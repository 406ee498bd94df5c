//! The HTTP API: every path of it, and what all of them have in common.

pub mod agent;
pub mod agent_health;
pub mod call;
pub mod catalog;
pub mod health;
pub mod kv;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use axum::routing::any;

use crate::agent::{SERVER_PORT, Shared};
use crate::refused::Refused;
use call::{Answer, Call, empty, read, refusal, text, vary};

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
    r.at("/v1/agent/health/service/id/", "GET", agent_health::by_id);
    r.at(
        "/v1/agent/health/service/name/",
        "GET",
        agent_health::by_name,
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

/// The whole of the answer for a path that would need cleaning before anyone looks at it.
///
/// `..`, `.` and `//` are answered by where they lead, as Go's server does, and never followed here.
pub fn tidy<B>(request: &Request<B>) -> Option<Response> {
    let path = request.uri().path();
    let Some(path) = unescape(path).filter(|path| !path.chars().any(char::is_control)) else {
        return Some(empty(StatusCode::BAD_REQUEST));
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
    let query = request
        .uri()
        .query()
        .map_or(String::new(), |query| format!("?{query}"));
    let there = format!("{}{query}", escape(&clean));
    let mut answer = empty(StatusCode::MOVED_PERMANENTLY);
    if request.method() == Method::GET {
        let page = format!(
            "<a href=\"{}\">Moved Permanently</a>.\n\n",
            there.replace('&', "&amp;")
        );
        *answer.body_mut() = page.into();
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        answer.headers_mut().insert(header::CONTENT_TYPE, html);
    }
    // Escaped, it is a header in any case.
    if let Ok(there) = HeaderValue::from_str(&there) {
        answer.headers_mut().insert(header::LOCATION, there);
    }
    Some(answer)
}

/// A path as it may stand in a header or a page.
fn escape(path: &str) -> String {
    let mut escaped = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' | b':' => {
                escaped.push(char::from(byte));
            }
            byte => escaped += &format!("%{byte:02X}"),
        }
    }
    escaped
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

/// What a real Consul has and this agent has not.
const ABSENT: &str = "acl agent/connect agent/force-leave agent/host agent/join agent/leave \
    agent/metrics agent/monitor agent/token catalog/connect catalog/gateway-services \
    catalog/node-services config connect coordinate discovery-chain event health/connect \
    health/ingress internal operator query session snapshot txn";

/// Everything else: refused in words if a real Consul has it, not found if not, as there.
async fn elsewhere(request: Request) -> Response {
    let path = request.uri().path();
    let under = |name: &str| {
        let rest = path
            .strip_prefix("/v1/")
            .and_then(|path| path.strip_prefix(name));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if path == "/" {
        text(StatusCode::OK, "Consul Agent")
    } else if path.starts_with("/ui") {
        refusal(Refused::new(
            404,
            "this agent has no user interface; a real Consul has one",
        ))
    } else if ABSENT.split_whitespace().any(under) {
        refusal(Refused::not_here(path))
    } else {
        empty(StatusCode::NOT_FOUND)
    }
}
