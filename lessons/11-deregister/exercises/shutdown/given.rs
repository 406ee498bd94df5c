//! What is given in this exercise: the answer uses it and does not change it.

use std::future::Future;

/// What the server does with a request. It takes some time.
pub trait Handler: Send + Sync + 'static {
    fn handle(&self, request: &str) -> impl Future<Output = String> + Send;
}
