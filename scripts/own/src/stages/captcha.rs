//! Stage 15: the HTTP API asks clients for a captcha, once for each greeting. Without a verdict it refuses.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http::{Client, Missing, Reply, chunks};
use crate::service::Service;
use crate::told::{Belief, Failure};

/// A reply comes within this time, whatever the captcha service does.
const SOON: Duration = Duration::from_millis(1500);
/// So long a captcha service that is slow waits.
const HOLDS: Duration = Duration::from_secs(3);

const NO_CAPTCHA: Belief = &(
    "clients-are-people",
    "While CAPTCHA_ADDR is set, a client without a right answer is not greeted: 403 with a new captcha.",
);
const IGNORED: Belief = &(
    "a-reply-is-a-yes",
    "The captcha service answers 200 also to a wrong answer. Its body says whether it was right.",
);
const TWICE: Belief = &(
    "once-right-always-right",
    "A right answer is good for one greeting. Ask the captcha service for each greeting, and keep no verdict.",
);
const OPEN: Belief = &(
    "no-answer-is-a-yes",
    "Without a verdict the reply is 503. Else an attacker would only have to keep the captcha service busy.",
);
const WAITS: Belief = &(
    "the-captcha-service-is-fast",
    "Give the call a time limit of 1 s, and reply 503 after it.",
);
const SPENT: Belief = &(
    "the-captcha-comes-first",
    "The request is wrong whatever the captcha is. Check it first, so that the answer of the person is not spent.",
);

/// What the captcha service does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Good,
    /// 500 for each request.
    Fails,
    /// A body that is no JSON.
    Nonsense,
    /// No reply.
    Slow,
    /// The connection closes.
    Closes,
}

const MODES: [Mode; 5] = [
    Mode::Good,
    Mode::Fails,
    Mode::Nonsense,
    Mode::Slow,
    Mode::Closes,
];

/// The captcha service, played by the judge.
#[derive(Default)]
struct Captchas {
    mode: AtomicU8,
    last: AtomicUsize,
    /// The right answers of the captchas that were not answered yet.
    open: Mutex<HashMap<String, String>>,
}

impl Captchas {
    fn set(&self, mode: Mode) {
        let number = MODES.iter().position(|each| *each == mode);
        let number = number.and_then(|n| u8::try_from(n).ok());
        self.mode
            .store(number.unwrap_or_default(), Ordering::SeqCst);
    }

    /// One request; the connection closes after its reply.
    fn serve(&self, mut stream: &TcpStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(HOLDS))?;
        let mut lines = BufReader::new(stream.take(64 * 1024));
        let (mut path, mut length, mut chunked) = (String::new(), 0, false);
        loop {
            let mut line = String::new();
            lines.read_line(&mut line)?;
            if line.trim().is_empty() {
                break;
            }
            if path.is_empty() {
                line.split(' ')
                    .nth(1)
                    .unwrap_or_default()
                    .clone_into(&mut path);
            } else if let Some((name, value)) = line.split_once(':') {
                match name.to_ascii_lowercase().as_str() {
                    "content-length" => length = value.trim().parse().unwrap_or_default(),
                    "transfer-encoding" => chunked = value.trim().eq_ignore_ascii_case("chunked"),
                    _ => {}
                }
            }
        }
        let mut body = Vec::new();
        if chunked {
            body = chunks(&mut lines).unwrap_or_default();
        } else {
            lines.take(length).read_to_end(&mut body)?;
        }
        let request: Value = serde_json::from_slice(&body).unwrap_or_default();
        let (status, reply) = match MODES[usize::from(self.mode.load(Ordering::SeqCst))] {
            Mode::Good => ("200 OK", self.answer(&path, &request).to_string()),
            Mode::Fails => ("500 Internal Server Error", "{\"right\":true}".to_owned()),
            Mode::Nonsense => ("200 OK", "true".repeat(3)),
            Mode::Slow => {
                thread::sleep(HOLDS);
                return Ok(());
            }
            Mode::Closes => return Ok(()),
        };
        write!(
            stream,
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{reply}",
            reply.len()
        )
    }

    fn answer(&self, path: &str, request: &Value) -> Value {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if path == "/issue" {
            let number = self.last.fetch_add(1, Ordering::SeqCst) + 1;
            let id = format!("c{number}-{}", std::process::id());
            let (a, b) = (number + 2, 2 * number + 5);
            open.insert(id.clone(), (a + b).to_string());
            return json!({"id": id, "question": format!("{a} + {b}")});
        }
        // One verdict for each captcha, whatever it is.
        let right = open.remove(request["id"].as_str().unwrap_or_default());
        json!({"right": right.is_some_and(|right| request["answer"] == right)})
    }
}

/// Judges stage 15.
pub fn judge(service: &mut Service) -> Result<(), Failure> {
    let listener = TcpListener::bind(service.world.captcha).map_err(|e| {
        let expected = "it can";
        Failure::new(
            "The judge plays the captcha service",
            expected,
            e.to_string(),
            None,
        )
    })?;
    let captchas = Arc::new(Captchas::default());
    let serving = Arc::clone(&captchas);
    // It ends with the judge, which is a process of its own.
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let captchas = Arc::clone(&serving);
            thread::spawn(move || captchas.serve(&stream));
        }
    });

    let (id, answer) = asked(service)?;
    wrong(service)?;
    let spent =
        "A request with a right captcha, and an empty name; then the same captcha with a name";
    let mut client = Client::open(service, spent)?;
    post(&mut client, "", &id, &answer);
    let reply = client.reply(SOON);
    if reply.as_ref().map(|reply| reply.status) != Some(400) {
        return Err(client.fails("400", reply.as_ref(), None));
    }
    post(&mut client, "Ali", &id, &answer);
    let reply = client.reply(SOON);
    if !greeted(reply.as_ref()) {
        let expected = "200, {\"message\":\"hello Ali\"}";
        let spent = reply.as_ref().is_some_and(|reply| reply.status == 403);
        return Err(client.fails(expected, reply.as_ref(), spent.then_some(SPENT)));
    }
    let mut client = Client::open(service, "A captcha that was used before, with another name")?;
    post(&mut client, "Bob", &id, &answer);
    let reply = client.reply(SOON);
    if reply.as_ref().map(|reply| reply.status) != Some(403) {
        let belief = greeted_at_all(reply.as_ref()).then_some(TWICE);
        return Err(client.fails("403: a captcha is used once", reply.as_ref(), belief));
    }
    doubts(service, &captchas)
}

/// Without a captcha: 403 with a new one. Its id and its right answer.
fn asked(service: &Service) -> Result<(String, String), Failure> {
    let mut client = Client::open(
        service,
        "CAPTCHA_ADDR is set; POST /greet without a captcha",
    )?;
    client.send("POST", "/greet", "", "{\"name\":\"Ali\"}");
    let reply = client.reply(SOON);
    let expected =
        "403, {\"captcha\":{\"id\":ID,\"question\":QUESTION}} with what `POST /issue` has returned";
    let captcha = reply.as_ref().filter(|reply| reply.status == 403);
    let captcha = captcha.and_then(|reply| serde_json::from_str::<Value>(&reply.body).ok());
    let sum = captcha.as_ref().and_then(|body| {
        let question = body["captcha"]["question"].as_str()?;
        let (a, b) = question.split_once(" + ")?;
        let sum = a.parse::<usize>().ok()? + b.parse::<usize>().ok()?;
        Some((body["captcha"]["id"].as_str()?.to_owned(), sum.to_string()))
    });
    sum.ok_or_else(|| {
        let belief = greeted_at_all(reply.as_ref()).then_some(NO_CAPTCHA);
        client.fails(expected, reply.as_ref(), belief)
    })
}

/// A wrong answer, and ids that were never issued.
fn wrong(service: &Service) -> Result<(), Failure> {
    let (id, answer) = asked(service)?;
    for (situation, id, answer) in [
        ("A captcha with a wrong answer", id.as_str(), "1"),
        ("The right answer after a wrong one", &id, &answer),
        ("A captcha that was never issued", "c0", "7"),
        ("A captcha with an empty id and an empty answer", "", ""),
    ] {
        let mut client = Client::open(service, situation)?;
        post(&mut client, "Ali", id, answer);
        let reply = client.reply(SOON);
        if reply.as_ref().map(|reply| reply.status) != Some(403) {
            let belief = greeted_at_all(reply.as_ref()).then_some(IGNORED);
            return Err(client.fails("403", reply.as_ref(), belief));
        }
    }
    Ok(())
}

/// A captcha service that gives no verdict.
fn doubts(service: &Service, captchas: &Captchas) -> Result<(), Failure> {
    for (mode, what) in [
        (Mode::Fails, "replies 500"),
        (Mode::Nonsense, "replies with a body that is no verdict"),
        (Mode::Closes, "closes without a reply"),
        (Mode::Slow, "does not reply"),
    ] {
        let (id, answer) = asked(service)?;
        captchas.set(mode);
        let situation = format!("A captcha with its right answer, and the captcha service {what}");
        let mut client = Client::open(service, &situation)?;
        let started = Instant::now();
        post(&mut client, "Ali", &id, &answer);
        let reply = client.reply(SOON);
        captchas.set(Mode::Good);
        if reply.as_ref().map(|reply| reply.status) != Some(503) {
            let late = client.missing == Some(Missing::Late);
            let belief = match late {
                true => Some(WAITS),
                false => greeted_at_all(reply.as_ref()).then_some(OPEN),
            };
            let expected = format!("503 within {} ms", SOON.as_millis());
            let mut failure = client.fails(&expected, reply.as_ref(), belief);
            if late {
                failure.happened = format!("no reply after {} ms", started.elapsed().as_millis());
            }
            return Err(failure);
        }
    }
    Ok(())
}

fn post(client: &mut Client, name: &str, id: &str, answer: &str) {
    let body = json!({"name": name, "captcha": {"id": id, "answer": answer}});
    client.send("POST", "/greet", "", &body.to_string());
}

fn greeted(reply: Option<&Reply>) -> bool {
    reply.is_some_and(|reply| reply.status == 200 && reply.body.contains("hello Ali"))
}

fn greeted_at_all(reply: Option<&Reply>) -> bool {
    reply.is_some_and(|reply| reply.status == 200)
}
