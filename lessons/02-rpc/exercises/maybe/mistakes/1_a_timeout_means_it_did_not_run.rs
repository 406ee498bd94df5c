//! belief: a-timeout-means-it-did-not-run
//! words: A timeout means it did not run.
//! check: a_timed_out_call_ran
//! says: the timed-out call ran, and so did your retry

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
pub const TRIES: usize = 4;
pub struct Customer {
    name: String,
    bank: SocketAddr,
    patience: Duration,
    last: u32,
}

impl Customer {
    pub fn new(name: &str, bank: SocketAddr, patience: Duration) -> Self {
        Customer {
            name: name.to_string(),
            bank,
            patience,
            last: 0,
        }
    }
    pub fn pay(&mut self, amount: u32) -> io::Result<String> {
        let mut outcome = Err(ErrorKind::TimedOut.into());
        for _ in 0..TRIES {
            self.last += 1;
            let key = format!("{}-{}", self.name, self.last);
            outcome = self.try_once(&format!("pay {key} {amount}\n"));
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }
    fn try_once(&self, question: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&self.bank, self.patience)?;
        stream.set_read_timeout(Some(self.patience))?;
        stream.write_all(question.as_bytes())?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer)?;
        let answer = answer.strip_suffix('\n').ok_or(ErrorKind::UnexpectedEof)?;
        Ok(answer.to_string())
    }
}
