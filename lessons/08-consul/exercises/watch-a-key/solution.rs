//! Being woken is a hint, never a message. The agent answers when the wait is over, when another key
//! moved an index that this one shares, when somebody wrote flags or wrote the value back: so what was
//! told last is kept, and only a difference is told. The index is for the agent alone: it goes back to
//! it as it came, and means nothing more than "newer than this". That is also why it may fall: a smaller
//! one belongs to another life of the agent, and whoever keeps the greatest that he has ever seen waits
//! for a number that is years away. After an agent was away, the next answer may come from a restarted one:
//! index 0 makes it answer at once, and the value that was told last says whether there is news.

use std::future::Future;

/// No answer: the agent is away at the moment.
#[derive(Debug)]
pub struct Away;

/// What an agent answers about the key.
#[derive(Debug)]
pub struct Answer {
    /// `X-Consul-Index`.
    pub index: u64,
    /// What the key holds. None: there is no such key.
    pub value: Option<String>,
}

/// An agent that is asked about one key.
pub trait Book {
    /// `GET /v1/kv/KEY?index=INDEX`.
    fn get(&mut self, index: u64) -> impl Future<Output = Result<Answer, Away>>;
    /// Waits a second.
    fn pause(&mut self) -> impl Future<Output = ()>;
}

/// Calls `changed` with the value that the key has, and again each time when it has another one.
pub async fn watch(book: &mut impl Book, mut changed: impl FnMut(Option<&str>)) {
    let mut index = 0;
    // None: nothing was told yet. That the key is not there is something to be told.
    let mut told: Option<Option<String>> = None;
    loop {
        let Ok(answer) = book.get(index).await else {
            // Another agent may answer next, and its index begins anew.
            index = 0;
            book.pause().await;
            continue;
        };
        index = answer.index;
        if told.as_ref() != Some(&answer.value) {
            changed(answer.value.as_deref());
            told = Some(answer.value);
        }
    }
}
