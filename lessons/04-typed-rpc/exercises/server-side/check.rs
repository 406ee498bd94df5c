//! The check of `server-side`. No wire here: a wrapper turns text into a call and what comes of it
//! into text, and all of that can be looked at without one.

mod exercise;

use exercise::{Till, answer};
use testkit::{Case, case};

/// A till that writes down what it was asked, and says what the test wants.
struct Fake {
    sell: Result<u32, String>,
    refund: Result<(), String>,
    asked: Vec<String>,
}

impl Fake {
    fn good() -> Self {
        Fake {
            sell: Ok(700),
            refund: Ok(()),
            asked: Vec::new(),
        }
    }

    fn failing(words: &str) -> Self {
        Fake {
            sell: Err(words.to_string()),
            refund: Err(words.to_string()),
            asked: Vec::new(),
        }
    }
}

impl Till for Fake {
    fn sell(&mut self, article: &str, count: u32) -> Result<u32, String> {
        self.asked.push(format!("sell {count} of {article}"));
        self.sell.clone()
    }

    fn refund(&mut self, receipt: u32) -> Result<(), String> {
        self.asked.push(format!("refund receipt {receipt}"));
        self.refund.clone()
    }
}

#[track_caller]
fn expect(case: &Case, expected: &str, till: &mut Fake, request: &str, advice: &str) {
    let reply = answer(till, request);
    case.expect_eq(expected, reply.as_str(), advice);
}

// The belief of this exercise. A wrapper stands between two who handle errors, and it is so easy
// to be the one in the middle who does not.
#[test]
fn a_methods_error_is_told() {
    case("`refund 9`, and the till has no receipt 9", |case| {
        let mut till = Fake::failing("no receipt 9");
        let reply = answer(&mut till, "refund 9");
        if reply.starts_with("ok") {
            let advice = "The method failed; the caller saw success. It believes that the money \
                          is back. An error belongs into the reply.";
            case.differ("\"failed no receipt 9\"", format!("{reply:?}"), advice);
        }
        let advice = "The method's own words are for the caller: pass them on.";
        case.expect_eq("failed no receipt 9", reply.as_str(), advice);
    });
    case("`sell tea 2`, and tea is sold out", |case| {
        let mut till = Fake::failing("sold out");
        let reply = answer(&mut till, "sell tea 2");
        if reply.starts_with("ok") {
            let advice = "The method failed; the caller saw success, and a price. An error \
                          belongs into the reply.";
            case.differ("\"failed sold out\"", format!("{reply:?}"), advice);
        }
        let advice = "The method's own words are for the caller: pass them on.";
        case.expect_eq("failed sold out", reply.as_str(), advice);
    });
}

// What a caller meant and what the till would hear must be the same thing, or nothing is done.
#[test]
fn bad_arguments_never_reach_the_till() {
    for request in [
        "sell tea many",
        "sell tea",
        "sell",
        "sell tea 2 3",
        "sell tea -1",
        "sell tea 4294967296",
        "sell tea 2 ",
        "sell",
        "refund",
        "refund x",
        "refund 17 18",
    ] {
        case(&format!("The request {request:?}"), |case| {
            let mut till = Fake::good();
            let reply = answer(&mut till, request);
            if let Some(asked) = till.asked.first() {
                let advice = "The request did not say that. What cannot be read exactly must not \
                              be done at all: no defaults, nothing ignored.";
                case.differ("a till that is not asked", asked, advice);
            }
            let advice = "The method is right, and its arguments are not.";
            case.expect_eq("bad argument", reply.as_str(), advice);
        });
    }
}

// The ordinary case: the values come out as the till said them.
#[test]
fn good_calls_go_through() {
    case("`sell tea 2`", |case| {
        let mut till = Fake::good();
        let advice = "The method's value follows after `ok`.";
        expect(case, "ok 700", &mut till, "sell tea 2", advice);
        let asked = till.asked.join(", ");
        let advice = "The till must hear what the request says, once.";
        case.expect_eq("sell 2 of tea", asked.as_str(), advice);
    });
    case("`refund 17`", |case| {
        let mut till = Fake::good();
        let advice = "The method gives no value, so the reply is `ok` alone.";
        expect(case, "ok", &mut till, "refund 17", advice);
        let asked = till.asked.join(", ");
        let advice = "The till must hear what the request says, once.";
        case.expect_eq("refund receipt 17", asked.as_str(), advice);
    });
}

// Where the trait has two methods, a wrapper must not have a third one.
#[test]
fn other_methods_are_refused() {
    for (request, expected) in [
        ("sing tea 2", "no method sing"),
        ("Sell tea 2", "no method Sell"),
        ("refunds 17", "no method refunds"),
        ("", "no method "),
    ] {
        case(&format!("The request {request:?}"), |case| {
            let mut till = Fake::good();
            let reply = answer(&mut till, request);
            if let Some(asked) = till.asked.first() {
                let advice = "Nobody asked for this method. \"Everything else\" is no method: \
                              name each one, and refuse the rest.";
                case.differ("a till that is not asked", asked, advice);
            }
            let advice = "The caller must hear which name is wrong.";
            case.expect_eq(expected, reply.as_str(), advice);
        });
    }
}

// One reply is one line. Words that hold a newline would be two replies, and the second one would
// answer a question of somebody else.
#[test]
fn words_stay_in_their_reply() {
    case("An error whose words are \"sold out\\nok 700\"", |case| {
        let mut till = Fake::failing("sold out\nok 700");
        let advice = "The newline in the words ends your reply; what follows is the answer to the \
                      next call, and it says `ok`. Words are data: keep them in one line.";
        expect(
            case,
            "failed sold out ok 700",
            &mut till,
            "sell tea 2",
            advice,
        );
    });
}
