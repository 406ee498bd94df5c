//! The web service without a socket and without services: the router is asked, and what it calls is here.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use l14_gateway::pb::example::CallResponse;
use l14_gateway::pb::user::HelloReply;
use l14_gateway::web::{Services, Settings, router};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tonic::Status;
use tower::ServiceExt;

/// What the handlers call: it notes how much time it was given.
#[derive(Clone, Default)]
struct Fake(Arc<Mutex<Vec<Duration>>>);

impl Fake {
    fn note(&self, until: Instant) {
        let left = until.saturating_duration_since(Instant::now());
        self.0.lock().unwrap().push(left);
    }
}

#[tonic::async_trait]
impl Services for Fake {
    async fn call(&self, name: String, until: Instant) -> Result<CallResponse, Status> {
        self.note(until);
        match name.as_str() {
            "" => Err(Status::invalid_argument("the name must not be empty")),
            "away" => Err(Status::unavailable("not reached")),
            "late" => Err(Status::deadline_exceeded("too slow")),
            name => Ok(CallResponse {
                msg: format!("Hello {name}"),
            }),
        }
    }

    async fn user(&self, name: String, until: Instant) -> Result<HelloReply, Status> {
        self.note(until);
        Ok(HelloReply {
            id: "123".to_string(),
            username: name,
            answered_by: "user-1".to_string(),
        })
    }
}

fn web() -> Router {
    router(Fake::default(), Settings::default())
}

async fn ask(web: Router, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
    let response = web.oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (
        head.status,
        head.headers,
        String::from_utf8(body.to_vec()).unwrap(),
    )
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

fn post(json: impl Into<Body>) -> Request<Body> {
    let request = Request::post("/example/call").header("content-type", "application/json");
    request.body(json.into()).unwrap()
}

fn read(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"))
}

#[tokio::test]
async fn a_call_gives_a_message_and_a_moment() {
    let (status, _, body) = ask(web(), post(r#"{"name":"huohuo"}"#)).await;
    let answer = read(&body);
    assert_eq!(
        (status, &answer["msg"]),
        (StatusCode::OK, &json!("Hello huohuo"))
    );
    // Nanoseconds: 19 digits, which only a string brings through a browser.
    let moment = answer["ref"].as_str().expect("a string");
    assert!(
        moment.len() >= 19 && moment.bytes().all(|b| b.is_ascii_digit()),
        "{moment}"
    );
    assert_eq!(answer.as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn names_in_a_path_are_decoded() {
    let (status, _, body) = ask(web(), get("/users/%E4%BD%A0%20a")).await;
    assert_eq!(status, StatusCode::OK);
    let right = json!({"id": "123", "username": "你 a", "answeredBy": "user-1"});
    assert_eq!(read(&body), right);
}

#[tokio::test]
async fn failures_have_their_numbers() {
    for (body, status, words) in [
        (r#"{"name":""}"#, 400, "must not be empty"),
        (r#"{"name":"away"}"#, 503, "not reached"),
        (r#"{"name":"late"}"#, 504, "too slow"),
        (r#"{"name":7}"#, 400, "invalid type: integer"),
        (r#"{"nam":"x"}"#, 400, "unknown field `nam`"),
        (r#"{}"#, 400, "missing field `name`"),
        ("{", 400, "EOF"),
        ("", 400, "EOF"),
    ] {
        let (got, headers, answer) = ask(web(), post(body)).await;
        assert_eq!(got.as_u16(), status, "{body}: {answer}");
        let answer = read(&answer);
        assert_eq!(answer["code"], status, "{body}");
        assert!(
            answer["message"].as_str().unwrap().contains(words),
            "{body}: {answer}"
        );
        assert_eq!(
            answer["request_id"],
            headers["x-request-id"].to_str().unwrap()
        );
    }
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let large = format!(r#"{{"name":"{}"}}"#, "x".repeat(20_000));
    let (status, _, _) = ask(web(), post(large)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let text = Request::post("/example/call")
        .body(Body::from(r#"{"name":"x"}"#))
        .unwrap();
    let (status, _, _) = ask(web(), text).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let (status, headers, body) = ask(web(), get("/example/call")).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(headers["allow"], "POST", "{body}");
    let (status, _, body) = ask(web(), get("/nowhere")).await;
    assert_eq!(
        (status, read(&body)["status"].clone()),
        (StatusCode::NOT_FOUND, json!("NOT_FOUND"))
    );
}

#[tokio::test]
async fn pages_are_files_and_nothing_above_them() {
    for (path, kind, words) in [
        ("/", "text/html", "<title>"),
        ("/page.js", "text/javascript", "fetch"),
        ("/style.css", "text/css", "color-scheme"),
    ] {
        let (status, headers, body) = ask(web(), get(path)).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(
            headers["content-type"].to_str().unwrap().starts_with(kind),
            "{headers:?}"
        );
        assert!(body.contains(words), "{path}: {body}");
        let own = headers["content-security-policy"].to_str().unwrap();
        assert!(own.contains("default-src 'self'"), "{own}");
        for elsewhere in ["http://", "https://", "src=\"//"] {
            assert!(
                !body.contains(elsewhere),
                "{path} asks another server: {body}"
            );
        }
    }
    for path in [
        "/../Cargo.toml",
        "/%2e%2e/%2e%2e/main.rs",
        "/..%2f..%2fmain.rs",
        "/%00",
    ] {
        let (status, _, body) = ask(web(), get(path)).await;
        assert!(status.is_client_error(), "{path}: {status} {body}");
    }
}

#[tokio::test]
async fn what_remains_is_passed_on() {
    let fake = Fake::default();
    let mut slow = post("");
    // The body takes its time.
    let stream = tokio_stream::once(Ok::<_, std::io::Error>(r#"{"name":"x"}"#));
    let late = tokio_stream::StreamExt::then(stream, |part| async {
        sleep(Duration::from_millis(300)).await;
        part
    });
    *slow.body_mut() = Body::from_stream(late);
    slow.headers_mut()
        .insert("x-timeout-ms", "2000".parse().unwrap());
    let (status, _, _) = ask(router(fake.clone(), Settings::default()), slow).await;
    assert_eq!(status, StatusCode::OK);
    let given = fake.0.lock().unwrap()[0];
    assert!(
        given <= Duration::from_millis(1700),
        "{given:?} were left of 2 s"
    );
    // No request gets more time than there is.
    let mut patient = get("/users/x");
    patient
        .headers_mut()
        .insert("x-timeout-ms", "3600000".parse().unwrap());
    ask(router(fake.clone(), Settings::default()), patient).await;
    let given = fake.0.lock().unwrap()[1];
    assert!(given <= Settings::default().deadline, "{given:?}");
}

#[tokio::test]
async fn a_body_that_never_ends_is_not_waited_for() {
    let settings = Settings {
        deadline: Duration::from_millis(50),
        ..Settings::default()
    };
    let never = tokio_stream::pending::<Result<&'static str, std::io::Error>>();
    let (status, _, body) = ask(
        router(Fake::default(), settings),
        post(Body::from_stream(never)),
    )
    .await;
    assert_eq!(status, StatusCode::REQUEST_TIMEOUT, "{body}");
}
