//! The dialect of Go's `net/rpc/jsonrpc`, a form of JSON-RPC 1.0. It is written by hand, because
//! `jsonrpc-core` can accept requests without `jsonrpc`, but cannot answer as a Go client expects.
//!
//! What differs from 2.0, on the wire:
//!
//! * no member `jsonrpc`, and `params` is a list of exactly one;
//! * one object follows the other, and no delimiter stands between them;
//! * a reply has `result` *and* `error`, one of them `null`, and an error is a string;
//! * there are no batches, and a request without an id is answered, with the id `null`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{json, services};

// ANCHOR: shapes
/// A call.
#[derive(Debug, Deserialize)]
pub struct Request {
    /// `Service.Method`.
    pub method: String,
    /// An array of one element. Go sends nothing else.
    #[serde(default)]
    pub params: Value,
    /// Any value; the reply has the same one.
    #[serde(default)]
    pub id: Value,
}

/// A reply. Both members are always there.
#[derive(Debug, Serialize)]
pub struct Response {
    /// The id of the request.
    pub id: Value,
    /// `null` if there is an error.
    pub result: Value,
    /// `null` if there is a result.
    pub error: Option<String>,
}
// ANCHOR_END: shapes

/// Calls a method by its name, with one argument.
pub type Methods = fn(&str, Value) -> Result<Value, String>;

// ANCHOR: methods
/// The methods of this lesson.
///
/// # Errors
/// A text: this dialect has no codes for errors.
pub fn methods(method: &str, argument: Value) -> Result<Value, String> {
    match method {
        "hello.HelloWorld" => match argument {
            Value::String(name) => Ok(services::hello_world(&name).into()),
            _ => Err("hello.HelloWorld wants a text".to_string()),
        },
        "Panda.GetInfo" => match argument.as_i64() {
            Some(number) => services::get_info(number).map(Value::from),
            None => Err("Panda.GetInfo wants a whole number".to_string()),
        },
        _ => Err(format!("there is no method {method:.80}")),
    }
}
// ANCHOR_END: methods

// ANCHOR: answer
/// The reply to one object; `None` if it is not a call, and then the connection is closed.
pub fn answer(message: &[u8], methods: Methods) -> Option<Vec<u8>> {
    let value = json::parse(message).ok()?;
    let request: Request = serde_json::from_value(value).ok()?;
    let outcome = match request.params {
        Value::Array(mut list) if list.len() == 1 => methods(&request.method, list.remove(0)),
        _ => Err("params must be a list of one".to_string()),
    };
    let (result, error) = match outcome {
        // Go's client takes `result: null` without an error for a broken reply and closes the connection with
        // all its calls. An empty object fits Go's `struct{}`.
        Ok(Value::Null) => (json!({}), None),
        Ok(result) => (result, None),
        // With an error the result is `null`, because a client might use a value that stands beside an error.
        Err(words) => (Value::Null, Some(words)),
    };
    let response = Response {
        id: request.id,
        result,
        error,
    };
    serde_json::to_vec(&response).ok()
}
// ANCHOR_END: answer

#[cfg(test)]
mod tests {
    use super::*;

    fn said(request: &str) -> Option<String> {
        answer(request.as_bytes(), methods).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn a_reply_has_both_members() {
        assert_eq!(
            said(r#"{"method":"hello.HelloWorld","params":["wire"],"id":0}"#).unwrap(),
            r#"{"id":0,"result":"wire hello world","error":null}"#
        );
        assert_eq!(
            said(r#"{"method":"Panda.GetInfo","params":[-1],"id":"x"}"#).unwrap(),
            r#"{"id":"x","result":null,"error":"GetInfo wants a number from 0 on, not -1"}"#
        );
    }

    #[test]
    fn a_result_without_a_value_is_an_empty_object() {
        let nothing: Methods = |_, _| Ok(Value::Null);
        let reply = answer(br#"{"method":"Do.It","params":[{}],"id":3}"#, nothing).unwrap();
        assert_eq!(reply, br#"{"id":3,"result":{},"error":null}"#);
    }

    #[test]
    fn after_wrong_parameters_the_connection_stays_open() {
        for params in [
            "",
            r#","params":null"#,
            r#","params":[]"#,
            r#","params":[1,2]"#,
        ] {
            let reply = said(&format!(r#"{{"method":"Panda.GetInfo"{params}}}"#)).unwrap();
            let expected = r#"{"id":null,"result":null,"error":"params must be a list of one"}"#;
            assert_eq!(reply, expected);
        }
    }

    #[test]
    fn an_object_that_is_not_a_call_gets_no_reply() {
        for text in [
            "{}",
            r#"{"method":1}"#,
            r#"{"id":1,"id":2,"method":"a"}"#,
            "{\"a\":\"\u{0}\"}",
        ] {
            assert_eq!(said(text), None, "{text}");
        }
    }
}
