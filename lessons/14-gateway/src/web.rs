//! The web service: pages, a little JSON, and handlers that call services by their names. To make it is a
//! function from what it calls to a router, so tests ask it without a socket.

mod services;

use std::path::{Path as Folder, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRequest, Json, Path, Request, State};
use axum::handler::HandlerWithoutStateExt;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::middleware::{self, Next};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};
use tonic::Code;
use tower_http::services::ServeDir;

use crate::gateway::limits::{self, RequestLimit};
use crate::gateway::status::{Problem, REQUEST_ID};

pub use services::{ByName, EXAMPLE, Services, USER};

/// The name of the web service in the registry.
pub const NAME: &str = "go.micro.web.example";

/// The settings of the web service: what a browser can make it hold or wait for.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the pages are.
    pub html: PathBuf,
    /// The time for a request, from its head to the answer. It may ask for less with `x-timeout-ms`.
    pub deadline: Duration,
    /// The longest body, in bytes.
    pub body: usize,
    /// So many requests at the same time that call a service.
    pub in_flight: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            // Not `html`: that would be below the folder in which the command was typed.
            html: Folder::new(env!("CARGO_MANIFEST_DIR")).join("src/web/html"),
            deadline: Duration::from_secs(3),
            body: 16 << 10,
            in_flight: 256,
        }
    }
}

/// What all requests share.
struct Web {
    services: Box<dyn Services>,
    places: RequestLimit,
    settings: Settings,
}

type Shared = State<Arc<Web>>;

/// The number of a request.
#[derive(Clone)]
struct Number(HeaderValue);

// ANCHOR: router
/// The routes. Whatever is none of them is looked for among the pages.
pub fn router(services: impl Services, settings: Settings) -> Router {
    let pages = ServeDir::new(&settings.html)
        .call_fallback_on_method_not_allowed(true)
        .fallback(missing.into_service());
    let body = DefaultBodyLimit::max(settings.body);
    let web = Web {
        services: Box::new(services),
        places: RequestLimit::new(settings.in_flight),
        settings,
    };
    Router::new()
        .route("/example/call", post(call))
        .route("/users/{name}", get(user))
        .method_not_allowed_fallback(not_allowed)
        .fallback_service(pages)
        .layer(body)
        .layer(middleware::from_fn(every))
        .with_state(Arc::new(web))
}
// ANCHOR_END: router

// ANCHOR: call
/// What a browser sends to `/example/call`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallBody {
    name: String,
}

/// `POST /example/call` with `{"name": ...}`: a greeting by the example service, and the moment of it.
async fn call(
    State(web): Shared,
    Extension(number): Extension<Number>,
    request: Request,
) -> Response<Body> {
    let answer = async {
        // The clock starts here, and not when the body is there: it may come slowly.
        let until = web.until(request.headers())?;
        let _place = web.places.take()?;
        let body = timeout_at(until, Json::<CallBody>::from_request(request, &()));
        let Json(wish) = body.await.map_err(|_| slow_body())?.map_err(rejected)?;
        let reply = web.services.call(wish.name, until).await?;
        Ok(json!({ "msg": reply.msg, "ref": now() }))
    };
    respond(&number, answer.await)
}
// ANCHOR_END: call

// ANCHOR: user
/// `GET /users/NAME`: who that is, by the user service.
async fn user(
    State(web): Shared,
    Extension(number): Extension<Number>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response<Body> {
    let answer = async {
        let until = web.until(&headers)?;
        let _place = web.places.take()?;
        let user = web.services.user(name, until).await?;
        Ok(json!({ "id": user.id, "username": user.username, "answeredBy": user.answered_by }))
    };
    respond(&number, answer.await)
}
// ANCHOR_END: user

impl Web {
    /// When an answer is of no use any more.
    fn until(&self, headers: &HeaderMap) -> Result<Instant, Problem> {
        let longest = self.settings.deadline;
        let asked = limits::time(headers)?.unwrap_or(longest);
        Ok(Instant::now() + asked.min(longest))
    }
}

/// Nanoseconds since 1970, as text: a number of so many digits does not come through a browser.
fn now() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_nanos().to_string()
}

// ANCHOR: errors
fn respond(number: &Number, answer: Result<Value, Problem>) -> Response<Body> {
    match answer {
        Ok(json) => Json(json).into_response(),
        Err(problem) => problem.response(&number.0),
    }
}

/// A body that is not what the handler takes.
fn rejected(rejection: axum::extract::rejection::JsonRejection) -> Problem {
    let status = match rejection.status() {
        // axum tells JSON that is none (400) from JSON that does not fit (422). For a caller both are the same.
        StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
        status => status,
    };
    Problem::new(Code::InvalidArgument, rejection.body_text()).but(status)
}
// ANCHOR_END: errors

fn slow_body() -> Problem {
    let words = "the body did not come in time";
    Problem::new(Code::DeadlineExceeded, words).but(StatusCode::REQUEST_TIMEOUT)
}

async fn missing(Extension(number): Extension<Number>) -> Response<Body> {
    let words =
        "there is nothing here; / is the page, POST /example/call and GET /users/NAME answer JSON";
    Problem::new(Code::NotFound, words).response(&number.0)
}

async fn not_allowed(Extension(number): Extension<Number>) -> Response<Body> {
    let words = "this path has another method: POST /example/call, GET /users/NAME";
    let problem = Problem::new(Code::Unimplemented, words).but(StatusCode::METHOD_NOT_ALLOWED);
    problem.response(&number.0)
}

/// Around every request: its number, and what a browser should know of every answer.
async fn every(mut request: Request, next: Next) -> Response<Body> {
    let number = limits::request_id(request.headers());
    request.extensions_mut().insert(Number(number.clone()));
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, number);
    // The page needs nothing from other origins, so a browser may refuse all requests to them.
    let own = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(own));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Pages may be kept, and asked for again by their date; an answer of a service is for once.
    let fresh = HeaderValue::from_static("no-cache");
    headers.entry(CACHE_CONTROL).or_insert(fresh);
    response
}
