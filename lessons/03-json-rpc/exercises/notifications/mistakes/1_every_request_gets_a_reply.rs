//! belief: every-request-gets-a-reply
//! words: Every request gets a reply.
//! check: a_notification_is_not_answered
//! says: stay silent

use serde_json::{Value, json};

/// A light that can be called.
#[derive(Debug, Default)]
pub struct Light {
    pub on: bool,
    /// How often it was switched.
    pub switched: u32,
}

impl Light {
    /// Calls a method. `None`: there is no such method.
    pub fn call(&mut self, method: &str) -> Option<Value> {
        match method {
            "Light.Switch" => {
                self.on = !self.on;
                self.switched += 1;
            }
            "Light.Get" => {}
            _ => return None,
        }
        Some(self.on.into())
    }
}

pub fn answer(light: &mut Light, message: &str) -> Option<String> {
    let Ok(request) = serde_json::from_str::<Value>(message) else {
        return Some(failure(-32700, "Parse error", &Value::Null));
    };
    let id = request.get("id").unwrap_or(&Value::Null);
    let method = request["method"].as_str().unwrap_or_default();
    Some(match light.call(method) {
        Some(result) => json!({"jsonrpc": "2.0", "result": result, "id": id}).to_string(),
        None => failure(-32601, "Method not found", id),
    })
}

fn failure(code: i64, message: &str, id: &Value) -> String {
    json!({"jsonrpc": "2.0", "error": {"code": code, "message": message}, "id": id}).to_string()
}
