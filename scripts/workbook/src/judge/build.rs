//! Compiles checks with cargo and reads what it says, message by message.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::process::{self, Cancel, Ending, Stream};

/// Characters of a note that are kept.
const NOTE: usize = 2000;

/// Where to build: the learner's own folder, or a scratch copy with a target directory of its own.
#[derive(Debug, Clone)]
pub struct Place {
    /// The workspace.
    pub root: PathBuf,
    /// `None` means cargo's own choice, so that plain cargo shares the work.
    pub target: Option<PathBuf>,
}

impl Place {
    /// The learner's own folder, built with cargo's own target directory.
    pub fn home(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            target: None,
        }
    }
}

/// What came out of one build.
#[derive(Debug, Default)]
pub struct Built {
    /// The test program of each exercise that compiled.
    pub programs: HashMap<String, Program>,
    /// The compiler's words about each target that did not, with its colours.
    pub errors: HashMap<String, String>,
    /// Warnings about each target, with colours.
    pub warnings: HashMap<String, String>,
    /// What the compiler says, each with its place in a file.
    pub notes: Vec<Note>,
    /// Everything, in order, for `v`.
    pub full: String,
    /// How long it took.
    pub took: Duration,
}

/// A compiled check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The file to run.
    pub file: PathBuf,
    /// The folder of its package: the working directory that cargo gives tests.
    pub dir: PathBuf,
}

/// Why there is no result of a build at all.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Cargo did not start, or failed for a reason that is not an error in the code.
    #[error("{0}")]
    Cargo(String),
    /// The lesson needs something that this machine lacks: what, and how to get it.
    #[error("{0}")]
    Missing(String),
    /// A request to stop came first.
    #[error("stopped")]
    Cancelled,
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    target: Option<Target>,
    manifest_path: Option<PathBuf>,
    executable: Option<PathBuf>,
    message: Option<Diagnostic>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

/// One message of the compiler. Lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// `error` or `warning`.
    pub level: String,
    /// Without colours.
    pub text: String,
    /// As the compiler names it: relative to the workspace.
    #[serde(skip)]
    pub file: String,
    /// Where it begins.
    pub line: u32,
    /// See `line`.
    pub column: u32,
    /// Where it ends.
    pub end_line: u32,
    /// See `end_line`.
    pub end_column: u32,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    line_start: u32,
    column_start: u32,
    line_end: u32,
    column_end: u32,
    is_primary: bool,
    label: Option<String>,
}

#[derive(Deserialize)]
struct Child {
    level: String,
    message: String,
}

#[derive(Deserialize)]
struct Diagnostic {
    level: String,
    message: String,
    #[serde(default)]
    spans: Vec<Span>,
    #[serde(default)]
    children: Vec<Child>,
    rendered: Option<String>,
}

/// A cargo command in `place`, free of what an outer `cargo run` left in the environment.
pub fn cargo(place: &Place) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    without_outer_cargo(cargo.current_dir(&place.root));
    if let Some(target) = &place.target {
        cargo.env("CARGO_TARGET_DIR", target);
    }
    cargo
}

/// Takes from the environment of `command`, which is cargo or calls it, what an outer `cargo run` has set for this
/// program. A build script that asks for such a variable, as that of `ring` does, would run again.
pub fn without_outer_cargo(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let outer = [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_BIN_",
            "CARGO_CRATE_",
            "OUT_DIR",
        ];
        if outer.iter().any(|outer| text.starts_with(outer)) {
            command.env_remove(&name);
        }
    }
    command
}

/// Compiles the checks of `ids`; one that fails does not keep the others from being built.
///
/// # Errors
/// [`BuildError`] where cargo could say nothing about the code itself.
pub fn build(
    place: &Place,
    ids: &[&str],
    cancel: &Cancel,
    on_line: &mut dyn FnMut(&str),
) -> Result<Built, BuildError> {
    let mut command = cargo(place);
    // Always --workspace: `-p X` would choose other features and build the dependencies anew.
    match ids {
        [_] => command.args(["test", "--workspace", "--no-run"]),
        // Only `build` can go on after an error; it makes the same files.
        _ => command.args(["build", "--workspace", "--keep-going"]),
    };
    command.arg("--message-format=json-diagnostic-rendered-ansi");
    for id in ids {
        command.args(["--test", id]);
    }
    let mut built = Built::default();
    let mut other = String::new();
    let finished = process::run(
        &command,
        None,
        None,
        cancel,
        &mut |stream, line| match stream {
            Stream::Out => built.message(line, &mut other, on_line),
            Stream::Err => {
                // Messages about code come on the other stream; these are progress and cargo's own.
                built.full.push_str(line);
                built.full.push('\n');
                on_line(line);
            }
        },
    )
    .map_err(|e| {
        BuildError::Cargo(format!(
            "cannot start cargo: {e}; is Rust installed? `cargo workbook doctor` tells"
        ))
    })?;
    built.took = finished.took;
    let status = match finished.ending {
        Ending::Exited(status) => status,
        Ending::LimitReached | Ending::Cancelled => return Err(BuildError::Cancelled),
    };
    if !status.success() && built.errors.is_empty() {
        if other.is_empty() {
            return Err(BuildError::Cargo(finished.err.trim_end().to_owned()));
        }
        // An error in a file that several checks share, such as the lesson's own library.
        for id in ids.iter().filter(|id| !built.programs.contains_key(**id)) {
            built.errors.insert((*id).to_owned(), other.clone());
        }
    }
    Ok(built)
}

impl Diagnostic {
    /// With its place; what has no place is a summary.
    fn note(&self) -> Option<Note> {
        let span = self.spans.iter().find(|span| span.is_primary)?;
        let label = span.label.iter().filter(|label| !label.is_empty());
        let said = label.cloned().chain(
            (self.children.iter()).map(|child| format!("{}: {}", child.level, child.message)),
        );
        let text = said.fold(self.message.clone(), |all, next| format!("{all}\n{next}"));
        Some(Note {
            level: self.level.clone(),
            text: text.chars().take(NOTE).collect(),
            file: span.file_name.clone(),
            line: span.line_start,
            column: span.column_start,
            end_line: span.line_end,
            end_column: span.column_end,
        })
    }
}

impl Built {
    fn message(&mut self, line: &str, other: &mut String, on_line: &mut dyn FnMut(&str)) {
        let Ok(message) = serde_json::from_str::<Message>(line) else {
            return;
        };
        let Some(target) = message.target else { return };
        let is_check = target.kind.iter().any(|kind| kind == "test");
        match message.reason.as_str() {
            "compiler-artifact" if is_check => {
                if let (Some(file), Some(manifest)) = (message.executable, message.manifest_path) {
                    let dir = manifest.parent().unwrap_or(Path::new(".")).to_owned();
                    self.programs.insert(target.name, Program { file, dir });
                }
            }
            "compiler-message" => {
                let Some(diagnostic) = message.message else {
                    return;
                };
                self.notes.extend(diagnostic.note());
                let Some(text) = diagnostic.rendered else {
                    return;
                };
                self.full.push_str(&text);
                for line in text.lines() {
                    on_line(line);
                }
                let place = match (diagnostic.level.as_str(), is_check) {
                    ("error" | "error: internal compiler error", true) => {
                        self.errors.entry(target.name).or_default()
                    }
                    ("error" | "error: internal compiler error", false) => other,
                    _ => self.warnings.entry(target.name).or_default(),
                };
                if !is_summary(&text) {
                    place.push_str(&text);
                }
            }
            _ => {}
        }
    }
}

/// rustc closes with "aborting due to 1 previous error": true, and of no use to a learner.
fn is_summary(rendered: &str) -> bool {
    let text = crate::text::without_colours(rendered);
    text.starts_with("error: aborting due to")
        || text.starts_with("Some errors have detailed explanations")
        || text.starts_with("For more information about")
        || text.contains("warnings emitted")
        || text.contains("warning emitted")
}
