//! Visitors of the page: they get a picture, look its code up in Redis, and answer as people do and as they
//! should not.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use redis::AsyncCommands;
use redis::aio::ConnectionManager;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::ledger::{Captcha, Given, Ledger, Said};
use crate::browser::{Browser, Reply};

/// Between two things that a person does.
const BEAT: Duration = Duration::from_millis(10);

/// What the site may answer to a request for something that exists: `errno` and the status that belongs to it.
const KNOWN: [(&str, u16); 8] = [
    ("0", 200),
    ("4001", 503),
    ("4002", 200),
    ("4003", 409),
    ("4004", 200),
    ("4101", 200),
    ("4202", 429),
    ("4205", 503),
];

/// One of them.
pub struct Person {
    site: SocketAddr,
    redis: ConnectionManager,
    ledger: Arc<Ledger>,
    browser: Browser,
    number: usize,
}

/// A captcha on the screen.
struct Shown {
    id: String,
    code: String,
    captcha: Captcha,
}

impl Person {
    /// A visitor of this site.
    pub fn new(
        number: usize,
        site: SocketAddr,
        redis: ConnectionManager,
        ledger: Arc<Ledger>,
    ) -> Self {
        Person {
            site,
            redis,
            ledger,
            browser: Browser::new(site),
            number,
        }
    }

    /// Comes again and again until it is told to stop.
    pub async fn come(mut self, stop: watch::Receiver<bool>) {
        for time in self.number.. {
            if *stop.borrow() {
                return;
            }
            self.browser.forget();
            if let Some(mut shown) = self.look().await {
                sleep(BEAT).await;
                self.answer(&mut shown, time).await;
            }
            sleep(BEAT).await;
        }
    }

    /// A session, an id, a picture; and the code, if Redis is there to tell it.
    async fn look(&mut self) -> Option<Shown> {
        let Person {
            browser, ledger, ..
        } = self;
        // Without an answer to this one people go on: the page is there, and they do not know better.
        let _ = ask(browser, ledger, Ask::Session).await;
        let fresh = ask(browser, ledger, Ask::Fresh).await?.json();
        let (id, url) = (fresh["id"].as_str()?, fresh["url"].as_str()?);
        let read = ledger.moment();
        if ask(browser, ledger, Ask::Picture(url)).await.is_none() {
            self.guess(id).await;
            return None;
        }
        let key = format!("captcha:{}:{id}", browser.session()?);
        let kept: Option<String> = self.redis.get(&key).await.ok()?;
        // The request that has made it, and the code.
        let kept = kept?;
        let (_, code) = kept.rsplit_once(' ')?;
        Some(Shown {
            id: id.to_string(),
            code: code.to_string(),
            captcha: Captcha::read(read),
        })
    }

    /// Sends an answer without a picture. It is never accepted, whatever part is unavailable.
    async fn guess(&mut self, id: &str) {
        let Person {
            browser, ledger, ..
        } = self;
        let answer = "2222";
        let reply = ask(browser, ledger, Ask::Verify { id, answer }).await;
        if reply.and_then(|reply| reply.errno()).as_deref() == Some("0") {
            ledger.broken("a visitor came in without a picture".to_string());
        }
    }

    // ANCHOR: ways
    /// Answers, in one of eight ways.
    async fn answer(&mut self, shown: &mut Shown, time: usize) {
        match time % 8 {
            0 | 1 => self.give(shown, true).await,
            2 => {
                self.give(shown, true).await;
                // The same once more: a replay.
                self.give(shown, true).await;
            }
            3 => {
                self.give(shown, false).await;
                self.give(shown, true).await;
            }
            4 => self.twice_at_once(shown).await,
            5 => {
                self.other_session(shown).await;
                self.give(shown, true).await;
            }
            6 => self.give(shown, false).await,
            // Gone for a coffee.
            _ => return,
        }
        self.look_at_session(shown).await;
    }
    // ANCHOR_END: ways

    /// One answer.
    async fn give(&mut self, shown: &mut Shown, right: bool) {
        let Person {
            browser, ledger, ..
        } = self;
        let (given, said) = give(browser, ledger, shown, right).await;
        judge(ledger, shown, given, &said);
    }

    /// Two right answers, on two connections, at the same time.
    async fn twice_at_once(&mut self, shown: &mut Shown) {
        let mut other = self.browser.in_another_window();
        let before = other.session().map(str::to_owned);
        let (one, two) = tokio::join!(
            give(&mut self.browser, &self.ledger, shown, true),
            give(&mut other, &self.ledger, shown, true),
        );
        self.browser.share(&other, before.as_deref());
        let mut both = [one, two];
        both.sort_by(|(_, one), (_, two)| one.cmp(two));
        for (given, said) in &both {
            judge(&self.ledger, shown, *given, said);
        }
    }

    /// Another session that has seen the picture, and the code with it.
    async fn other_session(&mut self, shown: &Shown) {
        let mut other = Browser::new(self.site);
        let (_, said) = give(&mut other, &self.ledger, shown, true).await;
        if matches!(said, Said::Accepted | Said::Wrong) {
            let words = format!("the captcha of another session was judged: {said:?}");
            self.ledger.broken(words);
        }
    }

    /// Whether this person is in is what the answers have made of it.
    async fn look_at_session(&mut self, shown: &Shown) {
        let Person {
            browser, ledger, ..
        } = self;
        let Some(reply) = ask(browser, ledger, Ask::Session).await else {
            return;
        };
        let passed = reply.errno().as_deref() == Some("0");
        if let Err(words) = shown.captcha.session(passed, ledger.moment()) {
            ledger.broken(words.to_string());
        }
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
enum Ask<'a> {
    Session,
    Fresh,
    Picture(&'a str),
    Verify { id: &'a str, answer: &'a str },
}

impl Ask<'_> {
    async fn send(self, browser: &mut Browser) -> io::Result<Reply> {
        match self {
            Ask::Session => browser.get("/api/v1.0/session").await,
            Ask::Fresh => browser.post("/api/v1.0/imagecode", &json!({})).await,
            Ask::Picture(url) => browser.get(url).await,
            Ask::Verify { id, answer } => {
                let body = json!({ "id": id, "answer": answer });
                browser.post("/api/v1.0/verify", &body).await
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Ask::Session => "session",
            Ask::Fresh => "a new id",
            Ask::Picture(_) => "picture",
            Ask::Verify { .. } => "verify",
        }
    }
}

/// Asks, and writes it down. `None` is a failure, which has to be one that people can read.
async fn ask(browser: &mut Browser, ledger: &Ledger, what: Ask<'_>) -> Option<Reply> {
    let since = Instant::now();
    let reply = what.send(browser).await;
    let took = u32::try_from(since.elapsed().as_micros()).unwrap_or(u32::MAX);
    let outcome = outcome(what, &reply);
    let picture = matches!(what, Ask::Picture(_));
    // Where it ends, not where it began: what breaks it has happened in between.
    ledger.note(|counts| {
        counts.requests += 1;
        counts.took.push(took);
        match &outcome {
            Ok(errno) => match (what, errno.as_str()) {
                (Ask::Picture(_), _) => counts.pictures += 1,
                (Ask::Verify { .. }, "0") => counts.accepted += 1,
                (Ask::Verify { .. }, "4004") => counts.wrong += 1,
                (Ask::Verify { .. }, "4002") => counts.stale += 1,
                _ => {}
            },
            Err(words) => {
                counts.no_picture += u64::from(picture);
                *counts.errors.entry(words.clone()).or_default() += 1;
            }
        }
    });
    let clear = outcome.is_ok()
        || outcome
            .as_ref()
            .is_err_and(|words| words.starts_with("errno "));
    if let (Err(words), false) = (&outcome, clear) {
        ledger.broken(format!("a failure that says nothing: {words}"));
    }
    outcome.ok().and(reply.ok())
}

/// The `errno` of an answer; what is no answer is an error in words, which begin with `errno` if the site
/// has said clearly what is wrong.
fn outcome(what: Ask<'_>, reply: &io::Result<Reply>) -> Result<String, String> {
    let name = what.name();
    let reply = match reply {
        Ok(reply) => reply,
        Err(error) => return Err(format!("{name}: no answer: {error}")),
    };
    let png = reply.body.starts_with(b"\x89PNG");
    if matches!(what, Ask::Picture(_)) && reply.status == 200 && png {
        return Ok("0".to_string());
    }
    let errno = reply.errno().unwrap_or_default();
    if !KNOWN.contains(&(errno.as_str(), reply.status)) {
        let text: String = reply.text().chars().take(200).collect();
        return Err(format!("{name}: {} {text}", reply.status));
    }
    match reply.status {
        200 => Ok(errno),
        status => Err(format!("errno {errno}, {status}, {name}")),
    }
}

/// Gives an answer; what came back.
async fn give(browser: &mut Browser, ledger: &Ledger, shown: &Shown, right: bool) -> (Given, Said) {
    let wrong = other_than(&shown.code);
    let answer = if right { &shown.code } else { &wrong };
    let id = &shown.id;
    let sent = ledger.moment();
    let reply = ask(browser, ledger, Ask::Verify { id, answer }).await;
    let heard = ledger.moment();
    let said = match reply.and_then(|reply| reply.errno()).as_deref() {
        Some("0") => Said::Accepted,
        Some("4004") => Said::Wrong,
        Some("4002") => Said::Stale,
        _ => Said::Error,
    };
    (Given { right, sent, heard }, said)
}

fn judge(ledger: &Ledger, shown: &mut Shown, given: Given, said: &Said) {
    if let Err(words) = shown.captcha.judge(given, said) {
        ledger.broken(format!("{words}: {given:?}, {:?}", shown.captcha));
    }
}

/// Digits, as many, and not these.
fn other_than(code: &str) -> String {
    let turn = |digit: char| match digit {
        '2' => '3',
        _ => '2',
    };
    code.chars().map(turn).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_answer_is_wrong() {
        for code in ["2222", "3333", "2323", "9876"] {
            assert_ne!(other_than(code), code);
            assert_eq!(other_than(code).len(), code.len());
        }
    }
}
