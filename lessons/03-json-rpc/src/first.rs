//! One call with `serde_json` alone: a line of JSON in, a line of JSON out. It has one method and no error
//! replies; [`crate::v2`] is the complete server.

use serde::{Deserialize, Serialize};
use serde_json::Value;

// ANCHOR: shapes
/// A request on the wire. Its members may stand in any order, with any white space.
#[derive(Debug, Deserialize, Serialize)]
pub struct Request {
    /// The version of the protocol: `2.0`.
    pub jsonrpc: String,
    /// The name of the method: `hello.HelloWorld`.
    pub method: String,
    /// The arguments, by position.
    pub params: Vec<Value>,
    /// The reply has the same id, so that the caller can match it to its call.
    pub id: u64,
}

/// The reply to a successful call.
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
/// If the line is not such a request.
pub fn answer(line: &str) -> serde_json::Result<String> {
    let request: Request = serde_json::from_str(line)?;
    let result = match (request.method.as_str(), request.params.as_slice()) {
        ("hello.HelloWorld", [Value::String(name)]) => format!("{name} hello world").into(),
        // An error belongs here. The specification defines it, and step 2 follows the specification.
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
