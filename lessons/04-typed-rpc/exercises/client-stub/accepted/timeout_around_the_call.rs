//! Accepted: tokio's `timeout` around `call` in place of `call_within`, one generic function for both methods.

use std::time::Duration;

use l02_rpc::client::CallError;
use l02_rpc::message::Failure;
use l04_typed_rpc::Client;
use tokio::time::timeout;

// Given in given.rs, beside this file: `Shop`, `ShopError`.
pub use super::given::*;

pub struct ShopClient {
    client: Client,
    timeout: Duration,
}

impl ShopClient {
    pub fn new(client: Client, timeout: Duration) -> Self {
        ShopClient { client, timeout }
    }
}

async fn answer<T>(
    time: Duration,
    call: impl Future<Output = Result<T, CallError>>,
) -> Result<T, ShopError> {
    let Ok(answer) = timeout(time, call).await else {
        return Err(ShopError::Unknown);
    };
    answer.map_err(|error| match error {
        CallError::Argument(_) => ShopError::NotRun,
        CallError::Server(failure) => match failure {
            Failure::Failed(words) => ShopError::Refused(words),
            Failure::NoService(_) | Failure::NoMethod(_) | Failure::BadArgument(_) => {
                ShopError::NotRun
            }
            Failure::Panicked | Failure::ReplyTooLong => ShopError::Unknown,
        },
        _ => ShopError::Unknown,
    })
}

impl Shop for ShopClient {
    async fn price(&self, article: String) -> Result<u32, ShopError> {
        answer(self.timeout, self.client.call("shop.Price", &(article,))).await
    }

    async fn order(&self, article: String, count: u32) -> Result<u64, ShopError> {
        answer(
            self.timeout,
            self.client.call("shop.Order", &(article, count)),
        )
        .await
    }
}
