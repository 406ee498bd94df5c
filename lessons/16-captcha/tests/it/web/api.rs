//! JSON and pictures.

use axum::body::Body;
use axum::http::Request;
use l16_captcha::pb::Kind;
use l16_captcha::web::{Settings, router};
use tonic::Code;

use super::fake::{Fake, LET_IN, PICTURE, RIGHT, ask, form, get, post, settings, site, with};

const VERIFY: &str = "/api/v1.0/verify";

fn answer(id: &str, answer: &str) -> Request<Body> {
    post(VERIFY, &format!(r#"{{"id":"{id}","answer":"{answer}"}}"#))
}

fn told(status: u16, errno: &str) -> (u16, String) {
    (status, errno.to_string())
}

#[tokio::test]
async fn a_session_is_made_once_and_told_what_it_is_worth() {
    let site = site(&Fake::default());
    let first = ask(&site, get("/api/v1.0/session")).await;
    assert_eq!(first.told(), told(200, "4101"));
    let cookie = first.header("set-cookie").expect("a session");
    let (id, rest) = cookie
        .strip_prefix("session=")
        .unwrap()
        .split_once(';')
        .unwrap();
    assert!(
        id.len() == 32 && id.bytes().all(|it| it.is_ascii_hexdigit()),
        "{id}"
    );
    // Not Secure: these tests, as the site, are on the loopback address without TLS.
    assert_eq!(rest, " Path=/; HttpOnly; SameSite=Strict");
    let known = with(
        get("/api/v1.0/session"),
        "cookie",
        &format!("a=b; session={id}"),
    );
    assert_eq!(ask(&site, known).await.header("set-cookie"), None);
    let inside = with(
        get("/api/v1.0/session"),
        "cookie",
        &format!("session={LET_IN}"),
    );
    assert_eq!(ask(&site, inside).await.told(), told(200, "0"));
    let next = ask(&site, get("/api/v1.0/session")).await;
    assert_ne!(
        next.header("set-cookie"),
        Some(cookie),
        "two visitors are two"
    );
    for none in [
        "session=",
        "session=short",
        "session=zz23456789abcdef0123456789abcdef",
        "other=1",
    ] {
        let reply = ask(&site, with(get("/api/v1.0/session"), "cookie", none)).await;
        assert!(reply.header("set-cookie").is_some(), "{none} is no session");
    }
    let secure = Settings {
        secure: true,
        ..settings()
    };
    let reply = ask(&router(Fake::default(), secure), get("/api/v1.0/session")).await;
    assert!(reply.header("set-cookie").unwrap().ends_with("; Secure"));
}

#[tokio::test]
async fn a_picture_is_drawn_for_whoever_asks() {
    let fake = Fake::default();
    let site = site(&fake);
    let id = "b47c1a52-90f7-4a25-8ee5-3a0d1c4b6f11";
    let request = with(
        get(&format!("/api/v1.0/imagecode/{id}")),
        "x-forwarded-for",
        "192.0.2.1",
    );
    let reply = ask(&site, request).await;
    assert_eq!((reply.status.as_u16(), &reply.body[..]), (200, PICTURE));
    assert_eq!(reply.header("content-type"), Some("image/png"));
    assert_eq!(reply.header("x-description"), Some("A picture"));
    assert_eq!(reply.header("x-from-the-service"), Some("yes"));
    assert_eq!(reply.header("content-length"), Some("14"), "counted here");
    let cookie = reply.header("set-cookie").unwrap();
    ask(&site, get(&format!("/api/v1.0/imagecode/{id}"))).await;
    let calls = fake.calls.lock().unwrap();
    let call = &calls[0];
    assert_eq!((call.id.as_str(), call.kind()), (id, Kind::Picture));
    assert!(cookie.contains(&call.session), "{cookie}");
    assert_eq!(
        call.address, "127.0.0.7",
        "the peer's own, whatever a header says"
    );
    assert_eq!(call.request.len(), 32);
    assert_ne!(
        call.request, calls[1].request,
        "two requests of a browser are two"
    );
}

#[tokio::test]
async fn a_new_captcha_has_an_id_of_the_server() {
    let fake = Fake::default();
    let site = site(&fake);
    let nothing = Request::post("/api/v1.0/imagecode")
        .body(Body::empty())
        .unwrap();
    let picture = ask(&site, nothing).await;
    assert_eq!(picture.told(), told(200, "0"));
    let (made, id) = (
        picture.json(),
        picture.json()["id"].as_str().unwrap().to_string(),
    );
    assert_eq!(made["kind"], "picture");
    assert_eq!(made["url"], format!("/api/v1.0/imagecode/{id}"));
    assert_eq!(id.len(), 32);
    let words = ask(&site, post("/api/v1.0/imagecode", r#"{"kind":"question"}"#))
        .await
        .json();
    assert_ne!(words["id"], id.as_str());
    assert!(
        fake.calls.lock().unwrap().is_empty(),
        "it is made by the first request for it"
    );
    let url = words["url"].as_str().unwrap();
    let reply = ask(&site, get(url)).await;
    let asked = reply.json();
    assert_eq!((&asked["errno"], &asked["id"]), (&"0".into(), &words["id"]));
    assert_eq!(asked["question"], "What is <i>3</i> & \"{{id}}\"?");
    assert_eq!(asked["expires_in_seconds"], 300);
    assert_eq!(fake.calls.lock().unwrap()[0].kind(), Kind::Question);
}

#[tokio::test]
async fn every_verdict_has_its_number() {
    let fake = Fake::default();
    let site = site(&fake);
    for (id, typed, errno) in [
        ("a", RIGHT, "0"),
        ("a", "1111", "4004"),
        ("a", "", "4004"),
        ("old", RIGHT, "4002"),
        // As people type, and on the keyboards that they have.
        ("a", " 7294 8163 5028 ", "0"),
        ("a", "７２９４８１６３５０２８", "0"),
    ] {
        let reply = ask(&site, answer(id, typed)).await;
        assert_eq!(reply.told(), told(200, errno), "{id}: {typed:?}");
    }
    let answers = fake.answers.lock().unwrap();
    assert_eq!(answers[0].address, "127.0.0.7");
    assert_eq!(answers[0].session.len(), 32);
}

#[tokio::test]
async fn failures_have_their_numbers_and_no_inside() {
    for (code, status, errno, later) in [
        (Code::InvalidArgument, 400, "4103", None),
        (Code::AlreadyExists, 409, "4003", None),
        (Code::ResourceExhausted, 429, "4202", Some("60")),
        (Code::Unavailable, 503, "4001", Some("5")),
        (Code::DeadlineExceeded, 503, "4001", Some("5")),
        (Code::Unknown, 503, "4001", Some("5")),
        (Code::Internal, 500, "4500", None),
        (Code::Unimplemented, 500, "4500", None),
    ] {
        let site = site(&Fake::failing(code));
        for path in [
            "/api/v1.0/imagecode/a",
            "/api/v1.0/question/a",
            "/api/v1.0/session",
        ] {
            let reply = ask(&site, get(path)).await;
            assert_eq!(reply.told(), told(status, errno), "{code:?} {path}");
            assert_eq!(reply.header("retry-after"), later, "{code:?} {path}");
            assert_eq!(reply.header("content-type"), Some("application/json"));
        }
    }
}

#[tokio::test]
async fn nobody_is_let_in_when_nobody_can_judge() {
    for code in [
        Code::Unavailable,
        Code::DeadlineExceeded,
        Code::Internal,
        Code::Unknown,
    ] {
        let reply = ask(&site(&Fake::failing(code)), answer("a", RIGHT)).await;
        assert_eq!(reply.told(), told(503, "4001"), "{code:?}");
        assert_eq!(reply.header("retry-after"), Some("5"));
        assert!(
            reply.text().contains("no visitor is let in"),
            "{}",
            reply.text()
        );
    }
    for (hangs, silent) in [(true, false), (false, true)] {
        let fake = Fake {
            hangs,
            silent,
            ..Fake::default()
        };
        let reply = ask(&site(&fake), answer("a", RIGHT)).await;
        assert_eq!(reply.told(), told(503, "4001"), "hangs: {hangs}");
    }
    // A refusal is known: it is not "try later", and no verdict.
    let many = ask(
        &site(&Fake::failing(Code::ResourceExhausted)),
        answer("a", RIGHT),
    )
    .await;
    assert_eq!(
        (many.told(), many.header("retry-after")),
        (told(429, "4202"), Some("60"))
    );
}

#[tokio::test]
async fn what_is_no_id_goes_nowhere() {
    let fake = Fake::default();
    let site = site(&fake);
    let long = "x".repeat(65);
    for bad in [
        "a:b",
        "a%20b",
        "a%2Fb",
        "%FF",
        "%00",
        "..%2F..%2Fetc",
        "%E4%BD%A0",
        &long,
    ] {
        let reply = ask(&site, get(&format!("/api/v1.0/imagecode/{bad}"))).await;
        assert_eq!(reply.told(), told(400, "4103"), "{bad}");
        let reply = ask(&site, get(&format!("/api/v1.0/question/{bad}"))).await;
        assert_eq!(reply.told(), told(400, "4103"), "{bad}");
    }
    for bad in ["", "a:b", "a b", &long] {
        assert_eq!(
            ask(&site, answer(bad, RIGHT)).await.told(),
            told(400, "4103"),
            "{bad}"
        );
    }
    let endless = answer("a", &"1".repeat(65));
    assert_eq!(ask(&site, endless).await.told(), told(400, "4104"));
    assert!(fake.calls.lock().unwrap().is_empty() && fake.answers.lock().unwrap().is_empty());
}

#[tokio::test]
async fn bodies_that_do_not_fit() {
    let fake = Fake::default();
    let site = site(&fake);
    for bad in [
        "{",
        "",
        "[]",
        "null",
        r#"{"id":"a"}"#,
        r#"{"id":"a","answer":7294}"#,
        r#"{"id":"a","answer":"1","x":1}"#,
    ] {
        assert_eq!(
            ask(&site, post(VERIFY, bad)).await.told(),
            told(400, "4105"),
            "{bad}"
        );
    }
    for bad in ["{", r#"{"kind":"riddle"}"#, r#"{"x":1}"#] {
        let reply = ask(&site, post("/api/v1.0/imagecode", bad)).await;
        assert_eq!(reply.told(), told(400, "4105"), "{bad}");
    }
    for path in [VERIFY, "/api/v1.0/imagecode"] {
        let large = format!(r#"{{"id":"{}"}}"#, "x".repeat(5000));
        assert_eq!(
            ask(&site, post(path, &large)).await.told(),
            told(413, "4107")
        );
        let mut untyped = post(path, r#"{"id":"a","answer":"7294"}"#);
        untyped.headers_mut().remove("content-type");
        assert_eq!(ask(&site, untyped).await.told(), told(415, "4106"));
        // What a form of another site could send, with JSON in it.
        let text = with(post(path, "{}"), "content-type", "text/plain");
        assert_eq!(ask(&site, text).await.told(), told(415, "4106"));
    }
    let slow = Settings {
        slow: std::time::Duration::from_millis(100),
        ..settings()
    };
    let body = Body::from_stream(tokio_stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let request = Request::post(VERIFY).header("content-type", "application/json");
    let reply = ask(&router(Fake::default(), slow), request.body(body).unwrap()).await;
    assert_eq!(reply.told(), told(408, "4108"));
    assert!(fake.answers.lock().unwrap().is_empty());
}

#[tokio::test]
async fn other_methods_and_other_paths() {
    let fake = Fake::default();
    let site = site(&fake);
    for (method, path, allow) in [
        ("GET", VERIFY, "POST"),
        ("PUT", "/api/v1.0/imagecode", "POST"),
        ("POST", "/api/v1.0/imagecode/a", "GET"),
        // As GET it would use the id up, and show no visitor the picture.
        ("HEAD", "/api/v1.0/imagecode/a", "GET"),
        ("HEAD", "/api/v1.0/question/a", "GET"),
        ("DELETE", "/api/v1.0/session", "GET,HEAD"),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(Body::empty());
        let reply = ask(&site, request.unwrap()).await;
        assert_eq!(
            (reply.status.as_u16(), reply.header("allow")),
            (405, Some(allow)),
            "{method} {path}"
        );
        assert_eq!(reply.header("content-type"), Some("application/json"));
        if method != "HEAD" {
            assert_eq!(reply.told(), told(405, "4204"));
        }
    }
    for path in [
        "/api/v1.0/nothing",
        "/api/",
        "/api/v1.0/imagecode/",
        "/api/v1.0/imagecode/a/b",
    ] {
        assert_eq!(
            ask(&site, get(path)).await.told(),
            told(404, "4203"),
            "{path}"
        );
    }
    assert!(fake.calls.lock().unwrap().is_empty());
    let head = Request::head("/api/v1.0/session")
        .body(Body::empty())
        .unwrap();
    let reply = ask(&site, head).await;
    assert_eq!((reply.status.as_u16(), reply.body.len()), (200, 0));
}

#[tokio::test]
async fn pages_of_other_sites_cannot_answer() {
    let fake = Fake::default();
    let site = site(&fake);
    let from = |request, origin| with(with(request, "host", "127.0.0.1:8080"), "origin", origin);
    for origin in [
        "http://evil.example",
        "http://127.0.0.1:8081",
        "null",
        "http://127.0.0.1",
        "",
    ] {
        let reply = ask(&site, from(answer("a", RIGHT), origin)).await;
        assert_eq!(reply.told(), told(403, "4201"), "{origin}");
        let reply = ask(&site, from(form(&format!("id=a&answer={RIGHT}")), origin)).await;
        assert_eq!(reply.status.as_u16(), 403, "{origin}");
        assert!(reply.text().starts_with("<!doctype html>"));
    }
    for path in ["/api/v1.0/imagecode/a", "/api/v1.0/session", VERIFY] {
        let reply = ask(&site, with(get(path), "sec-fetch-site", "cross-site")).await;
        assert_eq!(
            reply.told(),
            told(
                if path == VERIFY { 405 } else { 403 },
                if path == VERIFY { "4204" } else { "4201" }
            ),
            "{path}"
        );
    }
    assert!(fake.calls.lock().unwrap().is_empty() && fake.answers.lock().unwrap().is_empty());
    let own = from(answer("a", RIGHT), "http://127.0.0.1:8080");
    assert_eq!(ask(&site, own).await.told(), told(200, "0"));
    let own = with(answer("a", RIGHT), "sec-fetch-site", "same-origin");
    assert_eq!(ask(&site, own).await.told(), told(200, "0"));
}

/// A page on another port of this host: the same site, and another origin. The browser sends the cookie along.
#[tokio::test]
async fn a_page_on_another_port_uses_up_no_pictures() {
    let fake = Fake::default();
    let site = site(&fake);
    for path in [
        "/api/v1.0/imagecode/a",
        "/api/v1.0/question/a",
        "/api/v1.0/session",
    ] {
        let reply = ask(&site, with(get(path), "sec-fetch-site", "same-site")).await;
        assert_eq!(reply.told(), told(403, "4201"), "{path}");
    }
    let link = with(get("/?kind=question"), "sec-fetch-site", "same-site");
    assert_eq!(ask(&site, link).await.status.as_u16(), 200);
    assert!(fake.calls.lock().unwrap().is_empty());
}

/// A right answer lets a new session in, and the cookie of the request is worth nothing more than before.
#[tokio::test]
async fn session_fixation() {
    let fake = Fake::default();
    let site = site(&fake);
    let planted = "0".repeat(32);
    let cookie = format!("session={planted}");
    for request in [answer("a", RIGHT), form(&format!("id=a&answer={RIGHT}"))] {
        let reply = ask(&site, with(request, "cookie", &cookie)).await;
        let set = reply.header("set-cookie").expect("a new session");
        let asked = fake.answers.lock().unwrap().pop().unwrap();
        assert_eq!(asked.session, planted);
        assert!(asked.next_session.len() == 32 && asked.next_session != planted);
        assert!(
            set.starts_with(&format!("session={};", asked.next_session)),
            "{set}"
        );
    }
    let wrong = ask(&site, with(answer("a", "1111"), "cookie", &cookie)).await;
    assert_eq!(wrong.header("set-cookie"), None);
}

#[tokio::test]
async fn only_so_many_at_the_same_time() {
    let hanging = Fake {
        hangs: true,
        ..Fake::default()
    };
    let one = Settings {
        in_flight: 1,
        timeout: std::time::Duration::from_secs(30),
        ..settings()
    };
    let site = router(hanging.clone(), one);
    let first = tokio::spawn({
        let site = site.clone();
        async move { ask(&site, get("/api/v1.0/imagecode/a")).await }
    });
    hanging.asked(1).await;
    let reply = ask(&site, get("/api/v1.0/imagecode/b")).await;
    assert_eq!(
        (reply.told(), reply.header("retry-after")),
        (told(503, "4205"), Some("1"))
    );
    assert_eq!(
        ask(&site, answer("b", RIGHT)).await.told(),
        told(503, "4205")
    );
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    // The place of the request that was given up is free.
    let next = tokio::spawn(async move { ask(&site, get("/api/v1.0/imagecode/c")).await });
    hanging.asked(2).await;
    next.abort();
}
