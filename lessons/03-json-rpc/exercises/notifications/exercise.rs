use serde_json::{Value, json};

// Given in given.rs, beside this file: `Light`, `failure`.
pub use super::given::*;

/// Answers one message of JSON-RPC 2.0, without params and without batches:
///
/// * `{"jsonrpc":"2.0","method":"Light.Get","id":7}` gives `{"jsonrpc":"2.0","result":false,"id":7}`;
/// * an unknown method gives `"error":{"code":-32601,"message":"Method not found"}` in place of the
///   result;
/// * a text that is no JSON gives the error -32700, `Parse error`, with the id `null`.
///
/// A message without the member `id` is a notification.
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
