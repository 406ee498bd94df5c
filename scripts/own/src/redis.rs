//! The readable Redis of lesson 15 as a process, started and ended by the judge, and asked in RESP. With `OWN_REAL` in the
//! environment it is the real one.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::consul::{program, within};
use crate::told::Failure;

/// A Redis that runs. It ends when it is dropped, and loses all.
pub struct Redis {
    child: Child,
    at: SocketAddr,
}

impl Redis {
    /// Starts an empty one at `at`; when this returns, it answers.
    ///
    /// # Errors
    /// A failure of the judge if it does not start.
    pub fn start(at: SocketAddr) -> Result<Self, Failure> {
        let trouble = |why: String| {
            let expected = "the readable Redis of lesson 15 starts";
            Failure::new("The judge starts a Redis", expected, why, None)
        };
        let (program, arguments) = if std::env::var_os("OWN_REAL").is_some() {
            let words = format!(
                "--bind {} --port {} --save \"\" --appendonly no",
                at.ip(),
                at.port()
            );
            ("redis-server".into(), words)
        } else {
            (program("l15-redis"), format!("server --addr {at}"))
        };
        let child = Command::new(&program)
            .args(arguments.split(' ').map(|word| word.trim_matches('"')))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| trouble(format!("{}: {e}", program.display())))?;
        let redis = Self { child, at };
        within(Duration::from_secs(4), || redis.ask(&["PING"]))
            .ok_or_else(|| trouble(format!("nothing answers at {at}")))?;
        Ok(redis)
    }

    /// The reply to a command, without its first byte; `None` if it has no value, or is an error.
    pub fn ask(&self, words: &[&str]) -> Option<String> {
        let mut stream = TcpStream::connect_timeout(&self.at, Duration::from_millis(200)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
        let mut request = format!("*{}\r\n", words.len());
        for word in words {
            request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        stream.write_all(request.as_bytes()).ok()?;
        let mut reply = BufReader::new(stream);
        let mut line = String::new();
        reply.read_line(&mut line).ok()?;
        let rest = line.get(1..)?.trim_end();
        match line.as_bytes().first()? {
            b'+' | b':' => Some(rest.to_owned()),
            b'$' => {
                let mut value = String::new();
                let length = rest.parse::<u64>().ok()?;
                reply.take(length).read_to_string(&mut value).ok()?;
                Some(value)
            }
            _ => None,
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
