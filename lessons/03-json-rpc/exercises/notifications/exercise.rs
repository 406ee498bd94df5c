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

fn failure(code: i64, message: &str, id: &Value) -> String {
    json!({"jsonrpc": "2.0", "error": {"code": code, "message": message}, "id": id}).to_string()
}
