//! What is given in this exercise: the answer uses it and does not change it.

/// What is known about a message after sending it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The receiver has replied that it has the message.
    Received,
    /// The message may have arrived or not. The sender cannot know.
    Unknown,
}
