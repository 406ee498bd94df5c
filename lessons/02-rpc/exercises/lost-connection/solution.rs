//! Only the thread that reads learns that no reply can come any more, so all callers depend on it. The loop
//! is left in one way, whatever ended it (the end, a reset, half a line, a line that is not a reply), and after it every
//! pending call fails. A call that begins later would get no answer from this thread, so the table has `lost`. It is
//! under the same lock as the entries: between two locks a call could begin after the entries were failed and before the
//! flag was set.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::sync::PoisonError;
use std::sync::mpsc::{self, Receiver, Sender};

// Given in given.rs, beside this file: `Answer`, `Lost`, `parse`, and a `Mutex` that is std's.
pub use super::given::*;

/// The pending calls of one connection: ids, and channels to the callers.
#[derive(Default)]
pub struct Calls {
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    pending: HashMap<u32, Sender<Answer>>,
    /// No reply can come any more.
    lost: bool,
}

impl Calls {
    /// Makes an entry for a new call, unless the connection is lost.
    pub fn begin(&self, id: u32) -> Receiver<Answer> {
        let (sender, answer) = mpsc::channel();
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if table.lost {
            let _ = sender.send(Err(Lost));
        } else {
            table.pending.insert(id, sender);
        }
        answer
    }

    /// Reads replies until the connection is lost, and then fails every pending call.
    pub fn read_replies(&self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        while stream.read_line(&mut line).is_ok() && line.ends_with('\n') {
            let Some((id, value)) = parse(&line) else {
                break;
            };
            let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(sender) = table.pending.remove(&id) {
                let _ = sender.send(Ok(value.to_string()));
            }
            line.clear();
        }
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.lost = true;
        for (_, sender) in table.pending.drain() {
            let _ = sender.send(Err(Lost));
        }
    }
}
