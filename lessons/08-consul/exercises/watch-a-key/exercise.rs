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
    /// `GET /v1/kv/KEY?index=INDEX`: answers when the index of the key is greater than this, or when the
    /// agent has waited for five minutes. With 0 it answers at once.
    fn get(&mut self, index: u64) -> impl Future<Output = Result<Answer, Away>>;
    /// Waits a second: for a while, when the agent is away.
    fn pause(&mut self) -> impl Future<Output = ()>;
}

/// Calls `changed` with the value that the key has, and again each time when it has another one. Never
/// returns.
///
/// * Nobody is told the same value twice in a row, whatever the agent has answered.
/// * No change is missed that lasts until the next answer, and none is told minutes late.
/// * The agent is asked when it has something to say, and not all the time. When it is away, there is a
///   pause between two questions.
/// * After a restart its index may be smaller than before. It counts from there.
/// * When it was away, it may have been restarted in between: the next question has index 0, which it answers
///   at once.
pub async fn watch(book: &mut impl Book, mut changed: impl FnMut(Option<&str>)) {
    let mut index = 0;
    loop {
        match book.get(index).await {
            Ok(answer) => {
                index = answer.index;
                changed(answer.value.as_deref());
            }
            Err(Away) => book.pause().await,
        }
    }
}
