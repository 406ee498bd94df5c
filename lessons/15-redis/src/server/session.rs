//! One client, as the server knows it: its name, protocol and database, and its transaction.

use super::command::{Call, Command, Kind, find};
use super::refused::{Answer, Refused};
use super::state::{Shared, State};
use crate::resp::{Protocol, Value};

/// What one word costs besides its bytes.
const WORD: usize = 32;

/// The session of one client.
#[derive(Debug, Default)]
pub struct Session {
    /// Its number; no other client ever has it.
    pub id: u64,
    /// What CLIENT SETNAME said.
    pub name: Vec<u8>,
    /// What HELLO said.
    pub protocol: Protocol,
    /// What SELECT said.
    pub space: usize,
    /// The connection ends behind this answer.
    pub closing: bool,
    /// The connection ends at once: the answer is too large, or the client speaks HTTP.
    pub cut: bool,
    /// What has been queued since MULTI.
    pub queue: Option<Queue>,
}

/// The commands of a transaction.
#[derive(Debug, Default)]
pub struct Queue {
    requests: Vec<(&'static Command, Vec<Vec<u8>>)>,
    bytes: usize,
    /// One of them was refused; EXEC will refuse them all.
    broken: bool,
}

impl Session {
    /// Makes the session of a new client.
    pub fn new(id: u64) -> Session {
        Session {
            id,
            ..Session::default()
        }
    }

    /// Answers one request.
    pub fn answer(&mut self, shared: &Shared, words: Vec<Vec<u8>>) -> Value {
        // A page in a browser can POST to any port of this machine, and the lines of its body would be commands.
        // Redis closes such a connection as well.
        let http = |first: &Vec<u8>| {
            [&b"post"[..], b"host:"]
                .iter()
                .any(|word| first.eq_ignore_ascii_case(word))
        };
        if words.first().is_some_and(http) {
            (self.cut, self.closing) = (true, true);
            return Value::error("ERR this is no HTTP server");
        }
        match self.accept(shared, words) {
            Ok(answer) => answer,
            Err(refused) => refused.value(),
        }
    }

    fn accept(&mut self, shared: &Shared, words: Vec<Vec<u8>>) -> Answer {
        let found = find(&words);
        let mut state = shared.lock();
        let command = match found.and_then(|command| self.room(shared, &state, command)) {
            Ok(command) => command,
            Err(refused) => {
                // An EXEC that is refused has no second try.
                if words
                    .first()
                    .is_some_and(|name| name.eq_ignore_ascii_case(b"exec"))
                {
                    self.queue = None;
                    return Err(refused.aborts());
                }
                if let Some(queue) = &mut self.queue {
                    queue.broken = true;
                }
                return Err(refused);
            }
        };
        match &mut self.queue {
            Some(queue) if command.kind != Kind::AtOnce => {
                let bytes = words.iter().map(|word| WORD + word.len());
                queue.bytes += bytes.sum::<usize>();
                queue.requests.push((command, words));
                Ok(Value::simple("QUEUED"))
            }
            _ => self.run(shared, &mut state, command, words),
        }
    }

    /// Refuses what needs memory while there is none. As in Redis it is looked at before a command, so
    /// the last one that got in may take more than was left.
    fn room(
        &self,
        shared: &Shared,
        state: &State,
        command: &'static Command,
    ) -> Result<&'static Command, Refused> {
        let grows = match (&self.queue, command.name) {
            (None, _) => command.kind == Kind::Grows,
            (Some(_), "discard" | "quit") => false,
            (Some(queue), "exec") => queue
                .requests
                .iter()
                .any(|(one, _)| one.kind == Kind::Grows),
            // What is queued takes memory, whatever it will do.
            (Some(_), _) => true,
        };
        if !grows || state.bytes() <= shared.config.max_memory {
            return Ok(command);
        }
        Err(Refused::new(
            "OOM command not allowed when used memory > 'maxmemory'.",
        ))
    }

    fn run(
        &mut self,
        shared: &Shared,
        state: &mut State,
        command: &'static Command,
        words: Vec<Vec<u8>>,
    ) -> Answer {
        (command.run)(&mut Call {
            words,
            name: command.name,
            state,
            session: self,
            shared,
        })
    }

    /// EXEC: does what was queued, in one hold of the lock: no other command between. Refused without MULTI,
    /// or if a command was refused when it was queued. What fails while it is done is an error among the
    /// answers, and the others are done all the same: there is no way back.
    pub fn exec(&mut self, shared: &Shared, state: &mut State) -> Answer {
        let Some(queue) = self.queue.take() else {
            return Err(Refused::new("ERR EXEC without MULTI"));
        };
        if queue.broken {
            return Err(Refused::new(
                "EXECABORT Transaction discarded because of previous errors.",
            ));
        }
        let (mut answers, mut size) = (Vec::new(), 0_usize);
        for (command, words) in queue.requests {
            let answer = self.run(shared, state, command, words);
            let answer = answer.unwrap_or_else(Refused::value);
            // All are done, but no more answers are kept than can be sent.
            size = size.saturating_add(answer.size());
            if size <= shared.config.max_answer {
                answers.push(answer);
            }
        }
        self.cut = size > shared.config.max_answer;
        Ok(Value::Array(answers))
    }

    /// Bytes that it makes the server hold beyond its answers.
    pub fn held(&self) -> usize {
        self.queue.as_ref().map_or(0, |queue| queue.bytes)
    }
}
