//! The editor of the page, asked over plain sockets: texts are saved whole or not at all, and no other text is lost.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::served::{Running, json, status};
use crate::support::{AssertHas, Fixture, until};
use workbook::digest::sha256;

/// A save of `text` over the one whose hash is `known`.
fn save(running: &Running, id: &str, known: &str, text: &str) -> String {
    running.ask(
        &format!("POST /workbook/text/{id}"),
        &format!(
            "X-Workbook-Token: {}\r\nIf-Match: \"{known}\"\r\nContent-Length: {}\r\n\r\n{text}",
            running.token,
            text.len()
        ),
    )
}

fn read(running: &Running, id: &str) -> serde_json::Value {
    let token = format!("X-Workbook-Token: {}\r\n", running.token);
    json(&running.ask(&format!("GET /workbook/text/{id}"), &token))
}

#[test]
fn a_save_needs_the_hash_of_what_was_read() {
    let fixture = Fixture::new();
    let running = Running::new(&fixture);
    let first = read(&running, "beta");
    let stub = fixture.text("beta");
    assert_eq!(first["text"], stub.as_str());
    assert_eq!(first["hash"], sha256(stub.as_bytes()));

    let reply = save(&running, "beta", &sha256(stub.as_bytes()), "fn one() {}\n");
    assert_eq!(status(&reply), 200, "{reply}");
    assert_eq!(json(&reply)["hash"], sha256(b"fn one() {}\n"));
    assert_eq!(fixture.text("beta"), "fn one() {}\n");

    // Another program saves; the page knows the text before it.
    fixture.write("beta", "fn other() {}\n");
    let reply = save(&running, "beta", &sha256(b"fn one() {}\n"), "fn two() {}\n");
    assert_eq!(status(&reply), 409, "{reply}");
    let other = json(&reply);
    assert_eq!(other["text"], "fn other() {}\n");
    assert_eq!(fixture.text("beta"), "fn other() {}\n");
    let reply = save(
        &running,
        "beta",
        other["hash"].as_str().unwrap(),
        "fn two() {}\n",
    );
    assert_eq!(status(&reply), 200, "{reply}");

    // The text that was not taken is set aside.
    let reply = save(&running, "beta?aside", "", "fn mine() {}\n");
    assert_eq!(status(&reply), 200, "{reply}");
    let kept: Vec<String> = fs::read_dir(fixture.path(".workbook/kept/beta"))
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    assert_eq!(kept, ["fn mine() {}\n"]);
    assert_eq!(fixture.text("beta"), "fn two() {}\n");
}

#[test]
fn texts_are_for_our_own_pages_alone() {
    let fixture = Fixture::new();
    let running = Running::new(&fixture);
    let stub = fixture.text("beta");
    let hash = sha256(stub.as_bytes());
    let token = format!("X-Workbook-Token: {}\r\n", running.token);
    assert_eq!(status(&running.get("/workbook/text/beta")), 403);
    let foreign = format!("{token}Origin: http://evil.example\r\n");
    let get = |id: &str, headers: &str| {
        status(&running.ask(&format!("GET /workbook/text/{id}"), headers))
    };
    assert_eq!((get("beta", &foreign), get("nothing", &token)), (403, 404));
    let post = |headers: &str, body: &str| {
        let length = format!("Content-Length: {}\r\n\r\n{body}", body.len());
        status(&running.ask("POST /workbook/text/beta", &format!("{headers}{length}")))
    };
    let matches = format!("If-Match: \"{hash}\"\r\n");
    assert_eq!(post(&matches, "x"), 403, "no token");
    assert_eq!(post(&format!("{matches}{foreign}"), "x"), 403);
    assert_eq!(post(&token, "x"), 428, "no hash");
    let large = "x".repeat(300 * 1024);
    assert_eq!(post(&format!("{token}{matches}"), &large), 413);
    for path in ["..%2F..%2Fbeta", "../beta", "beta/..", ""] {
        let reply = save(&running, path, &hash, "x");
        assert_eq!(status(&reply), 404, "{path}: {reply}");
    }
    assert_eq!(fixture.text("beta"), stub);
}

#[test]
fn the_compiler_says_where() {
    let fixture = Fixture::new();
    let running = Running::new(&fixture);
    let first = read(&running, "alpha");
    let stub = first["text"].as_str().unwrap();
    let text = format!("{stub}\nfn added() {{ not_a_name }}\n");
    let line = text.lines().count();
    let reply = save(&running, "alpha", first["hash"].as_str().unwrap(), &text);
    assert_eq!(status(&reply), 200, "{reply}");
    let said = json(&running.post("/workbook/notes/alpha"));
    assert_eq!(said["hash"], sha256(text.as_bytes()), "{said}");
    let note = &said["notes"][0];
    assert_eq!(note["level"], "error", "{said}");
    assert_eq!(note["line"], line, "{said}");
    assert_eq!(note["column"], 14, "{said}");
    assert_eq!(note["endColumn"], 24, "{said}");
    assert!(
        note["text"].as_str().unwrap().contains("not_a_name"),
        "{said}"
    );
}

#[test]
fn the_buttons_of_the_card_do_what_the_commands_do() {
    let fixture = Fixture::new();
    let running = Running::new(&fixture);
    let stub = fixture.text("beta");
    fixture.write("beta", "fn mine() {}\n");
    assert_eq!(status(&running.post("/workbook/reset/beta")), 200);
    assert_eq!(fixture.text("beta"), stub);
    assert_eq!(status(&running.post("/workbook/undo/beta")), 200);
    assert_eq!(fixture.text("beta"), "fn mine() {}\n");
    assert_eq!(status(&running.post("/workbook/hint/beta/99")), 404);
    assert_eq!(status(&running.post("/workbook/solution/beta")), 409);
    let shown = json(&running.post("/workbook/reveal/beta"));
    let solution = fixture.answer("beta").with_file_name("solution.rs");
    assert_eq!(
        shown["text"],
        fs::read_to_string(solution).unwrap().as_str()
    );
    assert_eq!(status(&running.post("/workbook/solution/beta")), 200);
    let log = fixture.read(".workbook/attempts.jsonl");
    assert_eq!(log.matches("reveal").count(), 1, "{log}");
}

/// Saves that the runner answered are in the file after a SIGKILL at any moment, and the file is never half a text.
fn kills(rounds: u32) {
    let fixture = Fixture::new();
    let mut known = sha256(&fs::read(fixture.answer("beta")).unwrap());
    let mut answered = String::new();
    for round in 0..rounds {
        let mut running = Running::new(&fixture);
        let until = Instant::now() + Duration::from_micros(u64::from(round * 7919 % 90_000));
        std::thread::scope(|scope| {
            let (token, port) = (running.token.clone(), running.port);
            let child = &mut running.child;
            let killer = scope.spawn(move || {
                std::thread::sleep(until.saturating_duration_since(Instant::now()));
                child.kill().unwrap();
                child.wait().unwrap();
            });
            for key in 0u32.. {
                let text = format!("// round {round} key {key}\n{}", "x".repeat(4000));
                let request = format!(
                    "POST /workbook/text/beta HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\
                     X-Workbook-Token: {token}\r\nIf-Match: \"{known}\"\r\nContent-Length: {}\r\n\r\n{text}",
                    text.len()
                );
                let reply = send(port, &request);
                let file = fixture.text("beta");
                if status(&reply) == 200 {
                    assert_eq!(file, text);
                    (known, answered) = (sha256(text.as_bytes()), text);
                } else {
                    // The kill came first: the old text or the new one, whole.
                    assert!(file == text || file == answered || answered.is_empty());
                    known = sha256(file.as_bytes());
                    answered = file;
                    break;
                }
            }
            killer.join().unwrap();
        });
    }
}

fn send(port: u16, request: &str) -> String {
    use std::io::{Read, Write};
    let mut reply = Vec::new();
    if let Ok(mut stream) = std::net::TcpStream::connect(("127.0.0.1", port)) {
        let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
        let _ = stream.write_all(request.as_bytes());
        let _ = stream.read_to_end(&mut reply);
    }
    String::from_utf8_lossy(&reply).into_owned()
}

#[test]
fn a_kill_loses_no_answered_save() {
    kills(6);
}

#[test]
#[ignore = "a minute long: for the nightly run"]
fn two_hundred_kills_lose_no_answered_save() {
    kills(200);
}

#[test]
fn a_text_from_the_page_asks_for_no_check() {
    let fixture = Fixture::new();
    let running = Running::new(&fixture);
    let jobs = || {
        json(&running.get("/workbook/state"))["jobs"]
            .as_array()
            .unwrap()
            .len()
    };
    // The check that the terminal begins with.
    until("the first check", Duration::from_secs(60), || jobs() == 0);
    let first = read(&running, "alpha");
    let mut events = running.events();
    events.next("state", |_| true);
    let reply = save(
        &running,
        "alpha",
        first["hash"].as_str().unwrap(),
        "fn from_the_page() {}\n",
    );
    assert_eq!(status(&reply), 200, "{reply}");
    let end = Instant::now() + Duration::from_secs(1);
    while Instant::now() < end {
        assert_eq!(jobs(), 0, "no check was asked for");
        std::thread::sleep(Duration::from_millis(50));
    }
    // Another program's save is checked as ever.
    fixture.write("alpha", "fn from_an_editor() {}\n");
    events.next("verdict", |_| true);
}

#[test]
fn the_bundle_is_the_one_that_was_built() {
    let theme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../book/theme");
    let hash = sha256(&fs::read(theme.join("editor.js")).unwrap());
    let stated = fs::read_to_string(theme.join("editor.sha256")).unwrap();
    assert_eq!(
        stated,
        format!("{hash}  editor.js\n"),
        "scripts/editor/README.md says how editor.js is built"
    );
    let licences = fs::read_to_string(theme.join("editor.LICENSES.txt")).unwrap();
    licences.assert_has(&["@codemirror/view", "@codemirror/lang-rust", "style-mod"]);
}
