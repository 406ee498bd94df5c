//! What is given in this exercise: the answer uses it and does not change it.

use std::io;

/// What a clerk can be told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Say how much there is.
    Balance,
    /// Send so much to somebody else.
    Transfer(u32),
    /// From now on at most so much a day. Nobody else changes this.
    Limit(u32),
}

/// What to do when a try has failed, in rpcx's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Fail fast: say so at once.
    Fast,
    /// Fail try: again at the same counter, `TRIES` times altogether.
    Try,
    /// Fail over: at the next counter; behind the last one comes the first. Each counter once.
    Over,
}

/// How often a counter is tried in mode `Try`.
pub const TRIES: usize = 3;

/// What the bank says. Both are answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is done; so much is in the account.
    Done(u32),
    /// It is not done, because there is too little money, or because of the limit.
    Refused,
}

/// A try without an answer. Each kind of error can come at either place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// While the line to the counter was being made. The order had not been sent.
    Dialling(io::ErrorKind),
    /// While we waited for the answer. The order had been sent.
    Waiting(io::ErrorKind),
}

/// The counters of a bank. All of them keep the same account.
pub trait Counters {
    /// How many there are. At least one.
    fn count(&self) -> usize;

    /// One try at one of them, 0 to `count() - 1`.
    fn ask(&self, counter: usize, order: Order) -> Result<Answer, Lost>;
}
