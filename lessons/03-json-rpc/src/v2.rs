//! JSON-RPC 2.0: one message in, at most one out. `jsonrpc-core` finds the method and calls it; the
//! look at the JSON before that is ours. Alone, `jsonrpc-core` fails four of the examples in section 7
//! of the specification: it stays silent for `[]`, takes the members of `[1]` and `[1,2,3]` for broken
//! JSON, and says `Invalid request` where the specification writes `Invalid Request`. The test
//! `tests/it/specification.rs` shows both, with and without the mending.

use std::sync::Arc;

use jsonrpc_core::{Call, Error, ErrorCode, Failure, Id, IoHandler, Output, Params, Version};
use serde::Serialize;
use serde_json::Value;

use crate::{json, services};

/// The longest batch: one line must not make the server work for an hour.
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

/// From -32000 to -32099 a server may give numbers of its own: here for "the method said no".
pub const REFUSED: i64 = -32000;
// ANCHOR_END: handler

/// An error with a number of our own.
pub fn failure(code: i64, words: &str) -> Error {
    Error {
        code: ErrorCode::ServerError(code),
        message: words.to_string(),
        data: None,
    }
}

/// A server without a transport: give it a message, send what comes back.
#[derive(Clone)]
pub struct Rpc {
    handler: Arc<IoHandler>,
}

impl Rpc {
    /// Answers for these methods.
    pub fn new(handler: IoHandler) -> Self {
        Rpc {
            handler: Arc::new(handler),
        }
    }

    // ANCHOR: answer
    /// The reply to one message; `None` if it wants none.
    pub async fn answer(&self, message: &[u8]) -> Option<Vec<u8>> {
        let value = match json::parse(message) {
            Ok(value) => value,
            Err(json::Broken::Syntax) => return written(&unread(Error::parse_error())),
            Err(json::Broken::Twice) => return written(&invalid()),
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

    /// One call, which may be anything at all.
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

/// A message that could not be read as far as its id is answered with the id `null`.
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

/// What is told before hanging up, when there is no message that could be answered.
pub fn farewell(words: &str) -> Vec<u8> {
    written(&unread(failure(REFUSED, words))).unwrap_or_default()
}

fn written(reply: &impl Serialize) -> Option<Vec<u8>> {
    // Replies are made of texts, numbers and maps with texts for keys: they can always be written.
    serde_json::to_vec(reply).ok()
}
