//! The check of `notifications`: a lamp that is switched by requests and by notifications.

mod exercise;
mod given;

use exercise::Light;
use serde_json::{Value, json};
use testkit::{Case, View, case};

const NO_REPLY: &str = "None, no reply";

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
fn expect(case: &Case, light: &mut Light, message: &str, expected: &Value, advice: &str) {
    let answer = reply(case, light, message);
    if answer.as_ref() != Some(expected) {
        let answer = answer.map_or(NO_REPLY.to_string(), |answer| answer.to_string());
        let report = case
            .report()
            .detail("the message", message)
            .detail("expected", expected.to_string())
            .detail("your answer", answer);
        case.fail(report.advice(advice));
    }
}

// The plainest case: three requests, each with an id.
#[test]
fn a_request_gets_its_reply() {
    case("Requests with ids, to a lamp that is off", |case| {
        let mut light = Light::default();
        for (method, on, id) in [
            ("Light.Get", false, 7),
            ("Light.Switch", true, 8),
            ("Light.Get", true, 9),
        ] {
            let message = json!({"jsonrpc": "2.0", "method": method, "id": id}).to_string();
            let expected = json!({"jsonrpc": "2.0", "result": on, "id": id});
            let advice = "The result is what the method returned, and the id is the request's.";
            expect(case, &mut light, &message, &expected, advice);
        }
    });
}

// The belief of this exercise. A caller that sends no id does not wait for a reply. It would take
// one for the reply to another call.
#[test]
fn a_notification_is_not_answered() {
    case("A notification that switches the lamp", |case| {
        let message = r#"{"jsonrpc":"2.0","method":"Light.Switch"}"#;
        if let Some(answer) = reply(case, &mut Light::default(), message) {
            let advice = "A message without `id` is a notification, and your answer replied to it. The caller \
                          would take the reply for the reply to another call.";
            case.differ(NO_REPLY, answer.to_string(), advice);
        }
    });
    case("A notification of a method that does not exist", |case| {
        let message = r#"{"jsonrpc":"2.0","method":"Light.Nope"}"#;
        if let Some(answer) = reply(case, &mut Light::default(), message) {
            let advice = "A notification that succeeds gets no reply, and this one failed. Its error is not \
                          reported either: no caller waits for it, and it has no id.";
            case.differ(NO_REPLY, answer.to_string(), advice);
        }
    });
}

// The method of a notification is called.
#[test]
fn a_notification_is_obeyed() {
    case(
        "Five messages that switch the lamp, three of them notifications",
        |case| {
            let mut light = Light::default();
            for id in ["", r#","id":1"#, "", "", r#","id":null"#] {
                let message = format!(r#"{{"jsonrpc":"2.0","method":"Light.Switch"{id}}}"#);
                let _ = reply(case, &mut light, &message);
            }
            if light.switched != 5 {
                let advice = match light.switched {
                    0..5 => {
                        "The method was not called for each message. A notification gets no reply, but its \
                     method is called."
                    }
                    _ => "The method was called more than once for a message.",
                };
                case.differ(
                    "5 calls of Light.Switch",
                    format!("{} calls", light.switched),
                    advice,
                );
            }
        },
    );
}

// An id belongs to the caller. The server sends it back without a look at its type.
#[test]
fn any_id_comes_back() {
    for id in [
        json!(7),
        json!(0),
        json!(""),
        json!("call-1"),
        json!(-3),
        json!(1.5),
        Value::Null,
    ] {
        case(&format!("A request with the id {id}"), |case| {
            let request = json!({"jsonrpc": "2.0", "method": "Light.Get", "id": id}).to_string();
            let expected = json!({"jsonrpc": "2.0", "result": false, "id": id});
            let advice = if id.is_null() {
                "The member `id` exists, and its value is null: this is a request, and it gets a \
                 reply. Ask whether the member exists, not for its value."
            } else {
                "An id may be any JSON value: the reply has the same one."
            };
            expect(case, &mut Light::default(), &request, &expected, advice);
        });
    }
}

// The caller of a request waits, so it gets the error.
#[test]
fn an_unknown_method_is_an_error() {
    for id in [json!(9), json!(12)] {
        case(
            &format!("A request for a method that does not exist, id {id}"),
            |case| {
                let error = json!({"code": -32601, "message": "Method not found"});
                let expected = json!({"jsonrpc": "2.0", "error": error, "id": id});
                let message =
                    json!({"jsonrpc": "2.0", "method": "Light.Nope", "id": id}).to_string();
                let advice =
                    "The reply has the error instead of a result, and the id of its request.";
                expect(case, &mut Light::default(), &message, &expected, advice);
            },
        );
    }
}

// A broken text may have been a request. Without a reply its caller would wait in vain.
#[test]
fn broken_json_is_answered() {
    case("Half a message", |case| {
        let error = json!({"code": -32700, "message": "Parse error"});
        let expected = json!({"jsonrpc": "2.0", "error": error, "id": null});
        let message = r#"{"jsonrpc":"2.0","method":"Light.Swi"#;
        let advice = match exercise::answer(&mut Light::default(), message) {
            None => {
                "A text that is not JSON gets the error Parse error, with the id null: it may have been a request."
            }
            Some(_) => "Your reply is not this error: its code is -32700, and its id null.",
        };
        expect(case, &mut Light::default(), message, &expected, advice);
    });
}
