//! Proves the judge: each stage passes the reference answers, and rejects each wrong service with the words
//! that fit it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::stages::Outcome;

/// So many judges at a time: most of them wait most of their time.
const AT_ONCE: usize = 4;

/// A wrong service: stage, `--fault`, and words that the verdict must have.
type Wrong = (usize, &'static str, &'static str);

const WRONG: &[Wrong] = &[
    (
        1,
        "one-read",
        "One read returns the bytes that have arrived so far",
    ),
    (1, "one-line-a-read", "One read can return several lines"),
    (1, "pieces-are-text", "Decode the bytes of a whole line"),
    (1, "keeps-cr", "Remove one \"\\r\" at the end of the line"),
    (1, "greets-rest", "a request that was cut off"),
    (1, "never-closes", "A read of 0 bytes is the end"),
    (1, "one-request", "A connection carries many requests"),
    (1, "one-client", "Accept in a loop"),
    (1, "own-port", "not at a port of its own choice"),
    (1, "exits", "the program ended: exit status: 3"),
    (1, "panics", "panicked at"),
    (1, "forks", "Remove one \"\\r\" at the end of the line"),
    (1, "floods", "Remove one \"\\r\" at the end of the line"),
    (
        1,
        "ignores-term",
        "Remove one \"\\r\" at the end of the line",
    ),
    (
        2,
        "one-after-the-other",
        "A silent client must not delay the others",
    ),
    (
        2,
        "unbounded-replies",
        "the memory of the service stays bounded",
    ),
    (2, "no-line-limit", "Without a limit of 1024 bytes"),
    (
        2,
        "limit-too-small",
        "1024 bytes without the newline are greeted",
    ),
    (2, "no-timeout", "A client can be silent without limit"),
    (2, "timeout-each-read", "begins again with each byte"),
    (
        2,
        "too-early",
        "A client that is slow and in time is served",
    ),
    (2, "no-connection-limit", "One above MAX_CONNECTIONS"),
    (2, "never-freed", "Give the place of a connection back"),
    (3, "id-as-text", "7 stays the number 7"),
    (3, "no-version", "Each reply has \"jsonrpc\": \"2.0\""),
    (
        3,
        "answers-notifications",
        "it gets no reply, not even an error",
    ),
    (
        3,
        "closes-after-error",
        "The next line begins a new request",
    ),
    (
        3,
        "parse-error-without-id",
        "the error -32700 has the id null",
    ),
    (3, "one-code", "The codes differ"),
    (
        3,
        "params-by-name-only",
        "`params` is an object or an array",
    ),
    (3, "no-batch", "A line may be an array of requests"),
    (3, "batch-of-notifications", "not even []"),
    (3, "empty-batch", "An empty array is no request"),
    (4, "greets-empty", "In proto3 a text field that is missing"),
    (
        4,
        "unknown-for-empty",
        "The code tells the caller what to do",
    ),
    (4, "no-reason", "It says which field is wrong"),
    (4, "own-text", "a program may read it"),
    (4, "cuts-names", "A gRPC message can have 4 MB"),
    (4, "shared-name", "Keep the data of a call in the call"),
    (5, "no-health", "grpc.health.v1.Health"),
    (5, "all-healthy", "of a service that does not exist"),
    (5, "no-reflection", "ask the reflection service"),
    (5, "one-blocks-all", "must not hold a lock"),
    (
        5,
        "internal-error",
        "A neighbour that has gone is UNAVAILABLE",
    ),
    (5, "work-goes-on", "your work has to end with it"),
    (5, "cancel-is-missed", "A caller can cancel at any time"),
    (6, "collects", "Send each reply when it is made"),
    (6, "shared-count", "Each call counts its own texts"),
    (6, "no-bye", "has ended its direction only"),
    (6, "unbounded-stream", "A queue without a limit grows"),
    (6, "drops-replies", "A full queue means: wait"),
    (6, "gives-up", "A slow caller is no error"),
    (
        6,
        "reader-blocks-all",
        "must not hold a lock that other calls need",
    ),
    (7, "cuts-calls", "Let the calls under way finish first"),
    (7, "accepts-more", "Close the listener when SIGTERM arrives"),
    (7, "stays", "has to end when its calls are done"),
    (7, "waits-for-idle", "Wait for calls, not for connections"),
    (7, "exit-code", "An end that was asked for is no error"),
    (8, "needs-consul", "Start and serve without Consul"),
    (8, "waits-for-consul", "Start and serve without Consul"),
    (8, "tries-once", "Consul may start after the service"),
    (8, "no-address", "Consul passes on what the service says"),
    (8, "no-check", "Register a check with the service"),
    (8, "tcp-check", "Use a gRPC check"),
    (8, "checked-each-minute", "Choose an `Interval` of 1 s"),
    (8, "same-id", "Each instance needs an id of its own"),
    (8, "new-ids", "Keep the id of an instance"),
    (
        8,
        "registers-once",
        "A Consul that restarts may have lost all",
    ),
    (9, "calls-all", "Ask for the healthy ones only"),
    (9, "asks-once", "Wait for changes with a blocking query"),
    (9, "asks-each-call", "Keep the last list"),
    (9, "forgets", "Keep the last list"),
    (9, "watch-ends", "Ask again after each error"),
    (
        9,
        "keeps-last",
        "An empty list from a Consul that answers is news",
    ),
    (
        9,
        "internal-for-none",
        "UNAVAILABLE tells the caller that it may try again",
    ),
    (
        10,
        "no-notice",
        "Callers have a list that is some milliseconds old",
    ),
    (10, "never-deregisters", "Deregister at SIGTERM"),
    (10, "deregisters-last", "Deregister at SIGTERM"),
    (10, "registers-again", "first stop the task that keeps"),
    (
        10,
        "deregisters-all",
        "Deregister the id of this instance only",
    ),
];

/// The stages that each reference answers.
const RUST: usize = 10;
const GO: usize = 3;
const PYTHON: std::ops::RangeInclusive<usize> = 4..=10;

/// One judgement: a stage, a name, a program, and what the verdict must have; none for a pass.
struct Case {
    stage: usize,
    name: String,
    program: Vec<String>,
    words: Option<&'static str>,
}

/// Judges all of it, prints the table, and says whether all is as it should be.
///
/// # Errors
/// If a program cannot be built or started.
pub fn run(only: Option<usize>) -> Result<bool> {
    let started = Instant::now();
    let root = root()?;
    build(&root)?;
    let own = std::env::current_exe()?;
    let folder = own.parent().context("a program is in a folder")?;
    let at = |name: &str| folder.join(name).display().to_string();
    let mut cases = Vec::new();
    let mut complete = true;
    for stage in 1..=RUST {
        cases.push(right(stage, "reference in Rust", vec![at("own-reference")]));
    }
    match go(&root, folder) {
        Ok(program) => {
            for stage in 1..=GO {
                cases.push(right(
                    stage,
                    "reference in Go",
                    vec![program.display().to_string()],
                ));
            }
        }
        Err(e) => complete &= untested(&format!("the reference in Go: {e:#}")),
    }
    let python = python(&root);
    if has_grpc(&python) {
        let file = root.join("scripts/own/second/python/main.py");
        for stage in PYTHON {
            let program = vec![python.clone(), file.display().to_string()];
            cases.push(right(stage, "reference in Python", program));
        }
    } else {
        complete &= untested(&format!(
            "the reference in Python: `{python}` has no grpcio; scripts/test setup installs it"
        ));
    }
    if !complete {
        return Ok(false);
    }
    for (stage, fault, words) in WRONG {
        cases.push(Case {
            stage: *stage,
            name: (*fault).to_owned(),
            program: vec![at("own-faulty"), "--fault".into(), (*fault).into()],
            words: Some(words),
        });
    }
    cases.retain(|case| only.is_none_or(|stage| stage == case.stage));
    cases.sort_by_key(|case| (case.stage, case.words.is_some()));
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<(bool, String)>>> = Mutex::new(vec![None; cases.len()]);
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((index, case)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    cases.get(index).map(|case| (index, case))
                } {
                    let result = case.judge(&own);
                    if let Ok(mut results) = results.lock() {
                        results[index] = Some(result);
                    }
                }
            });
        }
    });
    let results = results.into_inner().unwrap_or_default();
    let mut good = true;
    for (case, result) in cases.iter().zip(&results) {
        let (mut right, mut words) = result.clone().unwrap_or((false, "no result".into()));
        if !right {
            // The judge measures times: on a busy machine the others of this run may have disturbed it. Now it is alone.
            println!("again   {:2}  {:<24} {words}", case.stage, case.name);
            (right, words) = case.judge(&own);
        }
        good &= right;
        let mark = if right { "ok    " } else { "FAILED" };
        println!("{mark}  {:2}  {:<24} {words}", case.stage, case.name);
    }
    println!(
        "{} judgements in {:.1} s",
        cases.len(),
        started.elapsed().as_secs_f64()
    );
    Ok(good)
}

/// Says what is missing here. Where `OWN_VERIFY_ALL` is set, as in scripts/test, it is a failure.
fn untested(what: &str) -> bool {
    println!("NOT TESTED: {what}");
    std::env::var_os("OWN_VERIFY_ALL").is_none()
}

fn right(stage: usize, name: &str, program: Vec<String>) -> Case {
    Case {
        stage,
        name: name.to_owned(),
        program,
        words: None,
    }
}

impl Case {
    /// Whether the verdict is as it should be, and what it said.
    fn judge(&self, own: &Path) -> (bool, String) {
        let stage = self.stage.to_string();
        let output = Command::new(own)
            .args(["judge", "--stage", &stage, "--"])
            .args(&self.program)
            .output();
        let output = match output {
            Ok(output) => output,
            Err(e) => return (false, e.to_string()),
        };
        let line = String::from_utf8_lossy(&output.stdout).into_owned();
        let Ok(outcome) = serde_json::from_str::<Outcome>(line.trim()) else {
            return (
                false,
                format!("{line}{}", String::from_utf8_lossy(&output.stderr)),
            );
        };
        let seconds = outcome.seconds;
        match self.words {
            None if outcome.passed => (seconds < 5.0, format!("{seconds:4.1} s  passed")),
            None => (false, format!("{seconds:4.1} s\n{}", outcome.message)),
            Some(_) if outcome.passed => (false, format!("{seconds:4.1} s  passed, and is wrong")),
            Some(words) if outcome.message.contains(words) => {
                (true, format!("{seconds:4.1} s  {words}"))
            }
            Some(words) => (false, format!("lacks {words:?}\n{}", outcome.message)),
        }
    }
}

/// The Python that scripts/test has given packages, else the one of the system.
fn python(root: &Path) -> String {
    let with_packages = root.join("target/tools/python/bin/python");
    if with_packages.exists() {
        with_packages.display().to_string()
    } else {
        "python3".to_owned()
    }
}

fn has_grpc(python: &str) -> bool {
    let asked = Command::new(python)
        .args(["-c", "import grpc_reflection, grpc_health"])
        .output();
    asked.is_ok_and(|output| output.status.success())
}

fn root() -> Result<PathBuf> {
    let here = std::env::current_dir()?;
    let root = here
        .ancestors()
        .find(|dir| dir.join("scripts/own/stages.toml").exists());
    Ok(root
        .context("this is not the folder of the course")?
        .to_owned())
}

fn build(root: &Path) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // --workspace, so that the features of the dependencies are those of all other builds.
    let status = Command::new(cargo)
        .args([
            "build",
            "--quiet",
            "--workspace",
            "--bin",
            "own-reference",
            "--bin",
            "own-faulty",
            "--bin",
            "l08-consul",
        ])
        .current_dir(root)
        .status()?;
    if !status.success() {
        bail!("the references do not compile");
    }
    Ok(())
}

fn go(root: &Path, folder: &Path) -> Result<PathBuf> {
    let work = folder.join("own-go");
    std::fs::create_dir_all(&work)?;
    let program = work.join("reference");
    let output = Command::new(std::env::var_os("GO").unwrap_or_else(|| "go".into()))
        .args(["build", "-o"])
        .arg(&program)
        .arg("main.go")
        .current_dir(root.join("scripts/own/second/go"))
        .env("GO111MODULE", "off")
        .env("GOFLAGS", "")
        .env("GOENV", "off")
        .env("CGO_ENABLED", "0")
        .env("GOPATH", work.join("path"))
        .env("GOCACHE", work.join("cache"))
        .output()
        .context("cannot start go")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(program)
}
