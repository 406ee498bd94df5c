//! Every result arrives exactly once, whatever happens to the server or to the learner's program.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use class::client::Sent;
use class::protocol::{Status, What};
use class::{report, store};
use serde_json::json;
use tokio::time::timeout;

use crate::support::{Learner, Server, file, fixed_port, program, record};

/// What takes longer does not come any more.
const LIMIT: Duration = Duration::from_secs(120);

/// 50 members send 20 results each, and the server is killed three times meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_when_the_server_is_killed() {
    const MEMBERS: u32 = 50;
    const EACH: u32 = 20;
    let dir = tempfile::tempdir().unwrap();
    let port = fixed_port();
    let mut server = Server::open(dir.path(), &["--port", &port]);
    let mut working = Vec::new();
    for number in 0..MEMBERS {
        let learner = Learner::joined(&server, &format!("Learner {number}")).await;
        working.push(tokio::spawn(send_all(learner, EACH)));
    }
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        // The old process first: the new one takes its port.
        drop(server);
        server = Server::open(dir.path(), &["--port", &port]);
    }
    for each in working {
        timeout(LIMIT, each).await.expect("in time").unwrap();
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
fn results_from_before_the_join_are_sent_only_if_the_learner_says_so() {
    let (dir, course) = (tempfile::tempdir().unwrap(), course());
    let course = course.path();
    log(course, &[("echo", "failed"), ("echo", "passed")]);
    let server = Server::open(dir.path(), &["--port", "0"]);
    let code = server.code.to_string();
    let join = ["join", &code, "--from-start", "--once"];
    let (good, said) = run(course, &join);
    assert!(good && said.contains("sent: 2 results"), "{said}");
    let (good, said) = run(course, &["leave"]);
    assert!(good, "{said}");
    // The name is free again, and what the learner sent before stays with it.
    let name = report::rows(&store::open_to_read(&file(dir.path())).unwrap()).unwrap()[0]
        .member
        .clone();
    let (good, said) = run(course, &["join", &code, "--name", &name, "--once"]);
    assert!(good && said.contains(&format!("You are {name}")), "{said}");
    drop(server);
}

/// `class join` as a learner leaves it running: it comes back by itself, and prints what the teacher says.
#[tokio::test]
async fn a_running_join_follows_the_class_over_a_restart() {
    let (dir, course) = (tempfile::tempdir().unwrap(), course());
    let course = course.path();
    let port = fixed_port();
    let server = Server::open(dir.path(), &["--port", &port]);
    let mut join = program();
    join.current_dir(course)
        .args(["join", &server.code.to_string(), "--name", "Ada"]);
    let mut join = Running(join.spawn().unwrap());
    let out = BufReader::new(join.0.stdout.take().unwrap());
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for line in out.lines().map_while(Result::ok) {
            let _ = tell.send(line);
        }
    });
    let hear = |words: &str| while !told.recv_timeout(LIMIT).expect(words).starts_with(words) {};
    hear("You are Ada");
    log(course, &[("frames", "failed")]);
    server.board(|board| board["upto"] == 1).await;
    drop(server);
    log(course, &[("frames", "passed")]);
    hear("Not sent for the moment");
    let server = Server::open(dir.path(), &["--port", &port]);
    server.board(|board| board["upto"] == 2).await;
    let line = json!({ "do": "line", "text": "Break\u{a0}at ten." });
    server.act(line).await;
    hear("Teacher: Break\u{a0}at ten.");
}

/// Ends with its value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What other programs read: CSV with a line for each result, xAPI statements, and Gradescope's files.
#[tokio::test]
async fn the_results_are_exported_for_other_programs() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::open(dir.path(), &["--port", "0"]);
    let mut ada = Learner::joined(&server, "=Ada \"A\", L").await;
    let records = vec![
        record("frames", Status::Failed, 1),
        record("frames", Status::Passed, 2),
    ];
    ada.taken(What::Results(records)).await;
    let file = file(dir.path());
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let export = |words: &[&str]| {
        let words = [&["export"], words, &["--file", file.to_str().unwrap()]].concat();
        let (good, said) = run(here, &words);
        assert!(good, "{said}");
        said
    };
    let csv = export(&["csv"]);
    let line = "\"'=Ada \"\"A\"\", L\",01-tcp,frames,1,failed,one-write-is-one-read,0.3,0,";
    assert!(csv.lines().count() == 3 && csv.contains(line), "{csv}");
    let xapi = export(&["xapi"]);
    let statements = xapi.lines().map(serde_json::from_str);
    let statements: Vec<serde_json::Value> = statements.collect::<Result<_, _>>().unwrap();
    assert_eq!(
        statements[1]["verb"]["id"],
        "http://adlnet.gov/expapi/verbs/passed"
    );
    assert_eq!(statements[1]["result"]["duration"], "PT0.30S");
    let out = dir.path().join("out");
    export(&["gradescope", "--out", out.to_str().unwrap()]);
    let results = fs::read(out.join("-Ada--A---L/results.json")).unwrap();
    let results: serde_json::Value = serde_json::from_slice(&results).unwrap();
    assert_eq!(results["tests"][0]["name"], "01-tcp frames");
    assert_eq!(
        (
            &results["tests"][0]["score"],
            &results["tests"][0]["max_score"]
        ),
        (&1.into(), &1.into())
    );
    let (good, report) = run(
        here,
        &["report", "--json", "--file", file.to_str().unwrap()],
    );
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert!(good && report[0]["beliefs"][0]["met"] == 1, "{report}");
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
