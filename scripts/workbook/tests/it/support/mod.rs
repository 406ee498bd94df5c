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
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.workbook(arguments).output().unwrap()
    }

    /// Runs it and gives what it printed, with every time masked.
    pub fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        mask(&String::from_utf8_lossy(&output.stdout))
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
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let Ok(line) = fs::read(entry.path().join("cmdline")) else {
            continue;
        };
        if String::from_utf8_lossy(&line)
            .replace('\0', " ")
            .contains(mark)
        {
            found.push(pid);
        }
    }
    found
}

/// Waits until `done` says so; fails with `what` after `limit`.
pub fn until(what: &str, limit: Duration, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !done() {
        assert!(Instant::now() < deadline, "waited {limit:?} for: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
