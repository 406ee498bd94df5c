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
}

impl Calls {
    /// Makes an entry for a new call. Exactly one answer arrives on the receiver: the value, or `Err(Lost)` as soon
    /// as no reply can come any more. Other threads call this before, while and after `read_replies` runs.
    pub fn begin(&self, id: u32) -> Receiver<Answer> {
        let (sender, answer) = mpsc::channel();
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.pending.insert(id, sender);
        answer
    }

    /// Reads replies, and sends each value to its call, until the connection is lost. Then every pending call gets
    /// `Err(Lost)`, and every later call as well.
    ///
    /// * A reply is a line `ID VALUE` with a newline at its end. Without the newline the reply is incomplete.
    /// * A reply whose id is not pending is ignored, and so is a value whose caller has dropped its receiver.
    /// * The connection is lost when it ends, when it breaks, and after a line that is not a reply.
    ///
    /// So far the pending calls wait without limit when the connection is lost.
    pub fn read_replies(&self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        while let Ok(1..) = stream.read_line(&mut line) {
            let Some((id, value)) = parse(&line) else {
                return;
            };
            let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(sender) = table.pending.remove(&id) {
                let _ = sender.send(Ok(value.to_string()));
            }
            line.clear();
        }
    }
}
