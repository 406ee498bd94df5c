//! belief: broken-means-silent
//! words: A message without an id that I can read is a notification.
//! check: broken_json_is_answered
//! says: an error with the id null

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
    let request: Value = serde_json::from_str(message).ok()?;
    let method = request["method"].as_str().unwrap_or_default();
    let outcome = light.call(method);
    let id = request.get("id")?;
    Some(match outcome {
        Some(result) => json!({"jsonrpc": "2.0", "result": result, "id": id}).to_string(),
        None => failure(-32601, "Method not found", id),
    })
}

fn failure(code: i64, message: &str, id: &Value) -> String {
    json!({"jsonrpc": "2.0", "error": {"code": code, "message": message}, "id": id}).to_string()
}
