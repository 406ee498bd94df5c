//! What a lesson offers to the live page: `lessons/NN-name/wire.toml`.
//!
//! A file of the lesson and not a table in the runner: the runner depends on no lesson, and whoever
//! writes one knows which calls are worth seeing.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::course::Lesson;

/// How the wire reads what crosses: the values of its `--as`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum View {
    /// Hex and text.
    Bytes,
    /// UTF-8 lines.
    Lines,
    /// A length, then the payload.
    Frames,
    /// Calls and replies in JSON.
    JsonRpc,
    /// Messages without a schema.
    Protobuf,
    /// HTTP/1.1 and the frames of HTTP/2.
    Http,
    /// Calls and messages of gRPC.
    Grpc,
}

impl View {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Bytes,
        Self::Lines,
        Self::Frames,
        Self::JsonRpc,
        Self::Protobuf,
        Self::Http,
        Self::Grpc,
    ];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Lines => "lines",
            Self::Frames => "frames",
            Self::JsonRpc => "json-rpc",
            Self::Protobuf => "protobuf",
            Self::Http => "http",
            Self::Grpc => "grpc",
        }
    }

    /// The view called `name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|view| view.name() == name)
    }
}

/// One call that the page offers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// What is written on its button.
    pub title: String,
    /// The arguments of the lesson's program; `--addr` with the wire's address is put after the
    /// first of them.
    pub args: Vec<String>,
}

/// See the file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// How to read what crosses.
    pub view: View,
    /// The arguments of the lesson's program that make it a server; `--addr 127.0.0.1:0` is put
    /// after the first of them.
    pub server: Vec<String>,
    /// Further options of `wire`.
    #[serde(default)]
    pub wire: Vec<String>,
    /// The calls.
    #[serde(rename = "call")]
    pub calls: Vec<Call>,
}

impl Script {
    /// The script of `lesson` in the course at `root`; `None` if it has none.
    ///
    /// # Errors
    /// What is wrong with the file, in words.
    pub fn read(root: &Path, lesson: &Lesson) -> Result<Option<Self>, String> {
        let file = lesson.dir().join("wire.toml");
        let text = match std::fs::read_to_string(root.join(&file)) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(format!("{}: {e}", file.display())),
        };
        let script: Self = toml::from_str(&text).map_err(|e| format!("{}: {e}", file.display()))?;
        let empty = script.server.is_empty()
            || script.calls.is_empty()
            || script.calls.iter().any(|call| call.args.is_empty());
        if empty {
            return Err(format!(
                "{}: a server and every call need arguments, and there is at least one call",
                file.display()
            ));
        }
        Ok(Some(script))
    }
}

/// `args` with `--addr ADDR` after the first.
#[must_use]
pub fn with_address(args: &[String], addr: &str) -> Vec<String> {
    let (first, rest) = args.split_at(args.len().min(1));
    let addr = ["--addr".to_owned(), addr.to_owned()];
    first.iter().chain(&addr).chain(rest).cloned().collect()
}
