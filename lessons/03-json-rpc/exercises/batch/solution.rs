//! A batch saves round trips, and promises nothing else: it is a list of requests that happen to
//! travel together. So each member is done and answered by itself, what one has done stays done when
//! the next one fails, and a member that is no request at all costs only its own reply. Notifications
//! leave no reply, hence the list of replies may be shorter, and ids, not places, say what belongs to
//! what. A list of nothing is never sent: an empty batch is one mistake of the caller, and a batch of
//! notifications has nobody who waits. Who wants all or nothing needs a method that does it all.

use serde_json::Value;

// Given in given.rs, beside this file: `Till`, `one`, `failure`.
pub use super::given::*;

/// Answers a message that is one request or a batch of them.
pub fn answer(till: &mut Till, message: &Value) -> Option<Value> {
    let Some(members) = message.as_array() else {
        return one(till, message);
    };
    if members.is_empty() {
        return Some(failure(-32600, "Invalid Request", &Value::Null));
    }
    let mut replies = Vec::new();
    for member in members {
        replies.extend(one(till, member));
    }
    if replies.is_empty() {
        return None;
    }
    Some(replies.into())
}
