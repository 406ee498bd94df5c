//! The check of `batch`: an account, and several requests in one message.

mod exercise;
mod given;

use exercise::Account;
use serde_json::{Value, json};
use testkit::{Case, case};

/// The members of a list in one order, to compare two lists; another value as it is.
fn sorted(value: Option<&Value>) -> Option<Value> {
    let mut value = value.cloned();
    if let Some(Value::Array(replies)) = &mut value {
        replies.sort_by_key(Value::to_string);
    }
    value
}

/// Fails unless this is the answer; the replies of a batch may stand in any order.
#[track_caller]
fn expect(
    case: &Case,
    account: &mut Account,
    message: &Value,
    expected: Option<&Value>,
    advice: &str,
) {
    let answer = exercise::answer(account, message);
    if sorted(answer.as_ref()) != sorted(expected) {
        let shown =
            |value: Option<&Value>| value.map_or("None, no reply".to_string(), Value::to_string);
        let report = case
            .report()
            .detail("the message", message.to_string())
            .detail("expected", shown(expected))
            .detail("your answer", shown(answer.as_ref()));
        case.fail(report.advice(advice));
    }
}

#[track_caller]
fn expect_balance(case: &Case, cents: i64, account: &Account, advice: &str) {
    if account.0 != cents {
        case.differ(
            format!("a balance of {cents} cents"),
            format!("a balance of {} cents", account.0),
            advice,
        );
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

// A client that sends a list reads a list.
#[test]
fn a_batch_gets_a_list_of_replies() {
    case("A single request", |case| {
        let advice = "A request that is not in a batch gets its reply without a list.";
        let request = request("Account.Deposit", 5, 1);
        expect(case, &mut Account(0), &request, Some(&result(5, 1)), advice);
    });
    case("A batch of three requests", |case| {
        let batch = json!([
            request("Account.Deposit", 700, 1),
            request("Account.Withdraw", 400, 2),
            request("Account.Withdraw", 250, 3),
        ]);
        let expected = json!([result(700, 1), result(300, 2), result(50, 3)]);
        let advice = "Handle the members in the order of the list, each once, and put the reply to each into one \
                      list.";
        expect(case, &mut Account(0), &batch, Some(&expected), advice);
    });
    case("A batch of one request", |case| {
        let batch = json!([request("Account.Deposit", 5, 1)]);
        let advice = "A client that sends a list reads a list: answer with a list of one reply.";
        expect(
            case,
            &mut Account(0),
            &batch,
            Some(&json!([result(5, 1)])),
            advice,
        );
    });
}

// The belief of this exercise. The requests of a batch share a message and nothing else.
#[test]
fn a_failed_member_fails_alone() {
    case("Three requests, and the second one fails", |case| {
        let batch = json!([
            request("Account.Deposit", 500, 1),
            request("Account.Withdraw", 9000, 2),
            request("Account.Deposit", 20, 3),
        ]);
        let mut account = Account(0);
        let refused = failure(-32000, "the balance is too low", &json!(2));
        let expected = json!([result(500, 1), refused, result(520, 3)]);
        let advice = match exercise::answer(&mut Account(0), &batch) {
            Some(Value::Object(_)) => {
                "One failed member failed the whole batch. Each member gets its own reply, and all of \
                 them stand in one list."
            }
            Some(Value::Array(replies)) if replies.len() < 3 => {
                "A reply is missing. The request after the failed one does not depend on it: continue."
            }
            _ => "Each member gets its own reply, and all of them stand in one list.",
        };
        expect(case, &mut account, &batch, Some(&expected), advice);
        let advice = "The caller was told that the two deposits succeeded, but they were undone. A batch is not a \
                      transaction.";
        expect_balance(case, 520, &account, advice);
    });
    case("Members that are not requests", |case| {
        let batch = json!([1, {"foo": "boo"}, request("Account.Deposit", 5, 1), [], "x"]);
        let invalid = failure(-32600, "Invalid Request", &Value::Null);
        let expected = json!([invalid, invalid, result(5, 1), invalid, invalid]);
        let advice = "A member that is not a request gets one error reply. The other members are answered as usual.";
        expect(case, &mut Account(0), &batch, Some(&expected), advice);
    });
}

// An empty batch has nothing to do, and the specification calls it an invalid request.
#[test]
fn an_empty_batch_is_one_invalid_request() {
    case("An empty batch", |case| {
        let invalid = failure(-32600, "Invalid Request", &Value::Null);
        let advice = match exercise::answer(&mut Account(0), &json!([])) {
            None => "`[]` is one invalid request: it gets a single reply, without a list.",
            Some(_) => {
                "`[]` gets one reply, not a list: the error Invalid Request, with the code -32600 and the id null."
            }
        };
        expect(case, &mut Account(0), &json!([]), Some(&invalid), advice);
    });
}

// Notifications are members as well. Their methods are called, and they leave no reply.
#[test]
fn notifications_leave_no_reply() {
    case("Two notifications and a request", |case| {
        let batch = json!([
            notification("Account.Deposit", 5),
            request("Account.Deposit", 6, 1),
            notification("Account.Deposit", 7),
        ]);
        let mut account = Account(0);
        let advice = "A notification has no reply in the list, and the members after it are handled as usual.";
        expect(
            case,
            &mut account,
            &batch,
            Some(&json!([result(11, 1)])),
            advice,
        );
        expect_balance(
            case,
            18,
            &account,
            "The method of each notification is called, once.",
        );
    });
    case("A batch of notifications, one of them failing", |case| {
        let batch = json!([
            notification("Account.Deposit", 5),
            notification("Account.Nope", 5)
        ]);
        let mut account = Account(0);
        let advice =
            "No member has a reply, so nothing is sent. An empty list would be a message as well.";
        expect(case, &mut account, &batch, None, advice);
        expect_balance(
            case,
            5,
            &account,
            "The method of each notification is called, once.",
        );
    });
}
