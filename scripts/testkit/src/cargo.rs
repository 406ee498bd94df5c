//! A cargo that a program of this repository starts, which was itself started by `cargo run` or `cargo test`.

use std::process::Command;

/// What cargo sets for the programs that it runs ("Environment variables Cargo sets for crates" in the Cargo Book).
const OUTER: [&str; 5] = [
    "CARGO_PKG_",
    "CARGO_MANIFEST_",
    "CARGO_BIN_",
    "CARGO_CRATE_",
    "OUT_DIR",
];

/// Takes these variables from the environment of `command`, which is cargo or calls it. With them a build script that
/// asks for one, as that of `ring` does, would run again, and all that depends on it would be compiled anew: now, and
/// once more at the next `cargo build` in a terminal.
pub fn without_outer_cargo(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if OUTER.iter().any(|outer| text.starts_with(outer)) {
            command.env_remove(&name);
        }
    }
    command
}
