//! One contract written out by hand: a trait, a wrapper that serves what implements it, and a stub
//! that implements it by calling. Read it once, and you have read what [`crate::contract!`] writes.
//!
//! The name `echo.Twice` stands in two places, and so do the types. Here the compiler cannot see
//! that both are the same; the macro takes them from one.

use std::sync::Arc;
use std::time::Duration;

use l02_rpc::client::Client;
use l02_rpc::service::Service;

use crate::error::Error;

// ANCHOR: trait
/// What both sides agree on.
pub trait Echo: Send + Sync + 'static {
    /// The text, twice.
    fn twice(&self, text: String) -> impl Future<Output = Result<String, Error>> + Send;
}
// ANCHOR_END: trait

// ANCHOR: near
/// Fulfils the contract in this program.
pub struct Near;

impl Echo for Near {
    async fn twice(&self, text: String) -> Result<String, Error> {
        if text.is_empty() {
            return Err(Error::method("nothing to say twice"));
        }
        Ok(format!("{text} {text}"))
    }
}
// ANCHOR_END: near

// ANCHOR: server
/// The server's side: anything that fulfils the contract, as a service of lesson 02.
pub fn echo_server(echo: impl Echo) -> Service {
    // Many calls run at the same time, and all of them use the one value.
    let echo = Arc::new(echo);
    Service::new("echo").method("Twice", move |(text,): (String,)| {
        let echo = Arc::clone(&echo);
        async move {
            let outcome = echo.twice(text).await;
            // Value or error, it goes on as it is: the wrapper decides nothing.
            outcome.map_err(|error| error.to_string())
        }
    })
}
// ANCHOR_END: server

// ANCHOR: client
/// The client's side: fulfils the contract by calling a server.
#[derive(Clone, Debug)]
pub struct EchoClient {
    client: Client,
    patience: Duration,
}

impl EchoClient {
    /// Calls over this connection, and waits no longer than `patience` for each answer.
    pub fn new(client: Client, patience: Duration) -> Self {
        EchoClient { client, patience }
    }
}

impl Echo for EchoClient {
    async fn twice(&self, text: String) -> Result<String, Error> {
        let arguments = (text,);
        let call = self
            .client
            .call_within(self.patience, "echo.Twice", &arguments);
        Ok(call.await?)
    }
}
// ANCHOR_END: client
