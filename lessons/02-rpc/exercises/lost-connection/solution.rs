//! The one who reads is the only one who learns that nothing more will come, so all who wait depend
//! on it. There is one way out of the loop, past the line that tells them, whatever ended it: a
//! polite end, a reset, half a line, nonsense. Who begins to wait afterwards would be told by nobody,
//! so `lost` is remembered, under the same lock as the table: between two locks a call could slip in
//! after the telling and before the flag. `lines()` is not used: it takes half a line for a whole one.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};

/// What a call gets: its value, or the news that none will come.
pub type Answer = Result<String, Lost>;

/// The connection ended before the reply came. The call may have run, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost;

/// The calls of one connection that wait for their replies.
#[derive(Default)]
pub struct Calls {
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    waiting: HashMap<u32, Sender<Answer>>,
    /// No reply can come any more.
    lost: bool,
}

impl Calls {
    /// A new call begins to wait, unless it would wait for ever.
    pub fn begin(&self, id: u32) -> Receiver<Answer> {
        let (tell, answer) = mpsc::channel();
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if table.lost {
            let _ = tell.send(Err(Lost));
        } else {
            table.waiting.insert(id, tell);
        }
        answer
    }

    /// Reads replies until no more can come, and tells that to all who wait.
    pub fn read_replies(&self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        while matches!(stream.read_line(&mut line), Ok(1..)) && line.ends_with('\n') {
            let Some((id, value)) = parse(&line) else {
                break;
            };
            let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(tell) = table.waiting.remove(&id) {
                let _ = tell.send(Ok(value.to_string()));
            }
            line.clear();
        }
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.lost = true;
        for (_, tell) in table.waiting.drain() {
            let _ = tell.send(Err(Lost));
        }
    }
}

/// ID and value of a reply.
fn parse(line: &str) -> Option<(u32, &str)> {
    let (id, value) = line.trim_end_matches('\n').split_once(' ')?;
    Some((id.parse().ok()?, value))
}
