//! The HTTP API: every path of it, and what all of them have in common.

pub mod agent;
pub mod agent_health;
pub mod agent_self;
pub mod answer;
pub mod call;
pub mod catalog;
pub mod catalog_register;
pub mod health;
pub mod kv;
pub mod path;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use axum::routing::any;

use crate::agent::Shared;
use crate::refused::Refused;
use answer::{empty, refusal, text, vary};
use call::{Answer, Call};

/// All paths, below `/v1/`. One that ends in a slash takes a name after it.
pub fn router(shared: Arc<Shared>) -> Router {
    let routes = Routes(Router::new())
        .at("GET", "agent/self", agent_self::this)
        .at("GET", "agent/members", agent_self::members)
        .at("GET", "agent/services", agent::services)
        .at("GET", "agent/service/", agent::service)
        .at("PUT", "agent/service/register", agent::register)
        .at("PUT", "agent/service/deregister/", agent::deregister)
        .at("PUT", "agent/service/maintenance/", agent::maintain)
        .at("PUT", "agent/maintenance", agent::maintain_node)
        .at("GET", "agent/checks", agent::checks)
        .at("PUT", "agent/check/register", agent::register_check)
        .at("PUT", "agent/check/deregister/", agent::deregister_check)
        .at("PUT", "agent/check/pass/", agent::pass)
        .at("PUT", "agent/check/warn/", agent::warn)
        .at("PUT", "agent/check/fail/", agent::fail)
        .at("PUT", "agent/check/update/", agent::update)
        .at("GET", "agent/health/service/id/", agent_health::by_id)
        .at("GET", "agent/health/service/name/", agent_health::by_name)
        .at("PUT", "agent/reload", agent::reload)
        .at("GET", "catalog/datacenters", catalog::datacenters)
        .at("GET", "catalog/nodes", catalog::nodes)
        .at("GET", "catalog/node/", catalog::node)
        .at("GET", "catalog/services", catalog::services)
        .at("GET", "catalog/service/", catalog::service)
        .at("PUT", "catalog/register", catalog_register::register)
        .at("PUT", "catalog/deregister", catalog_register::deregister)
        .at("GET", "health/service/", health::service)
        .at("GET", "health/node/", health::node)
        .at("GET", "health/checks/", health::checks)
        .at("GET", "health/state/", health::state)
        .at("GET,PUT,DELETE", "kv/", kv::key)
        .at("GET", "status/leader", agent_self::leader)
        .at("GET", "status/peers", agent_self::peers);
    routes.0.fallback(elsewhere).with_state(shared)
}

struct Routes(Router<Arc<Shared>>);

impl Routes {
    fn at<F, A>(self, allow: &'static str, path: &'static str, endpoint: F) -> Routes
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
