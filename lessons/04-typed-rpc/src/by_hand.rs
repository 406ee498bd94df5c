//! One contract written by hand: a trait, a wrapper that serves an implementation of it, and a stub
//! that implements it by calling. [`crate::contract!`] writes the same code.
//!
//! The name `echo.Twice` stands in two places, and so do the types. The compiler does not compare
//! the two places; the macro writes both from one declaration.

use std::sync::Arc;
use std::time::Duration;

use l02_rpc::client::Client;
use l02_rpc::service::Service;

use crate::error::Error;

// ANCHOR: trait
/// The contract of both sides.
pub trait Echo: Send + Sync + 'static {
    /// The text, twice.
    fn twice(&self, text: String) -> impl Future<Output = Result<String, Error>> + Send;
}
// ANCHOR_END: trait

// ANCHOR: local
/// Implements the contract in this program.
pub struct Local;

impl Echo for Local {
    async fn twice(&self, text: String) -> Result<String, Error> {
        if text.is_empty() {
            return Err(Error::method("nothing to say twice"));
        }
        Ok(format!("{text} {text}"))
    }
}
// ANCHOR_END: local

// ANCHOR: server
/// The server's side: makes a service of lesson 02 from any implementation of the contract.
pub fn echo_server(echo: impl Echo) -> Service {
    // Many calls run at the same time and share the one implementation.
    let echo = Arc::new(echo);
    Service::new("echo").method("Twice", move |(text,): (String,)| {
        let echo = Arc::clone(&echo);
        async move {
            let outcome = echo.twice(text).await;
            // The wrapper passes on the value or the error, and decides nothing.
            outcome.map_err(|error| error.to_string())
        }
    })
}
// ANCHOR_END: server

// ANCHOR: client
/// The client's side: implements the contract by calling a server.
#[derive(Clone, Debug)]
pub struct EchoClient {
    client: Client,
    timeout: Duration,
}

impl EchoClient {
    /// Calls over this connection, and waits no longer than `timeout` for each answer.
    pub fn new(client: Client, timeout: Duration) -> Self {
        EchoClient { client, timeout }
    }
}

impl Echo for EchoClient {
    async fn twice(&self, text: String) -> Result<String, Error> {
        let arguments = (text,);
        let call = self
            .client
            .call_within(self.timeout, "echo.Twice", &arguments);
        Ok(call.await?)
    }
}
// ANCHOR_END: client
