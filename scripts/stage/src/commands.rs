//! The commands and options of a demo as one table: from it come the parsed values, the text of `--help`,
//! and the error messages for what is not in it.
//!
//! ```no_run
//! use stage::commands::{Given, Program, command, flag, heading, hidden, option};
//!
//! const PROGRAM: Program = Program {
//!     name: "l01-tcp",
//!     title: "Two programs, one wire: lesson 01 of Sockets to Services.",
//!     commands: &[
//!         command("", "the demo: two processes, and every byte between them"),
//!         command("server", "a server, in one terminal"),
//!     ],
//!     options: &[
//!         heading("Options of server"),
//!         option("addr ADDR", "where to listen", "127.0.0.1:8080"),
//!         flag("tokio", "the tokio version"),
//!         hidden("until-stdin-ends"),
//!     ],
//!     end: "Ctrl-C ends the server.\n",
//! };
//!
//! fn main() -> std::process::ExitCode {
//!     PROGRAM.main(run)
//! }
//!
//! fn run(given: &Given) -> anyhow::Result<()> {
//!     let addr = given.address("addr")?;
//!     match given.command() {
//!         "server" => println!("{addr}, {}", given.has("tokio")),
//!         _ => println!("the demo"),
//!     }
//!     Ok(())
//! }
//! ```

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::{Display, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};

/// A program: all that `--help` says.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Its package, which is its binary as well.
    pub name: &'static str,
    /// The first line of the help.
    pub title: &'static str,
    /// What it can do. The one without a word runs when there is no argument.
    pub commands: &'static [Command],
    /// Its options in their order, with headings between them.
    pub options: &'static [Item],
    /// What stands below the options, line breaks included.
    pub end: &'static str,
}

/// One thing that a program can do.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    usage: &'static str,
    help: &'static str,
}

/// `usage` is the word of the command with an example of what follows, such as `client Ada Grace`; options of
/// cargo stand before it, such as `--features mine -- mine`. `help` is one line.
pub const fn command(usage: &'static str, help: &'static str) -> Command {
    Command { usage, help }
}

impl Command {
    fn word(&self) -> &'static str {
        let words = self
            .usage
            .split_once("-- ")
            .map_or(self.usage, |(_, words)| words);
        words.split(' ').next().unwrap_or_default()
    }
}

/// A line of the options.
#[derive(Clone, Copy, Debug)]
pub enum Item {
    /// A line above other options.
    Heading(&'static str),
    /// An option, with a value or without.
    Option {
        /// `addr ADDR`; without a second word it takes no value.
        usage: &'static str,
        /// What it is for; line breaks are kept.
        help: &'static str,
        /// What holds without it; empty if there is nothing to say.
        default: &'static str,
        /// Whether the help leaves it out.
        hidden: bool,
    },
}

/// A line above other options, without its colon.
pub const fn heading(text: &'static str) -> Item {
    Item::Heading(text)
}

/// An option with a value: `addr ADDR`. `default` is what the help shows in brackets, and what
/// [`Given::value`] and [`Given::address`] read if the option is not there.
pub const fn option(usage: &'static str, help: &'static str, default: &'static str) -> Item {
    let hidden = false;
    Item::Option {
        usage,
        help,
        default,
        hidden,
    }
}

/// An option without a value.
pub const fn flag(name: &'static str, help: &'static str) -> Item {
    option(name, help, "")
}

/// An option that the help leaves out: for the demo, which starts this program as its server. `usage` as for
/// [`option`].
pub const fn hidden(usage: &'static str) -> Item {
    let (help, default, hidden) = ("", "", true);
    Item::Option {
        usage,
        help,
        default,
        hidden,
    }
}

impl Program {
    /// The whole `main`: reads the arguments, prints the help if it is asked for, else runs the program, and
    /// prints its error as `NAME: error: cause`.
    pub fn main(&self, run: impl FnOnce(&Given) -> anyhow::Result<()>) -> ExitCode {
        let done = match self.parse(std::env::args_os().skip(1)) {
            Ok(None) => {
                crate::signal::tell(self.help().trim_end());
                Ok(())
            }
            Ok(Some(given)) => run(&given),
            Err(error) => Err(error),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{}: {error:#}", self.name);
                ExitCode::FAILURE
            }
        }
    }

    /// Reads arguments; `None` if they ask for the help.
    ///
    /// # Errors
    /// If there is no such command or option, or a value is missing or too much.
    pub fn parse(&self, args: impl Iterator<Item = OsString>) -> anyhow::Result<Option<Given>> {
        let mut parser = lexopt::Parser::from_args(args);
        let (mut words, mut values) = (Vec::new(), BTreeMap::<_, Vec<String>>::new());
        while let Some(arg) = parser.next()? {
            match arg {
                lexopt::Arg::Short('h') | lexopt::Arg::Long("help") => return Ok(None),
                lexopt::Arg::Value(word) => words.push(text(word)?),
                // A negative number is a word.
                lexopt::Arg::Short(digit) if digit.is_ascii_digit() => {
                    let rest = parser.optional_value().map(text).transpose()?;
                    words.push(format!("-{digit}{}", rest.unwrap_or_default()));
                }
                lexopt::Arg::Long(name) => {
                    let Some((name, with_value, _)) = self.option(name) else {
                        bail!("there is no option `--{name}`; `--help` shows what there is");
                    };
                    let value = if with_value {
                        text(parser.value()?)?
                    } else {
                        String::new()
                    };
                    values.entry(name).or_default().push(value);
                }
                other => return Err(anyhow!(other.unexpected().to_string())),
            }
        }
        let mut words = words.into_iter();
        let command = words.next().unwrap_or_default();
        if !self.commands.iter().any(|known| known.word() == command) {
            bail!("there is no `{command}`; `--help` shows what there is");
        }
        Ok(Some(Given {
            program: *self,
            command,
            words: words.collect(),
            values,
        }))
    }

    /// Its name, whether it takes a value, and its default.
    fn option(&self, name: &str) -> Option<(&'static str, bool, &'static str)> {
        self.options.iter().find_map(|item| match item {
            Item::Option { usage, default, .. } => {
                let (its, value) = usage.split_once(' ').unwrap_or((usage, ""));
                (its == name).then_some((its, !value.is_empty(), *default))
            }
            Item::Heading(_) => None,
        })
    }

    /// The text of `--help`.
    pub fn help(&self) -> String {
        let mut text = format!("{}\n\n", self.title);
        let usages = self.commands.iter().map(|command| {
            let dashes = match command.usage {
                "" => "",
                usage if usage.starts_with("--") => " ",
                _ => " -- ",
            };
            let usage = format!("cargo run -p {}{dashes}{}", self.name, command.usage);
            (usage, command.help, "")
        });
        columns(&mut text, &usages.collect::<Vec<_>>());
        text.push('\n');
        for part in self
            .options
            .chunk_by(|_, next| matches!(next, Item::Option { .. }))
        {
            if let Some(Item::Heading(heading)) = part.first() {
                // Writing to a string cannot fail.
                let _ = writeln!(text, "{heading}:");
            }
            let rows = part.iter().filter_map(|item| match item {
                Item::Option {
                    usage,
                    help,
                    default,
                    hidden: false,
                } => Some((format!("--{usage}"), *help, *default)),
                _ => None,
            });
            columns(&mut text, &rows.collect::<Vec<_>>());
        }
        if !self.end.is_empty() {
            let _ = write!(text, "\n{}", self.end);
        }
        text
    }
}

/// Usage, help, and the default in brackets, each in a column.
fn columns(text: &mut String, rows: &[(String, &str, &str)]) {
    let longest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or(0);
    let first = longest(&mut rows.iter().map(|(usage, ..)| usage.chars().count()));
    let with_default = rows.iter().filter(|(_, _, default)| !default.is_empty());
    let lines = with_default.flat_map(|(_, help, _)| help.lines().last());
    let second = longest(&mut lines.map(|line| line.chars().count()));
    for (usage, help, default) in rows {
        let help = help.replace('\n', &format!("\n  {:first$}  ", ""));
        let bracket = match *default {
            "" => String::new(),
            default => {
                let last = help.rsplit('\n').next().unwrap_or_default();
                let indent = if help.contains('\n') { first + 4 } else { 0 };
                let used = last.chars().count().saturating_sub(indent);
                format!("{:1$}  [{default}]", "", second.saturating_sub(used))
            }
        };
        let line = format!("  {usage:first$}  {help}{bracket}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
}

fn text(value: OsString) -> anyhow::Result<String> {
    value
        .into_string()
        .map_err(|value| anyhow!("{}: this is not UTF-8", value.display()))
}

/// The arguments of one start.
#[derive(Clone, Debug)]
pub struct Given {
    program: Program,
    command: String,
    words: Vec<String>,
    values: BTreeMap<&'static str, Vec<String>>,
}

impl Given {
    /// The command; empty without arguments.
    pub fn command(&self) -> &str {
        &self.command
    }

    /// The words behind the command.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Checks that there are at most so many words behind the command.
    ///
    /// # Errors
    /// If there is one more: names it.
    pub fn at_most(&self, words: usize) -> anyhow::Result<()> {
        match self.words.get(words) {
            Some(word) => bail!("`{word}` is one word too many; `--help` shows what there is"),
            None => Ok(()),
        }
    }

    /// Returns whether this option is there.
    ///
    /// # Panics
    /// If the table has no such option, here and in all that follow.
    pub fn has(&self, name: &str) -> bool {
        !self.all(name).is_empty()
    }

    /// All values of an option that may come more than once, in their order.
    pub fn all(&self, name: &str) -> &[String] {
        let known = self.program.option(name);
        assert!(known.is_some(), "the table has no option `{name}`");
        self.values.get(name).map_or(&[], Vec::as_slice)
    }

    /// The value of an option, the last if it comes more than once; `None` if it is not there.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.all(name).last().map(String::as_str)
    }

    /// [`Given::text`], parsed.
    ///
    /// # Errors
    /// If it cannot be parsed: `--NAME VALUE: why`.
    pub fn parsed<T: FromStr<Err: Display>>(&self, name: &str) -> anyhow::Result<Option<T>> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let wrong = |why| anyhow!("--{name} {text}: {why}");
        text.parse().map(Some).map_err(wrong)
    }

    /// Parses an option into `place`, which stays as it is if the option is not there.
    ///
    /// # Errors
    /// As for [`Given::parsed`].
    pub fn set<T: FromStr<Err: Display>>(&self, name: &str, place: &mut T) -> anyhow::Result<()> {
        if let Some(value) = self.parsed(name)? {
            *place = value;
        }
        Ok(())
    }

    /// An option, or the default of the table, parsed.
    ///
    /// # Errors
    /// As for [`Given::parsed`], also if the default cannot be parsed.
    pub fn value<T: FromStr<Err: Display>>(&self, name: &str) -> anyhow::Result<T> {
        if let Some(value) = self.parsed(name)? {
            return Ok(value);
        }
        let default = self
            .program
            .option(name)
            .map_or("", |(_, _, default)| default);
        let wrong = |why| anyhow!("the default of --{name}, {default}: {why}");
        default.parse().map_err(wrong)
    }

    /// An option with an address, or the default of the table, which is also the example in the error.
    ///
    /// # Errors
    /// If it is not an address.
    pub fn address(&self, name: &str) -> anyhow::Result<SocketAddr> {
        let default = self
            .program
            .option(name)
            .map_or("", |(_, _, default)| default);
        let text = self.text(name).unwrap_or(default);
        let wrong = || format!("--{name} {text}: an address looks like {default}");
        text.parse().with_context(wrong)
    }

    /// An option with a number of milliseconds; `None` if it is not there.
    ///
    /// # Errors
    /// If it is not a number.
    pub fn millis(&self, name: &str) -> anyhow::Result<Option<Duration>> {
        Ok(self.parsed(name)?.map(Duration::from_millis))
    }

    /// [`Given::millis`] into `place`, which stays as it is if the option is not there.
    ///
    /// # Errors
    /// If it is not a number.
    pub fn set_millis(&self, name: &str, place: &mut Duration) -> anyhow::Result<()> {
        if let Some(time) = self.millis(name)? {
            *place = time;
        }
        Ok(())
    }
}
