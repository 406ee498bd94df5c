//! What is given in this exercise: the answer uses it and does not change it.

/// What anybody may ask a shop. Its callers are written against this, and know nothing of wires.
pub trait Shop {
    /// The price of an article, in cents.
    fn price(&mut self, article: &str) -> Result<u32, ShopError>;
    /// How many of them are there.
    fn stock(&mut self, article: &str) -> Result<u32, ShopError>;
}

#[derive(Debug, PartialEq, Eq)]
pub enum ShopError {
    /// The shop says: there is no such article.
    Unknown,
    /// There is no answer of the shop, whatever the reason.
    NoAnswer,
}
