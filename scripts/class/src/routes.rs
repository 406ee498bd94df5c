//! What the class answers to which request: pages, messages of members, votes of phones, and the teacher's actions.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Extension, Query, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HOST, ORIGIN, REFERRER_POLICY,
    SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::poll;
use crate::protocol::{self, KEY, MESSAGE, Message, NotTaken, Refusal, SIGNATURE};
use crate::rates::Rates;
use crate::room::{self, Action, Signed};
use crate::store::{Class, Desk, Unavailable};
use crate::views::{About, View, Views};

/// A response waits so long for a newer view.
const WAIT: Duration = Duration::from_secs(20);
/// A request takes so long at most, with all that its client makes it wait for.
const REQUEST: Duration = Duration::from_secs(30);
/// Phones of one class.
const PHONES: i64 = 600;
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What all handlers share.
pub struct App {
    /// The records.
    pub desk: Desk,
    /// Code and token.
    pub class: Class,
    /// What does not change.
    pub about: Arc<About>,
    /// What the pages show.
    pub views: watch::Receiver<Views>,
    /// The join address as a picture, SVG.
    pub picture: String,
    /// How much each sender may still send.
    pub rates: Rates,
}

pub(crate) type Shared = State<Arc<App>>;

/// All routes.
pub fn router(app: Arc<App>) -> Router {
    let page =
        |kind: &'static str, text: &'static str| get(async move || ([(CONTENT_TYPE, kind)], text));
    let html = |text| page("text/html; charset=utf-8", text);
    let script = |text| page("text/javascript; charset=utf-8", text);
    Router::new()
        .route("/", get(async || Redirect::to("/join")))
        .route("/board", html(include_str!("../page/board.html")))
        .route("/projector", html(include_str!("../page/projector.html")))
        .route("/join", html(include_str!("../page/join.html")))
        .route(
            "/class.css",
            page("text/css; charset=utf-8", include_str!("../page/class.css")),
        )
        .route(
            "/icon.svg",
            page("image/svg+xml", include_str!("../page/icon.svg")),
        )
        .route("/shared.js", script(include_str!("../page/shared.js")))
        .route("/board.js", script(include_str!("../page/board.js")))
        .route(
            "/projector.js",
            script(include_str!("../page/projector.js")),
        )
        .route("/join.js", script(include_str!("../page/join.js")))
        .route("/api/member", post(member))
        .route("/api/names", get(names))
        .route("/api/news", get(news))
        .route("/api/phone", get(is_phone).post(phone))
        .route("/api/phone/vote", post(phone_vote))
        .route("/api/teacher/login", post(login))
        .route("/api/teacher/board", get(board))
        .route("/api/teacher/projector", get(projector))
        .route("/api/teacher/questions", get(questions))
        .route("/api/teacher/picture.svg", get(picture))
        .route("/api/teacher/do", post(act))
        .merge(crate::review_page::routes())
        .layer(DefaultBodyLimit::max(MESSAGE))
        .layer(middleware::from_fn(frame))
        .with_state(app)
}

/// Around every response: headers, a time limit, and no request of a page of another site.
async fn frame(request: Request, next: Next) -> Response {
    let mut response = if is_foreign(request.headers()) {
        StatusCode::FORBIDDEN.into_response()
    } else {
        timeout(REQUEST, next.run(request))
            .await
            .unwrap_or_else(|_| StatusCode::REQUEST_TIMEOUT.into_response())
    };
    let headers = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in headers {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Whether a page of another site has made the request.
fn is_foreign(headers: &HeaderMap) -> bool {
    let header = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    header(&ORIGIN).is_some_and(|origin| {
        header(&HOST).is_none_or(|host| origin.strip_prefix("https://") != Some(host))
    })
}

/// Why a request has no other response.
pub(crate) enum Not {
    Taken(Refusal),
    Teacher,
    Sense(&'static str),
    Now,
}

impl From<Refusal> for Not {
    fn from(refusal: Refusal) -> Self {
        Self::Taken(refusal)
    }
}

impl From<Unavailable> for Not {
    fn from(_: Unavailable) -> Self {
        Self::Now
    }
}

impl IntoResponse for Not {
    fn into_response(self) -> Response {
        let (status, refused, why) = match self {
            Self::Taken(refusal) => (
                StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST),
                refusal.kind(),
                refusal.to_string(),
            ),
            Self::Teacher => (
                StatusCode::UNAUTHORIZED,
                "teacher",
                "open the address that `class open` prints".to_owned(),
            ),
            Self::Sense(why) => (StatusCode::BAD_REQUEST, "action", why.to_owned()),
            Self::Now => (
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                Unavailable.to_string(),
            ),
        };
        (
            status,
            Json(NotTaken {
                refused: refused.to_owned(),
                why,
            }),
        )
            .into_response()
    }
}

async fn member(
    State(app): Shared,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Not> {
    let signed = match check(&app, &headers, body) {
        Ok(signed) => signed,
        Err(refusal) => return Err(refused(&app, refusal).await),
    };
    let now = now();
    match app
        .desk
        .run(move |connection| room::take(connection, &signed, now))
        .await?
    {
        Ok(taken) => Ok(Json(taken).into_response()),
        Err(refusal) => Err(refused(&app, refusal).await),
    }
}

/// What can be checked of a message without the records.
fn check(
    app: &App,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Signed, Refusal> {
    let body = body.map_err(|_| Refusal::TooBig)?;
    let header = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let key = header(KEY).to_owned();
    if !protocol::is_signed(&key, header(SIGNATURE), &body) {
        return Err(Refusal::Forged);
    }
    if !app.rates.take(&key, 30.0, 5.0) {
        return Err(Refusal::TooFast);
    }
    let message: Message =
        serde_json::from_slice(&body).map_err(|e| Refusal::Malformed(e.to_string()))?;
    message.check(crate::now())?;
    Ok(Signed {
        key,
        hash: digest(&SHA256, &body).as_ref().to_vec(),
        message,
    })
}

async fn refused(app: &App, refusal: Refusal) -> Not {
    let kind = refusal.kind();
    // A counter that cannot be written is no reason to hide the refusal.
    let _ = app
        .desk
        .run(move |connection| room::count_refusal(connection, kind))
        .await;
    refusal.into()
}

#[derive(Deserialize)]
struct Room {
    #[serde(default)]
    room: String,
    /// The version that the client has; without it the response does not wait.
    after: Option<u64>,
}

/// Compares the room code; an address that tries many is slowed down.
async fn check_room(app: &App, room: &str, peer: IpAddr) -> Result<(), Not> {
    if room.eq_ignore_ascii_case(&app.class.room) {
        return Ok(());
    }
    let fast = !app.rates.take(&peer.to_string(), 30.0, 0.5);
    Err(refused(
        app,
        if fast {
            Refusal::TooFast
        } else {
            Refusal::WrongRoom
        },
    )
    .await)
}

async fn names(
    State(app): Shared,
    Extension(peer): Extension<IpAddr>,
    query: Query<Room>,
) -> Result<Response, Not> {
    check_room(&app, &query.room, peer).await?;
    let free = app.desk.run(room::free_names).await?;
    Ok(Json(json!({ "class": app.about.name, "free": free })).into_response())
}

async fn news(
    State(app): Shared,
    Extension(peer): Extension<IpAddr>,
    headers: HeaderMap,
    query: Query<Room>,
) -> Result<Response, Not> {
    if phone_of(&app, &headers).await?.is_none() {
        check_room(&app, &query.room, peer).await?;
    }
    Ok(newer(&app, query.after, |views| &views.news).await)
}

/// The view, once it is another one than the client has.
async fn newer(app: &App, after: Option<u64>, view: impl Fn(&Views) -> &Arc<View>) -> Response {
    let mut views = app.views.clone();
    let changed =
        views.wait_for(|views| Some(view(views).version) != after && view(views).version > 0);
    let found = timeout(WAIT, changed)
        .await
        .ok()
        .and_then(Result::ok)
        .map(|views| Arc::clone(view(&views)));
    match found {
        Some(view) => ([(CONTENT_TYPE, "application/json")], view.text.clone()).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    }
}

#[derive(Deserialize)]
struct RoomOnly {
    room: String,
}

/// A phone that knows the room code gets a cookie: one voter.
async fn phone(
    State(app): Shared,
    Extension(peer): Extension<IpAddr>,
    Json(form): Json<RoomOnly>,
) -> Result<Response, Not> {
    check_room(&app, form.room.trim(), peer).await?;
    let token = crate::code::random::<16>().map_err(|_| Not::Now)?;
    let (token, now) = (protocol::encode(&token), now());
    let kept = token.clone();
    let room = app.desk.run(move |connection| {
        let phones: i64 =
            connection.query_row("SELECT COUNT(*) FROM phones", [], |row| row.get(0))?;
        if phones < PHONES {
            connection.execute(
                "INSERT INTO phones VALUES (?1, ?2)",
                rusqlite::params![kept, now],
            )?;
        }
        Ok(phones < PHONES)
    });
    if !room.await? {
        return Err(refused(&app, Refusal::Full("phones")).await);
    }
    Ok((
        [(SET_COOKIE, cookie_text("phone", &token))],
        StatusCode::NO_CONTENT,
    )
        .into_response())
}

/// Whether the phone has been here before: 200 or 204, because a browser reports an error status on its console.
async fn is_phone(State(app): Shared, headers: HeaderMap) -> Result<StatusCode, Not> {
    let known = phone_of(&app, &headers).await?.is_some();
    Ok(if known {
        StatusCode::OK
    } else {
        StatusCode::NO_CONTENT
    })
}

#[derive(Deserialize)]
struct Vote {
    poll: i64,
    choice: u16,
}

async fn phone_vote(
    State(app): Shared,
    headers: HeaderMap,
    Json(vote): Json<Vote>,
) -> Result<StatusCode, Not> {
    let Some(token) = phone_of(&app, &headers).await? else {
        return Err(refused(&app, Refusal::ForeignKey).await);
    };
    if !app.rates.take(&token, 10.0, 1.0) {
        return Err(refused(&app, Refusal::TooFast).await);
    }
    let voted = app
        .desk
        .run(move |c| poll::vote(c, vote.poll, &format!("phone {token}"), vote.choice))
        .await?;
    match voted {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(refusal) => Err(refused(&app, refusal).await),
    }
}

/// The token of a phone that the class knows.
async fn phone_of(app: &App, headers: &HeaderMap) -> Result<Option<String>, Unavailable> {
    let Some(token) = cookie(headers, "phone").map(str::to_owned) else {
        return Ok(None);
    };
    let known = app.desk.run(move |connection| {
        let mut known =
            connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM phones WHERE token = ?1)")?;
        let known: bool = known.query_row([&token], |row| row.get(0))?;
        Ok(known.then_some(token))
    });
    known.await
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    all.flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

fn cookie_text(name: &str, value: &str) -> String {
    format!("{name}={value}; Secure; HttpOnly; SameSite=Strict; Path=/")
}

#[derive(Deserialize)]
struct Login {
    token: String,
}

/// The token comes in the fragment of the address, which no browser sends; the page hands it over here once.
async fn login(
    State(app): Shared,
    Extension(peer): Extension<IpAddr>,
    Json(form): Json<Login>,
) -> Result<Response, Not> {
    if !app.rates.take(&format!("login {peer}"), 10.0, 0.5) || !is_token(&app, &form.token) {
        return Err(Not::Teacher);
    }
    Ok((
        [(SET_COOKIE, cookie_text("teacher", &app.class.token))],
        StatusCode::NO_CONTENT,
    )
        .into_response())
}

/// Compares hashes, so that the time it takes says nothing about the token.
fn is_token(app: &App, token: &str) -> bool {
    let hash = |text: &str| digest(&SHA256, text.as_bytes());
    hash(token).as_ref() == hash(&app.class.token).as_ref()
}

pub(crate) fn check_teacher(app: &App, headers: &HeaderMap) -> Result<(), Not> {
    match cookie(headers, "teacher") {
        Some(token) if is_token(app, token) => Ok(()),
        _ => Err(Not::Teacher),
    }
}

async fn board(
    State(app): Shared,
    headers: HeaderMap,
    query: Query<Room>,
) -> Result<Response, Not> {
    check_teacher(&app, &headers)?;
    Ok(newer(&app, query.after, |views| &views.board).await)
}

async fn projector(
    State(app): Shared,
    headers: HeaderMap,
    query: Query<Room>,
) -> Result<Response, Not> {
    check_teacher(&app, &headers)?;
    Ok(newer(&app, query.after, |views| &views.projector).await)
}

/// All lessons and all questions: they do not change.
async fn questions(State(app): Shared, headers: HeaderMap) -> Result<Response, Not> {
    check_teacher(&app, &headers)?;
    let course = &app.about.course;
    let lessons = course
        .lessons
        .iter()
        .map(|lesson| json!({ "name": lesson.name, "title": lesson.title, "stops": lesson.stops }));
    let questions = course
        .questions
        .iter()
        .map(|question| json!({ "id": question.id, "kind": question.kind, "text": question.text }));
    let lessons: Vec<_> = lessons.collect();
    Ok(
        Json(json!({ "lessons": lessons, "questions": questions.collect::<Vec<_>>() }))
            .into_response(),
    )
}

async fn picture(State(app): Shared, headers: HeaderMap) -> Result<Response, Not> {
    check_teacher(&app, &headers)?;
    Ok(([(CONTENT_TYPE, "image/svg+xml")], app.picture.clone()).into_response())
}

async fn act(
    State(app): Shared,
    headers: HeaderMap,
    Json(action): Json<Action>,
) -> Result<StatusCode, Not> {
    check_teacher(&app, &headers)?;
    let about = Arc::clone(&app.about);
    let done = app
        .desk
        .run(move |connection| room::teach(connection, &about.course, &action, now()))
        .await?;
    done.map(|()| StatusCode::NO_CONTENT).map_err(Not::Sense)
}

fn now() -> i64 {
    i64::try_from(crate::now()).unwrap_or(i64::MAX)
}
