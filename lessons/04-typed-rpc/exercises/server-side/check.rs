//! The check of `server-side`. There is no connection here: a wrapper turns a line into a call and the result into a
//! line, and both can be looked at without one.

mod exercise;
mod given;

use exercise::answer;
use given::Orders;
use testkit::{Case, case};

/// An implementation that writes down its calls, and returns what the test wants.
struct Fake {
    order: Result<u32, String>,
    cancel: Result<(), String>,
    calls: Vec<String>,
}

impl Fake {
    fn good() -> Self {
        Fake {
            order: Ok(700),
            cancel: Ok(()),
            calls: Vec::new(),
        }
    }

    fn failing(words: &str) -> Self {
        Fake {
            order: Err(words.to_string()),
            cancel: Err(words.to_string()),
            calls: Vec::new(),
        }
    }
}

impl Orders for Fake {
    fn order(&mut self, article: &str, count: u32) -> Result<u32, String> {
        self.calls.push(format!("order({article:?}, {count})"));
        self.order.clone()
    }

    fn cancel(&mut self, number: u32) -> Result<(), String> {
        self.calls.push(format!("cancel({number})"));
        self.cancel.clone()
    }
}

/// What a learner sees: the calls first, then the reply.
#[track_caller]
fn differ(case: &Case, fake: &Fake, expected: &str, reply: &str, advice: &str) -> ! {
    let calls = match &fake.calls[..] {
        [] => "none".to_string(),
        calls => calls.join(", "),
    };
    let report = case.report().detail("the method calls", calls);
    let report = report.detail("expected reply", format!("{expected:?}"));
    case.fail(
        report
            .detail("your reply", format!("{reply:?}"))
            .advice(advice),
    )
}

/// A request that must call one method, and be replied like this.
#[track_caller]
fn expect_call(
    case: &Case,
    fake: &mut Fake,
    request: &str,
    call: &str,
    expected: &str,
    advice: &str,
) {
    let reply = answer(fake, request);
    if fake.calls != [call] {
        let advice = match fake.calls.len() {
            0 => format!("No method was called. The request asks for `{call}`."),
            1 => format!(
                "The method was called with other arguments than the request has: `{call}`."
            ),
            _ => format!(
                "The request was one call, and {} were made. A method that failed is not called again: the \
                 caller decides that.",
                fake.calls.len()
            ),
        };
        differ(case, fake, expected, &reply, &advice);
    }
    if reply != expected {
        differ(case, fake, expected, &reply, advice);
    }
}

/// A request that must not call a method.
#[track_caller]
fn expect_refusal(case: &Case, request: &str, expected: &str, called: &str, advice: &str) {
    let mut fake = Fake::good();
    let reply = answer(&mut fake, request);
    if !fake.calls.is_empty() {
        differ(case, &fake, expected, &reply, called);
    }
    if reply != expected {
        differ(case, &fake, expected, &reply, advice);
    }
}

#[test]
fn a_value_is_replied() {
    for (request, call, expected) in [
        ("order tea 2", "order(\"tea\", 2)", "ok 700"),
        ("order 茶 4294967295", "order(\"茶\", 4294967295)", "ok 700"),
        ("cancel 17", "cancel(17)", "ok"),
        ("cancel 0", "cancel(0)", "ok"),
    ] {
        case(&format!("The request {request:?}"), |case| {
            let mut fake = Fake::good();
            let advice = "The method's value follows `ok`; `cancel` has no value, so its reply is `ok` alone.";
            expect_call(case, &mut fake, request, call, expected, advice);
        });
    }
}

// The belief of this exercise: the wrapper stands between two programs that handle errors, and loses one.
#[test]
fn b_error_of_the_method_is_replied() {
    for (request, call, words) in [
        ("cancel 9", "cancel(9)", "no order 9"),
        ("order tea 2", "order(\"tea\", 2)", "sold out"),
    ] {
        case(&format!("The request {request:?} fails: {words}"), |case| {
            let mut fake = Fake::failing(words);
            let reply = answer(&mut Fake::failing(words), request);
            let advice = if reply.starts_with("ok") {
                "The method failed; the caller saw success. An error of the method belongs in the reply."
            } else {
                "The method's own words are for the caller: pass them on."
            };
            let expected = format!("failed {words}");
            expect_call(case, &mut fake, request, call, &expected, advice);
        });
    }
}

// What cannot be read exactly is not done.
#[test]
fn c_bad_argument_calls_nothing() {
    for request in [
        "order tea many",
        "order tea",
        "order",
        "order tea 2 3",
        "order tea -1",
        "order tea 4294967296",
        "order tea 2 ",
        "order  2",
        "order  tea 2",
        "order tea  2",
        "order tea 2.0",
        "order tea ",
        "order ",
        "cancel",
        "cancel x",
        "cancel 17 18",
        "cancel  17",
        "cancel 17 ",
        "cancel ",
        "cancel 4294967296",
    ] {
        case(&format!("The request {request:?}"), |case| {
            let called = if request.contains("  ") || request.ends_with(' ') {
                "A method was called, although one space too many stands in the request. Exactly one space \
                 separates two words; the next one belongs to the arguments, and these do not fit."
            } else {
                "A method was called with arguments that the request does not have. What cannot be read exactly is \
                 not done: no defaults, and nothing is ignored."
            };
            let advice =
                "The name of the method is right, and its arguments are not: `bad argument`.";
            expect_refusal(case, request, "bad argument", called, advice);
        });
    }
}

// The trait has two methods, so the wrapper has no third one.
#[test]
fn d_other_methods_are_refused() {
    for (request, expected) in [
        ("sing tea 2", "no method sing"),
        ("pay 17", "no method pay"),
        ("Order tea 2", "no method Order"),
        ("orders", "no method orders"),
        ("cancels 17", "no method cancels"),
        (" order tea 2", "no method "),
        ("", "no method "),
    ] {
        case(&format!("The request {request:?}"), |case| {
            let called = "A method was called that the request does not name. Name each method in the code, and refuse \
                          all others.";
            let advice = "The caller must learn which name is wrong: `no method NAME`, and NAME is the first word.";
            expect_refusal(case, request, expected, called, advice);
        });
    }
}

// One reply is one line. A newline in the words would make two replies of it.
#[test]
fn e_words_stay_in_their_line() {
    case(
        "`order` fails with the words \"sold out\\nok 700\\n\"",
        |case| {
            let mut fake = Fake::failing("sold out\nok 700\n");
            let reply = answer(&mut Fake::failing("sold out\nok 700\n"), "order tea 2");
            let advice = if reply.contains('\n') {
                "The newline in the words ends your reply. What follows is taken for the reply to the next request, and it \
             says `ok`. Words are data: keep them in one line."
            } else {
                "A newline in the words becomes a space, and the words stay as they are."
            };
            let (call, expected) = ("order(\"tea\", 2)", "failed sold out ok 700 ");
            expect_call(case, &mut fake, "order tea 2", call, expected, advice);
        },
    );
}
