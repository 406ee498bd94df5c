//! JSON-RPC 2.0: one message in, at most one out. `jsonrpc-core` finds the method and calls it. We parse
//! the JSON before that, because `jsonrpc-core` alone fails some of the examples in section 7 of the
//! specification: it sends no reply to `[]`, calls the members of `[1]` and `[1,2,3]` a parse error, and writes
//! `Invalid request` instead of `Invalid Request`. The test `tests/it/specification.rs` shows the examples
//! with `jsonrpc-core` alone and with this module.

use std::sync::Arc;

use jsonrpc_core::{Call, Error, ErrorCode, Failure, Id, IoHandler, Output, Params, Version};
use serde::Serialize;
use serde_json::Value;

use crate::{json, services};

/// The longest batch, so that one line cannot keep the server busy for an hour.
pub const BATCH: usize = 100;

// ANCHOR: handler
/// The methods of this lesson. A name, and a function from parameters to a result or an error.
pub fn handler() -> IoHandler {
    let mut handler = IoHandler::new();
    handler.add_method("hello.HelloWorld", async |params: Params| {
        // A list of one text. Anything else is the error -32602, Invalid params.
        let (name,): (String,) = params.parse()?;
        Ok(services::hello_world(&name).into())
    });
    handler.add_method("Panda.GetInfo", async |params: Params| {
        let (number,): (i64,) = params.parse()?;
        services::get_info(number)
            .map(Value::from)
            .map_err(|words| failure(REFUSED, &words))
    });
    handler
}

/// The code of a failed method. A server may use the codes from -32000 to -32099 for its own errors.
pub const REFUSED: i64 = -32000;
// ANCHOR_END: handler

/// An error with a code of this server.
pub fn failure(code: i64, words: &str) -> Error {
    Error {
        code: ErrorCode::ServerError(code),
        message: words.to_string(),
        data: None,
    }
}

/// A server without a transport: it takes a message and returns the reply.
#[derive(Clone)]
pub struct Rpc {
    handler: Arc<IoHandler>,
}

impl Rpc {
    /// A server with these methods.
    pub fn new(handler: IoHandler) -> Self {
        Rpc {
            handler: Arc::new(handler),
        }
    }

    // ANCHOR: answer
    /// The reply to one message; `None` if it has only notifications.
    pub async fn answer(&self, message: &[u8]) -> Option<Vec<u8>> {
        let value = match json::parse(message) {
            Ok(value) => value,
            Err(json::Broken::Syntax) => return written(&unread(Error::parse_error())),
            Err(json::Broken::Duplicate) => return written(&invalid()),
        };
        let Value::Array(batch) = value else {
            return self.one(value).await.as_ref().and_then(written);
        };
        if batch.is_empty() {
            return written(&invalid());
        }
        if batch.len() > BATCH {
            let words = format!("a batch of more than {BATCH}");
            return written(&unread(failure(REFUSED, &words)));
        }
        let mut replies = Vec::new();
        for member in batch {
            replies.extend(self.one(member).await);
        }
        // Nothing but notifications: not even an empty list is sent.
        (!replies.is_empty()).then(|| written(&replies)).flatten()
    }

    /// The reply to one request, which may be any JSON value.
    async fn one(&self, value: Value) -> Option<Output> {
        let Ok(call) = serde_json::from_value::<Call>(value) else {
            return Some(invalid());
        };
        let mut output = self.handler.handle_call(call).await;
        if let Some(Output::Failure(Failure { error, .. })) = &mut output
            && error.code == ErrorCode::InvalidRequest
        {
            error.message = "Invalid Request".to_string();
        }
        output
    }
    // ANCHOR_END: answer
}

/// The reply to a message whose id could not be read has the id `null`.
fn unread(error: Error) -> Output {
    Output::Failure(Failure {
        jsonrpc: Some(Version::V2),
        error,
        id: Id::Null,
    })
}

fn invalid() -> Output {
    let mut error = Error::invalid_request();
    error.message = "Invalid Request".to_string();
    unread(error)
}

/// The error that is sent before the connection is closed, when there is no message to answer.
pub fn last_error(words: &str) -> Vec<u8> {
    written(&unread(failure(REFUSED, words))).unwrap_or_default()
}

fn written(reply: &impl Serialize) -> Option<Vec<u8>> {
    // Replies are made of texts, numbers and maps with texts for keys: they can always be written.
    serde_json::to_vec(reply).ok()
}
