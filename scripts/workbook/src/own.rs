//! A service of the learner's own in `my-service/`: its start, and its verdicts. The judge is a program of its
//! own, `scripts/own`, so that the runner stays small; it runs under supervision, and ends with the runner.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;

use crate::digest;
use crate::judge::build::{Place, without_outer_cargo};
use crate::judge::process::{self, Cancel, Ending, Stream};
use crate::peer::build_program;
use crate::render;
use crate::store::Store;
use crate::style::Style;
use crate::verdict::{Status, Verdict};
use crate::words;

/// The folder of the service.
const FOLDER: &str = "my-service";
/// Folders that hold nothing that a learner wrote.
const LEFT_OUT: &str = "target .git node_modules __pycache__ .venv bin";
/// How often `watch` looks at the files.
const LOOK: Duration = Duration::from_millis(250);

/// What a new service is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// A Cargo package of its own.
    Rust,
    /// Go, with the standard library.
    Go,
    /// Python 3, with the standard library.
    Python,
}

impl FromStr for Language {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "rust" => Ok(Self::Rust),
            "go" => Ok(Self::Go),
            "python" => Ok(Self::Python),
            other => bail!("there is no start in `{other}`: rust, go or python"),
        }
    }
}

impl Language {
    /// The files of a new service, by name.
    fn files(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Rust => &[
                ("own.toml", include_str!("../../own/start/rust/own.toml")),
                (
                    "Cargo.toml",
                    include_str!("../../own/start/rust/Cargo.toml"),
                ),
                (
                    ".cargo/config.toml",
                    include_str!("../../own/start/rust/config.toml"),
                ),
                ("src/main.rs", include_str!("../../own/start/rust/main.rs")),
                ("grpc.rs", include_str!("../../own/start/rust/grpc.rs")),
            ],
            Self::Go => &[
                ("own.toml", include_str!("../../own/start/go/own.toml")),
                ("go.mod", "module my-service\n\ngo 1.19\n"),
                ("main.go", include_str!("../../own/start/go/main.go")),
            ],
            Self::Python => &[
                ("own.toml", include_str!("../../own/start/python/own.toml")),
                ("main.py", include_str!("../../own/start/python/main.py")),
            ],
        }
    }
}

/// A stage, as `scripts/own/stages.toml` has it.
#[derive(Debug, Clone, Deserialize)]
pub struct Stage {
    /// Its id in the record.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// The lesson that it belongs to.
    pub lesson: String,
    /// Programs of the course that its judge starts.
    #[serde(default)]
    programs: Vec<String>,
}

/// One line of the judge.
#[derive(Deserialize)]
struct Outcome {
    stage: usize,
    passed: bool,
    timed_out: bool,
    seconds: f64,
    message: String,
    belief: Option<String>,
}

/// The part of `own.toml` that concerns the runner.
#[derive(Deserialize)]
struct Order {
    #[serde(default)]
    build: Vec<String>,
}

/// The learner's service in the course at `root`.
pub struct Own {
    root: PathBuf,
    store: Store,
}

impl Own {
    /// The service in the course at `root`; nothing is made yet.
    pub fn new(root: PathBuf) -> Self {
        let store = Store::new(&root);
        Self { root, store }
    }

    /// All stages in their order.
    ///
    /// # Panics
    /// Never: a test reads the same file.
    pub fn stages() -> Vec<Stage> {
        #[derive(Deserialize)]
        struct File {
            stage: Vec<Stage>,
        }
        toml::from_str::<File>(include_str!("../../own/stages.toml"))
            .map(|file| file.stage)
            .unwrap_or_default()
    }

    fn folder(&self) -> PathBuf {
        self.root.join(FOLDER)
    }

    /// Makes the folder and tells what to do next.
    ///
    /// # Errors
    /// If the folder exists, or cannot be written.
    pub fn make(&self, language: Language) -> Result<String> {
        let folder = self.folder();
        if folder.exists() {
            bail!("{}", words::OWN_EXISTS);
        }
        // Made beside its place and moved there whole: half a service would stay half.
        let half = self.root.join(format!(".{FOLDER}.{}", std::process::id()));
        let made = self
            .write(&half, language)
            .and_then(|()| Ok(fs::rename(&half, &folder)?));
        if made.is_err() {
            let _ = fs::remove_dir_all(&half);
        }
        made.with_context(|| format!("{FOLDER}/ was not made"))?;
        Ok(words::own_made(
            language.files().iter().map(|(name, _)| *name),
        ))
    }

    fn write(&self, half: &Path, language: Language) -> Result<()> {
        for (name, text) in language.files() {
            let file = half.join(name);
            fs::create_dir_all(file.parent().unwrap_or(half))?;
            fs::write(file, text)?;
        }
        if language == Language::Rust {
            // The same versions as the course has: they are on this machine already.
            fs::copy(self.root.join("Cargo.lock"), half.join("Cargo.lock"))?;
        }
        Ok(())
    }

    /// The stages, and which have passed.
    pub fn list(&self, style: Style) -> String {
        let (progress, _) = self.store.progress();
        let mut text = String::new();
        for (stage, number) in Self::stages().iter().zip(1..) {
            let passed = progress.state(&stage.id).passed;
            let (mark, word) = if passed {
                words::PASSED
            } else {
                words::NOT_STARTED
            };
            let word = if passed { word } else { "open" };
            let mark = if style.plain { "" } else { mark };
            let line = format!(
                "{mark} {number:>2}  {:<14} {:<7} {}",
                stage.id, word, stage.title
            );
            text.push_str(line.trim_start());
            text.push('\n');
        }
        text
    }

    /// The number of the stage that is meant: a number, an id, or nothing for the first open one.
    fn number(&self, name: Option<&str>) -> Result<usize> {
        let all = Self::stages();
        let Some(name) = name else {
            let (progress, _) = self.store.progress();
            let open = all
                .iter()
                .position(|stage| !progress.state(&stage.id).passed);
            return Ok(open.map_or(all.len(), |index| index + 1));
        };
        let by_id = all
            .iter()
            .position(|stage| stage.id == name)
            .map(|index| index + 1);
        let by_number = name
            .parse()
            .ok()
            .filter(|number| (1..=all.len()).contains(number));
        by_id.or(by_number).ok_or_else(|| {
            anyhow!("there is no stage `{name}`; `cargo workbook own list` shows all")
        })
    }

    /// Builds, judges, shows and records; whether all has passed.
    ///
    /// # Errors
    /// If there is no service, or the judge does not compile.
    pub fn check(&self, stage: Option<&str>, style: Style) -> Result<bool> {
        let number = self.number(stage)?;
        let folder = self.folder();
        if !folder.join("own.toml").exists() {
            bail!("{}", words::OWN_MISSING);
        }
        let stages = Self::stages();
        let hash = self.hash();
        if let Some(said) = self.build(&folder)? {
            let mut verdict = verdict(&stages, number, Status::CompileError);
            verdict.message = said;
            self.tell(&verdict, &hash, style);
            return Ok(false);
        }
        let Some(judge) = build_program(&Place::home(&self.root), "own", &[])? else {
            bail!("{}", words::OWN_NOT_BUILT);
        };
        let mut command = Command::new(judge);
        // Earlier stages are judged again: all that they need is built.
        for program in stages[..number].iter().flat_map(|stage| &stage.programs) {
            let Some(built) = build_program(&Place::home(&self.root), program, &[])? else {
                bail!("{}", words::OWN_NOT_BUILT);
            };
            // Each of them is found beside the others.
            command.env("OWN_PROGRAMS", built.with_file_name(""));
        }
        command
            .args([
                "judge",
                "--earlier",
                "--stage",
                &number.to_string(),
                "--folder",
            ])
            .arg(&folder)
            .current_dir(&self.root);
        let (mut good, mut judged) = (true, 0);
        let finished = process::run(
            &command,
            None,
            None,
            &Cancel::default(),
            &mut |stream, line| {
                let Ok(outcome) = serde_json::from_str::<Outcome>(line) else {
                    return;
                };
                if stream == Stream::Err || outcome.stage == 0 || outcome.stage > stages.len() {
                    return;
                }
                judged += 1;
                good &= outcome.passed;
                let status = match (outcome.passed, outcome.timed_out) {
                    (true, _) => Status::Passed,
                    (false, true) => Status::TimedOut,
                    (false, false) => Status::Failed,
                };
                let mut verdict = verdict(&stages, outcome.stage, status);
                verdict.seconds = outcome.seconds;
                verdict.message = outcome.message;
                verdict.belief = outcome.belief;
                // Earlier stages that pass again are not shown, and are no new attempt.
                if outcome.stage == number || !outcome.passed {
                    self.tell(&verdict, &hash, style);
                } else if !self.store.progress().0.state(&verdict.id).passed {
                    // A learner who begins with a later stage: this one has passed now.
                    if let Err(e) = self.store.stage(&verdict, hash.clone()) {
                        eprintln!("{}", words::not_recorded(&e));
                    }
                }
            },
        )?;
        if judged == 0 {
            bail!("{}", finished.err.trim());
        }
        if good && number > 1 {
            println!("{}", style.dim(&words::own_earlier(number - 1)));
        }
        Ok(good)
    }

    fn tell(&self, verdict: &Verdict, hash: &str, style: Style) {
        print!("{}", render::verdict(verdict, style, None));
        if let Err(e) = self.store.stage(verdict, hash.to_owned()) {
            eprintln!("{}", words::not_recorded(&e));
        }
    }

    /// Builds the service. What the compiler said, if it is wrong.
    fn build(&self, folder: &Path) -> Result<Option<String>> {
        let file = folder.join("own.toml");
        let text = fs::read_to_string(&file)?;
        let order: Order = toml::from_str(&text).with_context(|| format!("{}", file.display()))?;
        let [program, arguments @ ..] = &order.build[..] else {
            return Ok(None);
        };
        let mut command = Command::new(program);
        without_outer_cargo(&mut command)
            .args(arguments)
            .current_dir(folder)
            // The folder of the service says itself where its programs go.
            .env_remove("CARGO_TARGET_DIR");
        let finished = process::run(&command, None, None, &Cancel::default(), &mut |_, _| {})
            .with_context(|| format!("cannot start `{program}` to build the service"))?;
        Ok(match finished.ending {
            Ending::Exited(status) if status.success() => None,
            _ => Some(format!("{}{}", finished.out, finished.err)),
        })
    }

    /// One hash of all that the learner wrote.
    fn hash(&self) -> String {
        let mut all = Vec::new();
        for (file, _) in files(&self.folder()) {
            all.extend_from_slice(file.as_os_str().as_encoded_bytes());
            all.extend(fs::read(&file).unwrap_or_default());
        }
        digest::sha256(&all)
    }
}

fn verdict(stages: &[Stage], number: usize, status: Status) -> Verdict {
    let stage = &stages[number - 1];
    Verdict::of(
        [&stage.id, &stage.lesson, &format!("stage {number}")],
        status,
    )
}

/// All files below `dir` that a learner may have written, with the times of their last change.
fn files(dir: &Path) -> Vec<(PathBuf, Option<SystemTime>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        let left_out = LEFT_OUT.split(' ').any(|name| entry.file_name() == name);
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && !left_out => found.extend(files(&path)),
            Ok(kind) if kind.is_file() => {
                found.push((path, entry.metadata().and_then(|data| data.modified()).ok()));
            }
            _ => {}
        }
    }
    found.sort();
    found
}

/// Checks again whenever a file has changed, until Ctrl-C.
///
/// # Errors
/// If there is no service.
pub fn watch(own: &Own, stage: Option<&str>, style: Style) -> Result<ExitCode> {
    loop {
        let before = files(&own.folder());
        own.check(stage, style)?;
        println!("{}", style.dim(words::OWN_WATCHING));
        // A build may write beside the sources: what it left is where the next look begins.
        let built: Vec<_> = files(&own.folder());
        let mut last = if built.len() == before.len() {
            before
        } else {
            built
        };
        loop {
            std::thread::sleep(LOOK);
            let now = files(&own.folder());
            if now != last {
                // A save of several files is one change.
                std::thread::sleep(LOOK);
                break;
            }
            last = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_have_ids_of_their_own() {
        let all = Own::stages();
        assert!(all.len() >= 3);
        for (index, stage) in all.iter().enumerate() {
            assert!(stage.id.starts_with("own-") && stage.title.len() > 10);
            assert!(all[..index].iter().all(|other| other.id != stage.id));
        }
    }
}
