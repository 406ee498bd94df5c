//! The request decides whether there is a reply: with an `id` its caller waits for the reply that has the same
//! id. A notification has none, so a reply to it could not be matched to a call. The method is called in both
//! cases, and an error of a notification is not reported. So the method is called first, and
//! then the code asks whether the *member* `id` exists. Its value does not matter: 0, "" and even `null` are
//! ids. A text that is not JSON gets a reply, because it may have been a request whose caller waits.

use serde_json::{Value, json};

// Given in given.rs, beside this file: `Light`, `failure`.
pub use super::given::*;

/// Answers one message of JSON-RPC 2.0.
pub fn answer(light: &mut Light, message: &str) -> Option<String> {
    let Ok(request) = serde_json::from_str::<Value>(message) else {
        return Some(failure(-32700, "Parse error", &Value::Null));
    };
    let method = request["method"].as_str().unwrap_or_default();
    let outcome = light.call(method);
    // `request["id"]` would be `null` for a missing member as well.
    let id = request.get("id")?;
    let reply = match outcome {
        Some(result) => json!({"jsonrpc": "2.0", "result": result, "id": id}).to_string(),
        None => failure(-32601, "Method not found", id),
    };
    Some(reply)
}
