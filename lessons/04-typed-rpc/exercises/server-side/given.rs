//! What is given in this exercise: the answer uses it and does not change it.

/// What the server can do. An implementation contains no requests and no replies.
pub trait Orders {
    /// Orders `count` pieces of an article, and returns what they cost together, in cents.
    fn order(&mut self, article: &str, count: u32) -> Result<u32, String>;
    /// Cancels the order with this number.
    fn cancel(&mut self, number: u32) -> Result<(), String>;
}
