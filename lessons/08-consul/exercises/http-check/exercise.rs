// Given in given.rs, beside this file: `Load`.
pub use super::given::*;

/// What the server answers to `GET /health`: a status code for the agent, and a text for people.
///
/// * The database does not answer: the check turns critical, however many requests are queued.
/// * Otherwise, if the queue is filled to three quarters of its capacity or more: the check turns to warning, because
///   the server still answers its requests, only late.
/// * Otherwise the check passes.
/// * The agent keeps the text as the output of the check. While the queue is that full, the text holds the number of
///   queued requests.
pub fn health(load: &Load) -> (u16, String) {
    if load.database_answers && 4 * load.queued < 3 * load.capacity {
        (200, "healthy".to_string())
    } else {
        (503, "unhealthy".to_string())
    }
}
