//! What the tests of the whole path share.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::browser::{Browser, Reply};
use crate::site::{Setting, Site};
use serde_json::json;
use services::Side;
use tokio::time::{Instant, sleep};

/// Nothing takes longer, on a machine however busy.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// All lines that the processes of a site have said.
pub type Lines = Arc<Mutex<Vec<String>>>;

/// A site whose stores are both of this side, without limits.
pub fn setting(side: Side) -> (Setting, Lines) {
    let lines = Lines::default();
    let heard = Arc::clone(&lines);
    let setting = Setting {
        consul: Some(side),
        redis: Some(side),
        of_service: ["--limits", "none"].map(str::to_string).to_vec(),
        heard: Arc::new(move |name, line| {
            heard.lock().unwrap().push(format!("{name}: {line}"));
        }),
        ..Setting::new(env!("CARGO_BIN_EXE_l16-captcha").into())
    };
    (setting, lines)
}

/// The same, running.
pub async fn open(side: Side) -> Site {
    Site::open(setting(side).0).await.unwrap()
}

/// A captcha on the screen of a visitor.
pub struct Shown {
    pub id: String,
    pub code: String,
    pub picture: Reply,
}

/// Gets a picture, and looks its code up in Redis.
pub async fn look(browser: &mut Browser, site: &Site) -> Shown {
    browser.get("/api/v1.0/session").await.unwrap();
    let fresh = browser
        .post("/api/v1.0/imagecode", &json!({}))
        .await
        .unwrap();
    let fresh = fresh.json();
    let (id, url) = (
        fresh["id"].as_str().unwrap(),
        fresh["url"].as_str().unwrap(),
    );
    let picture = browser.get(url).await.unwrap();
    assert_eq!(picture.status, 200, "{}", picture.text());
    let session = browser.session().expect("a cookie").to_string();
    let code = code(site.redis.addr(), &session, id).await;
    Shown {
        id: id.to_string(),
        code: code.expect("a code in Redis"),
        picture,
    }
}

/// What Redis keeps as the code of a captcha.
pub async fn code(redis: std::net::SocketAddr, session: &str, id: &str) -> Option<String> {
    let client = redis::Client::open(format!("redis://{redis}/")).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let key = format!("captcha:{session}:{id}");
    let kept: Option<String> = redis::cmd("GET")
        .arg(key)
        .query_async(&mut connection)
        .await
        .unwrap();
    let kept = kept?;
    let (_, code) = kept.split_once(' ').expect("a request and a code");
    Some(code.to_string())
}

/// Gives an answer.
pub async fn answer(browser: &mut Browser, id: &str, answer: &str) -> Reply {
    let body = json!({ "id": id, "answer": answer });
    browser.post("/api/v1.0/verify", &body).await.unwrap()
}

/// A whole visit: picture, code, let in.
pub async fn visit(site: &Site) {
    let mut browser = Browser::new(site.web.addr);
    let shown = look(&mut browser, site).await;
    let verdict = answer(&mut browser, &shown.id, &shown.code).await;
    assert_eq!(verdict.errno().as_deref(), Some("0"), "{}", verdict.text());
}

/// Waits until this is so.
pub async fn until<F: Future<Output = bool>>(what: &str, so: impl Fn() -> F) {
    let since = Instant::now();
    while !so().await {
        assert!(since.elapsed() < PATIENCE, "{what}: not after {PATIENCE:?}");
        sleep(Duration::from_millis(50)).await;
    }
}
