//! `update`: gets the newest workbook with git. Answers and record stay; what changed is said; it can be undone.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, ExitCode, Output};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::{Command, course, switches};
use crate::course::{Course, renames};
use crate::store::{untouched, write_atomically};
use crate::text::many;

/// See the file.
pub const COMMAND: Command = Command {
    name: "update",
    about: "get the newest workbook; your answers and your record stay",
    help: "\
Usage: cargo workbook update [--undo]

  --undo  goes back to the workbook before the last update

Gets what is new with `git fetch` and `git merge`, and says what has changed. Git does not know your
answers (exercise.rs), .workbook/ and my-service/. Before anything changes, your answers are copied
to .workbook/update/. If you have changed another file that the update changes as well, nothing is
done, and the file is named.

Example: cargo workbook update --undo
",
    run,
};

/// One update, a line of `.workbook/updates.jsonl`.
#[derive(Serialize, Deserialize)]
struct Update {
    /// The commit before it.
    from: String,
    /// The commit after it.
    to: String,
}

fn run(arguments: lexopt::Parser) -> Result<ExitCode> {
    let [undo] = switches(arguments, ["undo"])?;
    let course = course()?;
    let git = Git(course.root.clone());
    git.is_the_clone()?;
    if undo {
        back(&course, &git)?
    } else {
        forward(&course, &git)?
    }
    Ok(ExitCode::SUCCESS)
}

fn forward(course: &Course, git: &Git) -> Result<()> {
    git.settle_answers()?;
    let from = git.says(&["rev-parse", "HEAD"])?;
    let Ok(upstream) = git.says(&["rev-parse", "--abbrev-ref", "@{upstream}"]) else {
        bail!(
            "this branch follows no other: git does not know where to get what is new. \
             `git branch --set-upstream-to=origin/main` says it"
        );
    };
    println!("Getting what is new from {upstream} ...");
    git.shown(&["fetch"]).context("nothing was changed")?;
    let new = git.says(&["rev-list", "--count", "HEAD..@{upstream}"])?;
    if new == "0" {
        println!("There is nothing new. Your workbook is the newest.");
        return Ok(());
    }
    let aside = Aside::new(course)?;
    let merged = git.merge();
    aside.put_back()?;
    merged?;
    let to = git.says(&["rev-parse", "HEAD"])?;
    remember(
        &course.root,
        &Update {
            from: from.clone(),
            to: to.clone(),
        },
    )?;
    println!("{}", what_changed(course, git, &from, &to, &new)?);
    Ok(())
}

fn back(course: &Course, git: &Git) -> Result<()> {
    let (updates, last) = remembered(&course.root)?;
    let Some(last) = last else {
        bail!("there is no update to undo");
    };
    let head = git.says(&["rev-parse", "HEAD"])?;
    if head != last.to {
        bail!(
            "the clone has moved on since the last update (it is at {}, the update ended at {}); \
             nothing was changed",
            short(&head),
            short(&last.to)
        );
    }
    let aside = Aside::new(course)?;
    let reset = git.says(&["reset", "--quiet", "--keep", &last.from]);
    aside.put_back()?;
    reset.context("nothing was changed")?;
    write_atomically(&file(&course.root), updates.as_bytes())?;
    println!(
        "The workbook is at {} again, as before the last update. Your answers are as they were.",
        short(&last.from)
    );
    Ok(())
}

/// What is different for a learner between two commits.
fn what_changed(course: &Course, git: &Git, from: &str, to: &str, commits: &str) -> Result<String> {
    let range = format!("{from}..{to}");
    let changed = git.says(&["diff", "--name-only", &range])?;
    let (mut lessons, mut stubs) = (BTreeSet::new(), BTreeSet::new());
    for path in changed.lines() {
        let parts: Vec<&str> = path.split('/').collect();
        match parts.as_slice() {
            ["lessons", _, "exercises", id, "stub.rs"] => _ = stubs.insert((*id).to_owned()),
            ["lessons", lesson, ..] => _ = lessons.insert((*lesson).to_owned()),
            _ => {}
        }
    }
    let mut text = format!(
        "The workbook is new: {} ({} to {}).\n",
        many(commits.parse().unwrap_or(0), "commit"),
        short(from),
        short(to)
    );
    if !lessons.is_empty() {
        let lessons: Vec<String> = lessons.into_iter().collect();
        text.push_str(&format!("  changed lessons: {}\n", lessons.join(", ")));
    }
    let renamed = git.says(&["diff", "--unified=0", &range, "--", renames::FILE])?;
    for line in renamed.lines().filter(|line| line.starts_with('+')) {
        if let Some((old, new)) = line[1..].split_once(' ')
            && !old.starts_with(['+', '#'])
        {
            text.push_str(&format!(
                "  `{old}` is now `{}`; its text and record follow it\n",
                new.trim()
            ));
        }
    }
    let written = course
        .exercises()
        .filter(|exercise| !untouched(&course.root, exercise));
    for exercise in written.filter(|exercise| stubs.contains(&exercise.id)) {
        text.push_str(&format!(
            "  the stub of `{0}` changed; your text is as it was. `cargo workbook reset {0}` shows the new stub, \
             `undo {0}` your text\n",
            exercise.id
        ));
    }
    text.push_str("  `cargo workbook update --undo` goes back.");
    Ok(text)
}

/// A copy of the learner's answers while git works.
struct Aside {
    dir: PathBuf,
    answers: Vec<(PathBuf, PathBuf)>,
}

impl Aside {
    fn new(course: &Course) -> Result<Self> {
        let dir = course.root.join(".workbook/update");
        fs::create_dir_all(&dir).context("cannot make .workbook/update")?;
        let mut answers = Vec::new();
        for exercise in course
            .exercises()
            .filter(|exercise| !untouched(&course.root, exercise))
        {
            let answer = course.path(&exercise.answer());
            let copy = dir.join(format!("{}.rs", exercise.id));
            write_atomically(&copy, &fs::read(&answer)?).context("cannot copy your answers")?;
            answers.push((answer, copy));
        }
        Ok(Self { dir, answers })
    }

    /// Writes back what git has taken away. In a folder that is gone, the text waits for the exercise's new place.
    fn put_back(self) -> Result<()> {
        for (answer, copy) in &self.answers {
            let text = fs::read(copy)?;
            if fs::read(answer).ok().as_deref() != Some(text.as_slice()) {
                fs::create_dir_all(answer.parent().unwrap_or(&self.dir))?;
                write_atomically(answer, &text).with_context(|| {
                    format!(
                        "your answer could not be written back; it is in {}",
                        copy.display()
                    )
                })?;
            }
        }
        Ok(())
    }
}

/// Git in the folder of the course, with its words in English.
struct Git(PathBuf);

impl Git {
    fn command(&self, arguments: &[&str]) -> Process {
        let mut git = Process::new("git");
        git.current_dir(&self.0).env("LC_ALL", "C").args(arguments);
        git
    }

    fn output(&self, arguments: &[&str]) -> Result<Output> {
        (self.command(arguments).output())
            .context("`git` is needed for this, and it does not start")
    }

    /// What git printed; its error words if it failed.
    fn says(&self, arguments: &[&str]) -> Result<String> {
        let output = self.output(arguments)?;
        if !output.status.success() {
            bail!(
                "git {}: {}",
                arguments.join(" "),
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned())
    }

    /// Runs it in the terminal: progress, and a question for a password.
    fn shown(&self, arguments: &[&str]) -> Result<()> {
        let status = self
            .command(arguments)
            .status()
            .context("`git` does not start")?;
        if !status.success() {
            bail!("`git {}` failed; its words are above", arguments.join(" "));
        }
        Ok(())
    }

    fn is_the_clone(&self) -> Result<()> {
        let top = self
            .says(&["rev-parse", "--show-toplevel"])
            .unwrap_or_default();
        let same = |top: &str| fs::canonicalize(top).ok() == fs::canonicalize(&self.0).ok();
        if top.is_empty() || !same(&top) {
            bail!(
                "this folder is no clone of git, so there is nothing to get what is new with. Clone the workbook \
                 anew, and take your work there: `cargo workbook carry out FILE` here, `carry in FILE` there"
            );
        }
        Ok(())
    }

    /// Answers that git asks about: `git stash pop` after a pull that made git forget `exercise.rs`, or a merge.
    fn settle_answers(&self) -> Result<()> {
        let status = self.says(&["status", "--porcelain"])?;
        let open = status
            .lines()
            .filter(|line| line.get(..2).is_some_and(|mark| mark.contains('U')));
        let mut answers = Vec::new();
        for line in open {
            let path = &line[3..];
            if !path.ends_with("/exercise.rs") {
                bail!(
                    "{path} has a conflict that waits for you: `git status` says more. Nothing was changed"
                );
            }
            answers.push(path);
        }
        if !answers.is_empty() {
            let mut arguments = vec!["rm", "--cached", "--quiet", "--"];
            arguments.extend(answers);
            self.says(&arguments)?;
        }
        Ok(())
    }

    /// Merges what was fetched; where that does not go, all is as before.
    fn merge(&self) -> Result<()> {
        let output = self.output(&["merge", "--no-edit", "--quiet", "@{upstream}"])?;
        if output.status.success() {
            return Ok(());
        }
        let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let merging = self
            .says(&["rev-parse", "--quiet", "--verify", "MERGE_HEAD"])
            .is_ok();
        if merging {
            // A learner can have committed answers. They leave the index of git, and the files stay.
            if self.settle_answers().is_ok()
                && self.says(&["commit", "--quiet", "--no-edit"]).is_ok()
            {
                return Ok(());
            }
            self.says(&["merge", "--abort"])?;
            bail!(
                "you have committed changes that do not go together with the update; all is as before. \
                 `git merge @{{upstream}}` shows them"
            );
        }
        bail!("all is as before; git says:\n{words}");
    }
}

fn short(commit: &str) -> &str {
    commit.get(..7).unwrap_or(commit)
}

fn file(root: &Path) -> PathBuf {
    root.join(".workbook/updates.jsonl")
}

fn remember(root: &Path, update: &Update) -> Result<()> {
    let mut line = serde_json::to_string(update)?;
    line.push('\n');
    let mut file = fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(file(root))?;
    file.write_all(line.as_bytes())
        .context("cannot write .workbook/updates.jsonl")
}

/// All updates but the last, as text, and the last.
fn remembered(root: &Path) -> Result<(String, Option<Update>)> {
    let text = fs::read_to_string(file(root)).unwrap_or_default();
    let mut lines: Vec<&str> = text.lines().collect();
    let Some(last) = lines.pop() else {
        return Ok((String::new(), None));
    };
    let last = serde_json::from_str(last).context(".workbook/updates.jsonl")?;
    let before = lines.iter().map(|line| format!("{line}\n")).collect();
    Ok((before, Some(last)))
}
