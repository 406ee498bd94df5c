//! Answers in files: written on a machine without a class, taken, and judged again by the real runner.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use class::protocol::{decode, make_key, sign};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::support::{Server, file, program};

/// The folder of this course.
fn course() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn solution() -> String {
    fs::read_to_string(course().join("lessons/00-start/exercises/hello/solution.rs")).unwrap()
}

/// What a learner's machine has after the answer `text` was judged, with `status`.
fn learner(text: &str, status: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let at = |path: &str| dir.path().join(path);
    for folder in [
        "book/src",
        ".workbook/passed",
        "lessons/00-start/exercises/hello",
    ] {
        fs::create_dir_all(at(folder)).unwrap();
    }
    fs::write(at("book/book.toml"), "").unwrap();
    let lesson = course().join("lessons/00-start/lesson.toml");
    fs::copy(lesson, at("lessons/00-start/lesson.toml")).unwrap();
    fs::write(at("lessons/00-start/exercises/hello/exercise.rs"), text).unwrap();
    if status == "passed" {
        fs::write(at(".workbook/passed/hello.rs"), text).unwrap();
    }
    let hash: String = digest(&SHA256, text.as_bytes())
        .as_ref()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let line = json!({
        "v": 1, "at": 1, "id": "hello", "kind": "attempt", "status": status, "seconds": 0.1, "hash": hash,
    });
    fs::write(at(".workbook/attempts.jsonl"), format!("{line}\n")).unwrap();
    dir
}

fn run(command: &mut Command) -> (Output, String) {
    let output = command.stderr(Stdio::piped()).output().unwrap();
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    (output, String::from_utf8(said).unwrap())
}

/// Hands in as `name`; returns the file and what was printed.
fn hand_in(dir: &Path, name: &str) -> (PathBuf, String) {
    let to = dir.join("hand-in.json");
    let mut command = program();
    command
        .current_dir(dir)
        .args(["hand-in", "--name", name, "--to"])
        .arg(&to);
    let (output, said) = run(&mut command);
    assert!(output.status.success(), "{said}");
    (to, said)
}

/// Takes `from` into the records of `dir`: whether it was good, and what was said.
fn take(dir: &Path, from: &Path) -> (bool, String) {
    let mut command = program();
    command.args(["take", "--file"]).arg(file(dir)).arg(from);
    let (output, said) = run(&mut command);
    (output.status.success(), said)
}

fn count(dir: &Path, table: &str) -> i64 {
    let records = class::store::open_to_read(&file(dir)).unwrap();
    let sql = format!("SELECT COUNT(*) FROM {table}");
    records.query_row(&sql, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn answers_from_files_are_judged_again_and_a_false_claim_is_named() {
    let teacher = tempfile::tempdir().unwrap();
    let wrong = solution().replace("hello, wire", "Hello, wire");
    for (name, text, status) in [
        ("Ada", solution(), "passed"),
        ("Bob", wrong.clone(), "failed"),
        ("Eve", wrong.clone(), "passed"),
    ] {
        let machine = learner(&text, status);
        let (from, said) = hand_in(machine.path(), name);
        assert!(
            said.contains(&format!(
                "hello: your code ({} bytes, {status})",
                text.len()
            )),
            "{said}"
        );
        let (good, said) = take(teacher.path(), &from);
        assert!(good && said.contains("1 answer, 1 new result"), "{said}");
        let (good, said) = take(teacher.path(), &from);
        assert!(good && said.contains("nothing has changed"), "{said}");
    }
    for table in ["members", "handed", "results"] {
        assert_eq!(count(teacher.path(), table), 3, "{table}");
    }
    let own = course().join("lessons/00-start/exercises/hello/exercise.rs");
    // The runner makes a missing answer from the stub.
    let before = fs::read(&own).or_else(|_| fs::read(own.with_file_name("stub.rs")));
    let mut command = program();
    command
        .args(["review", "hello", "--json", "--file"])
        .arg(file(teacher.path()));
    let (output, said) = run(&mut command);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("run with your rights"), "{said}");
    assert_eq!(
        fs::read(&own).unwrap(),
        before.unwrap(),
        "the teacher's own answer"
    );
    let review: Value = serde_json::from_slice(&output.stdout).unwrap();
    let groups = review["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 2, "{review}");
    let (wrong, right) = (&groups[0], &groups[1]);
    assert_eq!(
        (&wrong["status"], &wrong["count"]),
        (&json!("failed"), &json!(2))
    );
    assert!(
        wrong["belief"].is_string() && wrong["test"].is_string(),
        "{wrong}"
    );
    let [bob, eve] = &wrong["alike"][0].as_array().unwrap()[..] else {
        panic!("two answers that are alike: {wrong}");
    };
    assert_eq!((&bob["name"], &bob["holds"]), (&json!("Bob"), &json!(true)));
    assert_eq!(
        (&eve["name"], &eve["holds"]),
        (&json!("Eve"), &json!(false))
    );
    assert_eq!(right["status"], "passed");
    assert_eq!(right["alike"][0][0]["holds"], true);

    // The same on the board; the projector gets the answer without a name.
    let server = Server::open(teacher.path(), &["--port", "0"]);
    let path = "/api/teacher/review?id=hello";
    assert_eq!(server.client().get(path).await.unwrap().0, 401);
    let (_, groups) = server.teacher().get(path).await.unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&groups).unwrap(), review);
    server
        .act(json!({ "do": "review", "answer": eve["id"] }))
        .await;
    let projector = server
        .view("/api/teacher/projector", |view| view["answer"].is_object())
        .await;
    assert!(
        projector["answer"]["text"]
            .as_str()
            .unwrap()
            .contains("Hello, wire")
    );
    for name in ["Ada", "Bob", "Eve"] {
        assert!(!projector.to_string().contains(name), "{projector}");
    }
    server.act(json!({ "do": "review", "answer": null })).await;
    server
        .view("/api/teacher/projector", |view| view["answer"].is_null())
        .await;
}

#[test]
fn a_file_that_was_changed_or_has_the_name_of_another_is_refused() {
    let teacher = tempfile::tempdir().unwrap();
    let machine = learner(&solution(), "passed");
    let (from, _) = hand_in(machine.path(), "Ada");
    let text = fs::read_to_string(&from).unwrap();
    let refused = |text: &str, why: &str| {
        let forged = machine.path().join("forged.json");
        fs::write(&forged, text).unwrap();
        let (good, said) = take(teacher.path(), &forged);
        assert!(!good && said.contains(why), "{why}: {said}");
    };
    refused(
        &text.replace("hello, wire", "hello wire"),
        "the signature does not fit",
    );
    // Signed with another key than the file names.
    let mut other: Value = serde_json::from_str(&text).unwrap();
    let own_key = other["key"].clone();
    let body = format!("hand-in, version 1\n{}", other["hand_in"].as_str().unwrap());
    let (key, signature) = sign(&make_key().unwrap(), body.as_bytes()).unwrap();
    other["signature"] = json!(signature);
    refused(&other.to_string(), "the signature does not fit");
    assert_eq!(decode(own_key.as_str().unwrap()).unwrap().len(), 32);
    // The signature of a message to a class is none of a file.
    let (own, signature) = sign(
        &make_key().unwrap(),
        other["hand_in"].as_str().unwrap().as_bytes(),
    )
    .unwrap();
    (other["key"], other["signature"]) = (json!(own), json!(signature));
    refused(&other.to_string(), "the signature does not fit");
    // A signed file with an exercise that the course does not have.
    let hand_in = other["hand_in"]
        .as_str()
        .unwrap()
        .replace("\"hello\"", "\"../x\"");
    let pair = make_key().unwrap();
    let (own, signature) =
        sign(&pair, format!("hand-in, version 1\n{hand_in}").as_bytes()).unwrap();
    refused(
        &json!({ "hand_in": hand_in, "key": own, "signature": signature }).to_string(),
        "small letters",
    );
    refused(&" ".repeat(9 * 1024 * 1024), "larger than");
    for table in ["members", "handed", "results"] {
        assert_eq!(count(teacher.path(), table), 0, "{table}");
    }
    // Ada's file is good; then a file of another key with her name is not.
    assert!(take(teacher.path(), &from).0);
    let (_, signature) = sign(&pair, body.as_bytes()).unwrap();
    let (own, _) = sign(&pair, b"").unwrap();
    (other["key"], other["signature"]) = (json!(own), json!(signature));
    refused(&other.to_string(), "the name is taken");
    assert_ne!(key, own);
}
