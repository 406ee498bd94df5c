use std::time::Duration;

use l04_typed_rpc::Client;

// Given in given.rs, beside this file: `Shop`, `ShopError`.
pub use super::given::*;

/// Implements `Shop` by calling a server with the client of lesson 02. `price` has no errors yet, and `order` is to be
/// written.
///
/// * The names on the wire are `shop.Price` and `shop.Order`. The arguments travel as one tuple, in the trait's
///   order: `(article,)` and `(article, count)`.
/// * No call waits longer than `timeout`.
/// * The method's own error, `Failure::Failed`, is `Refused` with the method's words.
/// * `NotRun`: the server found no such service or method or could not read the arguments, or the client could
///   not send them.
/// * `Unknown`: every other error. `l02_rpc::client::CallError` and `l02_rpc::message::Failure` list them.
pub struct ShopClient {
    client: Client,
    timeout: Duration,
}

impl ShopClient {
    pub fn new(client: Client, timeout: Duration) -> Self {
        ShopClient { client, timeout }
    }
}

impl Shop for ShopClient {
    async fn price(&self, article: String) -> Result<u32, ShopError> {
        let arguments = (article,);
        let call = self
            .client
            .call_within(self.timeout, "shop.Price", &arguments);
        Ok(call.await.unwrap_or_default())
    }

    async fn order(&self, article: String, count: u32) -> Result<u64, ShopError> {
        let _arguments = (article, count);
        Err(ShopError::Unknown)
    }
}
