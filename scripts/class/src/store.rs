//! The records of a class: one SQLite file, and one thread that works on it.
//!
//! `synchronous = FULL`: a learner's program forgets a result once the class has confirmed it, so a confirmation has to
//! survive a power cut, too. A commit for each message would then be one wait for the disk each; the thread takes all
//! messages that are there into one transaction and confirms them after its commit.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, bail};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, ToSql, params};
use tokio::sync::{mpsc, oneshot, watch};

use crate::code;
use crate::tls::Identity;

/// Jobs that wait for the thread. More than that are turned away.
const WAITING: usize = 2048;
/// Jobs in one transaction.
const BATCH: usize = 512;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS class (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS roster (name TEXT PRIMARY KEY COLLATE NOCASE) WITHOUT ROWID;
-- No key: the teacher has freed the name. `hash` is that of the newest message.
CREATE TABLE IF NOT EXISTS members (id INTEGER PRIMARY KEY, key TEXT UNIQUE, name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    sequence INTEGER NOT NULL, hash BLOB NOT NULL, joined INTEGER NOT NULL, seen INTEGER NOT NULL,
    gone INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS results (id INTEGER PRIMARY KEY AUTOINCREMENT,
    member INTEGER NOT NULL REFERENCES members ON DELETE CASCADE, exercise TEXT NOT NULL, status TEXT NOT NULL,
    belief TEXT, seconds REAL NOT NULL, attempt INTEGER NOT NULL, hints INTEGER NOT NULL, at INTEGER NOT NULL, seen TEXT);
CREATE INDEX IF NOT EXISTS results_of ON results (member);
-- Where each member stands with each exercise: `failed` in a row, `since` the first of those, `passed` at least once.
CREATE TABLE IF NOT EXISTS standing (member INTEGER NOT NULL REFERENCES members ON DELETE CASCADE,
    exercise TEXT NOT NULL, status TEXT NOT NULL, belief TEXT, failed INTEGER NOT NULL, since INTEGER NOT NULL,
    last INTEGER NOT NULL, passed INTEGER NOT NULL, PRIMARY KEY (member, exercise)) WITHOUT ROWID;
-- What the teacher calls a mistake that the course does not know.
CREATE TABLE IF NOT EXISTS named (exercise TEXT NOT NULL, seen TEXT NOT NULL, slug TEXT NOT NULL, words TEXT NOT NULL,
    PRIMARY KEY (exercise, seen)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS help (member INTEGER PRIMARY KEY REFERENCES members ON DELETE CASCADE, exercise TEXT,
    at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS answers (id INTEGER PRIMARY KEY, member INTEGER NOT NULL REFERENCES members ON DELETE CASCADE,
    exercise TEXT NOT NULL, text TEXT NOT NULL, at INTEGER NOT NULL);
-- Answers from files: the newest file of each member, and its answers with the status that they claim.
CREATE TABLE IF NOT EXISTS hand_ins (member INTEGER PRIMARY KEY REFERENCES members ON DELETE CASCADE,
    hash BLOB NOT NULL, made INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS handed (member INTEGER NOT NULL REFERENCES members ON DELETE CASCADE, exercise TEXT NOT NULL,
    text TEXT NOT NULL, claim TEXT, at INTEGER NOT NULL, PRIMARY KEY (member, exercise)) WITHOUT ROWID;
-- What the teacher's own judge said of the answer of a member, and the number of the group of answers that are alike.
CREATE TABLE IF NOT EXISTS reviews (id INTEGER PRIMARY KEY AUTOINCREMENT,
    member INTEGER NOT NULL REFERENCES members ON DELETE CASCADE, exercise TEXT NOT NULL, text TEXT NOT NULL, claim TEXT, status TEXT NOT NULL, belief TEXT, test TEXT,
    message TEXT NOT NULL, alike INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, member INTEGER NOT NULL REFERENCES members ON DELETE CASCADE,
    text TEXT NOT NULL, at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS polls (id INTEGER PRIMARY KEY AUTOINCREMENT, question TEXT NOT NULL, phase TEXT NOT NULL,
    at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS votes (poll INTEGER NOT NULL, round INTEGER NOT NULL, voter TEXT NOT NULL,
    choice INTEGER NOT NULL, PRIMARY KEY (poll, round, voter)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS phones (token TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lines (id INTEGER PRIMARY KEY, text TEXT NOT NULL, at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS refused (kind TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
";

/// What stays the same for the life of a class.
#[derive(Clone)]
pub struct Class {
    /// Shown on the pages.
    pub name: String,
    /// The room code.
    pub room: String,
    /// Opens the board.
    pub token: String,
    /// Certificate and key.
    pub identity: Identity,
}

/// The file of the class in the course at `root`.
pub fn usual_file(root: &Path) -> PathBuf {
    root.join(".workbook/class/class.db")
}

/// All files that belong to the records in `file`.
pub fn files(file: &Path) -> Vec<PathBuf> {
    ["", "-wal", "-shm", ".lock"]
        .iter()
        .map(|end| format!("{}{end}", file.display()).into())
        .collect()
}

/// Holds the records alone, until it is dropped or the process ends.
///
/// # Errors
/// If a server works on them.
pub fn lock(file: &Path) -> Result<File> {
    if let Some(dir) = file.parent() {
        fs::create_dir_all(dir).with_context(|| format!("cannot write {}", dir.display()))?;
    }
    let lock = File::create(format!("{}.lock", file.display()))?;
    if lock.try_lock().is_err() {
        bail!(
            "the class in {} is open in another terminal",
            file.display()
        );
    }
    Ok(lock)
}

/// Opens or makes the records for a server.
pub fn open(file: &Path) -> Result<Connection> {
    // The file holds names and a private key: it is made before SQLite makes it, for the owner alone.
    let mut options = fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(file)
        .with_context(|| format!("cannot write {}", file.display()))?;
    let connection = Connection::open(file)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
    )?;
    make_tables(&connection)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Opens the records for a report; a server may go on working.
pub fn open_to_read(file: &Path) -> Result<Connection> {
    if !file.exists() {
        bail!(
            "there are no records of a class in {}; `class open` makes them",
            file.display()
        );
    }
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    make_tables(&connection)?;
    Ok(connection)
}

/// Makes the tables that are not there. Records of an earlier version get what it did not have.
fn make_tables(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(TABLES)?;
    let sql = "SELECT NOT EXISTS (SELECT 1 FROM pragma_table_info('results') WHERE name = 'seen')";
    if connection.query_row(sql, [], |row| row.get(0))? {
        connection.execute_batch("ALTER TABLE results ADD COLUMN seen TEXT")?;
    }
    Ok(())
}

/// One value of the table `class`.
pub fn get<T: rusqlite::types::FromSql>(
    connection: &Connection,
    key: &str,
) -> rusqlite::Result<Option<T>> {
    let mut found = connection.prepare_cached("SELECT value FROM class WHERE key = ?1")?;
    found.query_row([key], |row| row.get(0)).optional()
}

/// Writes one value of the table `class`.
pub fn set(connection: &Connection, key: &str, value: impl ToSql) -> rusqlite::Result<()> {
    let sql = "INSERT INTO class VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value";
    connection
        .prepare_cached(sql)?
        .execute(params![key, value])
        .map(|_| ())
}

/// The key that signs certificates of learners, PKCS #8. It is another one than that of the TLS certificate, and is made
/// with the class; records of an earlier version get it here.
pub fn signing_key(connection: &Connection) -> Result<Vec<u8>> {
    if let Some(key) = get(connection, "signing")? {
        return Ok(key);
    }
    let key = crate::protocol::make_key()?;
    set(connection, "signing", &key)?;
    Ok(key)
}

/// The fingerprint of [`signing_key`].
///
/// # Errors
/// As that.
pub fn fingerprint(connection: &Connection) -> Result<String> {
    let (public, _) = crate::protocol::sign(&signing_key(connection)?, b"")?;
    code::fingerprint(&public)
}

impl Class {
    /// What the records say, or a new class. A class that is opened again keeps code and certificate, so that all
    /// members come back by themselves.
    pub fn load_or_make(connection: &Connection) -> Result<Self> {
        if get::<String>(connection, "room")?.is_none() {
            let identity = Identity::make()?;
            set(connection, "certificate", identity.certificate)?;
            set(connection, "key", identity.key)?;
            set(
                connection,
                "token",
                crate::protocol::encode(&code::random::<16>()?),
            )?;
            set(connection, "room", code::room()?)?;
        }
        signing_key(connection)?;
        let text = |key: &str| get::<String>(connection, key).map(Option::unwrap_or_default);
        let bytes = |key: &str| get::<Vec<u8>>(connection, key).map(Option::unwrap_or_default);
        Ok(Self {
            name: text("name")?,
            room: text("room")?,
            token: text("token")?,
            identity: Identity {
                certificate: bytes("certificate")?,
                key: bytes("key")?,
            },
        })
    }
}

type Job = Box<dyn FnOnce(&Connection) -> Confirm + Send>;
type Confirm = Box<dyn FnOnce(bool) + Send>;

/// The records could not be read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the records of the class cannot be reached")]
pub struct Unavailable;

/// Hands jobs to the thread that has the records.
#[derive(Clone)]
pub struct Desk {
    jobs: mpsc::Sender<Job>,
    changes: watch::Receiver<u64>,
}

impl Desk {
    /// Starts the thread. It ends when the last handle is dropped.
    pub fn start(connection: Connection) -> Self {
        let (jobs, waiting) = mpsc::channel(WAITING);
        let (changed, changes) = watch::channel(0);
        thread::spawn(move || work(&connection, waiting, &changed));
        Self { jobs, changes }
    }

    /// Counts the changes; wakes after each commit that has changed something.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }

    /// Runs `job`, and returns what it returned once that is on disk. If it fails, nothing of it is kept.
    ///
    /// # Errors
    /// [`Unavailable`], if it or the commit failed, or too many jobs wait.
    pub async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let (reply, done) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let result =
                in_savepoint(connection, job).map_err(|e| eprintln!("class: the records say: {e}"));
            Box::new(move |committed| {
                // The connection that asked may be gone.
                let _ = reply.send(result.ok().filter(|_| committed));
            })
        });
        self.jobs.try_send(job).map_err(|_| Unavailable)?;
        done.await.ok().flatten().ok_or(Unavailable)
    }
}

fn in_savepoint<T>(
    connection: &Connection,
    job: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    connection.prepare_cached("SAVEPOINT job")?.execute([])?;
    let result = job(connection);
    if result.is_err() {
        connection.prepare_cached("ROLLBACK TO job")?.execute([])?;
    }
    connection.prepare_cached("RELEASE job")?.execute([])?;
    result
}

fn work(connection: &Connection, mut waiting: mpsc::Receiver<Job>, changed: &watch::Sender<u64>) {
    let mut before = connection.total_changes();
    while let Some(first) = waiting.blocking_recv() {
        let begun = connection.execute_batch("BEGIN").is_ok();
        let mut confirm = vec![first(connection)];
        while confirm.len() < BATCH
            && let Ok(next) = waiting.try_recv()
        {
            confirm.push(next(connection));
        }
        let committed = begun && connection.execute_batch("COMMIT").is_ok();
        if !committed {
            let _ = connection.execute_batch("ROLLBACK");
        }
        for each in confirm {
            each(committed);
        }
        let after = connection.total_changes();
        if after != before {
            before = after;
            changed.send_replace(after);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_job_that_fails_leaves_nothing_and_the_others_stay() {
        let dir = tempfile::tempdir().unwrap();
        let desk = Desk::start(open(&dir.path().join("class.db")).unwrap());
        let good = desk.run(|c| set(c, "a", 1));
        let bad = desk.run(|c| {
            set(c, "b", 1)?;
            c.execute_batch("INSERT INTO nowhere VALUES (1)")
        });
        let (good, bad) = tokio::join!(good, bad);
        assert_eq!((good, bad), (Ok(()), Err(Unavailable)));
        let seen = desk
            .run(|c| Ok((get::<i64>(c, "a")?, get::<i64>(c, "b")?)))
            .await;
        assert_eq!(seen, Ok((Some(1), None)));
    }
}
