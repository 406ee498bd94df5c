//! belief: waking-means-changed
//! words: Whoever is woken has news.
//! check: a_the_wait_ends
//! says: only the wait has ended

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
    loop {
        let Ok(answer) = book.get(index).await else {
            book.pause().await;
            continue;
        };
        index = answer.index;
        changed(answer.value.as_deref());
    }
}
