//! The served book, asked over plain sockets: what it refuses and what it sends.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::served::{Running, header, json, state_of, status};
use crate::support::{Fixture, until};
use workbook::book::html::tags;
use workbook::course::Course;
use workbook::store::Store;
use workbook::verdict::{Status, Verdict};

#[test]
fn only_our_own_pages_may_ask() {
    let fixture = Fixture::new();
    let running = Running::new(&fixture);
    let port = running.port;
    let with = |line: &str, host: &str| {
        let request = format!("{line} HTTP/1.1\r\n{host}Connection: close\r\n\r\n");
        status(&running.raw(request.as_bytes()))
    };
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        assert_eq!(
            with("GET /", &format!("Host: {host}:{port}\r\n")),
            200,
            "{host}"
        );
    }
    for host in [
        "evil.example",
        "evil.example:80",
        "127.0.0.1:1",
        "127.0.0.1",
        "",
    ] {
        assert_eq!(with("GET /", &format!("Host: {host}\r\n")), 421, "{host}");
    }
    assert_eq!(with("GET /", ""), 421);
    let own_host = format!("Host: localhost:{port}\r\n");
    assert_eq!(with("GET http://evil.example/", &own_host), 421);

    let token = format!("X-Workbook-Token: {}\r\n", running.token);
    let post = |headers: &str| status(&running.ask("POST /workbook/check/beta", headers));
    for headers in [
        "",
        "X-Workbook-Token: 0123456789abcdef0123456789abcdef\r\n",
        &token.repeat(2),
        &format!("{token}Origin: http://evil.example\r\n"),
        &format!("{token}Origin: null\r\n"),
        &format!("{token}Sec-Fetch-Site: cross-site\r\n"),
    ] {
        assert_eq!(post(headers), 403, "{headers}");
    }
    let foreign = running.ask("GET /workbook/state", "Origin: http://evil.example\r\n");
    assert_eq!(status(&foreign), 403);
    let state = json(&running.get("/workbook/state"));
    let beta = state_of(&state, "beta");
    assert_eq!(beta["state"], "open", "nothing was started");
    assert_eq!(beta["busy"], false, "nothing was started");

    let own = format!("{token}Origin: http://127.0.0.1:{port}\r\nContent-Length: 0\r\n");
    assert_eq!(post(&own), 202);
}

#[test]
fn what_is_not_there_or_not_allowed_is_refused_in_words() {
    let fixture = Fixture::new();
    fixture.put("secret.html", "secret");
    let running = Running::new(&fixture);
    let paths = "/../secret.html /../../../secret.html /%2e%2e/secret.html /..%2fsecret.html \
        /..%5csecret.html /%2e%2e%2fsecret.html /css/../../secret.html //secret.html \
        /index.html%00 /% /%ff /nothing.html /workbook/ /workbook/check/alpha";
    for path in paths.split(' ') {
        let reply = running.get(path);
        assert_eq!(status(&reply), 404, "{path}: {reply}");
        assert!(!reply.contains("secret\r\n"), "{path}");
    }
    let nul = running.raw(b"GET /index.html\0 HTTP/1.1\r\n\r\n");
    assert_eq!(status(&nul), 400, "{nul}");

    let paths = "/workbook/check/gamma /workbook/check/0.1 /workbook/check/alpha/more \
        /workbook/check/..%2falpha /workbook/check/--help /workbook/run/alpha /workbook/run/1 \
        /workbook/stop/999 /workbook/stop/x /workbook/delete/alpha /index.html";
    for path in paths.split(' ') {
        let reply = running.post(path);
        assert_eq!(status(&reply), 404, "{path}: {reply}");
        assert!(
            json(&reply)["error"].as_str().unwrap().ends_with('.'),
            "{reply}"
        );
    }
    for method in ["PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"] {
        let reply = running.ask(&format!("{method} /"), "");
        assert_eq!(status(&reply), 405, "{method}");
    }

    let token = format!("X-Workbook-Token: {}\r\n", running.token);
    let huge = |headers: &str, body: &[u8]| {
        let line = "POST /workbook/check/alpha HTTP/1.1";
        let head = format!(
            "{line}\r\nHost: localhost:{}\r\n{headers}\r\n",
            running.port
        );
        status(&running.raw(&[head.as_bytes(), body].concat()))
    };
    let body = vec![b'x'; 100_000];
    let chunked = [b"1000\r\n", &body[..0x1000], b"\r\n1\r\nx\r\n0\r\n\r\n"].concat();
    for (headers, body, code) in [
        (format!("{token}Content-Length: 100000\r\n"), &body[..], 413),
        (
            format!("{token}Content-Length: 99999999999999999999\r\n"),
            b"",
            400,
        ),
        (
            format!("{token}Transfer-Encoding: chunked\r\n"),
            &chunked,
            413,
        ),
        (
            "X-Workbook-Token: no\r\nContent-Length: 100000\r\n".into(),
            &body,
            403,
        ),
    ] {
        assert_eq!(huge(&headers, body), code, "{headers}");
    }
    let long = format!("X: {}\r\n", "x".repeat(100_000));
    assert_eq!(status(&running.ask("GET /", &long)), 431);
}

#[test]
fn no_policy_lets_an_inline_script_run() {
    // mdBook's own theme, which the fixture has, writes several into each page; ours has none.
    let fixture = Fixture::new();
    let running = Running::new(&fixture);
    for path in "/ /index.html /01-second.html /print.html /nothing".split(' ') {
        let reply = running.get(path);
        let policy = header(&reply, "content-security-policy").expect("a policy");
        assert!(
            tags(&reply).iter().any(|tag| tag.name == "script"),
            "{path}"
        );
        let (_, scripts) = policy
            .split_once("script-src ")
            .expect("a rule for scripts");
        assert!(
            scripts.starts_with("'self'; style-src 'self'; "),
            "{path}: {policy}"
        );
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        assert!(!reply.contains("page-break-before"), "{path}");
        assert!(reply.contains("<meta name=\"workbook-token\""), "{path}");
        assert_eq!(header(&reply, "x-content-type-options"), Some("nosniff"));
    }
    let reply = running.get("/01-second.html");
    let etag = header(&reply, "etag").unwrap();
    assert_eq!(header(&reply, "cache-control"), Some("no-cache"));
    let again = running.ask("GET /01-second.html", &format!("If-None-Match: {etag}\r\n"));
    assert_eq!(status(&again), 304);
    let head = running.ask("HEAD /01-second.html", "");
    assert_eq!(
        header(&head, "content-length"),
        header(&reply, "content-length")
    );
    assert!(head.ends_with("\r\n\r\n"), "a head has no body");
}

#[test]
fn a_slow_sender_is_cut_off_and_many_idle_ones_do_not_lock_others_out() {
    let fixture = Fixture::new();
    let running = Running::new(&fixture);
    let since = Instant::now();
    let mut slow = TcpStream::connect(("127.0.0.1", running.port)).unwrap();
    slow.set_read_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    let idle: Vec<TcpStream> = (0..300)
        .map(|_| TcpStream::connect(("127.0.0.1", running.port)).unwrap())
        .collect();
    // All places are taken; when the idle ones are cut off there is one for us.
    assert_eq!(status(&running.get("/")), 200);
    assert!(
        since.elapsed() < Duration::from_secs(18),
        "{:?}",
        since.elapsed()
    );
    // A byte now and then does not buy more time.
    until(
        "the slow sender is cut off",
        Duration::from_secs(20),
        || {
            let gone = slow.write_all(b"G").is_err();
            let mut reply = [0; 256];
            gone || matches!(slow.read(&mut reply), Ok(0))
        },
    );
    drop(idle);

    let mut body = TcpStream::connect(("127.0.0.1", running.port)).unwrap();
    body.set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let request = format!(
        "POST /workbook/check/alpha HTTP/1.1\r\nHost: localhost:{}\r\nX-Workbook-Token: {}\r\n\
         Content-Length: 10\r\n\r\nx",
        running.port, running.token
    );
    body.write_all(request.as_bytes()).unwrap();
    let mut reply = String::new();
    body.read_to_string(&mut reply).unwrap();
    assert_eq!(status(&reply), 408, "{reply}");
}

/// The attack: a program of this machine opens many connections, sends nothing, and opens each again that is closed.
#[test]
fn hundreds_of_silent_connections_delay_no_request() {
    let fixture = Fixture::new();
    let running = Running::new(&fixture);
    let silent: Vec<TcpStream> = (0..600)
        .map(|_| TcpStream::connect(("127.0.0.1", running.port)).unwrap())
        .collect();
    let asked = Instant::now();
    assert_eq!(status(&running.get("/")), 200);
    let took = asked.elapsed();
    assert!(
        took < Duration::from_secs(2),
        "a request took {took:?} behind {} silent connections",
        silent.len()
    );
}

#[test]
fn a_check_is_streamed_to_its_verdict() {
    let fixture = Fixture::new();
    // Not the stub: opening an exercise is no attempt at it.
    fixture.write("beta", &fixture.mistake("beta", "1_accept_is_all"));
    let running = Running::new(&fixture);
    let mut events = running.events();
    let state = events.next("state", |_| true);
    // `beta`: the terminal watches `alpha`, and checks it too.
    assert_eq!(state_of(&state, "beta")["state"], "tried");
    assert_eq!(state_of(&state, "alpha")["standing"], "not started");
    assert_eq!(state["course"]["total"], 2);

    let reply = running.post("/workbook/check/beta");
    assert_eq!(status(&reply), 202);
    let job = json(&reply)["job"].clone();
    events.next("state", |state| state_of(state, "beta")["busy"] == true);
    let output = events.next("output", |output| output["job"] == job);
    assert_eq!(
        (&output["kind"], &output["target"]),
        (&"check".into(), &"beta".into())
    );
    let verdict = events.next("verdict", |verdict| verdict["job"] == job);
    assert_eq!(verdict["status"], "failed");
    assert_eq!(verdict["untouched"], false);
    assert_eq!(verdict["number"], "1.1");
    assert!(
        verdict["message"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    );
    let done = events.next("done", |done| done["job"] == job);
    assert_eq!(
        (&done["target"], &done["ok"]),
        (&"beta".into(), &false.into())
    );
    let state = events.next("state", |state| state_of(state, "beta")["busy"] == false);
    assert_eq!(state_of(&state, "beta")["state"], "tried");
    assert_eq!(state_of(&state, "beta")["message"], verdict["message"]);

    // Another runner writes into the record: the page hears of it.
    let course = Course::load(fixture.root()).unwrap();
    let beta = course.exercise("beta").unwrap();
    Store::new(fixture.root())
        .attempt(&course.root, beta, &Verdict::new(beta, Status::Passed))
        .unwrap();
    let state = events.next("state", |state| {
        state_of(state, "beta")["state"] == "passed"
    });
    assert_eq!(state["course"]["passed"], 1);
    assert!(
        state_of(&state, "beta")["why"]
            .as_str()
            .is_some_and(|why| !why.is_empty())
    );
    // A page that is opened later sees the same.
    assert_eq!(json(&running.get("/workbook/state"))["course"]["passed"], 1);

    // The demo of a lesson.
    let job = json(&running.post("/workbook/run/01-second"))["job"].clone();
    events.next("output", |output| {
        output["job"] == job && output["kind"] == "demo"
    });
    let done = events.next("done", |done| done["job"] == job);
    assert_eq!(done["ok"], true, "{done}");
}

#[test]
fn a_job_is_stopped_and_a_compile_error_has_no_colours() {
    let fixture = Fixture::new();
    let running = Running::new(&fixture);
    let mut events = running.events();
    fixture.write("alpha", "pub fn broken( {\n");
    running.post("/workbook/check/alpha");
    let verdict = events.next("verdict", |verdict| verdict["status"] == "compile-error");
    assert!(
        !verdict["message"].as_str().unwrap().contains('\u{1b}'),
        "{verdict}"
    );

    fixture.write("alpha", &fixture.mistake("alpha", "3_for_ever"));
    let job = json(&running.post("/workbook/check/alpha"))["job"].clone();
    events.next("state", |state| state_of(state, "alpha")["busy"] == true);
    let mut stop = None;
    // Watch mode has seen the save too, and may have taken the place of our check by then.
    for number in job.as_u64().unwrap()..job.as_u64().unwrap() + 5 {
        let reply = running.post(&format!("/workbook/stop/{number}"));
        if status(&reply) == 202 {
            stop = Some(number);
        }
    }
    let done = events.next("done", |done| done["job"] == stop.unwrap());
    assert_eq!(done["ok"], false);
    assert_eq!(done["why"], "stopped");
}

#[test]
fn a_page_that_does_not_read_holds_nothing_up() {
    let fixture = Fixture::new();
    let flood =
        "fn main() { for i in 0..200_000 { println!(\"line {i} {}\", \"x\".repeat(80)); } }\n";
    fixture.put("lessons/01-second/src/main.rs", flood);
    let running = Running::new(&fixture);
    let stuck = running.events();
    let mut reads = running.events();
    let job = json(&running.post("/workbook/run/01-second"))["job"].clone();
    let done = reads.next("done", |done| done["job"] == job);
    assert_eq!(done["ok"], true);
    // The one that did not read gets the end of the story, not all of it.
    let mut late = stuck;
    late.next("done", |done| done["job"] == job);
    late.next("state", |_| true);
}
