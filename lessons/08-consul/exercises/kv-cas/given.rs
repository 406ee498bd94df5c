//! What is given in this exercise: the answer uses it and does not change it.

/// What the key `leader` holds.
pub struct Entry {
    /// The name of the leader.
    pub value: String,
    /// `ModifyIndex`: the number of the change that wrote it.
    pub index: u64,
}

/// No answer came. The agent may have done what was asked, or not.
#[derive(Debug, PartialEq)]
pub struct NoAnswer;

/// The key `leader` in the KV store of an agent. The instance whose name it holds is the leader.
pub trait KvStore {
    /// `GET`: the entry. None: the key does not exist, so there is no leader.
    fn get(&mut self) -> Result<Option<Entry>, NoAnswer>;
    /// `PUT`, with `?cas=` if it is given: done only if the key is still at this index; 0 means that it must not exist.
    /// Says whether it was done.
    fn put(&mut self, name: &str, cas: Option<u64>) -> Result<bool, NoAnswer>;
    /// `DELETE`, with `?cas=` if it is given: done only if the key is still at this index. Says whether it was done.
    fn delete(&mut self, cas: Option<u64>) -> Result<bool, NoAnswer>;
}
