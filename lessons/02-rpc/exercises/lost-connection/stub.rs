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
    waiting: Mutex<HashMap<u32, Sender<Answer>>>,
}

impl Calls {
    /// A new call begins to wait. Its answer, exactly one, comes out of the receiver: the value, or
    /// `Err(Lost)` as soon as it is certain that no reply can come.
    pub fn begin(&self, id: u32) -> Receiver<Answer> {
        let (tell, answer) = mpsc::channel();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.insert(id, tell);
        answer
    }

    /// Reads replies, lines `ID VALUE` with a newline at the end, and gives each to the call that
    /// waits for it. Returns when no more can come, whatever the reason.
    ///
    /// Other threads may call `begin` at any time: before, while, and after this runs.
    pub fn read_replies(&self, stream: TcpStream) {
        for line in BufReader::new(stream).lines() {
            let Ok(line) = line else { return };
            let Some((id, value)) = parse(&line) else {
                return;
            };
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(tell) = waiting.remove(&id) {
                let _ = tell.send(Ok(value.to_string()));
            }
        }
    }
}

/// ID and value of a reply. This part is right: leave it as it is.
fn parse(line: &str) -> Option<(u32, &str)> {
    let (id, value) = line.trim_end_matches('\n').split_once(' ')?;
    Some((id.parse().ok()?, value))
}
