//! Accepted: an iterator instead of a loop, and the replies in reverse order.

use serde_json::{Value, json};

// Given in given.rs, beside this file: `Account`, `one`, `failure`.
pub use super::given::*;

/// Answers a message that is one request or a batch of them.
pub fn answer(account: &mut Account, message: &Value) -> Option<Value> {
    match message {
        Value::Array(members) if members.is_empty() => {
            Some(failure(-32600, "Invalid Request", &Value::Null))
        }
        Value::Array(members) => {
            let replies = members.iter().filter_map(|member| one(account, member));
            let mut replies: Vec<Value> = replies.collect();
            replies.reverse();
            (!replies.is_empty()).then(|| json!(replies))
        }
        request => one(account, request),
    }
}
