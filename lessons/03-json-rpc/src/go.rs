//! The dialect of Go's `net/rpc/jsonrpc`: JSON-RPC 1.0, as Go understands it. By hand, because
//! `jsonrpc-core` can be told to accept requests without `jsonrpc`, but not to answer as Go expects.
//!
//! What differs from 2.0, on the wire:
//!
//! * no member `jsonrpc`, and `params` is a list of exactly one;
//! * object after object, with no delimiter that a reader may rely on;
//! * a reply has `result` *and* `error`, one of them `null`, and an error is a text;
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
    /// A list of one. Go sends nothing else.
    #[serde(default)]
    pub params: Value,
    /// Any value; it comes back as it is.
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
    /// `null` if there is none.
    pub error: Option<String>,
}
// ANCHOR_END: shapes

/// What is called: the method's name and its one argument in, a result or words out.
pub type Methods = fn(&str, Value) -> Result<Value, String>;

// ANCHOR: methods
/// The methods of this lesson.
///
/// # Errors
///
/// In words: this dialect has no numbers for errors.
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
/// The reply to one object; `None` if it is no call at all, and then the connection has no future.
pub fn answer(message: &[u8], methods: Methods) -> Option<Vec<u8>> {
    let value = json::parse(message).ok()?;
    let request: Request = serde_json::from_value(value).ok()?;
    let outcome = match request.params {
        Value::Array(mut list) if list.len() == 1 => methods(&request.method, list.remove(0)),
        _ => Err("params must be a list of one".to_string()),
    };
    let (result, error) = match outcome {
        // Go takes `result: null` without an error for nonsense, and its client then closes the
        // connection with all calls on it. An empty object fits Go's `struct{}`.
        Ok(Value::Null) => (json!({}), None),
        Ok(result) => (result, None),
        // With an error the result is empty: a value beside an error would be a trap.
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
    fn wrong_parameters_are_an_error_and_no_end() {
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
    fn what_is_no_call_is_not_answered() {
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
