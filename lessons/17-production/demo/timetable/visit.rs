//! One visitor of the captcha site: a session, an id, its picture, and the right answer, on one connection as a browser.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, ensure};
use l16_captcha::rules::captcha_key;
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use serde_json::json;
use stage::http::{Answer, Request, Session};

/// How long each request may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// The requests of one visit.
pub const REQUESTS: u32 = 4;

/// Makes a visit, and returns the answer to each request without what differs from visit to visit: status, type and
/// `errno`. A program cannot read the picture, so it looks the code up in Redis.
///
/// # Errors
/// If the right answer is not accepted, and what kept the visitor from giving it.
pub async fn visit(
    proxy: SocketAddr,
    mut redis: MultiplexedConnection,
) -> anyhow::Result<Vec<String>> {
    let (mut browser, mut cookie, mut seen) = (Session::new(proxy), String::new(), Vec::new());
    let mut send = async |request: Request| {
        let mut request = request.within(DEADLINE);
        if !cookie.is_empty() {
            request = request.header("cookie", format!("session={cookie}"));
        }
        let request = request.header("origin", format!("http://{proxy}"));
        let answer = browser.send(&request).await?;
        let given = answer.header("set-cookie").and_then(session);
        cookie = given.unwrap_or(&cookie).to_owned();
        seen.push(summary(&answer));
        let text = summary(&answer);
        ensure!(answer.status == 200, "{text}");
        anyhow::Ok((answer, cookie.clone()))
    };
    send(Request::get("/api/v1.0/session")).await?;
    let fresh = Request::post_json("/api/v1.0/imagecode", "{}");
    let fresh = send(fresh).await?.0.json();
    let id = fresh["id"].as_str().context("an id")?;
    let url = fresh["url"].as_str().context("the place of its picture")?;
    let (_, session) = send(Request::get(url)).await?;
    let kept: String = redis.get(captcha_key(&session, id)).await?;
    let (_, code) = kept.rsplit_once(' ').context("a code")?;
    let body = json!({ "id": id, "answer": code }).to_string();
    let (verdict, _) = send(Request::post_json("/api/v1.0/verify", body)).await?;
    ensure!(
        verdict.json()["errno"] == "0",
        "a right answer: {}",
        verdict.text()
    );
    Ok(seen)
}

fn session(cookie: &str) -> Option<&str> {
    cookie.split(';').next()?.strip_prefix("session=")
}

fn summary(answer: &Answer) -> String {
    let kind = answer.header("content-type").unwrap_or_default();
    let errno = answer.json()["errno"].to_string();
    format!("{} {kind} errno {errno}", answer.status)
}
