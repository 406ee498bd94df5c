//! The commands, by what they are about, and the table of them.

use super::command::Command;

mod about;
mod client;
mod counters;
mod keys;
mod scan;
mod strings;
mod transaction;
mod ttl;

/// All commands.
pub fn all() -> impl Iterator<Item = &'static Command> {
    let tables: [&'static [Command]; 8] = [
        strings::TABLE,
        counters::TABLE,
        ttl::TABLE,
        keys::TABLE,
        scan::TABLE,
        transaction::TABLE,
        client::TABLE,
        about::TABLE,
    ];
    tables.into_iter().flatten()
}

/// A line of a table, without what few have.
const fn line(
    name: &'static str,
    arity: i64,
    flags: &'static str,
    keys: (i64, i64, i64),
    summary: &'static str,
    run: fn(&mut super::command::Call<'_>) -> super::refused::Answer,
) -> Command {
    Command {
        name,
        arity,
        flags,
        keys,
        summary,
        group: "generic",
        run,
        within: &[],
    }
}

impl Command {
    const fn group(mut self, group: &'static str) -> Command {
        self.group = group;
        self
    }

    const fn within(mut self, within: &'static [Command]) -> Command {
        self.within = within;
        self
    }
}

/// The keys of a command that has one.
const ONE: (i64, i64, i64) = (1, 1, 1);
/// Of a command that has any number.
const ALL: (i64, i64, i64) = (1, -1, 1);
/// Of a command that has none.
const NONE: (i64, i64, i64) = (0, 0, 0);
