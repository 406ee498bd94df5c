//! What is given in this exercise: the answer uses it and does not change it.

/// What a server knows about its own state.
pub struct Load {
    /// Requests that wait in the queue.
    pub queued: usize,
    /// The size of the queue.
    pub capacity: usize,
    /// Whether the database answers. Each request needs it.
    pub database_answers: bool,
}
