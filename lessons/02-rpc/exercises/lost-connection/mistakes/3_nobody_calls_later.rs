//! belief: nobody-calls-later
//! words: Who has told all that wait has told everybody.
//! check: later_calls_fail_at_once
//! says: began after the end

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};

pub type Answer = Result<String, Lost>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost;

#[derive(Default)]
pub struct Calls {
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    waiting: HashMap<u32, Sender<Answer>>,
}

impl Calls {
    pub fn begin(&self, id: u32) -> Receiver<Answer> {
        let (tell, answer) = mpsc::channel();
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.waiting.insert(id, tell);
        answer
    }

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
        for (_, tell) in table.waiting.drain() {
            let _ = tell.send(Err(Lost));
        }
    }
}

fn parse(line: &str) -> Option<(u32, &str)> {
    let (id, value) = line.trim_end_matches('\n').split_once(' ')?;
    Some((id.parse().ok()?, value))
}
