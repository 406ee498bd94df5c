//! The examples in section 7 of the JSON-RPC 2.0 specification, replayed: what it sends, and what it
//! says comes back. Then the same with `jsonrpc-core` alone, which is why `v2.rs` looks at the JSON
//! first.

use jsonrpc_core::{Error, IoHandler, Params};
use l03_json_rpc::v2::Rpc;
use serde_json::{Value, json};

/// The methods that the examples call.
fn methods() -> IoHandler {
    let mut handler = IoHandler::new();
    handler.add_method("subtract", async |params: Params| {
        let (minuend, subtrahend) = match params {
            Params::Map(map) => (map["minuend"].as_i64(), map["subtrahend"].as_i64()),
            other => {
                let (minuend, subtrahend) = other.parse::<(i64, i64)>()?;
                (Some(minuend), Some(subtrahend))
            }
        };
        let both = minuend.zip(subtrahend);
        both.map(|(minuend, subtrahend)| (minuend - subtrahend).into())
            .ok_or_else(|| Error::invalid_params("two numbers"))
    });
    handler.add_method("sum", async |params: Params| {
        Ok(params.parse::<Vec<i64>>()?.iter().sum::<i64>().into())
    });
    handler.add_method("get_data", async |_: Params| Ok(json!(["hello", 5])));
    for name in ["update", "notify_hello", "notify_sum"] {
        handler.add_notification(name, |_: Params| {});
    }
    handler
}

/// Name, message, reply; an empty reply is silence.
const EXAMPLES: [(&str, &str, &str); 15] = [
    (
        "positional parameters",
        r#"{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}"#,
        r#"{"jsonrpc": "2.0", "result": 19, "id": 1}"#,
    ),
    (
        "positional parameters, turned round",
        r#"{"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2}"#,
        r#"{"jsonrpc": "2.0", "result": -19, "id": 2}"#,
    ),
    (
        "named parameters",
        r#"{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}"#,
        r#"{"jsonrpc": "2.0", "result": 19, "id": 3}"#,
    ),
    (
        "named parameters in another order",
        r#"{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": 4}"#,
        r#"{"jsonrpc": "2.0", "result": 19, "id": 4}"#,
    ),
    (
        "a notification",
        r#"{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]}"#,
        "",
    ),
    (
        "a notification of an unknown method",
        r#"{"jsonrpc": "2.0", "method": "foobar"}"#,
        "",
    ),
    (
        "an unknown method",
        r#"{"jsonrpc": "2.0", "method": "foobar", "id": "1"}"#,
        r#"{"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not found"}, "id": "1"}"#,
    ),
    (
        "broken JSON",
        r#"{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]"#,
        r#"{"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}, "id": null}"#,
    ),
    (
        "an invalid request",
        r#"{"jsonrpc": "2.0", "method": 1, "params": "bar"}"#,
        r#"{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}"#,
    ),
    (
        "a batch of broken JSON",
        r#"[
  {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
  {"jsonrpc": "2.0", "method"
]"#,
        r#"{"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}, "id": null}"#,
    ),
    (
        "an empty batch",
        "[]",
        r#"{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}"#,
    ),
    (
        "a batch with one member that is no request",
        "[1]",
        r#"[{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}]"#,
    ),
    (
        "a batch with three of them",
        "[1,2,3]",
        r#"[
  {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null},
  {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null},
  {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}
]"#,
    ),
    (
        "a batch of everything",
        r#"[
  {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
  {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},
  {"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},
  {"foo": "boo"},
  {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
  {"jsonrpc": "2.0", "method": "get_data", "id": "9"}
]"#,
        r#"[
  {"jsonrpc": "2.0", "result": 7, "id": "1"},
  {"jsonrpc": "2.0", "result": 19, "id": "2"},
  {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null},
  {"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not found"}, "id": "5"},
  {"jsonrpc": "2.0", "result": ["hello", 5], "id": "9"}
]"#,
    ),
    (
        "a batch of notifications",
        r#"[
  {"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]},
  {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]}
]"#,
        "",
    ),
];

/// A reply as JSON; `null` for silence. The replies of a batch may come in any order.
fn comparable(text: &str) -> Value {
    if text.is_empty() {
        return Value::Null;
    }
    let mut value: Value = serde_json::from_str(text).expect(text);
    if let Value::Array(replies) = &mut value {
        replies.sort_by_key(Value::to_string);
    }
    value
}

#[tokio::test]
async fn every_example_of_section_7() {
    let rpc = Rpc::new(methods());
    for (name, message, expected) in EXAMPLES {
        let answer = rpc.answer(message.as_bytes()).await.unwrap_or_default();
        let answer = String::from_utf8(answer).unwrap();
        assert_eq!(comparable(&answer), comparable(expected), "{name}");
    }
}

#[tokio::test]
async fn jsonrpc_core_alone_fails_some_of_them() {
    let handler = methods();
    let mut failed = Vec::new();
    for (name, message, expected) in EXAMPLES {
        let answer = handler.handle_request(message).await.unwrap_or_default();
        if comparable(&answer) != comparable(expected) {
            println!("{name}: {answer:?}");
            failed.push(name);
        }
    }
    assert_eq!(
        failed,
        [
            "an invalid request",
            "an empty batch",
            "a batch with one member that is no request",
            "a batch with three of them",
            "a batch of everything",
        ],
        "does jsonrpc-core do better now? Then the chapter and v2.rs must say so"
    );
}
