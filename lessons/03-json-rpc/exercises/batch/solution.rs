//! A batch saves round trips and gives no other guarantee: it is a list of requests. So each member is handled
//! and answered on its own, a deposit remains when the next member fails, and a member that is not a request costs
//! one error reply. Notifications leave no reply, so the list of replies may be shorter, and the ids match replies
//! to requests. An empty list is never sent: an empty batch is an invalid request, and no caller waits for a
//! batch of notifications. A caller that needs all or nothing needs one method that does it all.

use serde_json::Value;

// Given in given.rs, beside this file: `Account`, `one`, `failure`.
pub use super::given::*;

/// Answers a message that is one request or a batch of them.
pub fn answer(account: &mut Account, message: &Value) -> Option<Value> {
    let Some(members) = message.as_array() else {
        return one(account, message);
    };
    if members.is_empty() {
        return Some(failure(-32600, "Invalid Request", &Value::Null));
    }
    let mut replies = Vec::new();
    for member in members {
        replies.extend(one(account, member));
    }
    if replies.is_empty() {
        return None;
    }
    Some(replies.into())
}
