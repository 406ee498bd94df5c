//! The flags, in one table: reading, help and variables are made from it.

use std::fmt::Write;

use super::Stop;
use crate::registries::NAMES;

/// The default. It needs no server, so a service that is started on a fresh
/// machine is found at once.
pub const DEFAULT_REGISTRY: &str = "mdns";

/// One flag.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    /// Without the two dashes.
    pub name: &'static str,
    value: &'static str,
    says: &'static str,
    default: &'static str,
}

impl Flag {
    /// Its variable in the environment.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("MICRO_{}", self.name.to_uppercase())
    }
}

const fn flag(
    name: &'static str,
    value: &'static str,
    says: &'static str,
    default: &'static str,
) -> Flag {
    Flag {
        name,
        value,
        says,
        default,
    }
}

// ANCHOR: flags
/// All flags that have a value and a variable.
pub const VARIABLES: [Flag; 15] = [
    flag(
        "registry",
        "NAME",
        "", // The names of the registries that were built in: `help` asks for them.
        DEFAULT_REGISTRY,
    ),
    flag("registry_address", "ADDR,..", "where it is", "its own"),
    flag(
        "server_name",
        "NAME",
        "the name that callers ask for",
        "the code's",
    ),
    flag(
        "server_version",
        "V",
        "the version of the program",
        "the code's",
    ),
    flag(
        "server_id",
        "ID",
        "the id of this instance",
        "name and random",
    ),
    flag("server_address", "ADDR", "where to listen", "127.0.0.1:0"),
    flag(
        "server_advertise",
        "ADDR",
        "where others go",
        "where it listens",
    ),
    flag(
        "server_metadata",
        "K=V,..",
        "what callers should know",
        "the code's",
    ),
    flag(
        "register_ttl",
        "TIME",
        "forgotten after this silence",
        "30s",
    ),
    flag(
        "register_interval",
        "TIME",
        "the pause between two signs of life",
        "10s",
    ),
    flag("transport", "KIND", "grpc or rpc", "grpc"),
    flag(
        "selector",
        "KIND",
        "random, round-robin, weighted, consistent-hash",
        "random",
    ),
    flag("fail_mode", "KIND", "fast, over, try, backup", "over"),
    flag(
        "client_request_timeout",
        "TIME",
        "how long a call may take",
        "5s",
    ),
    flag("client_retries", "N", "how often it may be made again", "2"),
];
// ANCHOR_END: flags

/// What `--help` says about the flags; the only place where it stands.
#[must_use]
pub fn help() -> String {
    let mut text = String::from(
        "Flags, and the same in the environment (a flag wins over it, and it wins over the code):\n",
    );
    for flag in &VARIABLES {
        let left = format!("--{} {}", flag.name, flag.value);
        let says = match flag.name {
            "registry" => NAMES.join(", "),
            _ => flag.says.to_string(),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {left:<32} {says:<46} [{}]", flag.default);
    }
    text.push_str(
        "  --until_stdin_ends               end with the standard input as well\n  \
           -h, --help                       this text\n\n\
         The variable of --registry is MICRO_REGISTRY, and so on. A TIME is 30 (seconds), 30s, 500ms or\n\
         2m. An ADDR is 127.0.0.1:2379, and http:// before it does no harm. Ctrl-C makes a service leave\n\
         well; a second Ctrl-C ends it at once.\n",
    );
    text
}

/// The flag of this name, as the table spells it.
pub(super) fn known(name: &str) -> Option<&'static str> {
    let flag = VARIABLES.iter().find(|flag| flag.name == name)?;
    Some(flag.name)
}

/// The option is unknown. Perhaps a similar one was meant.
pub(super) fn unknown(name: &str) -> Stop {
    let meant = known(&name.replace('-', "_")).or_else(|| {
        let begins = |flag: &&Flag| name.len() > 3 && flag.name.starts_with(name);
        VARIABLES.iter().find(begins).map(|flag| flag.name)
    });
    let dashes = if name.chars().count() == 1 { "-" } else { "--" };
    let words = match meant {
        Some(meant) => format!("there is no {dashes}{name}; did you mean --{meant}?"),
        None => format!("there is no {dashes}{name}; --help shows what there is"),
    };
    Stop::Wrong(words)
}
