//! The check of `notifications`: a light that is switched by people who wait for the answer, and by
//! people who do not.

mod exercise;
mod given;

use exercise::Light;
use serde_json::{Value, json};
use testkit::{Case, View, case};

/// The reply to a message, read as JSON; `None` if there is none.
#[track_caller]
fn reply(case: &Case, light: &mut Light, message: &str) -> Option<Value> {
    let text = exercise::answer(light, message)?;
    match serde_json::from_str(&text) {
        Ok(value) => Some(value),
        Err(_) => case.differ("a reply in JSON", text.view(), "Let serde_json write it."),
    }
}

/// Fails unless this is the reply.
#[track_caller]
fn expect(case: &Case, message: &str, expected: &Value, advice: &str) {
    let answer = reply(case, &mut Light::default(), message);
    if answer.as_ref() != Some(expected) {
        let answer = answer.map_or("silence".to_string(), |answer| answer.to_string());
        let report = case
            .report()
            .detail("the message", message)
            .detail("expected", expected.to_string())
            .detail("your answer", answer);
        case.fail(report.advice(advice));
    }
}

// The belief of this exercise. A caller that sends no id has said that it will not read a reply. One
// that comes all the same is taken for the reply to something else.
#[test]
fn a_notification_is_not_answered() {
    case("A switch of the light, without an id", |case| {
        let mut light = Light::default();
        let message = r#"{"jsonrpc":"2.0","method":"Light.Switch"}"#;
        if let Some(answer) = reply(case, &mut light, message) {
            let advice = "No `id` is a notification: stay silent. The caller would take your reply \
                          for the answer to another call.";
            case.differ("silence", answer.to_string(), advice);
        }
    });
    case("A notification of a method that does not exist", |case| {
        let mut light = Light::default();
        let message = r#"{"jsonrpc":"2.0","method":"Light.Nope"}"#;
        if let Some(answer) = reply(case, &mut light, message) {
            let advice = "Errors of a notification are not told either: it is a reply that nobody \
                          waits for, and there is no id that says whose it is.";
            case.differ("silence", answer.to_string(), advice);
        }
    });
}

// Silent does not mean idle.
#[test]
fn a_notification_is_obeyed() {
    case("Three switches, two of them without an id", |case| {
        let mut light = Light::default();
        for message in [
            r#"{"jsonrpc":"2.0","method":"Light.Switch"}"#,
            r#"{"jsonrpc":"2.0","method":"Light.Switch","id":1}"#,
            r#"{"jsonrpc":"2.0","method":"Light.Switch"}"#,
        ] {
            let _ = reply(case, &mut light, message);
        }
        let advice = "The light was not switched once for each message. A notification wants no \
                      reply, but it wants the work.";
        case.expect_eq(&3u32, &light.switched, advice);
    });
}

// An id belongs to the caller. You keep it, you do not understand it.
#[test]
fn any_id_comes_back() {
    for id in [
        json!(7),
        json!(0),
        json!(""),
        json!("call-1"),
        json!(-3),
        Value::Null,
    ] {
        case(&format!("A request with the id {id}"), |case| {
            let request = json!({"jsonrpc": "2.0", "method": "Light.Get", "id": id});
            let expected = json!({"jsonrpc": "2.0", "result": false, "id": id});
            let advice = if id.is_null() {
                "The member `id` is there, and its value is null: that is a request, and it wants a \
                 reply. Ask whether the member is there, not what it holds."
            } else {
                "Whatever stands in `id`, a number, a text, 0: send it back as it came."
            };
            expect(case, &request.to_string(), &expected, advice);
        });
    }
}

// Whoever waits must hear what went wrong.
#[test]
fn an_unknown_method_is_an_error() {
    case("A request for a method that does not exist", |case| {
        let error = json!({"code": -32601, "message": "Method not found"});
        let expected = json!({"jsonrpc": "2.0", "error": error, "id": 9});
        let message = r#"{"jsonrpc":"2.0","method":"Light.Nope","id":9}"#;
        let advice = "A reply has a result or an error, and the id of its request.";
        expect(case, message, &expected, advice);
    });
}

// It could have been a notification. Nobody can know, and a caller that waits must not wait for ever.
#[test]
fn broken_json_is_answered() {
    case("Half a message", |case| {
        let error = json!({"code": -32700, "message": "Parse error"});
        let expected = json!({"jsonrpc": "2.0", "error": error, "id": null});
        let message = r#"{"jsonrpc":"2.0","method":"Light.Swi"#;
        let advice = "What cannot be read is answered with an error with the id null.";
        expect(case, message, &expected, advice);
    });
}
