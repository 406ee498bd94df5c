use serde_json::{Value, json};

// Given in given.rs, beside this file: `Light`, `failure`.
pub use super::given::*;

/// Answers one message of JSON-RPC 2.0, without params and without batches:
///
/// * `{"jsonrpc":"2.0","method":"Light.Get","id":7}` gets `{"jsonrpc":"2.0","result":false,"id":7}`. Any JSON value
///   is an id, also `null`, and the reply has the same one.
/// * An unknown method gets `"error":{"code":-32601,"message":"Method not found"}` instead of the
///   result.
/// * A message without the member `id` is a notification: its method is called, and the reply is `None`,
///   whatever the method returned.
/// * A text that is not JSON gets the error -32700, `Parse error`, with the id `null`, because it may have
///   been a request.
///
/// So far each message gets a reply.
pub fn answer(light: &mut Light, message: &str) -> Option<String> {
    let Ok(request) = serde_json::from_str::<Value>(message) else {
        return Some(failure(-32700, "Parse error", &Value::Null));
    };
    let id = &request["id"];
    let method = request["method"].as_str().unwrap_or_default();
    let reply = match light.call(method) {
        Some(result) => json!({"jsonrpc": "2.0", "result": result, "id": id}).to_string(),
        None => failure(-32601, "Method not found", id),
    };
    Some(reply)
}
