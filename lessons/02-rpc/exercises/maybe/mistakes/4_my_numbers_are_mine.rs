//! belief: my-numbers-are-mine
//! words: Nobody else chooses the numbers that I choose.
//! check: two_customers_are_two
//! says: somebody else's

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
pub const TRIES: usize = 4;
pub struct Customer {
    bank: SocketAddr,
    patience: Duration,
    last: u32,
}

impl Customer {
    pub fn new(_name: &str, bank: SocketAddr, patience: Duration) -> Self {
        Customer {
            bank,
            patience,
            last: 0,
        }
    }
    pub fn pay(&mut self, amount: u32) -> io::Result<String> {
        self.last += 1;
        let key = self.last;
        let mut outcome = Err(ErrorKind::TimedOut.into());
        for _ in 0..TRIES {
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
