//! What a lesson offers to the live page: `lessons/NN-name/wire.toml`.
//!
//! A file of the lesson and not a table in the runner: the runner depends on no lesson, and whoever
//! writes one knows which calls are worth seeing.

use std::fmt;
use std::path::Path;

use serde::de::IntoDeserializer;
use serde::de::value::StrDeserializer;
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
    /// Requests and replies of Redis.
    Resp,
}

impl View {
    /// The view called `name` on the command line of the wire.
    pub fn from_name(name: &str) -> Option<Self> {
        let name: StrDeserializer<'_, serde::de::value::Error> = name.into_deserializer();
        Self::deserialize(name).ok()
    }
}

/// Its name on the command line.
impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
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
    /// Further options of `wire` for this view.
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
        let script = match std::fs::read_to_string(root.join(&file)) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            read => read
                .map_err(|e| e.to_string())
                .and_then(|text| Self::parse(&text)),
        };
        script
            .map(Some)
            .map_err(|why| format!("{}: {why}", file.display()))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let script: Self = toml::from_str(text).map_err(|e| e.to_string())?;
        let empty = |args: &[String]| args.is_empty();
        if empty(&script.server) || script.calls.iter().any(|call| empty(&call.args)) {
            return Err("the server and every call need arguments".to_owned());
        }
        if script.calls.is_empty() {
            return Err("there is no call".to_owned());
        }
        Ok(script)
    }
}

/// `args` with `--addr ADDR` after the first.
pub fn with_address(args: &[String], addr: &str) -> Vec<String> {
    let (first, rest) = args.split_at(args.len().min(1));
    let addr = ["--addr".to_owned(), addr.to_owned()];
    first.iter().chain(&addr).chain(rest).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
view = "json-rpc"
server = ["server", "--http-addr", "127.0.0.1:0"]

[[call]]
title = "Greet Ada"
args = ["client", "Ada"]
"#;

    #[test]
    fn a_good_script_is_read() {
        let script = Script::parse(GOOD).expect("read");
        assert_eq!(script.view, View::JsonRpc);
        assert!(script.wire.is_empty());
        let args = with_address(&script.server, "127.0.0.1:0").join(" ");
        assert_eq!(args, "server --addr 127.0.0.1:0 --http-addr 127.0.0.1:0");
        for name in "bytes lines frames json-rpc protobuf http grpc resp".split(' ') {
            let view = View::from_name(name).expect(name);
            assert_eq!(view.to_string(), name);
            let named = GOOD.replace("json-rpc", name);
            assert_eq!(Script::parse(&named).map(|script| script.view), Ok(view));
        }
    }

    #[test]
    fn a_wrong_script_is_refused_in_words() {
        for (good, wrong, part) in [
            ("json-rpc", "jason", "unknown variant `jason`"),
            ("[\"client\", \"Ada\"]", "[]", "need arguments"),
            ("title = \"Greet Ada\"", "", "missing field `title`"),
            ("view", "views", "unknown field `views`"),
        ] {
            let text = GOOD.replace(good, wrong);
            let why = Script::parse(&text).expect_err(wrong);
            assert!(why.contains(part), "{wrong}: {why}");
        }
    }
}
