//! Pages, as a browser without scripts sees them.

use axum::body::Body;
use axum::http::Request;
use l16_captcha::pb::Kind;
use l16_captcha::web::{Settings, router};
use tonic::Code;

use super::fake::{Fake, LET_IN, RIGHT, Reply, ask, form, get, site, with};

/// The value of the hidden field, which is the id.
fn id(reply: &Reply) -> &str {
    let (_, rest) = reply.text().split_once(r#"name="id" value=""#).unwrap();
    rest.split_once('"').unwrap().0
}

/// What stands in the box above the form, and how it looks.
fn verdict(reply: &Reply) -> (&str, &str) {
    let (_, rest) = reply.text().split_once(r#"id="verdict" class=""#).unwrap();
    let (tone, rest) = rest.split_once('"').unwrap();
    let (_, rest) = rest.split_once("<p>").unwrap();
    (tone, rest.split_once("</p>").unwrap().0.trim())
}

fn hidden(reply: &Reply, what: &str) -> bool {
    let (_, rest) = reply.text().split_once(&format!(r#"id="{what}""#)).unwrap();
    rest.split_once('>').unwrap().0.ends_with("hidden")
}

#[tokio::test]
async fn the_page_has_a_picture_that_nobody_has_drawn_yet() {
    let fake = Fake::default();
    let site = site(&fake);
    let reply = ask(&site, get("/")).await;
    assert_eq!(reply.status.as_u16(), 200);
    assert_eq!(
        reply.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(reply.header("set-cookie").is_some());
    let text = reply.text();
    assert!(
        text.contains(r#"<html lang="en">"#) && text.contains("<title>Are you a person?</title>")
    );
    assert!(
        text.contains(&format!(r#"src="/api/v1.0/imagecode/{}""#, id(&reply))),
        "{text}"
    );
    assert_eq!(id(&reply).len(), 32);
    assert_eq!(verdict(&reply), ("", ""));
    assert!(hidden(&reply, "question") && !hidden(&reply, "picture") && !hidden(&reply, "form"));
    assert!(
        !text.contains("whose"),
        "no answer of a learner runs this site"
    );
    assert!(fake.calls.lock().unwrap().is_empty());
    let next = ask(&site, get("/")).await;
    assert_ne!(id(&next), id(&reply));
    // No script, style or handler in the page itself: the policy would not let them run.
    for inline in [
        "<script>",
        "<style",
        "style=",
        "onclick",
        "javascript:",
        "://",
    ] {
        assert!(!text.contains(inline), "{inline}");
    }
    let head = Request::head("/").body(Body::empty()).unwrap();
    assert!(ask(&site, head).await.body.is_empty());
}

#[tokio::test]
async fn a_question_in_words_is_text_whatever_it_contains() {
    let fake = Fake::default();
    let site = site(&fake);
    let reply = ask(&site, get("/?kind=question")).await;
    let text = reply.text();
    assert!(
        text.contains("What is &lt;i&gt;3&lt;/i&gt; &amp; &quot;{{id}}&quot;?"),
        "{text}"
    );
    assert!(hidden(&reply, "picture") && !hidden(&reply, "question"));
    assert!(!text.contains("imagecode"), "a question has no picture");
    let call = fake.calls.lock().unwrap().pop().unwrap();
    assert_eq!(
        (call.kind(), call.id.as_str()),
        (Kind::Question, id(&reply))
    );
    // What is no kind is a picture.
    let reply = ask(&site, get("/?kind=%3Cscript%3E")).await;
    assert!(!hidden(&reply, "picture"));
}

#[tokio::test]
async fn the_form_is_answered_with_a_page() {
    let fake = Fake::default();
    let site = site(&fake);
    let right = ask(&site, form(&format!("id=a&answer={RIGHT}&kind=picture"))).await;
    assert_eq!(right.status.as_u16(), 200);
    assert_eq!(
        verdict(&right),
        ("good", "That is right: you are let in for ten minutes.")
    );
    assert!(right.text().contains("<title>You are in: "));
    assert!(hidden(&right, "form"), "nothing is left to be asked");

    let wrong = ask(&site, form("id=a&answer=1111&kind=picture")).await;
    assert_eq!(wrong.status.as_u16(), 200);
    assert_eq!(
        verdict(&wrong),
        ("bad", "That was not right. Here is another one.")
    );
    assert_ne!(id(&wrong), "a");
    assert!(wrong.text().contains("autofocus") && !hidden(&wrong, "form"));
    assert!(wrong.text().contains("<title>Not yet: "));

    let old = ask(&site, form(&format!("id=old&answer={RIGHT}"))).await;
    assert_eq!(
        verdict(&old).1,
        "This one is too old or was answered before. Here is another one."
    );

    // Who was asked in words is asked in words again.
    let wrong = ask(&site, form("id=a&answer=1111&kind=question")).await;
    assert!(wrong.text().contains("What is &lt;i&gt;"));
    assert_eq!(fake.answers.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn nothing_of_the_form_comes_back() {
    let site = site(&Fake::default());
    let bad = "id=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&answer=%3Cb%3E1&kind=picture";
    let reply = ask(&site, form(bad)).await;
    assert_eq!(reply.status.as_u16(), 400);
    assert!(!reply.text().contains("alert") && !reply.text().contains("<b>"));
    assert_eq!(
        verdict(&reply).1,
        "An id has 1 to 64 letters, digits, - and _."
    );
    for (body, status) in [("id=a", 400), ("", 400), ("id=a&answer=1&kind=riddle", 400)] {
        let reply = ask(&site, form(body)).await;
        assert_eq!(reply.status.as_u16(), status, "{body}");
        assert!(reply.text().contains("That did not work"));
    }
    let json = with(form(r#"{"id":"a"}"#), "content-type", "application/json");
    assert_eq!(ask(&site, json).await.status.as_u16(), 415);
    let large = form(&format!("id=a&answer={}", "1".repeat(5000)));
    assert_eq!(ask(&site, large).await.status.as_u16(), 413);
}

#[tokio::test]
async fn trouble_is_told_in_words_and_nobody_gets_in() {
    for (code, status, words) in [
        (Code::Unavailable, 503, "no visitor is let in"),
        (Code::ResourceExhausted, 429, "too often"),
        (Code::Internal, 503, "no visitor is let in"),
    ] {
        let site = site(&Fake::failing(code));
        let reply = ask(&site, form(&format!("id=a&answer={RIGHT}&kind=picture"))).await;
        assert_eq!(reply.status.as_u16(), status, "{code:?}");
        assert!(reply.header("retry-after").is_some());
        let (tone, told) = verdict(&reply);
        assert!(tone == "bad" && told.contains(words), "{code:?}: {told}");
    }
    let hanging = Fake {
        hangs: true,
        ..Fake::default()
    };
    let reply = ask(&site(&hanging), form(&format!("id=a&answer={RIGHT}"))).await;
    assert_eq!((reply.status.as_u16(), verdict(&reply).0), (503, "bad"));
    // A page is shown all the same; a question that no service could store is not.
    let away = site(&Fake::failing(Code::Unavailable));
    let page = ask(&away, get("/")).await;
    assert_eq!((page.status.as_u16(), verdict(&page).0), (200, ""));
    let words = ask(&away, get("/?kind=question")).await;
    assert_eq!((words.status.as_u16(), verdict(&words).0), (503, "bad"));
    assert!(hidden(&words, "form"));
}

#[tokio::test]
async fn whoever_is_in_is_told_so() {
    let site = site(&Fake::default());
    let inside = with(get("/"), "cookie", &format!("session={LET_IN}"));
    let reply = ask(&site, inside).await;
    assert_eq!(verdict(&reply).0, "good");
    assert_eq!(reply.header("set-cookie"), None);
}

#[tokio::test]
async fn a_link_on_another_site_does_not_end_a_session() {
    let fake = Fake::default();
    let site = site(&fake);
    // The browser has kept the cookie back, as Strict says.
    let reply = ask(
        &site,
        with(get("/?kind=question"), "sec-fetch-site", "cross-site"),
    )
    .await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("set-cookie")),
        (200, None)
    );
    // And no question is made for a session that no browser has.
    assert!(!hidden(&reply, "picture") && fake.calls.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_page_names_the_learners_own_parts() {
    let some = Settings {
        whose: vec![
            ("set-with-expiry", true),
            ("once-only", false),
            ("a<b", true),
        ],
        ..Settings::default()
    };
    let reply = ask(&router(Fake::default(), some), get("/")).await;
    let text = reply.text();
    let (own, rest) = text
        .split_once("Your answers")
        .unwrap()
        .1
        .split_once("</ul>")
        .unwrap();
    assert!(own.contains("<code>set-with-expiry</code>") && own.contains("<code>a&lt;b</code>"));
    assert!(
        !own.contains("once-only") && rest.contains("<code>once-only</code>"),
        "{rest}"
    );
    let all = Settings {
        whose: vec![("set-with-expiry", true)],
        ..Settings::default()
    };
    let reply = ask(&router(Fake::default(), all), get("/")).await;
    assert!(
        reply.text().contains("<code>set-with-expiry</code>") && !reply.text().contains("the rest")
    );
}

#[tokio::test]
async fn files_of_the_page_and_no_others() {
    let site = site(&Fake::default());
    for (name, kind) in [
        ("page.js", "text/javascript; charset=utf-8"),
        ("style.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ] {
        let reply = ask(&site, get(&format!("/static/{name}"))).await;
        assert_eq!(
            (reply.status.as_u16(), reply.header("content-type")),
            (200, Some(kind))
        );
        assert!(reply.body.len() > 100);
        assert_eq!(reply.header("set-cookie"), None);
    }
    for path in [
        "/static/",
        "/static",
        "/static/..%2Fpage.html",
        "/static/../web.rs",
        "/static/%2e%2e%2f%2e%2e%2fCargo.toml",
        "/static/page.html",
        "/static/%FF",
        "/nothing",
        "/index.html",
    ] {
        let reply = ask(&site, get(path)).await;
        assert_eq!(reply.status.as_u16(), 404, "{path}");
        assert!(reply.text().contains("There is nothing here."), "{path}");
    }
    let post = Request::post("/").body(Body::empty()).unwrap();
    let reply = ask(&site, post).await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("allow")),
        (405, Some("GET,HEAD"))
    );
    assert!(reply.text().starts_with("<!doctype html>"));
    assert_eq!(ask(&site, get("/verify")).await.status.as_u16(), 405);
}
