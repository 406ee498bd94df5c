//! A timeout says that no answer came; it cannot say whether the payment ran. So a try that is
//! repeated must be recognisable as the same payment: the key is made once, before the first try. The
//! next payment gets another one, even of the same amount, and the name keeps the keys of two
//! customers apart. Asking again is safe now, and also the only way to find out. `refused` is an
//! answer, the bank has decided, and is not tried again.

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How often a payment is tried.
pub const TRIES: usize = 4;

/// Somebody who pays.
pub struct Customer {
    /// No two customers of the bank have the same name.
    name: String,
    bank: SocketAddr,
    /// How long one try may wait for its answer.
    patience: Duration,
    last: u32,
}

impl Customer {
    /// A customer who has not paid anything yet.
    pub fn new(name: &str, bank: SocketAddr, patience: Duration) -> Self {
        Customer {
            name: name.to_string(),
            bank,
            patience,
            last: 0,
        }
    }

    /// Pays once, and returns the bank's answer: `ok BALANCE` or `refused WORDS`.
    ///
    /// The bank is asked with a line, `pay KEY AMOUNT`. A key is a word that you choose. The bank
    /// remembers it: it runs a payment once for each key, and if the same key comes again it only
    /// repeats its answer.
    ///
    /// An answer may get lost. Then the bank is asked again, `TRIES` times altogether; after that
    /// the error of the last try is returned.
    pub fn pay(&mut self, amount: u32) -> io::Result<String> {
        // Before the loop: all tries are the same payment.
        self.last += 1;
        let key = format!("{}-{}", self.name, self.last);
        let mut outcome = Err(ErrorKind::TimedOut.into());
        for _ in 0..TRIES {
            outcome = self.try_once(&format!("pay {key} {amount}\n"));
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }

    /// One try: a connection, a question, an answer.
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
