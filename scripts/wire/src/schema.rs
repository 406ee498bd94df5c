//! What messages mean: types from .proto files, or learnt from the server, or not known at all.
//!
//! The code that puts a message into words asks here by name. That happens on the screen's thread, which
//! may wait a little for an answer that is under way; the traffic waits for nothing.

mod details;
pub mod guess;
pub mod reflect;
pub mod text;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use prost_reflect::{DescriptorPool, MessageDescriptor, MethodDescriptor};
use tokio::sync::mpsc;

use crate::lock;

/// The screen waits so long for types that were asked for. A server on the same machine answers
/// within a tenth of it.
const PATIENCE: Duration = Duration::from_millis(400);
/// A server is not asked again sooner.
const AGAIN: Duration = Duration::from_secs(2);

/// The types that are known.
pub struct Schema {
    known: Mutex<Known>,
    changed: Condvar,
    /// Where to ask for more; only by reflection.
    ask: Option<mpsc::Sender<Asked>>,
}

struct Known {
    pool: DescriptorPool,
    /// Since when an answer is waited for.
    asking: Option<Instant>,
    last: Option<Instant>,
    /// A message has needed types: that there are none is news from now on.
    needed: bool,
}

/// Why the server is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The wire starts. The server may not be there yet, which is no news.
    AtStart,
    /// A message needs it.
    ByTraffic,
}

impl Schema {
    /// Nothing is known, and there is no server to ask.
    pub fn nothing() -> Arc<Schema> {
        Schema::new(DescriptorPool::global(), None)
    }

    /// The types of .proto files.
    pub fn of(pool: DescriptorPool) -> Arc<Schema> {
        Schema::new(pool, None)
    }

    /// Types that a server will be asked for; the requests come out of the other end.
    pub fn by_reflection() -> (Arc<Schema>, mpsc::Receiver<Asked>) {
        let (ask, asked) = mpsc::channel(1);
        (Schema::new(DescriptorPool::global(), Some(ask)), asked)
    }

    fn new(pool: DescriptorPool, ask: Option<mpsc::Sender<Asked>>) -> Arc<Schema> {
        Arc::new(Schema {
            known: Mutex::new(Known {
                pool,
                asking: None,
                last: None,
                needed: false,
            }),
            changed: Condvar::new(),
            ask,
        })
    }

    /// Asks the server for its types, unless it was just asked.
    pub fn want(&self, why: Asked) {
        let Some(ask) = &self.ask else {
            return;
        };
        let mut known = lock(&self.known);
        known.needed |= why == Asked::ByTraffic;
        let recently = known.last.is_some_and(|last| last.elapsed() < AGAIN);
        // A full channel means that the question is asked already.
        if known.asking.is_none() && !recently && ask.try_send(why).is_ok() {
            known.asking = Some(Instant::now());
        }
    }

    /// Asks for types if this method is not known.
    pub fn want_method(&self, path: &str) {
        if self.ask.is_some() && method(&lock(&self.known).pool, path).is_none() {
            self.want(Asked::ByTraffic);
        }
    }

    /// What the server has answered; `None` if it could not. True if a waiting view needs to know.
    fn answered(&self, pool: Option<DescriptorPool>) -> bool {
        let mut known = lock(&self.known);
        // A server that is still starting may be asked again by the first connection.
        let starting = pool.is_none() && known.last.is_none();
        let ago = if starting { AGAIN } else { Duration::ZERO };
        known.last = Instant::now().checked_sub(ago);
        known.pool = pool.unwrap_or_else(|| known.pool.clone());
        known.asking = None;
        self.changed.notify_all();
        known.needed
    }

    /// The method with this path, such as `/greeter.v1.Greeter/SayHello`. May wait a little.
    pub fn method(&self, path: &str) -> Option<MethodDescriptor> {
        self.find(|pool| method(pool, path))
    }

    /// The message of this full name, for a detail of an error. May wait a little.
    pub fn detail(&self, name: &str) -> Option<MessageDescriptor> {
        if let Some(message) = details::message(name) {
            return Some(message);
        }
        self.find(|pool| pool.get_message_by_name(name))
    }

    fn find<T>(&self, find: impl Fn(&DescriptorPool) -> Option<T>) -> Option<T> {
        let mut known = lock(&self.known);
        loop {
            let found = find(&known.pool);
            let left = known
                .asking
                .map(|since| PATIENCE.saturating_sub(since.elapsed()))
                .filter(|left| !left.is_zero());
            let (None, Some(left)) = (&found, left) else {
                return found;
            };
            known = self
                .changed
                .wait_timeout(known, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

fn method(pool: &DescriptorPool, path: &str) -> Option<MethodDescriptor> {
    let (service, name) = path.strip_prefix('/')?.split_once('/')?;
    let service = pool.get_service_by_name(service)?;
    service.methods().find(|method| method.name() == name)
}

/// Reads .proto files and what they import. Without `folders`, imports are looked for in the folder
/// above the file's package, as in `proto/` for `proto/greeter/v1/greeter.proto`, then beside the
/// file, then further and further above it.
///
/// # Errors
/// File, line and reason, in words.
pub fn read(files: &[PathBuf], folders: &[PathBuf]) -> Result<DescriptorPool, String> {
    let mut includes = folders.to_vec();
    if folders.is_empty() {
        includes.extend(files.iter().filter_map(|file| root(file)));
        for file in files {
            includes.extend(file.ancestors().skip(1).map(or_here));
        }
        let mut seen = HashSet::new();
        includes.retain(|folder| seen.insert(folder.clone()));
    }
    let say = |error: &protox::Error| say(error, &includes);
    let mut compiler = protox::Compiler::new(&includes).map_err(|error| say(&error))?;
    for file in files {
        if !file.is_file() {
            return Err(format!("{}: there is no such file", file.display()));
        }
        compiler.open_file(file).map_err(|error| say(&error))?;
    }
    Ok(compiler.descriptor_pool())
}

/// The empty path means the folder that we are in, which has a name of its own.
fn or_here(folder: &Path) -> PathBuf {
    match folder.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => folder.to_path_buf(),
    }
}

/// The folder above a file's package, if the folders are named after it: `proto` for
/// `proto/greeter/v1/greeter.proto` with `package greeter.v1;`.
fn root(file: &Path) -> Option<PathBuf> {
    let text = std::fs::read_to_string(file).ok()?;
    let mut lines = text.lines().map(str::trim);
    let line = lines.find_map(|line| line.strip_prefix("package "))?;
    let package: PathBuf = line.trim_end().trim_end_matches(';').split('.').collect();
    let folder = file.parent()?;
    let above = package.components().try_fold(folder, |it, _| it.parent());
    above.filter(|_| folder.ends_with(&package)).map(or_here)
}

/// `FILE:LINE:COLUMN: reason`, on one line, with the file as it is found from here.
fn say(error: &protox::Error, includes: &[PathBuf]) -> String {
    // The debug form is the one that names the place.
    let text = format!("{error:?}");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some(name) = error.file() else {
        return text;
    };
    let Some(rest) = text.strip_prefix(name) else {
        return text;
    };
    let mut places = includes.iter().map(|folder| folder.join(name));
    let file = places.find(|it| it.is_file());
    let file = file.unwrap_or_else(|| PathBuf::from(name));
    let file = file.strip_prefix(".").unwrap_or(&file);
    format!("{}{rest}", file.display())
}

/// The one message of `pool` that is called `name`, with or without its package.
///
/// # Errors
/// That there is none, or more than one.
pub fn message_named(pool: &DescriptorPool, name: &str) -> Result<MessageDescriptor, String> {
    if let Some(message) = pool.get_message_by_name(name) {
        return Ok(message);
    }
    let full = |message: MessageDescriptor| message.full_name().to_string();
    let mut found = pool.all_messages().filter(|it| it.name() == name);
    match (found.next(), found.next()) {
        (Some(message), None) => Ok(message),
        (Some(one), Some(other)) => {
            let (one, other) = (full(one), full(other));
            Err(format!("{name:?} is {one} and {other}: say which"))
        }
        (None, _) => {
            let ours = pool
                .all_messages()
                .filter(|it| !it.is_map_entry())
                .map(full);
            let ours = ours.filter(|name| !name.starts_with("google.protobuf."));
            let mut names: Vec<String> = ours.collect();
            names.sort();
            let more = if names.len() > 12 { ", …" } else { "" };
            names.truncate(12);
            let names = names.join(", ");
            Err(format!(
                "there is no message {name:?}. Known: {names}{more}"
            ))
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
