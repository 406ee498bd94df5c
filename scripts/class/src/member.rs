//! What the learner's machine keeps about its class, and the results that the class does not have yet.
//!
//! `.workbook/class/member.json` has the key, the newest sequence number and how much of the attempt log is sent. A
//! message with results is written there before it is sent and stays until the class has confirmed it. After a crash or
//! a lost network the same bytes are sent again, and the class recognizes them: each result arrives exactly once.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::client::{Client, Sent};
use crate::code::Code;
use crate::protocol::{self, Message, RESULTS, Record, Status, What};

/// The membership, as it is kept.
#[derive(Serialize, Deserialize)]
pub struct Member {
    /// The code of the class.
    pub code: String,
    /// Where the class was last.
    pub address: String,
    /// Name in the class.
    pub name: String,
    /// Whether the class has confirmed the join.
    pub joined: bool,
    /// The newest note that was fetched.
    pub notes: i64,
    /// Key pair, PKCS #8.
    key: String,
    /// Of the newest message.
    sequence: u64,
    /// Bytes of the attempt log that the class has.
    cursor: usize,
    /// A message whose confirmation has not arrived, and the cursor after it.
    pending: Option<(String, usize)>,
}

/// The files of a membership. As long as the value lives, no other process of the learner sends.
pub struct Files {
    dir: PathBuf,
    log: PathBuf,
    _lock: File,
}

impl Files {
    /// Waits until no other process sends.
    pub fn open(root: &Path) -> Result<Self> {
        let dir = root.join(".workbook/class");
        fs::create_dir_all(&dir).with_context(|| format!("cannot write {}", dir.display()))?;
        let lock = File::create(dir.join("member.lock"))?;
        lock.lock()?;
        Ok(Self {
            log: root.join(".workbook/attempts.jsonl"),
            dir,
            _lock: lock,
        })
    }

    /// The membership, if there is one.
    ///
    /// # Errors
    /// If the file is damaged.
    pub fn read(&self) -> Result<Option<Member>> {
        let path = self.dir.join("member.json");
        match fs::read(&path) {
            Ok(bytes) => {
                let member = serde_json::from_slice(&bytes);
                Ok(Some(member.with_context(|| {
                    format!("{} is damaged; join again", path.display())
                })?))
            }
            Err(_) => Ok(None),
        }
    }

    /// Writes the membership: the old file or the new one is there, never half of one.
    pub fn write(&self, member: &Member) -> Result<()> {
        let new = self.dir.join("member.json.new");
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        // A private key is in it.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&new)?;
        file.write_all(&serde_json::to_vec_pretty(member)?)?;
        file.sync_all()?;
        fs::rename(new, self.dir.join("member.json")).context("cannot write member.json")
    }

    /// Forgets the membership.
    pub fn forget(&self) -> Result<()> {
        fs::remove_file(self.dir.join("member.json")).context("cannot delete member.json")
    }

    /// Adds a message to the list that `class log` prints.
    fn note(&self, body: &str, outcome: &str) -> Result<()> {
        let mut file = File::options()
            .append(true)
            .create(true)
            .open(self.sent())?;
        writeln!(file, r#"{{"outcome":"{outcome}","message":{body}}}"#)?;
        Ok(())
    }

    /// The list of all messages that were sent.
    pub fn sent(&self) -> PathBuf {
        self.dir.join("sent.jsonl")
    }

    /// How many bytes of the attempt log are whole lines.
    pub fn end_of_log(&self) -> usize {
        whole_lines(&fs::read(&self.log).unwrap_or_default())
    }

    /// The next results after `cursor`, at most as many as a message has, and the cursor after them.
    pub fn results(&self, cursor: usize) -> (Vec<Record>, usize) {
        read_results(&fs::read(&self.log).unwrap_or_default(), cursor)
    }
}

impl Member {
    /// A member with a new key that has sent nothing. Results after `cursor` will be sent.
    ///
    /// # Errors
    /// If the system has no random bytes.
    pub fn new(code: &Code, address: &str, cursor: usize) -> Result<Self> {
        Ok(Self {
            code: code.to_string(),
            address: address.to_owned(),
            name: String::new(),
            joined: false,
            notes: 0,
            key: protocol::encode(&protocol::make_key()?),
            sequence: 0,
            cursor,
            pending: None,
        })
    }

    /// The code of the class.
    ///
    /// # Errors
    /// If it is damaged.
    pub fn code(&self) -> Result<Code> {
        self.code.parse()
    }

    /// The key pair, PKCS #8.
    ///
    /// # Errors
    /// If it is damaged.
    pub fn key(&self) -> Result<Vec<u8>> {
        protocol::decode(&self.key)
    }

    /// The next message, as the bytes that are signed.
    ///
    /// # Errors
    /// If the message is one that the class would refuse.
    pub fn message(&mut self, what: What) -> Result<String> {
        self.sequence += 1;
        let message = Message {
            room: self.code()?.room,
            sequence: self.sequence,
            sent: crate::now(),
            what,
        };
        message.check(message.sent)?;
        Ok(serde_json::to_string(&message)?)
    }

    /// Sends one message that is not repeated if it gets lost: a call for help an hour later helps no learner.
    ///
    /// # Errors
    /// If the class cannot be reached.
    pub async fn tell(&mut self, files: &Files, client: &mut Client, what: What) -> Result<Sent> {
        // First the results: the class takes no message that is older than one it has.
        self.send_results(files, client).await?;
        self.say(files, client, what).await
    }

    /// Joins. A join that is repeated, because its confirmation was lost, changes nothing.
    ///
    /// # Errors
    /// If the class cannot be reached.
    pub async fn join(&mut self, files: &Files, client: &mut Client, name: String) -> Result<Sent> {
        let sent = self.say(files, client, What::Join { name }).await?;
        if let Sent::Taken(taken) = &sent {
            self.name.clone_from(&taken.name);
            self.joined = true;
        }
        Ok(sent)
    }

    async fn say(&mut self, files: &Files, client: &mut Client, what: What) -> Result<Sent> {
        let body = self.message(what)?;
        // Before it is sent: the number is used up, whatever happens now.
        files.write(self)?;
        let sent = client
            .send(&protocol::decode(&self.key)?, body.as_bytes())
            .await?;
        // The program says every few seconds that it is there; that list would be long and say nothing.
        if !body.contains(r#""what":{"here""#) {
            files.note(&body, outcome(&sent))?;
        }
        Ok(sent)
    }

    /// Sends all results that the class does not have. Returns how many were sent.
    ///
    /// # Errors
    /// If the class cannot be reached, or does not know this member any more; the results stay where they are.
    pub async fn send_results(&mut self, files: &Files, client: &mut Client) -> Result<usize> {
        let mut count = 0;
        loop {
            if self.pending.is_none() {
                let (records, cursor) = files.results(self.cursor);
                if records.is_empty() {
                    self.cursor = cursor;
                    return Ok(count);
                }
                let body = self.message(What::Results(records))?;
                self.pending = Some((body, cursor));
                files.write(self)?;
            }
            let Some((body, cursor)) = self.pending.clone() else {
                return Ok(count);
            };
            let sent = client
                .send(&protocol::decode(&self.key)?, body.as_bytes())
                .await?;
            if let Sent::Refused(refused) = &sent
                && matches!(
                    refused.refused.as_str(),
                    "too-fast" | "foreign-key" | "wrong-room" | "clock"
                )
            {
                // Not the message is wrong: it is sent when this is put right.
                bail!("{}", refused.why);
            }
            files.note(&body, outcome(&sent))?;
            (self.cursor, self.pending) = (cursor, None);
            files.write(self)?;
            if matches!(sent, Sent::Taken(_)) {
                count += body.matches(r#""exercise":"#).count();
            }
        }
    }
}

fn outcome(sent: &Sent) -> &str {
    match sent {
        Sent::Taken(_) => "taken",
        Sent::Refused(refused) => &refused.refused,
    }
}

/// What the class reads of a line of the attempt log. Other lines and newer ones are skipped.
#[derive(Deserialize)]
struct Line {
    kind: String,
    id: String,
    status: Option<Status>,
    #[serde(default)]
    seconds: f64,
    belief: Option<String>,
    seen: Option<String>,
    #[serde(default)]
    hints: u32,
}

/// How the attempt log says that this very text was judged last.
pub fn status_of(root: &Path, exercise: &str, text: &[u8]) -> Option<Status> {
    #[derive(Deserialize)]
    struct Judged {
        id: String,
        status: Status,
        hash: String,
    }
    let log = fs::read_to_string(root.join(".workbook/attempts.jsonl")).ok()?;
    let hash: String = digest(&SHA256, text)
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let judged = log.lines().rev().filter_map(|line| {
        let judged: Judged = serde_json::from_str(line).ok()?;
        (judged.id == exercise && judged.hash == hash).then_some(judged.status)
    });
    judged.into_iter().next()
}

fn whole_lines(log: &[u8]) -> usize {
    log.iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1)
}

fn read_results(log: &[u8], cursor: usize) -> (Vec<Record>, usize) {
    let mut attempts: HashMap<String, u32> = HashMap::new();
    let mut records = Vec::new();
    let mut at = 0;
    for text in log[..whole_lines(log)].split_inclusive(|byte| *byte == b'\n') {
        if records.len() == RESULTS {
            break;
        }
        at += text.len();
        let Ok(Line {
            kind,
            id,
            status: Some(status),
            seconds,
            belief,
            seen,
            hints,
        }) = serde_json::from_slice(text)
        else {
            continue;
        };
        if kind != "attempt" {
            continue;
        }
        let attempt = attempts.entry(id.clone()).or_default();
        *attempt += 1;
        let record = Record {
            exercise: id,
            status,
            belief,
            seen,
            seconds,
            attempt: *attempt,
            hints,
        };
        if at > cursor && record.check().is_ok() {
            records.push(record);
        }
    }
    (records, at.max(cursor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lines_of_attempts_after_the_cursor_are_results() {
        let first = r#"{"v":1,"at":1,"id":"frames","kind":"attempt","status":"failed","seconds":0.3,"belief":"b","hash":"x"}"#;
        let log = format!(
            "{first}\nnot json\n{{\"v\":1,\"at\":2,\"id\":\"frames\",\"kind\":\"hint\",\"hints\":1}}\n{}\n{{\"v\":1,",
            r#"{"v":9,"id":"frames","kind":"attempt","status":"passed","seconds":0.1,"hints":1,"hash":"x","new":1}"#
        );
        let (records, cursor) = read_results(log.as_bytes(), 0);
        assert_eq!(records.len(), 2);
        assert_eq!(cursor, log.len() - r#"{"v":1,"#.len());
        let (records, _) = read_results(log.as_bytes(), first.len() + 1);
        let expected = Record {
            exercise: "frames".to_owned(),
            status: Status::Passed,
            belief: None,
            seen: None,
            seconds: 0.1,
            attempt: 2,
            hints: 1,
        };
        assert_eq!(records, [expected]);
        assert_eq!(read_results(log.as_bytes(), cursor), (Vec::new(), cursor));
    }

    #[test]
    fn a_message_has_at_most_fifty_results_and_the_rest_comes_next() {
        let line =
            "{\"v\":1,\"id\":\"echo\",\"kind\":\"attempt\",\"status\":\"failed\",\"seconds\":1}\n";
        let log = line.repeat(120);
        let (mut cursor, mut attempts) = (0, Vec::new());
        loop {
            let (records, next) = read_results(log.as_bytes(), cursor);
            if records.is_empty() {
                break;
            }
            assert!(records.len() <= RESULTS);
            attempts.extend(records.iter().map(|record| record.attempt));
            cursor = next;
        }
        assert_eq!(attempts, (1..=120).collect::<Vec<_>>());
    }
}
