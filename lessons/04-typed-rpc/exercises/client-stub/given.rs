//! What is given in this exercise: the answer uses it and does not change it.

/// The contract: what a caller can ask of a shop.
pub trait Shop: Send + Sync + 'static {
    /// The price of an article, in cents.
    fn price(&self, article: String) -> impl Future<Output = Result<u32, ShopError>> + Send;
    /// Orders `count` pieces of an article, and returns the number of the order.
    fn order(
        &self,
        article: String,
        count: u32,
    ) -> impl Future<Output = Result<u64, ShopError>> + Send;
}

/// Why a method returned no value. A caller reacts differently to each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShopError {
    /// The method ran and refused, for this reason. It would refuse again.
    Refused(String),
    /// The method did not run, so the call can be repeated without harm.
    NotRun,
    /// No usable answer: the method has run, or has not. A second call may order twice.
    Unknown,
}
