//! The HTTP API: every path of it, and what all of them have in common.

pub mod agent;
pub mod agent_health;
pub mod agent_self;
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
use call::{Answer, Call, empty, read, refusal, text, vary};

/// All paths. One that ends in a slash takes a name after it.
pub fn router(shared: Arc<Shared>) -> Router {
    let routes = Routes(Router::new())
        .at("GET", "/v1/agent/self", agent_self::this)
        .at("GET", "/v1/agent/members", agent_self::members)
        .at("GET", "/v1/agent/services", agent::services)
        .at("GET", "/v1/agent/service/", agent::service)
        .at("PUT", "/v1/agent/service/register", agent::register)
        .at("PUT", "/v1/agent/service/deregister/", agent::deregister)
        .at(
            "PUT",
            "/v1/agent/service/maintenance/",
            agent::service_maintenance,
        )
        .at("PUT", "/v1/agent/maintenance", agent::maintenance)
        .at("GET", "/v1/agent/checks", agent::checks)
        .at("PUT", "/v1/agent/check/register", agent::register_check)
        .at(
            "PUT",
            "/v1/agent/check/deregister/",
            agent::deregister_check,
        )
        .at("PUT", "/v1/agent/check/pass/", agent::pass)
        .at("PUT", "/v1/agent/check/warn/", agent::warn)
        .at("PUT", "/v1/agent/check/fail/", agent::fail)
        .at("PUT", "/v1/agent/check/update/", agent::update)
        .at("GET", "/v1/agent/health/service/id/", agent_health::by_id)
        .at(
            "GET",
            "/v1/agent/health/service/name/",
            agent_health::by_name,
        )
        .at("PUT", "/v1/agent/reload", agent::reload)
        .at("GET", "/v1/catalog/datacenters", catalog::datacenters)
        .at("GET", "/v1/catalog/nodes", catalog::nodes)
        .at("GET", "/v1/catalog/node/", catalog::node)
        .at("GET", "/v1/catalog/services", catalog::services)
        .at("GET", "/v1/catalog/service/", catalog::service)
        .at("PUT", "/v1/catalog/register", catalog_register::register)
        .at(
            "PUT",
            "/v1/catalog/deregister",
            catalog_register::deregister,
        )
        .at("GET", "/v1/health/service/", health::service)
        .at("GET", "/v1/health/node/", health::node)
        .at("GET", "/v1/health/checks/", health::checks)
        .at("GET", "/v1/health/state/", health::state)
        .at("GET,PUT,DELETE", "/v1/kv/", kv::key)
        .at("GET", "/v1/status/leader", agent_self::leader)
        .at("GET", "/v1/status/peers", agent_self::peers);
    routes.0.fallback(elsewhere).with_state(shared)
}

struct Routes(Router<Arc<Shared>>);

impl Routes {
    fn at<F, A>(self, allow: &'static str, path: &'static str, endpoint: F) -> Routes
    where
        F: Fn(Call) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Answer> + Send,
    {
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
                    let answer = match read(shared, request, path).await {
                        Ok(call) => endpoint(call).await,
                        Err(refused) => Err(refused),
                    };
                    answer.unwrap_or_else(refusal)
                };
                vary(answer)
            },
        );
        let router = self.0.route(path, handler.clone());
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
