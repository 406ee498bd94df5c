//! Accepted: the request is a type of `serde`, with a wrapper that tells a missing id from `null`.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

// Given in given.rs, beside this file: `Light`, `failure`.
pub use super::given::*;

#[derive(Deserialize)]
struct Request {
    #[serde(default)]
    method: String,
    #[serde(default, deserialize_with = "present")]
    id: Option<Value>,
}

fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

#[derive(Serialize)]
struct Response<'r> {
    jsonrpc: &'static str,
    result: Value,
    id: &'r Value,
}

/// Answers one message of JSON-RPC 2.0.
pub fn answer(light: &mut Light, message: &str) -> Option<String> {
    let request: Request = match serde_json::from_str(message) {
        Ok(request) => request,
        Err(_) => return Some(failure(-32700, "Parse error", &json!(null))),
    };
    match (light.call(&request.method), &request.id) {
        (_, None) => None,
        (None, Some(id)) => Some(failure(-32601, "Method not found", id)),
        (Some(result), Some(id)) => {
            let jsonrpc = "2.0";
            serde_json::to_string(&Response {
                jsonrpc,
                result,
                id,
            })
            .ok()
        }
    }
}
