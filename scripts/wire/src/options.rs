//! The command line: what was asked for, or a sentence on what is wrong with it.

use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, Result, anyhow, bail, ensure};
use lexopt::Arg::{Long, Short};
use lexopt::ValueExt as _;

use crate::address;
use crate::chaos::Chaos;
use crate::view::{Limits, ViewKind};

/// The text of `--help`.
pub const HELP: &str = include_str!("help.txt");

/// The most bytes `--show` may ask for: more would make single events heavy.
const MAX_SHOW: usize = 65536;

/// The form of the output, as asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Whatever fits the terminal.
    Auto,
    /// `--plain`.
    Plain,
    /// `--json`.
    Json,
}

/// A command line that can be carried out.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where clients connect; never empty.
    pub listen: Vec<SocketAddr>,
    /// Where the server is; never empty, never port 0.
    pub to: Vec<SocketAddr>,
    /// The view.
    pub view: ViewKind,
    /// The types of its messages.
    pub types: Types,
    /// What a view may keep.
    pub limits: Limits,
    /// The form of the output.
    pub output: Output,
    /// How the wire misbehaves.
    pub chaos: Chaos,
    /// Take commands from standard input.
    pub control: bool,
    /// Connections open at the same time.
    pub max_connections: usize,
}

/// Where the types of messages come from.
#[derive(Clone, Debug, Default)]
pub struct Types {
    /// `--proto`.
    pub files: Vec<PathBuf>,
    /// `--proto-path`.
    pub folders: Vec<PathBuf>,
    /// `--request` and `--reply`: the messages to the server and to the client.
    pub messages: [Option<String>; 2],
}

impl Types {
    /// What does not go together.
    fn check(&self, view: ViewKind) -> Result<()> {
        let (files, folders) = (!self.files.is_empty(), !self.folders.is_empty());
        let named = self.messages.iter().any(Option::is_some);
        let typed = matches!(view, ViewKind::Protobuf | ViewKind::Grpc);
        ensure!(
            typed || !(named || files || folders),
            "--proto, --proto-path, --request and --reply need --as protobuf or grpc"
        );
        ensure!(
            view != ViewKind::Grpc || !named,
            "--as grpc finds the messages by the path of the call: no --request, no --reply"
        );
        ensure!(
            files || !named,
            "--request and --reply name messages of a --proto FILE"
        );
        ensure!(
            view != ViewKind::Protobuf || named || !files,
            "--proto alone does not say which messages cross: add --request NAME or --reply NAME"
        );
        ensure!(
            files || !folders,
            "--proto-path says where a --proto FILE finds its imports"
        );
        Ok(())
    }
}

/// What the command line asks for.
#[derive(Clone, Debug)]
pub enum Asked {
    /// Run the wire. Boxed: the other two are empty.
    Run(Box<Options>),
    /// Print the help.
    Help,
    /// Print the version.
    Version,
}

/// Reads `args`, without the name of the program.
///
/// # Errors
/// Unknown options, missing or wrong values, words that contradict each other.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Asked> {
    let (mut listen, mut to) = (None, None);
    let mut view = ViewKind::Bytes;
    let mut types = Types::default();
    let mut limits = Limits::default();
    let (mut plain, mut json) = (false, false);
    let mut chaos = Chaos::default();
    let mut control = false;
    let mut max_connections = 100;

    let mut parser = lexopt::Parser::from_args(args);
    while let Some(arg) = parser.next()? {
        match arg {
            Long("help") | Short('h') => return Ok(Asked::Help),
            Long("version") | Short('V') => return Ok(Asked::Version),
            Long("listen") => listen = Some(parse_address("--listen", parser.value()?)?),
            Long("to") => to = Some(parse_address("--to", parser.value()?)?),
            Long("as") => view = parse_view(&parser.value()?.string()?)?,
            Long("proto") => types.files.push(parser.value()?.into()),
            Long("proto-path") => types.folders.push(parser.value()?.into()),
            Long("request") => types.messages[0] = Some(parser.value()?.string()?),
            Long("reply") => types.messages[1] = Some(parser.value()?.string()?),
            Long("control") => control = true,
            Long("json") => json = true,
            Long("plain") => plain = true,
            Long("chaos") => chaos
                .add(&parser.value()?.string()?)
                .map_err(|error| anyhow!("--chaos: {error}"))?,
            Long("show") => limits.show = number("--show", parser.value()?, 1, MAX_SHOW)?,
            Long("max-frame") => {
                limits.max_frame = number("--max-frame", parser.value()?, 1, u32::MAX)?;
            }
            Long("max-connections") => {
                max_connections = number("--max-connections", parser.value()?, 1, 10_000)?;
            }
            other => return Err(other.unexpected().into()),
        }
    }
    ensure!(!(plain && json), "--plain and --json exclude each other");
    types.check(view)?;
    let missing = |name: &str, what: &str| {
        format!(
            "{name} ADDR is missing: {what} For example\n  \
             cargo workbook wire --listen 127.0.0.1:9000 --to 127.0.0.1:8080 --as lines"
        )
    };
    let listen = listen.with_context(|| missing("--listen", "where shall clients connect?"))?;
    let to: Vec<SocketAddr> = to.with_context(|| missing("--to", "where is the server?"))?;
    ensure!(
        to.iter().all(|addr| addr.port() != 0),
        "--to needs the port of the server, not 0"
    );
    // 0.0.0.0 is every address of this machine, and so 127.0.0.1 as well.
    let itself = |listen: &SocketAddr, to: &SocketAddr| {
        let everywhere = listen.ip().is_unspecified() && to.ip().is_loopback();
        listen.port() == to.port() && (listen.ip() == to.ip() || everywhere)
    };
    let is_wire = |to: &&SocketAddr| listen.iter().any(|addr| itself(addr, to));
    if let Some(addr) = to.iter().find(is_wire) {
        bail!(
            "--listen and --to both mean {addr}: the wire would call itself. \
             Let it listen on another port."
        );
    }
    let output = match (plain, json) {
        (true, _) => Output::Plain,
        (_, true) => Output::Json,
        _ => Output::Auto,
    };
    Ok(Asked::Run(Box::new(Options {
        listen,
        to,
        view,
        types,
        limits,
        output,
        chaos,
        control,
        max_connections,
    })))
}

fn parse_address(name: &str, value: OsString) -> Result<Vec<SocketAddr>> {
    address::parse(&value.string()?).map_err(|error| anyhow!("{name}: {error:#}"))
}

fn parse_view(name: &str) -> Result<ViewKind> {
    ViewKind::from_name(name).with_context(|| {
        let known: Vec<&str> = ViewKind::ALL.iter().map(|(_, name)| *name).collect();
        let known = known.join(", ");
        format!("--as: there is no view {name:?}. Known: {known}")
    })
}

fn number<T>(name: &str, value: OsString, least: T, most: T) -> Result<T>
where
    T: FromStr + PartialOrd + fmt::Display,
{
    let text = value.string()?;
    let number = text.parse().ok().filter(|n| (&least..=&most).contains(&n));
    number.with_context(|| format!("{name}: {text:?} is not a whole number from {least} to {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_words(words: &str) -> Result<Options, String> {
        match parse(words.split_whitespace().map(OsString::from)) {
            Ok(Asked::Run(options)) => Ok(*options),
            Ok(other) => Err(format!("{other:?}")),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn a_full_command_line() {
        let options = parse_words(
            "--listen 9000 --to 127.0.0.1:8080 --as frames --json --show 16 --chaos split \
             --chaos delay=1ms --max-connections 3 --max-frame 100",
        )
        .unwrap();
        assert_eq!(options.listen[0].to_string(), "127.0.0.1:9000");
        assert_eq!(
            (options.view, options.output),
            (ViewKind::Frames, Output::Json)
        );
        assert_eq!(options.chaos.to_string(), "split (seed 1), delay 1ms");
        assert_eq!((options.limits.show, options.limits.max_frame), (16, 100));
        assert_eq!(options.max_connections, 3);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (words, part) in [
            ("--listen 0.0.0.0:80 --to 80", "the wire would call itself"),
            ("", "--listen ADDR is missing: where shall clients connect?"),
            ("--listen 1", "--to ADDR is missing: where is the server?"),
            ("--listen 1 --to 0", "--to needs the port of the server"),
            (
                "--listen 8080 --to 127.0.0.1:8080",
                "the wire would call itself",
            ),
            (
                "--listen 1 --to 2 --as htpt",
                "no view \"htpt\". Known: bytes, lines, frames, json-rpc, protobuf, http, grpc, \
                 resp",
            ),
            ("--listen 1 --to 2 --plain --json", "exclude each other"),
            (
                "--listen 1 --to 2 --chaos dely=1ms",
                "--chaos: chaos \"dely=1ms\" is not known",
            ),
            (
                "--listen 1 --to 2 --show 0",
                "a whole number from 1 to 65536",
            ),
            (
                "--listen 1 --to 2 --show 70000",
                "a whole number from 1 to 65536",
            ),
            ("--listen x --to 2", "--listen: \"x\" is not an address"),
            ("--listen 1 --to 2 --colour", "invalid option '--colour'"),
            ("hello", "unexpected argument \"hello\""),
        ] {
            let error = parse_words(words).unwrap_err();
            assert!(error.contains(part), "{words}: {error}");
        }
    }
}
