//! The captcha service that the site calls in these tests, and the client that asks the site.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use l16_captcha::pb::{
    self, CallRequest, CallResponse, Header, Kind, SessionRequest, SessionResponse, VerifyRequest,
    VerifyResponse,
};
use l16_captcha::web::{Captchas, Settings, router};
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};
use tonic::{Code, Status};
use tower::ServiceExt;

/// The right answer of every captcha here. It is longer than a real one, so that no random id contains it
/// by chance.
pub const RIGHT: &str = "729481635028";

/// What only the inside knows. A status says it, and no reply may repeat it.
pub const INSIDE: &str = "127.0.0.9:6379";

/// A session that was let in.
pub const LET_IN: &str = "0123456789abcdef0123456789abcdef";

pub const PICTURE: &[u8] = b"\x89PNG and so on";

/// A service that answers at once, fails in one way, or never answers.
#[derive(Clone, Default)]
pub struct Fake {
    pub fails: Option<Code>,
    pub hangs: bool,
    pub silent: bool,
    /// All that it was asked.
    pub calls: Arc<Mutex<Vec<CallRequest>>>,
    pub answers: Arc<Mutex<Vec<VerifyRequest>>>,
}

impl Fake {
    pub fn failing(code: Code) -> Self {
        Fake {
            fails: Some(code),
            ..Fake::default()
        }
    }

    /// Returns when it was asked for so many captchas.
    pub async fn asked(&self, calls: usize) {
        let asked = async {
            while self.calls.lock().unwrap().len() < calls {
                sleep(Duration::from_millis(5)).await;
            }
        };
        let in_time = timeout(Duration::from_secs(60), asked).await;
        assert!(in_time.is_ok(), "it was never asked {calls} times");
    }

    async fn trouble(&self) -> Result<(), Status> {
        if self.hangs {
            std::future::pending::<()>().await;
        }
        match self.fails {
            Some(code) => Err(Status::new(code, format!("{INSIDE} refused {RIGHT}"))),
            None => Ok(()),
        }
    }
}

#[tonic::async_trait]
impl Captchas for Fake {
    async fn call(&self, request: CallRequest, _: Instant) -> Result<CallResponse, Status> {
        self.calls.lock().unwrap().push(request.clone());
        self.trouble().await?;
        let header = |name: &str, value: &str| Header {
            name: name.to_string(),
            value: value.to_string(),
        };
        let lines = [
            ("x-from-the-service", "yes"),
            ("cache-control", "public, max-age=600"),
            ("set-cookie", "session=stolen"),
            ("content-length", "1"),
            ("bad name", "x"),
        ];
        let words = request.kind() == Kind::Question;
        let question = "What is <i>3</i> & \"{{id}}\"?".to_string();
        Ok(CallResponse {
            picture: if words { Vec::new() } else { PICTURE.to_vec() },
            question: if words { question } else { String::new() },
            description: "A picture".to_string(),
            headers: lines.map(|(name, value)| header(name, value)).to_vec(),
            expires_in_seconds: 300,
        })
    }

    async fn verify(&self, request: VerifyRequest, _: Instant) -> Result<VerifyResponse, Status> {
        self.answers.lock().unwrap().push(request.clone());
        self.trouble().await?;
        let verdict = match (request.id.as_str(), request.answer.as_str()) {
            _ if self.silent => pb::Verdict::Unspecified,
            ("old", _) => pb::Verdict::Unknown,
            (_, RIGHT) => pb::Verdict::Accepted,
            _ => pb::Verdict::Wrong,
        };
        Ok(VerifyResponse {
            verdict: verdict.into(),
        })
    }

    async fn session(
        &self,
        request: SessionRequest,
        _: Instant,
    ) -> Result<SessionResponse, Status> {
        self.trouble().await?;
        let passed = request.session == LET_IN;
        Ok(SessionResponse { passed })
    }
}

pub fn settings() -> Settings {
    Settings {
        // Short where something hangs; nothing else waits for it.
        timeout: Duration::from_millis(300),
        whose: vec![("set-with-expiry", false), ("leak", false)],
        ..Settings::default()
    }
}

pub fn site(fake: &Fake) -> Router {
    router(fake.clone(), settings())
}

#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(self.text()).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// Status and `errno`.
    pub fn told(&self) -> (u16, String) {
        let json = self.json();
        let words = json["errmsg"].as_str().unwrap();
        assert!(!words.is_empty());
        let errno = json["errno"].as_str().unwrap();
        (self.status.as_u16(), errno.to_string())
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// Asks, and looks at what holds for every reply.
pub async fn ask(site: &Router, mut request: Request<Body>) -> Reply {
    let peer = SocketAddr::from(([127, 0, 0, 7], 50_000));
    request.extensions_mut().insert(ConnectInfo(peer));
    let what = format!("{} {}", request.method(), request.uri());
    let (head, body) = site.clone().oneshot(request).await.unwrap().into_parts();
    let reply = Reply {
        status: head.status,
        headers: head.headers,
        body: body.collect().await.unwrap().to_bytes().to_vec(),
    };
    assert_eq!(reply.header("cache-control"), Some("no-store"), "{what}");
    assert_eq!(
        reply.header("x-content-type-options"),
        Some("nosniff"),
        "{what}"
    );
    assert_eq!(
        reply.header("referrer-policy"),
        Some("same-origin"),
        "{what}"
    );
    let policy = reply.header("content-security-policy").expect("a policy");
    for rule in [
        "default-src 'none'",
        "script-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(rule), "{what}: {rule} is not in {policy}");
    }
    assert!(!policy.contains("unsafe"), "{what}: {policy}");
    assert_eq!(
        reply.headers.get_all("cache-control").iter().count(),
        1,
        "{what}"
    );
    for name in ["server", "x-powered-by", "via"] {
        assert_eq!(reply.header(name), None, "{what}");
    }
    let all = format!(
        "{:?} {}",
        reply.headers,
        String::from_utf8_lossy(&reply.body)
    );
    for secret in [RIGHT, INSIDE, "stolen"] {
        assert!(!all.contains(secret), "{what} tells {secret}: {all}");
    }
    reply
}

pub fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

pub fn post(path: &str, json: &str) -> Request<Body> {
    let request = Request::post(path).header("content-type", "application/json");
    request.body(Body::from(json.to_string())).unwrap()
}

pub fn form(body: &str) -> Request<Body> {
    let request =
        Request::post("/verify").header("content-type", "application/x-www-form-urlencoded");
    request.body(Body::from(body.to_string())).unwrap()
}

pub fn with(mut request: Request<Body>, name: &'static str, value: &str) -> Request<Body> {
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}
