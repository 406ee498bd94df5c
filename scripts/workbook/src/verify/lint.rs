//! Stubs and solutions are read by learners: clippy and rustfmt find nothing in them.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Fault;
use crate::course::Course;
use crate::judge::build::{Place, cargo};
use crate::judge::process::{self, Cancel, Ending};

/// clippy over the programs of `ids`, as strict as for the rest of the repository. `files` says for folders of the
/// copy which file of the course they hold.
pub fn clippy(place: &Place, ids: &[&str], files: &[(PathBuf, PathBuf)]) -> Vec<Fault> {
    let mut command = cargo(place);
    command.args([
        "clippy",
        "--workspace",
        "--keep-going",
        "--message-format=short",
    ]);
    for id in ids {
        command.args(["--test", id]);
    }
    command.args(["--", "-D", "warnings"]);
    let finished = match process::run(&command, None, None, &Cancel::default(), &mut |_, _| {}) {
        Ok(finished) => finished,
        Err(e) => {
            return vec![Fault::at(
                "Cargo.toml",
                format!("cannot start cargo clippy: {e}"),
            )];
        }
    };
    if matches!(finished.ending, Ending::Exited(status) if status.success()) {
        return Vec::new();
    }
    let mut faults = Vec::new();
    for line in finished.err.lines().filter(|line| line.contains(": error")) {
        let slashes = line.replace('\\', "/");
        let owner = files
            .iter()
            .find(|(dir, _)| slashes.contains(&format!("{}/", dir.display())));
        if let Some((_, file)) = owner {
            let what = line.split_once(": error").map_or(line, |(_, what)| what);
            faults.push(Fault::at(
                file,
                format!("clippy: {}", what.trim_start_matches(": ")),
            ));
        }
    }
    if faults.is_empty() {
        let last = finished
            .err
            .lines()
            .rev()
            .find(|line| !line.trim().is_empty());
        faults.push(Fault::at(
            "Cargo.toml",
            format!("clippy: {}", last.unwrap_or("failed")),
        ));
    }
    faults
}

/// rustfmt over the files themselves.
pub fn format<'a>(course: &Course, files: impl Iterator<Item = &'a Path>) -> Vec<Fault> {
    files
        .filter(|file| {
            let checked = Command::new("rustfmt")
                .args(["--edition", "2024", "--check", "--quiet"])
                .arg(course.path(file))
                .current_dir(&course.root)
                .output();
            !checked.is_ok_and(|output| output.status.success())
        })
        .map(|file| Fault::at(file, "rustfmt would change it"))
        .collect()
}
