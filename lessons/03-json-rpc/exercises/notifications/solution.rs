//! Whether a reply is wanted is said by the request: with an `id` somebody waits for the reply that
//! carries it, without one nobody does, and a reply would have no id that could tell whose it is. The
//! method runs all the same, and its errors go nowhere: that is the price of not waiting. So the
//! method is called first, and only then the question is asked whether the *member* is there. Its
//! value does not matter: 0, "" and even `null` are ids, and come back as they came. A text that is
//! no JSON is answered, because nobody can know that it was meant as a notification.

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
    Some(match outcome {
        Some(result) => json!({"jsonrpc": "2.0", "result": result, "id": id}).to_string(),
        None => failure(-32601, "Method not found", id),
    })
}
