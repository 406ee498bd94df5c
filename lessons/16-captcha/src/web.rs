//! The site: pages, pictures and verdicts for a browser. To make it is a function from what it calls to a
//! router, so tests ask it without a socket.

mod api;
mod captchas;
pub mod errors;
#[path = "../extra/web/files.rs"]
mod files;
mod session;
mod site;
#[path = "../extra/web/template.rs"]
mod template;
mod work;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, Response, Uri};
use axum::middleware::{self, Next};
use axum::response::IntoResponse;
use axum::routing::{get, post};

use l13_framework::edge::Limits;

use errors::Problem;
use session::Session;
use work::Web;

pub use captchas::{ByName, Captchas};

/// The name of the site in the registry.
pub const NAME: &str = "go.micro.web.captcha";

/// The settings of the site, with the limits of what a browser can make it hold or wait for.
#[derive(Clone, Debug)]
pub struct Settings {
    /// For the page: which exercises run this site, and which of their answers are the learner's own.
    pub whose: Vec<(&'static str, bool)>,
    /// Whether the cookie says `Secure`. Off by default: the site listens on the loopback address
    /// without TLS, where some browsers and all command lines would keep such a cookie to themselves.
    pub secure: bool,
    /// The timeout of a call to the service behind the site.
    pub timeout: Duration,
    /// How long a body may take to come.
    pub slow: Duration,
    /// The longest body, in bytes.
    pub body: usize,
    /// So many requests at the same time that call the service.
    pub in_flight: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            whose: Vec::new(),
            secure: false,
            timeout: Duration::from_secs(3),
            slow: Duration::from_secs(5),
            body: 4 << 10,
            in_flight: 256,
        }
    }
}

/// The limits of the server in front of [`router`]: its headers need less than the usual ones.
pub fn limits() -> Limits {
    Limits {
        headers: 16 << 10,
        ..Limits::default()
    }
}

type Shared = State<Arc<Web>>;

// ANCHOR: router
/// The site over these captchas. Requests have to carry the address of their peer, as
/// [`l13_framework::edge::serve`] has it: `ConnectInfo<SocketAddr>`.
pub fn router(captchas: impl Captchas, settings: Settings) -> Router {
    let body = DefaultBodyLimit::max(settings.body);
    let web = Arc::new(Web::new(captchas, settings));
    let only = api::only_get;
    let picture = get(api::picture).head(only).fallback(only);
    let question = get(api::question).head(only).fallback(only);
    Router::new()
        .route("/", get(site::page))
        .route("/verify", post(site::verify))
        .route("/api/v1.0/session", get(api::session))
        .route("/api/v1.0/imagecode", post(api::fresh))
        .route("/api/v1.0/imagecode/{id}", picture)
        .route("/api/v1.0/question/{id}", question)
        .route("/api/v1.0/verify", post(api::verify))
        .route_layer(middleware::from_fn_with_state(web.clone(), with_session))
        .route("/static/{name}", get(files::file))
        .fallback(missing)
        .method_not_allowed_fallback(wrong_method)
        .layer(body)
        .layer(middleware::from_fn(every))
        .with_state(web)
}
// ANCHOR_END: router

/// Middleware of the routes that belong to a session. A browser that has no session gets one here.
async fn with_session(State(web): Shared, mut request: Request, next: Next) -> Response<Body> {
    let (method, path) = (request.method(), request.uri().path());
    if session::foreign(method, path, request.headers()) {
        return refuse(request.uri(), Problem::Foreign);
    }
    let session = match Session::of(request.headers()) {
        Ok(session) => session,
        Err(cause) => return refuse(request.uri(), cause),
    };
    request.extensions_mut().insert(session.clone());
    let mut response = next.run(request).await;
    let renewed = response.extensions_mut().remove::<Session>();
    let session = renewed.unwrap_or(session);
    session.give(&mut response, web.settings.secure);
    response
}

/// A program is told in JSON, a person by a page.
fn refuse(uri: &Uri, cause: Problem) -> Response<Body> {
    match uri.path().starts_with("/api/") {
        true => cause.into_response(),
        false => site::problem(cause),
    }
}

async fn missing(uri: Uri) -> Response<Body> {
    refuse(&uri, Problem::NotFound)
}

async fn wrong_method(uri: Uri) -> Response<Body> {
    refuse(&uri, Problem::WrongMethod)
}

// ANCHOR: every
/// What a browser should know of every reply.
async fn every(request: Request, next: Next) -> Response<Body> {
    let mut response = next.run(request).await;
    let lines: [(HeaderName, &'static str); 5] = [
        // A picture is for one person and one answer; a page has its id on it.
        (CACHE_CONTROL, "no-store"),
        // A page that was led astray can neither run a script nor send anything away.
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Not no-referrer: browsers would send `Origin: null` with the form.
        (REFERRER_POLICY, "same-origin"),
        (OTHERS, "same-origin"),
    ];
    for (name, value) in lines {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// No page of another site can show our pictures as its own.
const OTHERS: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
// ANCHOR_END: every
