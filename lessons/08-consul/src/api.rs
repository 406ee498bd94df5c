//! The HTTP API: every path of it, and what all of them have in common.

pub mod agent;
pub mod call;
pub mod health;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use axum::routing::any;

use crate::extra::answer::{empty, refusal, text, vary};
use crate::refused::Refused;
use crate::shared::Shared;
use call::{Answer, Call};

/// The paths of the first evening; `extra/api.rs` adds the others. One that ends in a slash takes a
/// name after it.
pub fn routes() -> Routes {
    Routes(Router::new())
        .at("GET", "agent/services", agent::services)
        .at("PUT", "agent/service/register", agent::register)
        .at("PUT", "agent/service/deregister/", agent::deregister)
        .at("GET", "agent/checks", agent::checks)
        .at("PUT", "agent/check/register", agent::register_check)
        .at("PUT", "agent/check/deregister/", agent::deregister_check)
        .at("PUT", "agent/check/pass/", agent::pass)
        .at("PUT", "agent/check/warn/", agent::warn)
        .at("PUT", "agent/check/fail/", agent::fail)
        .at("PUT", "agent/check/update/", agent::update)
        .at("GET", "health/service/", health::service)
}

/// A table of paths below `/v1/`.
#[derive(Debug)]
pub struct Routes(Router<Arc<Shared>>);

impl Routes {
    /// The router of a running agent; a path that is not in the table is refused in words.
    pub fn router(self, shared: Arc<Shared>) -> Router {
        self.0.fallback(elsewhere).with_state(shared)
    }

    /// One more path, and the methods that it allows, with commas between.
    pub fn at<F, A>(self, allow: &'static str, path: &'static str, endpoint: F) -> Routes
    where
        F: Fn(Call) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Answer> + Send,
    {
        let path = format!("/v1/{path}");
        let at = path.clone();
        let handler = any(
            async move |State(shared): State<Arc<Shared>>, request: Request| {
                // The caller has a word for a wrong method in every case, so axum's own is not asked.
                let method = request.method().clone();
                let answer = if method == Method::OPTIONS {
                    allowing(allow, empty(StatusCode::OK))
                } else if !allow.split(',').any(|allowed| allowed == method.as_str()) {
                    let words = format!("method {method} not allowed");
                    allowing(allow, text(StatusCode::METHOD_NOT_ALLOWED, words))
                } else {
                    let answer = match Call::read(shared, request, &at).await {
                        Ok(call) => endpoint(call).await,
                        Err(refused) => Err(refused),
                    };
                    answer.unwrap_or_else(refusal)
                };
                vary(answer)
            },
        );
        let router = self.0.route(&path, handler.clone());
        Routes(match path.ends_with('/') {
            true => router.route(&format!("{path}{{*rest}}"), handler),
            false => router,
        })
    }
}

fn allowing(methods: &str, mut answer: Response) -> Response {
    if let Ok(methods) = HeaderValue::from_str(&format!("OPTIONS,{methods}")) {
        answer.headers_mut().insert(header::ALLOW, methods);
    }
    answer
}

// ANCHOR: absent
/// What a real Consul has and this agent has not.
const ABSENT: &str = "acl agent/connect agent/force-leave agent/host agent/join agent/leave \
    agent/metrics agent/monitor agent/token catalog/connect catalog/gateway-services \
    catalog/node-services config connect coordinate discovery-chain event health/connect \
    health/ingress internal operator query session snapshot txn";
// ANCHOR_END: absent

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
