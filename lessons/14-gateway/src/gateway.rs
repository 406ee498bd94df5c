//! The gateway: from HTTP and JSON to gRPC. It knows no service when it is built. `GET
//! /user/say/hello?name=huohuo` finds `go.micro.srv.user` in the registry, learns from one of its
//! instances that there is a method `Say.Hello` and what it takes, and calls it.
//!
//! # Layout
//!
//! * [`find`]: from a name to a service. Begin here. [`service`]: its instances, the connections to them, and
//!   what it offers.
//! * [`reflect`]: asks an instance what it offers; [`schema`] makes methods of what it says.
//! * [`transcode`]: JSON and queries to messages, and messages to JSON.
//! * [`call`]: one call, with what remains of the time.
//! * [`status`]: which status of HTTP a failure has, and its JSON.
//! * [`limits`]: what a browser may make us hold or wait for. The server around all of it is
//!   [`l13_framework::edge`].

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER,
};
use axum::http::{Method as Http, Response, StatusCode};
use l12_resilience::budget::Budget;
use l12_resilience::caller;
use l12_resilience::eject;
use l12_resilience::fail::FailMode;
use l12_resilience::select::Select;
use l13_framework::registry::Registry;
use tokio::time::{Instant, timeout_at};
use tower_http::cors::{AllowOrigin, CorsLayer};

pub mod call;
pub mod find;
pub mod limits;
pub mod reflect;
pub mod schema;
pub mod service;
pub mod status;
pub mod transcode;

use crate::extra::{openapi, request_body, stream};
use find::Directory;
use schema::{Method, NotFound};
use service::Service;
use status::{Problem, REQUEST_ID};

// ANCHOR: settings
/// The settings of the gateway.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What comes before the first part of a URL: `go.micro.srv` makes `go.micro.srv.user` of `/user/`.
    pub namespace: String,
    /// The services that callers from outside can reach.
    pub expose: Expose,
    /// The time for a request, all of it. A request may ask for less with `x-timeout-ms` or
    /// `grpc-timeout`.
    pub deadline: Duration,
    /// The time for one instance to answer, if another one can be asked after it.
    pub per_attempt: Duration,
    /// The time for a server stream, all its messages together.
    pub stream: Duration,
    /// What to do when a call fails: `over` asks another instance, if the contract allows it.
    pub mode: FailMode,
    /// When an instance that fails is left out, and for how long.
    pub eject: eject::Settings,
    /// The longest body of a request, in bytes.
    pub body: usize,
    /// The longest answer of a service, in bytes.
    pub answer: usize,
    /// The longest path and query together, in bytes.
    pub url: usize,
    /// So many requests at the same time; the next one is told to come later.
    pub in_flight: usize,
    /// So many streams at the same time.
    pub streams: usize,
    /// So many services at most.
    pub services: usize,
    /// So many names without a service are remembered for [`Settings::missing`]. They have a share of their own: a flood of them
    /// takes no place of a service.
    pub unknown: usize,
    /// What a service may tell of itself.
    pub reflect: reflect::Limits,
    /// The time for telling it.
    pub reflect_within: Duration,
    /// After so long a service is asked anew, even if nothing has changed.
    pub reflect_again: Duration,
    /// For so long a "there is no such thing" is believed, and no longer.
    pub missing: Duration,
    /// Headers of a request that its call takes along as metadata.
    pub forward: Vec<HeaderName>,
    /// Pages from these origins may call the gateway, `*` for all; empty: none but its own.
    pub cors: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            namespace: "go.micro.srv".to_string(),
            expose: Expose::default(),
            deadline: Duration::from_secs(5),
            per_attempt: Duration::from_secs(1),
            stream: Duration::from_secs(600),
            mode: FailMode::Over,
            eject: eject::Settings {
                failures: 3,
                ..eject::Settings::default()
            },
            body: 1 << 20,
            answer: 4 << 20,
            url: 8 << 10,
            in_flight: 256,
            streams: 64,
            services: 500,
            unknown: 100,
            reflect: reflect::Limits::default(),
            reflect_within: Duration::from_secs(3),
            reflect_again: Duration::from_secs(300),
            missing: Duration::from_secs(1),
            forward: vec![AUTHORIZATION],
            cors: Vec::new(),
        }
    }
}
// ANCHOR_END: settings

// ANCHOR: expose
/// The services that a gateway exposes. Its operator sets this list; a service that is only registered cannot be
/// reached from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expose {
    /// These, by the first part of their URL: `user`.
    Only(Vec<String>),
    /// All services of the namespace.
    All,
}

impl Expose {
    /// Returns whether the service with this first part of a URL can be reached.
    pub fn has(&self, short: &str) -> bool {
        match self {
            Expose::Only(names) => names.iter().any(|name| name == short),
            Expose::All => true,
        }
    }
}
// ANCHOR_END: expose

impl Default for Expose {
    fn default() -> Self {
        Expose::Only(Vec::new())
    }
}

impl Settings {
    /// How services are called: in turn, and idempotent calls again at another instance.
    fn caller(&self) -> caller::Settings {
        caller::Settings {
            select: Select::RoundRobin,
            mode: self.mode,
            attempts: 3,
            deadline: self.deadline,
            per_attempt: Some(self.per_attempt),
            eject: Some(self.eject),
            // An instance that stops may take all calls that are under way with it. They are no storm.
            budget: Budget::new(20, u32::try_from(self.in_flight).unwrap_or(u32::MAX)),
            ..caller::Settings::default()
        }
    }
}

/// The state that all requests share.
#[derive(Debug)]
pub struct Gateway {
    settings: Settings,
    directory: Directory,
    requests: limits::RequestLimit,
    streams: limits::RequestLimit,
    page: openapi::Page,
}

// ANCHOR: router
/// The gateway in front of all services that are in `registry` and in the namespace.
///
/// # Panics
/// Outside of a tokio runtime, when the first request comes.
pub fn router(registry: Arc<dyn Registry>, settings: Settings) -> Router {
    let cors = cors(&settings.cors);
    let gateway = Arc::new(Gateway {
        directory: Directory::new(registry, settings.clone()),
        requests: limits::RequestLimit::new(settings.in_flight),
        streams: limits::RequestLimit::new(settings.streams),
        page: openapi::Page::default(),
        settings,
    });
    let router = Router::new().fallback(answer).with_state(gateway);
    match cors {
        Some(cors) => router.layer(cors),
        None => router,
    }
}
// ANCHOR_END: router

fn cors(origins: &[String]) -> Option<CorsLayer> {
    let origin = match origins {
        [] => return None,
        all if all.iter().any(|origin| origin == "*") => AllowOrigin::any(),
        some => AllowOrigin::list(some.iter().filter_map(|it| HeaderValue::from_str(it).ok())),
    };
    let own = HeaderName::from_static(limits::TIMEOUT);
    let layer = CorsLayer::new()
        .allow_origin(origin)
        .allow_methods([Http::GET, Http::POST])
        .allow_headers([CONTENT_TYPE, ACCEPT, AUTHORIZATION, REQUEST_ID, own])
        .expose_headers([REQUEST_ID, RETRY_AFTER])
        .max_age(Duration::from_secs(600));
    Some(layer)
}

/// Every request comes here.
async fn answer(State(gateway): State<Arc<Gateway>>, request: Request) -> Response<Body> {
    let id = limits::request_id(request.headers());
    let mut response = match gateway.handle(request, &id).await {
        Ok(response) => response,
        Err(problem) => problem.response(&id),
    };
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

impl Gateway {
    // ANCHOR: handle
    async fn handle(&self, request: Request, id: &HeaderValue) -> Result<Response<Body>, Problem> {
        let settings = &self.settings;
        match request.uri().path() {
            "/healthz" => return limits::only_get(request.method()).map(|()| json("{}")),
            "/openapi.json" => {
                limits::only_get(request.method())?;
                return self.page.get(&self.directory).await.map(json);
            }
            _ => {}
        }
        limits::url(request.uri(), settings.url)?;
        let asked = limits::time(request.headers())?;
        let until = Instant::now() + asked.unwrap_or(settings.deadline).min(settings.deadline);
        let target = Target::of(request.uri().path())?;
        let work = async {
            let service = self.directory.service(&target.service).await?;
            let method = method(&service, &target).await?;
            self.on(&service, &method, request, until, asked, id).await
        };
        // Whatever it waits for: the registry, a description, a body, an answer.
        let done = timeout_at(until, work).await;
        done.unwrap_or_else(|_| Err(Problem::too_slow("there was no answer in time")))
    }
    // ANCHOR_END: handle

    /// Makes a message of the request, and the call.
    async fn on(
        &self,
        service: &Service,
        method: &Method,
        request: Request,
        until: Instant,
        asked: Option<Duration>,
        id: &HeaderValue,
    ) -> Result<Response<Body>, Problem> {
        limits::method(request.method(), method)?;
        let (head, body) = request.into_parts();
        let json = match head.method {
            Http::GET => {
                let query = head.uri.query().unwrap_or_default();
                transcode::from_query(&method.input(), query)?
            }
            _ => request_body::read(&head, body, self.settings.body, until).await?,
        };
        let message = transcode::from_json(&method.input(), &json)?;
        let call = call::Call {
            service,
            method,
            settings: &self.settings,
            metadata: call::metadata(&head.headers, &self.settings.forward, id),
            message: prost::Message::encode_to_vec(&message).into(),
        };
        if method.desc.is_server_streaming() {
            let place = self.streams.take()?;
            let over = asked
                .unwrap_or(self.settings.stream)
                .min(self.settings.stream);
            let messages = call.stream(over).await?;
            let form = stream::Form::of(&head.headers);
            let (output, id) = (method.output(), id.clone());
            return Ok(stream::Answers::new(form, messages, output, id, (place, over)).response());
        }
        let _place = self.requests.take()?;
        let answer = call.unary(until).await?;
        let answer = transcode::to_json(&method.output(), answer).map_err(|error| {
            Problem::bad_gateway(format!(
                "the answer does not fit to its description: {error}"
            ))
        })?;
        Ok(self::json(answer))
    }
}

/// What a path asks for.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    service: String,
    group: String,
    method: String,
}

impl Target {
    fn of(path: &str) -> Result<Target, Problem> {
        let decoded = |part: &str| transcode::percent(part, false).filter(|part| !part.is_empty());
        let parts: Option<Vec<String>> = path.split('/').skip(1).map(decoded).collect();
        match parts.map(<[String; 3]>::try_from) {
            Some(Ok([service, group, method])) => Ok(Target {
                service,
                group,
                method,
            }),
            _ => Err(Problem::new(
                tonic::Code::NotFound,
                "a path has three parts here, /SERVICE/GROUP/METHOD, such as /user/say/hello; \
                 /openapi.json tells all of them",
            )),
        }
    }
}

/// The method, if the service has it. A service that seemed not to have it is asked once more: perhaps
/// it has been replaced at the same address.
async fn method(service: &Arc<Service>, target: &Target) -> Result<Arc<Method>, Problem> {
    let found = service.schema().await?.find(&target.group, &target.method);
    let found = match found {
        Err(NotFound::None(_)) => service
            .schema_anew()
            .await?
            .find(&target.group, &target.method),
        found => found,
    };
    found.map_err(|missing| {
        let name = format!("{}.{}", target.group, target.method);
        let service = service.name();
        Problem::new(
            tonic::Code::NotFound,
            match missing {
                NotFound::None(has) if has.is_empty() => format!("{service} has no methods at all"),
                NotFound::None(has) => {
                    format!("{service} has no method {name}; it has: {}", has.join(", "))
                }
                NotFound::Many(many) => format!(
                    "{name} of {service} can be each of these: {}; use the full name",
                    many.join(", ")
                ),
            },
        )
    })
}

/// A good answer.
fn json(body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // What a service says now, it may not say later.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
