//! belief: only-silence-loses-answers
//! words: Only a timeout leaves it open whether a call ran.
//! check: the_connection_may_end_as_well
//! says: asked again

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
        self.last += 1;
        let key = format!("{}-{}", self.name, self.last);
        let mut outcome = Err(ErrorKind::TimedOut.into());
        for _ in 0..TRIES {
            outcome = self.try_once(&format!("pay {key} {amount}\n"));
            if !matches!(&outcome, Err(error) if error.kind() == ErrorKind::WouldBlock || error.kind() == ErrorKind::TimedOut)
            {
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
