//! belief: the-next-one-please
//! words: The next change has the next index.
//! check: b_a_change_is_told
//! says: exactly as it came

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
            book.pause().await;
            continue;
        };
        index = answer.index + 1;
        if told.as_ref() != Some(&answer.value) {
            changed(answer.value.as_deref());
            told = Some(answer.value);
        }
    }
}
