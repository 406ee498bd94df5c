//! A command, and how it is found by its name.

use super::commands::TABLE;
use super::refused::{Answer, Refused};
use super::session::Session;
use super::state::{Shared, State};
use crate::resp::integer;
use crate::server::keyspace::Keyspace;

/// A line of the table of commands.
#[derive(Debug)]
pub struct Command {
    /// Its name in small letters; of a subcommand with that of its command, as `client|id`.
    pub name: &'static str,
    /// How many words it has, with its name; at least so many, if negative.
    pub arity: i64,
    /// What the session has to know of it.
    pub kind: Kind,
    /// Does it.
    pub run: fn(&mut Call<'_>) -> Answer,
}

/// The kind of a command, as far as the session has to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    Plain,
    /// It may take memory, so it is refused when there is none (`denyoom`).
    Grows,
    /// It is done after MULTI too, and not queued.
    AtOnce,
    /// The second word names the command; its own function is never called.
    Container,
}

/// One command on its way.
#[derive(Debug)]
pub struct Call<'a> {
    /// Its words; the first is the name. Its command takes out what it keeps.
    pub words: Vec<Vec<u8>>,
    /// The name as the table has it.
    pub name: &'static str,
    /// The keys, locked for this command.
    pub state: &'a mut State,
    /// The client.
    pub session: &'a mut Session,
    /// What all share.
    pub shared: &'a Shared,
}

impl Call<'_> {
    /// A word; empty if there is none, which the arity forbids.
    pub fn word(&self, at: usize) -> &[u8] {
        self.words.get(at).map_or(&[], Vec::as_slice)
    }

    /// Takes a word out of the request.
    pub fn take(&mut self, at: usize) -> Vec<u8> {
        self.words
            .get_mut(at)
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// A word that is a number; refused, if it is none.
    pub fn number(&self, at: usize) -> Result<i64, Refused> {
        integer(self.word(at)).ok_or_else(Refused::no_integer)
    }

    /// Returns the words from `at` on.
    pub fn from(&self, at: usize) -> &[Vec<u8>] {
        self.words.get(at..).unwrap_or_default()
    }

    /// The database that the client has selected.
    pub fn space(&mut self) -> &mut Keyspace {
        // SELECT lets nothing in that is beyond.
        let last = self.state.spaces.len() - 1;
        &mut self.state.spaces[self.session.space.min(last)]
    }

    /// The time of this command in milliseconds.
    pub fn now(&self) -> i64 {
        self.state.spaces[0].now
    }
}

fn named(name: &str) -> Option<&'static Command> {
    TABLE.iter().find(|command| command.name == name)
}

/// The command that these words call; refused, if there is none, or it takes another number of words.
pub fn find(words: &[Vec<u8>]) -> Result<&'static Command, Refused> {
    let lower = |at: usize| {
        let word = words.get(at).map_or(&[][..], Vec::as_slice);
        String::from_utf8_lossy(word).to_ascii_lowercase()
    };
    let first = lower(0);
    let command = named(&first).filter(|command| !command.name.contains('|'));
    let mut command = command.ok_or_else(|| Refused::unknown(words))?;
    if let (Some(second), true) = (words.get(1), command.kind == Kind::Container) {
        match named(&format!("{first}|{}", lower(1))) {
            Some(sub) => command = sub,
            None => {
                let help = format!("'. Try {} HELP.", command.name.to_ascii_uppercase());
                return Err(Refused::quoting("ERR unknown subcommand '", second, &help));
            }
        }
    }
    let count = i64::try_from(words.len()).unwrap_or(i64::MAX);
    let fits = match command.arity {
        exactly @ 0.. => count == exactly,
        at_least => count >= -at_least,
    };
    fits.then_some(command)
        .ok_or_else(|| Refused::arity(command.name))
}
