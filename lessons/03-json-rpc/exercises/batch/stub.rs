use serde_json::Value;

// Given in given.rs, beside this file: `Till`, `one`, `failure`.
pub use super::given::*;

/// Answers a message that is one request or a batch of them: `[request, request, ...]`.
///
/// A batch is answered by one list with the replies to its members. Each member stands for itself;
/// whatever it is, a number, say, `one` knows what to answer. Where no member wants a reply, nothing
/// is sent, and an empty batch is one invalid request: `failure(-32600, "Invalid Request", ...)`.
pub fn answer(till: &mut Till, message: &Value) -> Option<Value> {
    let Some(members) = message.as_array() else {
        return one(till, message);
    };
    let before = till.0;
    let mut replies = Vec::new();
    for member in members {
        let reply = one(till, member)?;
        if reply.get("error").is_some() {
            till.0 = before;
            return Some(reply);
        }
        replies.push(reply);
    }
    Some(replies.into())
}
