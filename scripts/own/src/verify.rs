//! Proves the judge: each stage passes the reference answers, and rejects each wrong service with the words
//! that fit it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use testkit::without_outer_cargo;

use crate::stages::Outcome;
use wrong::WRONG;

mod wrong;

/// So many judges at a time: most of them wait most of their time.
const AT_ONCE: usize = 4;

/// The stages that each reference answers.
const RUST: usize = 15;
const GO: usize = 3;
const PYTHON: std::ops::RangeInclusive<usize> = 4..=11;
/// The stages that the reference passes with the real Consul, etcd and Redis as well.
const REAL: [usize; 6] = [8, 9, 10, 11, 12, 14];

/// One judgement: a stage, a name, a program, and what the verdict must have; none for a pass.
struct Case {
    stage: usize,
    name: String,
    program: Vec<String>,
    words: Option<&'static str>,
    /// The real Consul, if the judge starts it and the real etcd and Redis.
    real: Option<PathBuf>,
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
    let consul = root.join("target/tools/consul/consul");
    let starts = |program: &Path| Command::new(program).arg("--version").output().is_ok();
    if starts(&consul) && starts(Path::new("etcd")) && starts(Path::new("redis-server")) {
        for stage in REAL {
            let mut case = right(stage, "real neighbours", vec![at("own-reference")]);
            case.real = Some(consul.clone());
            cases.push(case);
        }
    } else {
        complete &= untested(
            "the real Consul, etcd and Redis as neighbours: scripts/test setup installs them",
        );
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
            real: None,
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
        real: None,
    }
}

impl Case {
    /// Whether the verdict is as it should be, and what it said.
    fn judge(&self, own: &Path) -> (bool, String) {
        let stage = self.stage.to_string();
        let output = Command::new(own)
            .args(["judge", "--stage", &stage, "--"])
            .args(&self.program)
            .envs(self.real.iter().map(|consul| ("OWN_REAL", consul)))
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
            None if outcome.passed => (seconds < 10.0, format!("{seconds:4.1} s  passed")),
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
    let mut command = Command::new(cargo);
    let status = without_outer_cargo(&mut command)
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
            "--bin",
            "l15-redis",
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
