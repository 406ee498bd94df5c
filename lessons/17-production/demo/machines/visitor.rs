//! A visitor of the site, as a program: it asks for a question in words, answers it, and sends the answer.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use stage::http::Request;
use stage::load::{Count, Load};

/// A browser waits longer; for a measurement this is a lost request.
const LIMIT: Duration = Duration::from_secs(6);

const DIGITS: [&str; 10] = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
];

/// A captcha that waits for its answer.
#[derive(Clone, Debug)]
pub struct Captcha {
    cookie: String,
    id: String,
    answer: String,
}

/// Asks for a captcha in a new session, and reads it.
pub async fn look(proxy: SocketAddr) -> anyhow::Result<Captcha> {
    let fresh = send(proxy, Request::post_json("/api/v1.0/imagecode", "{}"), "").await;
    let (fresh, cookie) = fresh.context("a new id")?;
    let id = fresh["id"].as_str().context("an id")?.to_owned();
    let question = Request::get(format!("/api/v1.0/question/{id}"));
    let (question, _) = send(proxy, question, &cookie).await.context("a question")?;
    let words = question["question"].as_str().context("words")?;
    let words = words
        .trim_end_matches('.')
        .rsplit(": ")
        .next()
        .unwrap_or_default();
    let digit = |word: &str| DIGITS.iter().position(|digit| *digit == word);
    let digits: Option<Vec<usize>> = words.split(", ").map(digit).collect();
    let digits = digits.with_context(|| format!("a question that is none: {words}"))?;
    let answer = digits.iter().map(usize::to_string).collect();
    Ok(Captcha { cookie, id, answer })
}

/// Gives the right answer: whether it is accepted.
pub async fn answer(proxy: SocketAddr, captcha: &Captcha) -> anyhow::Result<bool> {
    let body = json!({ "id": captcha.id, "answer": captcha.answer }).to_string();
    let request = Request::post_json("/api/v1.0/verify", body);
    let (verdict, _) = send(proxy, request, &captcha.cookie)
        .await
        .context("a verdict")?;
    Ok(verdict["errno"] == "0")
}

/// So many visitors at the same time, and the pause of each before it comes again.
const CROWD: (usize, Duration) = (8, Duration::from_millis(50));
/// What has become of a visitor.
const SOLVED: &str = "solved a captcha";
const LIMITED: &str = "refused by the limit of an address";

/// Visitors who come until they are stopped. Each solves a captcha.
pub fn crowd(proxy: SocketAddr) -> Load {
    Load::start(CROWD.0, CROWD.1, move || async move {
        let visit = async { answer(proxy, &look(proxy).await?).await };
        match visit.await {
            Ok(true) => Ok(SOLVED.to_owned()),
            Ok(false) => Err("a right answer is not accepted".to_owned()),
            Err(error) => match format!("{error:#}") {
                // The site has answered: this visitor comes too often.
                words if words.contains(": 429 ") => Ok(LIMITED.to_owned()),
                words => Err(words),
            },
        }
    })
}

/// Returns the counts of a crowd as a sentence.
pub fn meanwhile(count: &Count) -> String {
    let mut words = format!("meanwhile {} visitors:", count.calls());
    for (what, visitors) in &count.by {
        words += &format!(" {visitors} {what},");
    }
    words += &format!(" {} lost", count.failed.len());
    for (why, visitors) in count.failures() {
        words += &format!("\n{visitors:5}  {why}");
    }
    words
}

/// The answer in JSON, and the cookie of the session.
async fn send(
    proxy: SocketAddr,
    request: Request,
    cookie: &str,
) -> anyhow::Result<(Value, String)> {
    let mut request = request
        .within(LIMIT)
        .header("origin", format!("http://{proxy}"));
    if !cookie.is_empty() {
        request = request.header("cookie", cookie);
    }
    let answer = request.send(proxy).await?;
    if answer.status != 200 {
        let text: String = answer.text().chars().take(80).collect();
        bail!("{} {text}", answer.status);
    }
    let cookies = answer
        .headers
        .iter()
        .filter(|(name, _)| name == "set-cookie");
    let session = cookies
        .filter_map(|(_, value)| value.split(';').next())
        .next();
    let session = session.unwrap_or(cookie).to_owned();
    Ok((answer.json(), session))
}
