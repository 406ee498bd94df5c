//! belief: a-batch-of-one-is-one
//! words: A list of one is as good as the one.
//! check: a_batch_of_one_is_a_batch
//! says: list of one reply

use serde_json::{Value, json};

/// A till: what is in it, in cents.
#[derive(Debug, Default)]
pub struct Till(pub i64);

/// Does one request and gives its reply; `None` for a notification. You need not change it.
pub fn one(till: &mut Till, request: &Value) -> Option<Value> {
    let (Some(method), Some("2.0")) = (request["method"].as_str(), request["jsonrpc"].as_str())
    else {
        return Some(failure(-32600, "Invalid Request", &Value::Null));
    };
    let outcome = match (method, request["params"][0].as_i64()) {
        ("Till.Put", Some(cents)) => {
            till.0 += cents;
            Ok(till.0)
        }
        ("Till.Take", Some(cents)) if cents > till.0 => Err((-32000, "not enough in the till")),
        ("Till.Take", Some(cents)) => {
            till.0 -= cents;
            Ok(till.0)
        }
        ("Till.Put" | "Till.Take", None) => Err((-32602, "Invalid params")),
        _ => Err((-32601, "Method not found")),
    };
    let id = request.get("id")?;
    Some(match outcome {
        Ok(cents) => json!({"jsonrpc": "2.0", "result": cents, "id": id}),
        Err((code, words)) => failure(code, words, id),
    })
}

fn failure(code: i64, message: &str, id: &Value) -> Value {
    json!({"jsonrpc": "2.0", "error": {"code": code, "message": message}, "id": id})
}

pub fn answer(till: &mut Till, message: &Value) -> Option<Value> {
    let Some(members) = message.as_array() else {
        return one(till, message);
    };
    if members.is_empty() {
        return Some(failure(-32600, "Invalid Request", &Value::Null));
    }
    let mut replies: Vec<Value> = members
        .iter()
        .filter_map(|member| one(till, member))
        .collect();
    match replies.len() {
        0 => None,
        1 => replies.pop(),
        _ => Some(replies.into()),
    }
}
