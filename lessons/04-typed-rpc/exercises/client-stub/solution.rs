//! A stub has the signature of the local method and more ways to fail, so each error of the client below needs its
//! place in the error of the trait. There is no default that a caller could take for an answer. What matters to the
//! caller is whether the method has run: an error reply about the name or the arguments proves that it has not. A
//! timeout, a lost connection, a panic and an unreadable value prove nothing.

use std::time::Duration;

use l02_rpc::client::CallError;
use l02_rpc::message::Failure;
use l04_typed_rpc::Client;

// Given in given.rs, beside this file: `Shop`, `ShopError`.
pub use super::given::*;

/// Implements `Shop` by calling a server with the client of lesson 02.
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
        call.await.map_err(shop_error)
    }

    async fn order(&self, article: String, count: u32) -> Result<u64, ShopError> {
        let arguments = (article, count);
        let call = self
            .client
            .call_within(self.timeout, "shop.Order", &arguments);
        call.await.map_err(shop_error)
    }
}

fn shop_error(error: CallError) -> ShopError {
    use Failure::{BadArgument, Failed, NoMethod, NoService};
    match error {
        CallError::Server(Failed(words)) => ShopError::Refused(words),
        CallError::Argument(_) | CallError::Server(NoService(_) | NoMethod(_) | BadArgument(_)) => {
            ShopError::NotRun
        }
        _ => ShopError::Unknown,
    }
}
