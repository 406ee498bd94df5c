//! A fixture course in a scratch folder, and the runner's own binary to drive over it.

pub mod consul;
pub mod pty;
mod seed;
pub mod served;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use workbook::course::{Course, Mistake};
use workbook::scratch::Scratch;

/// A course of two exercises, `alpha` and `beta`, that a test may spoil as it likes.
pub struct Fixture {
    dir: TempDir,
}

impl Fixture {
    /// A fresh copy with a target directory of its own: cargo names what it builds by the path
    /// inside the workspace, so copies that shared one would run each other's answers.
    pub fn new() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("workbook-")
            .tempdir()
            .unwrap();
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        copy(&here.join("tests/fixture"), dir.path());
        let manifest = dir.path().join("Cargo.toml");
        let testkit = here.parent().unwrap().join("testkit");
        let text = fs::read_to_string(&manifest).unwrap();
        fs::write(
            &manifest,
            text.replace("TESTKIT", testkit.to_str().unwrap()),
        )
        .unwrap();
        fs::create_dir_all(dir.path().join("book/src")).unwrap();
        seed::seed(dir.path());
        let fixture = Self { dir };
        for id in ["alpha", "beta"] {
            let answer = fixture.answer(id);
            fs::copy(answer.with_file_name("stub.rs"), answer).unwrap();
        }
        fixture
    }

    /// Gives the book the look of the real one: mdBook's own has inline styles.
    pub fn with_the_real_theme(self) -> Self {
        let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../book");
        copy(&book.join("theme"), &self.path("book/theme"));
        fs::copy(book.join("book.toml"), self.path("book/book.toml")).unwrap();
        self
    }

    /// The folder of the course.
    pub fn root(&self) -> &Path {
        self.dir.path()
    }

    /// A file of the course.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.dir.path().join(relative)
    }

    /// The file that the learner edits for `id`.
    pub fn answer(&self, id: &str) -> PathBuf {
        let lesson = if id == "alpha" {
            "00-first"
        } else {
            "01-second"
        };
        self.path(&format!("lessons/{lesson}/exercises/{id}/exercise.rs"))
    }

    /// The text of a known mistake: `beta`, `1_accept_is_all`.
    pub fn mistake(&self, id: &str, name: &str) -> String {
        mistake(self.root(), id, name)
    }

    /// Puts `text` where the learner writes.
    pub fn write(&self, id: &str, text: &str) {
        fs::write(self.answer(id), text).unwrap();
    }

    /// What the learner has written.
    pub fn text(&self, id: &str) -> String {
        fs::read_to_string(self.answer(id)).unwrap()
    }

    /// The text of a file of the course.
    pub fn read(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative)).unwrap()
    }

    /// Puts `text` into a file of the course, in a folder that is made if need be.
    pub fn put(&self, relative: &str, text: impl AsRef<[u8]>) {
        let file = self.path(relative);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    /// The runner with `arguments`, in the folder of the course, its surroundings made equal.
    pub fn workbook(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_workbook"));
        command
            .args(arguments)
            .current_dir(self.root())
            .env_remove("CARGO_TARGET_DIR")
            // Fixture courses are many, and cargo would take their crates for the same.
            .env_remove("WORKBOOK_TARGET")
            .env_remove("NO_COLOR")
            .env_remove("CI")
            .env("TERM", "xterm-256color");
        command
    }

    /// Runs it to its end.
    pub fn run(&self, arguments: &[&str]) -> Said {
        self.workbook(arguments).said()
    }

    /// Runs it and gives what it printed, with every time masked.
    pub fn says(&self, arguments: &[&str]) -> String {
        mask(&self.run(arguments).out)
    }

    /// Runs it and gives the error that it must end with.
    pub fn refuses(&self, arguments: &[&str]) -> String {
        self.workbook(arguments).refused()
    }
}

/// What a program printed, and its exit code: none if a signal ended it.
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    /// All that it printed.
    pub fn all(&self) -> String {
        format!("{}{}", self.out, self.err)
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Runs a command of a test to its end.
pub trait Run {
    fn said(&mut self) -> Said;
    /// What it says on standard error; it must end with exit code 2.
    fn refused(&mut self) -> String;
}

impl Run for Command {
    fn said(&mut self) -> Said {
        self.output().unwrap().into()
    }

    #[track_caller]
    fn refused(&mut self) -> String {
        let said = self.said();
        assert_eq!(said.code, Some(2), "{self:?}: {}", said.all());
        said.err
    }
}

/// Looks for words in a text.
pub trait AssertHas {
    /// Fails with the words that the text does not contain, and the text.
    fn assert_has(&self, words: &[&str]);
}

impl AssertHas for str {
    #[track_caller]
    fn assert_has(&self, words: &[&str]) {
        for words in words {
            assert!(self.contains(words), "{words:?} is missing in\n{self}");
        }
    }
}

/// The folder of this repository.
pub fn repository() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap()
}

/// A copy of the real course: the one in which `verify` judges answers, so that what comes from a registry is compiled
/// once for all. A test holds its lock, so one at a time; `verify` makes it the same as the course again.
pub struct Copy(Scratch);

impl Copy {
    pub fn new() -> Self {
        let course = Course::load(&repository()).unwrap();
        Self(Scratch::refresh(&course, "verify").unwrap())
    }

    pub fn root(&self) -> &Path {
        &self.0.place.root
    }

    pub fn target(&self) -> &Path {
        self.0.place.target.as_deref().unwrap()
    }

    /// The runner with `arguments` over the copy.
    pub fn workbook(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_workbook"));
        command
            .args(arguments)
            .current_dir(self.root())
            .env("CARGO_TARGET_DIR", self.target());
        command
    }
}

/// The text of the known mistake `name` of exercise `id` of the course in `root`.
pub fn mistake(root: &Path, id: &str, name: &str) -> String {
    let course = Course::load(root).unwrap();
    let exercise = course.exercise(id).unwrap();
    let file = exercise.mistakes_dir().join(format!("{name}.diff"));
    let mistake = Mistake::read(root, file).unwrap();
    mistake.text(root, exercise).unwrap()
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// `0.31 s` becomes `T s`: the clock is the only thing that differs from run to run.
pub fn mask(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(" s") {
        let (before, after) = rest.split_at(at);
        let number = before
            .trim_end_matches(|c: char| c.is_ascii_digit() || c == '.')
            .len();
        let digits = &before[number..];
        let is_time = digits.contains('.') && digits.chars().any(|c| c.is_ascii_digit());
        let ends = !after[2..].starts_with(|c: char| c.is_alphanumeric());
        out.push_str(if is_time && ends {
            &before[..number]
        } else {
            before
        });
        if is_time && ends {
            out.push('T');
        }
        out.push_str(" s");
        rest = &after[2..];
    }
    out.push_str(rest);
    out
}

/// Processes whose command line holds `mark`, from `/proc`.
pub fn processes_with(mark: &str) -> Vec<u32> {
    let has_it = |pid: &u32| {
        fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| {
            String::from_utf8_lossy(&line)
                .replace('\0', " ")
                .contains(mark)
        })
    };
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(has_it).collect()
}

/// Waits until `done` says so; fails with `what` after `limit`.
pub fn until(what: &str, limit: Duration, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !done() {
        assert!(Instant::now() < deadline, "waited {limit:?} for: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
