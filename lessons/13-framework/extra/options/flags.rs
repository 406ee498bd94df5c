//! The flags, in one table: the names and the variables are read from what `--help` shows.

use super::Stop;
use crate::registries::NAMES;

/// The default. It needs no server, so a service that is started on a fresh
/// machine is found at once.
pub const DEFAULT_REGISTRY: &str = "mdns";

/// All flags that have a value and a variable; `{}` are the names of the registries that were built in.
const TABLE: &str = "\
  --registry NAME                  {} [mdns]
  --registry_address ADDR,..       where it is                                    [its own]
  --server_name NAME               the name that callers ask for                  [the code's]
  --server_version V               the version of the program                     [the code's]
  --server_id ID                   the id of this instance                        [name and random]
  --server_address ADDR            where to listen                                [127.0.0.1:0]
  --server_advertise ADDR          where others go                                [where it listens]
  --server_metadata K=V,..         what callers should know                       [the code's]
  --register_ttl TIME              forgotten after this silence                   [30s]
  --register_interval TIME         the pause between two signs of life            [10s]
  --transport KIND                 grpc or rpc                                    [grpc]
  --selector KIND                  random, round-robin, weighted, consistent-hash [random]
  --fail_mode KIND                 fast, over, try, backup                        [over]
  --client_request_timeout TIME    how long a call may take                       [5s]
  --client_retries N               how often it may be made again                 [2]
";

/// The names of all flags in the table, without the two dashes.
pub fn names() -> impl Iterator<Item = &'static str> {
    let flag = |line: &'static str| line.trim_start().strip_prefix("--")?.split(' ').next();
    TABLE.lines().filter_map(flag)
}

/// The variable of a flag in the environment.
pub fn variable(name: &str) -> String {
    format!("MICRO_{}", name.to_uppercase())
}

/// Returns the text of `--help` about the flags; the only place where it stands.
pub fn help() -> String {
    let flags = TABLE.replace("{}", &format!("{:<46}", NAMES.join(", ")));
    format!(
        "Flags, and the same in the environment (a flag wins over it, and it wins over the code):\n{flags}  \
           --until_stdin_ends               end with the standard input as well\n  \
           -h, --help                       this text\n\n\
         The variable of --registry is MICRO_REGISTRY, and so on. A TIME is 30 (seconds), 30s, 500ms or\n\
         2m. An ADDR is 127.0.0.1:2379, and http:// before it does no harm. Ctrl-C makes a service leave\n\
         well; a second Ctrl-C ends it at once.\n"
    )
}

/// The flag of this name, as the table spells it.
pub(super) fn known(name: &str) -> Option<&'static str> {
    names().find(|flag| *flag == name)
}

/// The option is unknown. Perhaps a similar one was meant.
pub(super) fn unknown(name: &str) -> Stop {
    let meant = known(&name.replace('-', "_")).or_else(|| {
        let begins = |flag: &&str| name.len() > 3 && flag.starts_with(name);
        names().find(begins)
    });
    let dashes = if name.chars().count() == 1 { "-" } else { "--" };
    let words = match meant {
        Some(meant) => format!("there is no {dashes}{name}; did you mean --{meant}?"),
        None => format!("there is no {dashes}{name}; --help shows what there is"),
    };
    Stop::Wrong(words)
}
