use serde_json::Value;

// Given in given.rs, beside this file: `Account`, `one`, `failure`.
pub use super::given::*;

/// Answers a message that is one request or a batch of them: `[request, request, ...]`.
///
/// * Handle the members of a batch in the order of the list. A failed member changes nothing for the others, and
///   does not undo what they have done. `one` also answers a member that is not a request, a number for example.
/// * A batch gets one list with the replies to its members, also if it has one member. The replies may stand in
///   any order, because each has an id.
/// * A notification has no reply in that list. If the list would be empty, the answer is `None`.
/// * An empty batch gets a single reply, without a list: `failure(-32600, "Invalid Request", &Value::Null)`.
pub fn answer(account: &mut Account, message: &Value) -> Option<Value> {
    let Some(members) = message.as_array() else {
        return one(account, message);
    };
    let before = account.0;
    let mut replies = Vec::new();
    for member in members {
        let reply = one(account, member)?;
        if reply.get("error").is_some() {
            account.0 = before;
            return Some(reply);
        }
        replies.push(reply);
    }
    Some(replies.into())
}
