//! What is given in this exercise: the answer uses it and does not change it.

use std::future::Future;

/// No answer: the agent is unavailable at the moment.
#[derive(Debug)]
pub struct Unavailable;

/// The agent's answer to a query for the key.
#[derive(Debug)]
pub struct Answer {
    /// `X-Consul-Index`.
    pub index: u64,
    /// The value of the key. None: the key does not exist.
    pub value: Option<String>,
}

/// One key in the KV store of an agent.
pub trait KvStore {
    /// `GET /v1/kv/KEY?index=INDEX`, a blocking query: the agent answers when the index of the key is greater than this
    /// one, or after five minutes. With index 0 it answers at once.
    fn get(&mut self, index: u64) -> impl Future<Output = Result<Answer, Unavailable>>;
    /// Waits for a second: the pause between two queries while the agent is unavailable.
    fn pause(&mut self) -> impl Future<Output = ()>;
}
