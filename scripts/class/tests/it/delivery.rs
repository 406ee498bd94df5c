//! Every result arrives exactly once, whatever happens to the server or to the learner's program.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use class::client::Sent;
use class::protocol::{Status, What};
use class::{report, store};

use crate::support::{Learner, Server, file, program, record};

/// 50 members send 20 results each, and the server is killed three times meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_when_the_server_is_killed() {
    const MEMBERS: u32 = 50;
    const EACH: u32 = 20;
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::open(dir.path(), &["--port", "0"]);
    let mut working = Vec::new();
    for number in 0..MEMBERS {
        let learner = Learner::joined(&server, &format!("Learner {number}")).await;
        working.push(tokio::spawn(send_all(learner, EACH)));
    }
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        // The old process first: the new one takes its port.
        let port = server.address.rsplit_once(':').unwrap().1.to_owned();
        drop(server);
        server = Server::open(dir.path(), &["--port", &port]);
    }
    for each in working {
        each.await.unwrap();
    }
    let rows = report::rows(&store::open_to_read(&file(dir.path())).unwrap()).unwrap();
    let mut seen: Vec<(String, u32)> = rows
        .iter()
        .map(|row| (row.member.clone(), row.attempt))
        .collect();
    assert_eq!(seen.len(), (MEMBERS * EACH) as usize);
    seen.sort();
    seen.dedup();
    assert_eq!(
        seen.len(),
        (MEMBERS * EACH) as usize,
        "a result has arrived twice"
    );
}

/// Sends each result until it is confirmed, the same bytes each time.
async fn send_all(mut learner: Learner, count: u32) {
    for attempt in 1..=count {
        let body = learner.message(What::Results(vec![record("echo", Status::Failed, attempt)]));
        loop {
            match learner.client.send(&learner.key, &body).await {
                Ok(Sent::Taken(_)) => break,
                Ok(Sent::Refused(refused)) => assert_eq!(refused.refused, "too-fast"),
                Err(_) => {}
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A folder that the program takes for the workbook.
fn course() -> tempfile::TempDir {
    let course = tempfile::tempdir().unwrap();
    for dir in ["book/src", "lessons", ".workbook"] {
        fs::create_dir_all(course.path().join(dir)).unwrap();
    }
    fs::write(course.path().join("book/book.toml"), "").unwrap();
    course
}

fn log(course: &Path, lines: &[(&str, &str)]) {
    let line = |(id, status): &(&str, &str)| {
        format!(
            "{{\"v\":1,\"at\":1,\"id\":\"{id}\",\"kind\":\"attempt\",\"status\":\"{status}\",\"seconds\":0.2,\"hints\":0,\"hash\":\"code-of-the-learner\"}}\n"
        )
    };
    let text: String = lines.iter().map(line).collect();
    let path = course.join(".workbook/attempts.jsonl");
    let before = fs::read_to_string(&path).unwrap_or_default();
    fs::write(path, before + &text).unwrap();
}

fn run(course: &Path, words: &[&str]) -> (bool, String) {
    let output = program()
        .current_dir(course)
        .args(words)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

#[test]
fn a_learner_away_from_the_class_loses_nothing() {
    let (dir, course) = (tempfile::tempdir().unwrap(), course());
    let course = course.path();
    log(course, &[("echo", "passed")]);
    let server = Server::open(dir.path(), &["--port", "0"]);
    let code = server.code.to_string();
    let (good, said) = run(course, &["join", &code, "--name", "Ada", "--once"]);
    assert!(good && said.contains("You are Ada"), "{said}");
    assert!(
        said.contains(r#""exercise":"frames","status":"failed","belief""#),
        "the sample: {said}"
    );
    log(course, &[("frames", "failed")]);
    let (good, said) = run(course, &["join", "--once"]);
    assert!(good && said.contains("sent: 1 result"), "{said}");
    // The class is away: nothing changes for the learner, and a command says so.
    let port = server.address.rsplit_once(':').unwrap().1.to_owned();
    drop(server);
    log(course, &[("frames", "failed"), ("frames", "passed")]);
    let (good, said) = run(course, &["join", "--once"]);
    assert!(!good && said.contains("there is no class at"), "{said}");
    let (good, _) = run(course, &["help", "frames"]);
    assert!(!good);
    let server = Server::open(dir.path(), &["--port", &port]);
    let (good, said) = run(course, &["join", "--once"]);
    assert!(good && said.contains("sent: 2 results"), "{said}");
    let (good, said) = run(course, &["leave"]);
    assert!(good, "{said}");
    let rows = report::rows(&store::open_to_read(&file(dir.path())).unwrap()).unwrap();
    let got: Vec<(&str, u32)> = rows
        .iter()
        .map(|row| (row.status.as_str(), row.attempt))
        .collect();
    assert_eq!(
        got,
        [("failed", 1), ("failed", 2), ("passed", 3)],
        "not what was before the join"
    );
    // What `class log` shows is all, and the hash of the answer is not in it.
    let (_, said) = run(course, &["log"]);
    assert_eq!(said.matches(r#""exercise":"frames""#).count(), 3, "{said}");
    assert!(!said.contains("code-of-the-learner"), "{said}");
    drop(server);
}

#[test]
fn delete_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let file = file(dir.path());
    let words = ["delete", "--yes", "--file", file.to_str().unwrap()];
    let server = Server::open(dir.path(), &["--port", "0"]);
    let (good, said) = run(Path::new(env!("CARGO_MANIFEST_DIR")), &words);
    assert!(!good && said.contains("open in another terminal"), "{said}");
    assert!(file.exists());
    drop(server);
    let (good, said) = run(Path::new(env!("CARGO_MANIFEST_DIR")), &words);
    assert!(good, "{said}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "{said}");
}
