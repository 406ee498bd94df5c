//! One call with nothing but `serde_json`: a line of JSON in, a line of JSON out. It knows one
//! method and no errors worth the name; [`crate::v2`] is what it takes to do it properly.

use serde::{Deserialize, Serialize};
use serde_json::Value;

// ANCHOR: shapes
/// A call, as it stands on the wire. Members may come in any order, with any white space.
#[derive(Debug, Deserialize, Serialize)]
pub struct Request {
    /// Which rules both sides follow: `2.0`.
    pub jsonrpc: String,
    /// What is called: `hello.HelloWorld`.
    pub method: String,
    /// The arguments, by position.
    pub params: Vec<Value>,
    /// Comes back with the reply, so that the caller knows which of its calls was answered.
    pub id: u64,
}

/// The reply to a call that went well.
#[derive(Debug, Deserialize, Serialize)]
pub struct Response {
    /// As in the request.
    pub jsonrpc: String,
    /// What the method returned.
    pub result: Value,
    /// The id of the request.
    pub id: u64,
}
// ANCHOR_END: shapes

// ANCHOR: answer
/// The whole server, for one line.
///
/// # Errors
///
/// If the line is no request of that shape.
pub fn answer(line: &str) -> serde_json::Result<String> {
    let request: Request = serde_json::from_str(line)?;
    let result = match (request.method.as_str(), request.params.as_slice()) {
        ("hello.HelloWorld", [Value::String(name)]) => format!("{name} hello world").into(),
        // What should stand here? The specification says, and the rest of the lesson follows it.
        _ => Value::Null,
    };
    serde_json::to_string(&Response {
        jsonrpc: request.jsonrpc,
        result,
        id: request.id,
    })
}
// ANCHOR_END: answer

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_space_are_free() {
        let reply = r#"{"jsonrpc":"2.0","result":"wire hello world","id":1}"#;
        for line in [
            r#"{"jsonrpc":"2.0","method":"hello.HelloWorld","params":["wire"],"id":1}"#,
            r#" { "id" : 1, "params": ["\u0077ire"], "method": "hello.HelloWorld", "jsonrpc": "2.0" }"#,
        ] {
            assert_eq!(answer(line).unwrap(), reply);
        }
    }
}
