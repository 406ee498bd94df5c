//! The code stays inside the service: the whole site runs with every log open, fifty captchas are shown, and
//! their codes are looked for in everything that any process has printed or sent.

use std::process::{Command, Stdio};

use crate::browser::{Browser, Reply};
use serde_json::{Value, json};
use services::testkit::program::{PATIENCE, Program};
use services::{Side, VARIABLE};

/// A code as it may look in a text: as it is, turned round, in base64, in hexadecimal digits.
fn looks(code: &str) -> Vec<String> {
    let hex = code.bytes().map(|byte| format!("{byte:02x}")).collect();
    let turned: String = code.chars().rev().collect();
    vec![code.to_string(), turned, base64(code.as_bytes()), hex]
}

/// Without its padding, which depends on what stands behind (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    // What would be made of bits that are not there is left out.
    let whole = bits.as_bytes().chunks_exact(6);
    whole
        .map(|six| {
            let six = std::str::from_utf8(six).unwrap();
            char::from(LETTERS[usize::from_str_radix(six, 2).unwrap()])
        })
        .collect()
}

/// Where a code shows in a text. Four digits are also found in a port, a length or an id, so the short looks
/// have to stand for themselves: not within a longer number or word.
fn found(text: &str, code: &str) -> Option<String> {
    looks(code).into_iter().find(|look| {
        text.match_indices(look.as_str()).any(|(at, look)| {
            let word = |letter: Option<char>| letter.is_some_and(|it| it.is_ascii_alphanumeric());
            let before = text[..at].chars().next_back();
            let after = text[at + look.len()..].chars().next();
            look.len() > 4 || (!word(before) && !word(after))
        })
    })
}

/// What is known to be something else: lengths, dates.
const NUMBERS: [&str; 2] = ["content-length", "date"];

/// Everything in a reply, as text.
fn text_of(reply: &Reply) -> String {
    let headers = reply.headers.iter();
    let headers = headers.filter(|(name, _)| !NUMBERS.contains(&name.as_str()));
    let mut text: String = headers
        .map(|(name, value)| format!("{name}: {value}\n"))
        .collect();
    text += &reply.text();
    text
}

/// The kinds of the pieces of a PNG (its specification, section 5.3); a text in it would be one of them.
fn pieces(png: &[u8]) -> Vec<String> {
    let (mut kinds, mut rest) = (Vec::new(), &png[8..]);
    while let Some((length, more)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        kinds.push(String::from_utf8_lossy(&more[..4]).into_owned());
        rest = &more[4 + length + 4..];
    }
    kinds
}

#[test]
fn a_code_is_found_where_it_is() {
    for text in [
        "x-code: 2345\n",
        "alt=\"5432\"",
        "answer=MjM0NQ==",
        "trace 32333435 end",
        "2345",
    ] {
        assert!(found(text, "2345").is_some(), "{text}");
    }
    assert_eq!(found("port 12345, id a2345b", "2345"), None);
}

/// What one person has got, and the code that is not to be in it.
struct Seen {
    code: String,
    replies: Vec<Reply>,
}

async fn one(web: std::net::SocketAddr, redis: std::net::SocketAddr, number: usize) -> Seen {
    let mut browser = Browser::new(web);
    let mut replies = Vec::new();
    let page = browser.get(if number % 5 == 4 {
        "/?kind=question"
    } else {
        "/"
    });
    replies.push(page.await.unwrap());
    replies.push(browser.get("/api/v1.0/session").await.unwrap());
    let kind = if number % 5 == 4 {
        "question"
    } else {
        "picture"
    };
    let wish = json!({ "kind": kind });
    let fresh = browser.post("/api/v1.0/imagecode", &wish).await.unwrap();
    let (id, url) = (fresh.json()["id"].clone(), fresh.json()["url"].clone());
    let (id, url) = (id.as_str().unwrap(), url.as_str().unwrap());
    let shown = browser.get(url).await.unwrap();
    assert_eq!(shown.status, 200, "{}", shown.text());
    if kind == "picture" {
        for piece in pieces(&shown.body) {
            let known = ["IHDR", "PLTE", "IDAT", "IEND"].contains(&piece.as_str());
            assert!(known, "a piece {piece} in the picture");
        }
    }
    let session = browser.session().unwrap().to_string();
    let code = crate::support::code(redis, &session, id)
        .await
        .expect("a code");
    replies.extend([fresh, shown]);
    // Right, wrong, by the form, and not at all.
    let wrong = "1".repeat(code.len());
    let form = |answer: &str| format!("id={id}&answer={answer}");
    match number % 4 {
        0 => replies.push(crate::support::answer(&mut browser, id, &code).await),
        1 => replies.push(crate::support::answer(&mut browser, id, &wrong).await),
        2 => replies.push(browser.form("/verify", &form(&wrong)).await.unwrap()),
        _ => {}
    }
    Seen { code, replies }
}

#[test]
fn no_answer_is_in_any_log_header_body_or_picture() {
    for side in Side::to_test().unwrap() {
        let mut command = Command::new(env!("CARGO_BIN_EXE_l16-captcha"));
        command.args(["--no-open", "--json", "--web", "127.0.0.1:0"]);
        command.args(["--services", "127.0.0.1:0,127.0.0.1:0"]);
        command.env(VARIABLE, side.to_string());
        command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "1");
        let mut site = Program::start(command.stderr(Stdio::piped()));
        let places = format!("{{{}", site.says("{"));
        let places: Value = serde_json::from_str(&places).unwrap();
        let at = |name: &str| places[name].as_str().unwrap().parse().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let seen = runtime.block_on(async {
            let mut seen = Vec::new();
            for number in 0..50 {
                seen.push(one(at("web"), at("redis"), number).await);
            }
            seen
        });
        site.signal("INT");
        let mut logs = site.rest().join("\n");
        assert!(site.ends(PATIENCE).success(), "{logs}");
        logs += &site.errors();
        assert!(
            logs.matches("captcha ").count() >= 50,
            "what was drawn is logged: {logs}"
        );
        // A log may tell how long a picture is, and that may equal a code by chance.
        for reply in seen.iter().flat_map(|seen| &seen.replies) {
            logs = logs.replace(&format!("{} bytes", reply.body.len()), "some bytes");
        }
        for Seen { code, replies } in &seen {
            assert!(
                code.len() >= 4,
                "{code}: a shorter one would be part of everything"
            );
            assert_eq!(found(&logs, code), None, "{code} in a log:\n{logs}");
            for reply in replies {
                let text = text_of(reply);
                assert_eq!(found(&text, code), None, "{code} in a reply:\n{text}");
            }
        }
    }
}
