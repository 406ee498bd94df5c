//! Git does not know `exercise.rs`: the runner makes it, follows what a pull changes, updates the workbook, and takes
//! record and texts to another computer. Each test has a learner with real files and, where needed, a real git.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use workbook::course::Course;

use crate::support::{AssertHas, Fixture, Run, copy};

const MINE: &str = "//! Mine.\npub fn double(n: u32) -> u32 {\n    n + 21\n}\n";
const RIGHT: &str = "pub fn double(n: u32) -> u32 {\n    n * 2\n}\n";

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).unwrap()
}

fn err(fixture: &Fixture, arguments: &[&str]) -> String {
    fixture.run(arguments).err
}

fn stub(fixture: &Fixture, id: &str) -> PathBuf {
    fixture.answer(id).with_file_name("stub.rs")
}

#[test]
fn missing_answers_are_made_from_their_stubs() {
    let fixture = Fixture::new();
    fs::remove_file(fixture.answer("alpha")).unwrap();
    fs::remove_file(fixture.answer("beta")).unwrap();
    assert_eq!(
        err(&fixture, &["list"]),
        "",
        "nothing to say in a new clone"
    );
    for id in ["alpha", "beta"] {
        assert_eq!(read(fixture.answer(id)), read(stub(&fixture, id)));
    }
    // Later it is said: the learner may look for a text.
    fs::remove_file(fixture.answer("alpha")).unwrap();
    let said = err(&fixture, &["list"]);
    said.assert_has(&["alpha/exercise.rs was missing; the stub is there again"]);
}

#[test]
fn a_new_stub_replaces_an_old_stub_and_no_text() {
    let fixture = Fixture::new();
    fixture.run(&["list"]);
    fixture.write("beta", MINE);
    for id in ["alpha", "beta"] {
        let text = read(stub(&fixture, id)) + "\n// Clearer than before.\n";
        fs::write(stub(&fixture, id), text).unwrap();
    }
    let said = err(&fixture, &["list"]);
    said.assert_has(&["`alpha` has a new stub"]);
    assert!(!said.contains("beta"), "{said}");
    assert_eq!(read(fixture.answer("alpha")), read(stub(&fixture, "alpha")));
    assert_eq!(read(fixture.answer("beta")), MINE);
    assert_eq!(err(&fixture, &["list"]), "");
}

#[test]
fn a_text_follows_its_exercise_and_is_kept_when_that_is_gone() {
    let fixture = Fixture::new();
    fixture.run(&["list"]);
    fixture.write("alpha", MINE);
    // What a pull leaves of a renamed exercise: the folder with the file that git does not know.
    let old = fixture.path("lessons/00-first/exercises/alpha");
    let new = fixture.path("lessons/00-first/exercises/omega");
    fs::rename(&old, &new).unwrap();
    fs::create_dir(&old).unwrap();
    fs::rename(new.join("exercise.rs"), old.join("exercise.rs")).unwrap();
    for file in [
        "lessons/00-first/lesson.toml",
        "lessons/00-first/Cargo.toml",
    ] {
        let text = read(fixture.path(file)).replace("alpha", "omega");
        fixture.put(file, text);
    }
    let table = fixture.path("scripts/workbook/renames.txt");
    fs::create_dir_all(table.parent().unwrap()).unwrap();
    fs::write(table, "alpha omega\n").unwrap();
    // And one that is no longer there.
    let gone = fixture.path("lessons/01-second/exercises/gone");
    fs::create_dir(&gone).unwrap();
    fs::write(gone.join("exercise.rs"), "fn gone() {}\n").unwrap();

    let said = err(&fixture, &["list"]);
    said.assert_has(&[
        "your text with it: lessons/00-first/exercises/alpha/exercise.rs is now",
        "your text is kept in .workbook/kept/gone/0001.rs",
    ]);
    assert_eq!(read(new.join("exercise.rs")), MINE);
    assert_eq!(
        read(fixture.path(".workbook/kept/gone/0001.rs")),
        "fn gone() {}\n"
    );
    assert!(!old.exists() && !gone.exists());
}

/// A course with a remote, as a learner has it, and the author's clone.
struct Shared {
    learner: Fixture,
    author: TempDir,
    _remote: TempDir,
}

fn git(dir: &Path, arguments: &[&str]) -> (bool, String) {
    let said = Command::new("git")
        .current_dir(dir)
        .args(["-c", "user.name=A", "-c", "user.email=a@example.org"])
        .args(["-c", "init.defaultBranch=main"])
        .args(["-c", "advice.detachedHead=false"])
        .args(arguments)
        .said();
    (said.code == Some(0), said.all())
}

#[track_caller]
fn done(dir: &Path, arguments: &[&str]) {
    let (ok, text) = git(dir, arguments);
    assert!(ok, "git {arguments:?}: {text}");
}

impl Shared {
    /// `tracked`: the first edition, in which git knew `exercise.rs`.
    fn new(tracked: bool) -> Self {
        let (remote, author) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let learner = Fixture::new();
        let root = learner.root();
        let ignored = "/target/\n/.workbook/\n";
        let answers = if tracked { "" } else { "exercise.rs\n" };
        fs::write(root.join(".gitignore"), format!("{ignored}{answers}")).unwrap();
        done(remote.path(), &["init", "--quiet", "--bare"]);
        done(root, &["init", "--quiet"]);
        for name in ["user.name", "user.email"] {
            done(root, &["config", name, "a@example.org"]);
        }
        done(root, &["add", "."]);
        done(root, &["commit", "--quiet", "-m", "one"]);
        done(
            root,
            &["remote", "add", "origin", remote.path().to_str().unwrap()],
        );
        done(root, &["push", "--quiet", "-u", "origin", "main"]);
        done(
            author.path(),
            &["clone", "--quiet", remote.path().to_str().unwrap(), "."],
        );
        Self {
            learner,
            author,
            _remote: remote,
        }
    }

    /// The author changes the course.
    fn publish(&self, change: impl Fn(&Path)) {
        change(self.author.path());
        done(self.author.path(), &["add", "."]);
        done(self.author.path(), &["commit", "--quiet", "-m", "change"]);
        done(self.author.path(), &["push", "--quiet"]);
    }

    fn update(&self, more: &[&str]) -> String {
        self.learner.run(&[&["update"], more].concat()).all()
    }
}

fn new_stubs(root: &Path) {
    for stub in ["00-first/exercises/alpha", "01-second/exercises/beta"] {
        let file = root.join("lessons").join(stub).join("stub.rs");
        fs::write(&file, read(&file) + "\n// Clearer.\n").unwrap();
    }
    fs::write(root.join("lessons/00-first/src/lib.rs"), "//! Changed.\n").unwrap();
}

#[test]
fn an_update_keeps_answers_and_says_what_changed_and_is_undone() {
    let shared = Shared::new(false);
    let learner = &shared.learner;
    learner.run(&["list"]);
    learner.write("alpha", MINE);
    learner.run(&["check", "alpha"]);
    let record = read(learner.path(".workbook/attempts.jsonl"));
    shared.update(&[]).assert_has(&["There is nothing new"]);
    let said = shared.update(&["--undo"]);
    said.assert_has(&["there is no update to undo"]);
    shared.publish(new_stubs);
    let before = read(stub(learner, "alpha"));
    let said = shared.update(&[]);
    said.assert_has(&[
        "The workbook is new: 1 commit",
        "changed lessons: 00-first",
        "the stub of `alpha` changed; your text is as it was",
    ]);
    read(stub(learner, "alpha")).assert_has(&["Clearer"]);
    let list = err(learner, &["list"]);
    list.assert_has(&["`beta` has a new stub"]);
    assert_eq!(read(learner.answer("alpha")), MINE);
    assert_eq!(read(learner.answer("beta")), read(stub(learner, "beta")));
    assert_eq!(read(learner.path(".workbook/attempts.jsonl")), record);

    let said = shared.update(&["--undo"]);
    said.assert_has(&["as before the last update"]);
    assert_eq!(read(stub(learner, "alpha")), before);
    assert_eq!(read(learner.answer("alpha")), MINE);
    learner.run(&["list"]);
    assert_eq!(read(learner.answer("beta")), read(stub(learner, "beta")));
}

#[test]
fn an_update_that_meets_a_changed_file_changes_nothing_and_names_it() {
    let shared = Shared::new(false);
    let learner = &shared.learner;
    learner.write("alpha", MINE);
    learner.put("lessons/00-first/src/lib.rs", "//! My own.\n");
    shared.publish(new_stubs);
    let said = shared.update(&[]);
    said.assert_has(&["all is as before", "lessons/00-first/src/lib.rs"]);
    assert_eq!(
        read(learner.path("lessons/00-first/src/lib.rs")),
        "//! My own.\n"
    );
    assert_eq!(read(learner.answer("alpha")), MINE);
    // The same, committed.
    done(learner.root(), &["commit", "--quiet", "-a", "-m", "mine"]);
    shared.update(&[]).assert_has(&["do not go together"]);
    assert_eq!(git(learner.root(), &["status", "--porcelain"]).1, "");
    assert_eq!(read(learner.answer("alpha")), MINE);
}

#[test]
fn a_folder_without_git_is_told_the_other_way() {
    err(&Fixture::new(), &["update"]).assert_has(&["no clone of git", "carry out FILE"]);
}

/// What an author does for the second edition: git forgets the answers.
fn forget(root: &Path) {
    done(
        root,
        &["rm", "--quiet", "--cached", "lessons/*/exercise.rs"],
    );
    fs::write(
        root.join(".gitignore"),
        "/target/\n/.workbook/\nexercise.rs\n",
    )
    .unwrap();
}

#[test]
fn a_learner_of_the_first_edition_pulls_with_stash_and_loses_nothing() {
    let shared = Shared::new(true);
    let learner = &shared.learner;
    learner.write("alpha", MINE);
    shared.publish(forget);
    let (ok, said) = git(learner.root(), &["pull"]);
    assert!(!ok && said.contains("stash"), "{said}");
    assert_eq!(read(learner.answer("alpha")), MINE);
    done(learner.root(), &["stash"]);
    done(learner.root(), &["pull"]);
    let (_, said) = git(learner.root(), &["stash", "pop"]);
    said.assert_has(&["left in tree"]);
    learner.run(&["list"]);
    assert_eq!(read(learner.answer("alpha")), MINE);
    assert_eq!(read(learner.answer("beta")), read(stub(learner, "beta")));
    // From now on, no word about answers.
    shared.update(&[]).assert_has(&["There is nothing new"]);
    assert_eq!(git(learner.root(), &["status", "--porcelain"]).1, "");
    assert_eq!(read(learner.answer("alpha")), MINE);
}

#[test]
fn a_learner_of_the_first_edition_who_committed_answers_loses_nothing() {
    let shared = Shared::new(true);
    let learner = &shared.learner;
    learner.write("alpha", MINE);
    done(learner.root(), &["commit", "--quiet", "-a", "-m", "mine"]);
    learner.write("beta", RIGHT);
    done(learner.root(), &["commit", "--quiet", "-a", "-m", "mine"]);
    shared.publish(forget);
    shared.update(&[]).assert_has(&["The workbook is new"]);
    assert_eq!(read(learner.answer("alpha")), MINE);
    assert_eq!(read(learner.answer("beta")), RIGHT);
    assert_eq!(git(learner.root(), &["status", "--porcelain"]).1, "");
    let said = shared.update(&["--undo"]);
    said.assert_has(&["as before the last update"]);
    assert_eq!(read(learner.answer("alpha")), MINE);
    assert_eq!(read(learner.answer("beta")), RIGHT);
}

#[test]
fn record_and_texts_are_carried_to_another_computer_once() {
    let here = Fixture::new();
    // The record and the kept texts of a first-edition learner, and work of today.
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/first-edition");
    copy(&kept, &here.path(".workbook"));
    here.write("alpha", MINE);
    // Two resets and an undo: one kept text waits for the next undo, one has been brought back.
    for text in ["// older\n", "// brought back\n"] {
        here.write("beta", text);
        here.run(&["reset", "beta"]);
    }
    here.run(&["undo", "beta"]);
    here.write("beta", RIGHT);
    fs::create_dir_all(here.path("my-service/src")).unwrap();
    fs::create_dir_all(here.path("my-service/target")).unwrap();
    here.put("my-service/src/main.rs", "fn main() {}\n");
    here.put("my-service/target/big", "built\n");
    let file = here.path("work.json");
    here.says(&["carry", "out", "work.json"])
        .assert_has(&["work.json holds"]);
    assert!(!read(&file).contains("built"));

    let there = Fixture::new();
    there.run(&["list"]);
    there.write("beta", MINE);
    let file = file.to_str().unwrap();
    let said = there.says(&["carry", "in", file]);
    said.assert_has(&["1 answer,", "beta has another text here"]);
    assert_eq!(read(there.answer("alpha")), MINE);
    assert_eq!(read(there.answer("beta")), MINE);
    assert_eq!(read(there.path("my-service/src/main.rs")), "fn main() {}\n");
    assert_eq!(
        read(there.path(".workbook/attempts.jsonl")),
        read(here.path(".workbook/attempts.jsonl"))
    );
    assert_eq!(
        there.says(&["list", "--plain"]),
        here.says(&["list", "--plain"])
    );

    // Again: nothing.
    let snapshot = tree(&there.path(".workbook"));
    let said = there.says(&["carry", "in", file]);
    said.assert_has(&["All of", "Nothing was changed"]);
    assert_eq!(tree(&there.path(".workbook")), snapshot);
    // The carried text is one `undo` away, and behind it is only what waited for an undo on the other computer.
    there.run(&["undo", "beta"]);
    assert_eq!(read(there.answer("beta")), RIGHT);
    there.run(&["undo", "beta"]);
    assert_eq!(read(there.answer("beta")), "// older\n");
    let said = there.says(&["undo", "beta"]);
    said.assert_has(&["No reset of beta"]);
}

#[test]
fn a_record_that_goes_on_on_both_computers_is_one_record() {
    let (here, there) = (Fixture::new(), Fixture::new());
    here.write("alpha", MINE);
    here.run(&["check", "alpha"]);
    here.run(&["carry", "out", "work.json"]);
    there.run(&["carry", "in", here.path("work.json").to_str().unwrap()]);
    there.write("alpha", RIGHT);
    there.run(&["check", "alpha"]);
    there.run(&["carry", "out", "back.json"]);
    here.run(&["hint", "beta"]);
    here.run(&["carry", "in", there.path("back.json").to_str().unwrap()]);
    let record = read(here.path(".workbook/attempts.jsonl"));
    let kinds: Vec<&str> = record
        .lines()
        .map(|line| {
            if line.contains("\"hint\"") {
                "hint"
            } else {
                "attempt"
            }
        })
        .collect();
    assert_eq!(kinds.len(), 3, "{record}");
    here.says(&["list", "--plain"])
        .assert_has(&["passed  0.1   alpha"]);
    assert_eq!(read(here.path(".workbook/passed/alpha.rs")), RIGHT);
    assert_eq!(read(here.answer("alpha")), MINE);
}

#[test]
fn a_file_that_is_none_is_refused_and_changes_nothing() {
    let fixture = Fixture::new();
    fixture.run(&["list"]);
    let before = tree(&fixture.path(".workbook"));
    let whole =
        r#"{"workbook":"carry","v":1,"log":[],"answers":{},"passed":{},"kept":{},"service":{}}"#;
    for (text, words) in [
        ("{}", "no file of `cargo workbook carry out`"),
        (&whole.replace(":1", ":9"), "a newer workbook"),
        (
            &whole.replace(r#""passed":{}"#, r#""passed":{"../x":""}"#),
            "no name of an exercise",
        ),
        (
            &whole.replace(r#""kept":{}"#, r#""kept":{"/etc":[]}"#),
            "no name of an exercise",
        ),
        (
            &whole.replace(r#""service":{}"#, r#""service":{"../x":""}"#),
            "no path inside",
        ),
        (
            &whole.replace(r#""service":{}"#, r#""service":{"/x":""}"#),
            "no path inside",
        ),
    ] {
        fixture.put("bad.json", text);
        let said = err(&fixture, &["carry", "in", "bad.json"]);
        assert!(said.contains(words), "{text}: {said}");
    }
    err(&fixture, &["carry", "in", "no.json"]).assert_has(&["cannot read no.json"]);
    // And `out` does not write over something else.
    fixture.put("notes.txt", "notes");
    err(&fixture, &["carry", "out", "notes.txt"]).assert_has(&["holds something else"]);
    assert_eq!(read(fixture.path("notes.txt")), "notes");
    assert_eq!(tree(&fixture.path(".workbook")), before);
}

/// All files below a folder with their texts.
fn tree(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        match entry.path() {
            path if path.is_dir() => found.extend(tree(&path)),
            path if path.ends_with("lock") => {}
            path => found.push((path.clone(), fs::read(path).unwrap())),
        }
    }
    found.sort();
    found
}

#[test]
fn git_knows_no_answer_of_this_course() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (ok, listed) = git(&root, &["ls-files", "lessons/*/exercise.rs"]);
    if ok {
        assert_eq!(listed, "", "an answer is in git");
    }
    let course = Course::load(&root).unwrap();
    read(root.join(".gitignore")).assert_has(&["/lessons/*/exercises/*/exercise.rs"]);
    assert!(course.exercises().count() > 90);
}
