//! What `--data-dir` keeps: a journal of the registrations and the keys, read back at the start.
//!
//! A change is one line, written before the change is made, so what was answered with 200 survives
//! `kill -9`. (Not a power cut: that would take an `fsync` a line.) A line that a crash cut in half is
//! the last one, and nobody was told that it was done: it is left out. Rewriting one file at each
//! change would be simpler, and quadratic: 10,000 registrations would write 10,000 lists.
//!
//! At each start the journal is written anew with only what still counts, into a new file that then
//! takes the old one's name: there is a whole journal at every moment.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use crate::agent::Shared;
use crate::definition::{CheckDefinition, ServiceDefinition};
use crate::kv::Pair;
use crate::local::Source;
use crate::refused::Refused;

/// One line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Record {
    NodeId(String),
    Index(u64),
    Service(ServiceDefinition),
    RemoveService(String),
    Check(CheckDefinition),
    RemoveCheck(String),
    Pair(Pair),
    RemovePair(u64, String),
}

/// Where the lines go. Without a directory, nowhere.
#[derive(Debug, Default)]
pub struct Journal(Option<Open>);

#[derive(Debug)]
struct Open {
    file: File,
    // Held as long as the journal is open: two agents on one directory would each undo the other.
    _lock: File,
}

/// What a journal amounts to.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Kept {
    pub node_id: Option<String>,
    pub index: u64,
    pub services: BTreeMap<String, ServiceDefinition>,
    pub checks: BTreeMap<String, CheckDefinition>,
    pub pairs: BTreeMap<String, Pair>,
}

impl Kept {
    fn apply(&mut self, record: Record) {
        match record {
            Record::NodeId(id) => self.node_id = Some(id),
            Record::Index(index) => self.index = self.index.max(index),
            Record::Service(mut definition) => {
                let id = definition.service.id.clone();
                // Checks that a second registration leaves out stay.
                if let Some(mut old) = self.services.remove(&id) {
                    let named = |check: &CheckDefinition| {
                        definition.checks.iter().any(|new| new.id == check.id)
                    };
                    old.checks.retain(|check| !named(check));
                    definition.checks.extend(old.checks);
                }
                self.services.insert(id, definition);
            }
            Record::RemoveService(id) => {
                self.services.remove(&id);
                self.checks.retain(|_, check| check.service_id != id);
            }
            Record::Check(check) => {
                self.checks.insert(check.id.clone(), check);
            }
            Record::RemoveCheck(id) => {
                self.checks.remove(&id);
                for definition in self.services.values_mut() {
                    definition.checks.retain(|check| check.id != id);
                }
            }
            Record::Pair(pair) => {
                self.index = self.index.max(pair.modify_index);
                self.pairs.insert(pair.key.clone(), pair);
            }
            Record::RemovePair(index, key) => {
                self.index = self.index.max(index);
                self.pairs.remove(&key);
            }
        }
    }

    fn records(&self) -> impl Iterator<Item = Record> {
        let head = self.node_id.iter().cloned().map(Record::NodeId);
        head.chain([Record::Index(self.index)])
            .chain(self.services.values().cloned().map(Record::Service))
            .chain(self.checks.values().cloned().map(Record::Check))
            .chain(self.pairs.values().cloned().map(Record::Pair))
    }
}

const NAME: &str = "agent.journal";

impl Journal {
    /// Opens the journal of a directory, which is made if need be, and reads what it kept.
    pub fn open(directory: &Path) -> anyhow::Result<(Journal, Kept)> {
        std::fs::create_dir_all(directory)
            .with_context(|| format!("cannot make the data directory {}", directory.display()))?;
        let lock = directory.join("lock");
        let lock =
            File::create(&lock).with_context(|| format!("cannot open {}", lock.display()))?;
        if lock.try_lock().is_err() {
            bail!(
                "another agent uses the data directory {}",
                directory.display()
            );
        }
        let path = directory.join(NAME);
        let kept = match File::open(&path) {
            Ok(file) => read(&path, file)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Kept::default(),
            Err(error) => return Err(error).with_context(|| format!("{}", path.display())),
        };
        let file = rewrite(directory, kept.records())?;
        Ok((Journal(Some(Open { file, _lock: lock })), kept))
    }

    /// Writes one line. The change that it tells of must not be made if this fails.
    pub fn append(&mut self, record: &Record) -> Result<(), Refused> {
        let Some(open) = &mut self.0 else {
            return Ok(());
        };
        let written = line(record).and_then(|line| Ok(open.file.write_all(&line)?));
        written.map_err(|error| Refused::internal(format!("cannot write the journal: {error}")))
    }

    /// Whether anything is kept at all.
    pub fn keeps(&self) -> bool {
        self.0.is_some()
    }
}

fn line(record: &Record) -> anyhow::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(record)?;
    line.push(b'\n');
    Ok(line)
}

fn read(path: &Path, file: File) -> anyhow::Result<Kept> {
    let mut kept = Kept::default();
    let mut lines = BufReader::new(file).split(b'\n').enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        match serde_json::from_slice(&line?) {
            Ok(record) => kept.apply(record),
            Err(_) if lines.peek().is_none() => {
                eprintln!("{}: the last line was cut off; left out", path.display());
            }
            Err(error) => bail!("{}: line {}: {error}", path.display(), number + 1),
        }
    }
    Ok(kept)
}

/// Writes a new journal beside the old one, on the disk for good, and then gives it the name.
fn rewrite(directory: &Path, records: impl Iterator<Item = Record>) -> anyhow::Result<File> {
    let new = directory.join("agent.journal.new");
    let mut file = BufWriter::new(File::create(&new)?);
    for record in records {
        file.write_all(&line(&record)?)?;
    }
    let file = file
        .into_inner()
        .map_err(std::io::IntoInnerError::into_error)?;
    file.sync_all()?;
    std::fs::rename(&new, directory.join(NAME))?;
    Ok(file)
}

/// What the journal kept is registered again. Every check starts critical, or in the state that its
/// definition names: nobody has looked since.
pub(crate) fn restore(shared: &Arc<Shared>, kept: Kept) {
    shared.store.write(|state| {
        state.index = state.index.max(kept.index);
        kept.pairs.into_values().for_each(|pair| state.kv.put(pair));
    });
    // What this start does not allow (a script, without the switch) is left out, and said.
    let report = |id: &str, done: Result<(), Refused>| {
        if let Err(refused) = done {
            eprintln!("kept, but not registered: {id:?}: {}", refused.words);
        }
    };
    for (id, definition) in kept.services {
        report(&id, shared.register_service(definition, Source::Api, false));
    }
    for (id, check) in kept.checks {
        report(&id, shared.register_check(check, Source::Api));
    }
}
