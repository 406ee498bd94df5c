//! Accepted: the table is `None` once the connection is lost, and a guard takes it away when the reading ends.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Mutex, PoisonError};

pub use super::given::*;

/// The pending calls of one connection.
pub struct Calls {
    pending: Mutex<Option<BTreeMap<u32, SyncSender<Answer>>>>,
}

impl Default for Calls {
    fn default() -> Self {
        Calls {
            pending: Mutex::new(Some(BTreeMap::new())),
        }
    }
}

impl Calls {
    /// Makes an entry for a new call.
    pub fn begin(&self, id: u32) -> Receiver<Answer> {
        let (sender, answer) = mpsc::sync_channel(1);
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        match pending.as_mut() {
            Some(pending) => drop(pending.insert(id, sender)),
            None => sender.try_send(Err(Lost)).unwrap_or_default(),
        }
        answer
    }

    /// Reads replies until the connection is lost.
    pub fn read_replies(&self, stream: TcpStream) {
        let _end = End(self);
        let mut stream = BufReader::new(stream);
        loop {
            let mut line = Vec::new();
            let read = stream.read_until(b'\n', &mut line);
            if read.is_err() || line.last() != Some(&b'\n') {
                return;
            }
            let Ok(line) = String::from_utf8(line) else {
                return;
            };
            let Some((id, value)) = parse(&line) else {
                return;
            };
            let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
            let sender = pending.as_mut().and_then(|pending| pending.remove(&id));
            drop(pending);
            sender.and_then(|sender| sender.try_send(Ok(value.to_string())).ok());
        }
    }
}

/// Fails the pending calls when it is dropped.
struct End<'c>(&'c Calls);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let mut pending = self
            .0
            .pending
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for sender in pending
            .take()
            .into_iter()
            .flatten()
            .map(|(_, sender)| sender)
        {
            let _ = sender.try_send(Err(Lost));
        }
    }
}
