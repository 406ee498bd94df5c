//! The check of `batch`: a till, and several requests that travel together.

mod exercise;
mod given;

use exercise::Till;
use serde_json::{Value, json};
use testkit::{Case, case};

/// Fails unless this is the answer; the replies of a batch may come in any order.
#[track_caller]
fn expect(case: &Case, till: &mut Till, message: &Value, expected: Option<&Value>, advice: &str) {
    let sorted = |value: Option<&Value>| match value {
        Some(Value::Array(replies)) => {
            let mut texts: Vec<String> = replies.iter().map(Value::to_string).collect();
            texts.sort();
            format!("[{}]", texts.join(","))
        }
        Some(value) => value.to_string(),
        None => "silence".to_string(),
    };
    let answer = exercise::answer(till, message);
    let (expected, answer) = (sorted(expected), sorted(answer.as_ref()));
    if expected != answer {
        let report = case
            .report()
            .detail("the message", message.to_string())
            .detail("expected", expected)
            .detail("your answer", answer);
        case.fail(report.advice(advice));
    }
}

fn request(method: &str, cents: i64, id: u64) -> Value {
    json!({"jsonrpc": "2.0", "method": method, "params": [cents], "id": id})
}

fn notification(method: &str, cents: i64) -> Value {
    json!({"jsonrpc": "2.0", "method": method, "params": [cents]})
}

fn result(cents: i64, id: u64) -> Value {
    json!({"jsonrpc": "2.0", "result": cents, "id": id})
}

fn failure(code: i64, message: &str, id: &Value) -> Value {
    json!({"jsonrpc": "2.0", "error": {"code": code, "message": message}, "id": id})
}

// The belief of this exercise. The requests of a batch share an envelope and nothing else.
#[test]
fn a_bad_member_fails_alone() {
    case("Three requests, and the second one fails", |case| {
        let mut till = Till(0);
        let batch = json!([
            request("Till.Put", 500, 1),
            request("Till.Take", 9000, 2),
            request("Till.Put", 20, 3),
        ]);
        let answer = exercise::answer(&mut till, &batch);
        if answer.as_ref().is_some_and(Value::is_object) {
            let advice = "One bad member failed the whole batch. Each member gets its own reply, and \
                          all of them come in one list.";
            let answer = answer.unwrap_or_default().to_string();
            case.differ("a list of three replies", answer, advice);
        }
        let refused = failure(-32000, "not enough in the till", &json!(2));
        let expected = json!([result(500, 1), refused, result(520, 3)]);
        let advice = "The request after the failed one was not done, or not answered. It knows \
                      nothing of the one before it: go on.";
        expect(case, &mut Till(0), &batch, Some(&expected), advice);
    });
    case("Members that are no requests at all", |case| {
        let batch = json!([1, {"foo": "boo"}, request("Till.Put", 5, 1), "x"]);
        let invalid = failure(-32600, "Invalid Request", &Value::Null);
        let expected = json!([invalid, invalid, result(5, 1), invalid]);
        let advice = "A member that is no request costs its own reply, not those of the others.";
        expect(case, &mut Till(0), &batch, Some(&expected), advice);
    });
}

// Nothing is taken back. Whoever needs all or nothing needs one method that does it all.
#[test]
fn what_is_done_stays_done() {
    case(
        "A batch with a failed member, and the till after it",
        |case| {
            let mut till = Till(0);
            let batch = json!([request("Till.Put", 500, 1), request("Till.Take", 9000, 2)]);
            let _ = exercise::answer(&mut till, &batch);
            let advice = "Its caller has been told that the first member went well, and that stays done. \
                      A batch is no transaction.";
            case.expect_eq(&500i64, &till.0, advice);
        },
    );
}

// Notifications are members as well. They are done, and leave no reply.
#[test]
fn nothing_is_never_a_list() {
    case("Two notifications and a request", |case| {
        let batch = json!([
            notification("Till.Put", 5),
            request("Till.Put", 6, 1),
            notification("Till.Put", 7),
        ]);
        let mut till = Till(0);
        let advice = "A notification leaves no reply, and does not end the batch either.";
        expect(
            case,
            &mut till,
            &batch,
            Some(&json!([result(11, 1)])),
            advice,
        );
        case.expect_eq(&18i64, &till.0, "Notifications are done as well.");
    });
    case("Nothing but notifications", |case| {
        let batch = json!([notification("Till.Put", 5), notification("Till.Nope", 5)]);
        let advice = "Nobody waits, so nothing is sent. An empty list would be a message, too.";
        expect(case, &mut Till(0), &batch, None, advice);
    });
}

// A list of nothing asks for nothing, and the specification calls that a mistake.
#[test]
fn an_empty_batch_is_one_mistake() {
    case("An empty batch", |case| {
        let invalid = failure(-32600, "Invalid Request", &Value::Null);
        let advice = "`[]` is one invalid request: a single reply, not in a list, and no silence.";
        expect(case, &mut Till(0), &json!([]), Some(&invalid), advice);
    });
}

// Who sends a list reads a list.
#[test]
fn a_batch_of_one_is_a_batch() {
    case("A batch of one", |case| {
        let batch = json!([request("Till.Put", 5, 1)]);
        let advice = "Who sends a list reads a list: answer with a list of one reply.";
        expect(
            case,
            &mut Till(0),
            &batch,
            Some(&json!([result(5, 1)])),
            advice,
        );
    });
    case("A single request", |case| {
        let advice = "A request that is no batch gets its reply without a list.";
        let request = request("Till.Put", 5, 1);
        expect(case, &mut Till(0), &request, Some(&result(5, 1)), advice);
    });
}
