//! The options of a service: from its code, the environment, and flags. A flag wins over the environment, the
//! environment over the code: the operator knows the machine, and the author of the code does not.
//!
//! The names are go-micro's, so that its command lines work here as they are. Every flag has a variable
//! with the same name in capitals: `--registry_address` is `MICRO_REGISTRY_ADDRESS`.

mod apply;
mod flags;
mod value;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use l09_register::advertise::Wanted;
use lexopt::prelude::*;

use crate::registries;
use crate::registry::{self, Registry};
use crate::transport::Transport;

pub use flags::{DEFAULT_REGISTRY, help, names, variable};

// ANCHOR: options
/// The options from the command line and the environment. `None` where they say nothing.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Which registry.
    pub registry: Option<String>,
    /// Where it is.
    pub registry_address: Option<Vec<SocketAddr>>,
    /// The name that callers ask for.
    pub server_name: Option<String>,
    /// Of the program.
    pub server_version: Option<String>,
    /// The id of the instance.
    pub server_id: Option<String>,
    /// Where to listen.
    pub server_address: Option<SocketAddr>,
    /// Where others go, if that is somewhere else.
    pub server_advertise: Option<Wanted>,
    /// What else callers should know.
    pub server_metadata: Option<BTreeMap<String, String>>,
    /// How long the registry believes a silent instance.
    pub register_ttl: Option<Duration>,
    /// The time between two registrations.
    pub register_interval: Option<Duration>,
    /// How calls come in.
    pub transport: Option<Transport>,
    /// Whom to call.
    pub selector: Option<l12_resilience::select::Select>,
    /// What to do when a call fails.
    pub fail_mode: Option<l12_resilience::fail::FailMode>,
    /// How long a call may take.
    pub client_request_timeout: Option<Duration>,
    /// How often a call may be made again.
    pub client_retries: Option<u32>,
    /// Whether the end of the standard input is the end of the program.
    pub until_stdin_ends: bool,
    /// What is left: words that are no flags.
    pub words: Vec<String>,
}
// ANCHOR_END: options

/// Why a program does not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// The command line asks for help. That is no failure.
    #[error("{}", help())]
    Help,
    /// Something that was said cannot be: what, and what to say in its place.
    #[error("{0}")]
    Wrong(String),
}

/// For a `main`: help goes to the standard output, what is wrong to the errors, and both end the
/// program.
pub fn or_exit<T>(outcome: Result<T, Stop>) -> T {
    match outcome {
        Ok(value) => value,
        Err(Stop::Help) => {
            print!("{}", help());
            std::process::exit(0)
        }
        Err(Stop::Wrong(words)) => {
            eprintln!("{words}");
            std::process::exit(2)
        }
    }
}

impl Options {
    // ANCHOR: read
    /// Reads `arguments` (without the program's name) and `environment`. A variable that is empty
    /// counts as not set.
    pub fn read<A, E, N, V>(arguments: A, environment: E) -> Result<Self, Stop>
    where
        A: IntoIterator,
        A::Item: Into<OsString>,
        E: IntoIterator<Item = (N, V)>,
        N: Into<OsString>,
        V: Into<OsString>,
    {
        let mut options = Options::default();
        for (name, text) in environment {
            let (name, text) = (name.into(), text.into());
            let known = names().find(|known| *variable(known) == *name);
            let Some(known) = known.filter(|_| !text.is_empty()) else {
                continue;
            };
            options
                .set(known, &words_of(&text)?)
                .map_err(|why| wrong(&format!("{}=", variable(known)), &text, &why))?;
        }
        // Afterwards, so that it replaces what the environment has said.
        options.read_flags(lexopt::Parser::from_args(arguments))?;
        Ok(options)
    }
    // ANCHOR_END: read

    fn read_flags(&mut self, mut parser: lexopt::Parser) -> Result<(), Stop> {
        let mut metadata: Option<BTreeMap<String, String>> = None;
        loop {
            let name = match parser.next().map_err(|why| Stop::Wrong(why.to_string()))? {
                None => break,
                Some(Short('h') | Long("help")) => return Err(Stop::Help),
                Some(Long("until_stdin_ends")) => {
                    self.until_stdin_ends = true;
                    continue;
                }
                Some(Value(word)) => {
                    self.words.push(words_of(&word)?);
                    continue;
                }
                Some(Long(name)) => flags::known(name).ok_or_else(|| flags::unknown(name))?,
                Some(Short(letter)) => return Err(flags::unknown(&letter.to_string())),
            };
            let text = parser.value().map_err(|why| Stop::Wrong(why.to_string()))?;
            self.set(name, &words_of(&text)?)
                .map_err(|why| wrong(&format!("--{name} "), &text, &why))?;
            // The one flag that may come several times.
            if name == "server_metadata" {
                let more = self.server_metadata.take().unwrap_or_default();
                metadata.get_or_insert_default().extend(more);
                self.server_metadata = metadata.clone();
            }
        }
        Ok(())
    }

    /// One of them, from its text.
    fn set(&mut self, name: &str, text: &str) -> Result<(), String> {
        match name {
            "registry" => {
                // Nothing is kept of it yet: what it needs may come later on the line.
                registries::named(text).map_err(|why| why.to_string())?;
                self.registry = Some(text.to_string());
            }
            "registry_address" => self.registry_address = Some(value::addresses(text)?),
            "server_name" => self.server_name = Some(value::name(text)?),
            "server_version" => self.server_version = Some(value::name(text)?),
            "server_id" => self.server_id = Some(value::name(text)?),
            "server_address" => self.server_address = Some(value::address(text)?),
            "server_advertise" => self.server_advertise = Some(value::plain(text)?),
            "server_metadata" => self.server_metadata = Some(value::metadata(text)?),
            "register_ttl" => self.register_ttl = Some(value::time(text)?),
            "register_interval" => self.register_interval = Some(value::time(text)?),
            "transport" => self.transport = Some(value::plain(text)?),
            "selector" => self.selector = Some(value::plain(text)?),
            "fail_mode" => self.fail_mode = Some(value::plain(text)?),
            "client_request_timeout" => self.client_request_timeout = Some(value::time(text)?),
            "client_retries" => self.client_retries = Some(value::number(text)?),
            // The table and this list name the same flags; a test walks through both.
            other => return Err(format!("nothing reads --{other}")),
        }
        Ok(())
    }

    /// The registry that was asked for, or else `otherwise`, or else the default.
    pub fn open_registry(
        &self,
        otherwise: Option<Arc<dyn Registry>>,
    ) -> Result<Arc<dyn Registry>, Stop> {
        if let (Some(given), None, None) = (&otherwise, &self.registry, &self.registry_address) {
            return Ok(Arc::clone(given));
        }
        // With an address alone it is the same kind somewhere else.
        let of_code = otherwise.as_ref().map(|registry| registry.name());
        let name = self.registry.as_deref().or(of_code);
        let name = name.unwrap_or(DEFAULT_REGISTRY);
        let mut registry = registries::named(name).map_err(|why| Stop::Wrong(why.to_string()))?;
        let options = registry::Options {
            addresses: self.registry_address.clone().unwrap_or_default(),
            ..registry::Options::default()
        };
        registry.init(options).map_err(|why| {
            Stop::Wrong(format!(
                "--registry {name} with this --registry_address: {why}"
            ))
        })?;
        Ok(Arc::from(registry))
    }

    /// For a program that takes no words.
    ///
    /// # Errors
    /// [`Stop::Wrong`], with the first of them.
    pub fn no_words(&self) -> Result<(), Stop> {
        match self.words.first() {
            None => Ok(()),
            Some(word) => Err(Stop::Wrong(format!(
                "`{word}` is one word too many: a flag begins with --, and --help shows them all"
            ))),
        }
    }
}

fn words_of(text: &std::ffi::OsStr) -> Result<String, Stop> {
    let readable = text.to_str().map(str::to_string);
    readable.ok_or_else(|| Stop::Wrong(format!("{text:?} is not readable as text")))
}

fn wrong(before: &str, text: &std::ffi::OsStr, why: &str) -> Stop {
    Stop::Wrong(format!("{before}{}: {why}", text.to_string_lossy()))
}
