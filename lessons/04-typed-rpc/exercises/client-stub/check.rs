//! The check of `client-stub`. The check plays the shop, and the ways in which a shop can be gone.

mod exercise;
mod given;

use std::time::Duration;

use exercise::{FarShop, Shop, ShopError};
use testkit::{Case, PATIENCE, Peer, Running, case};

/// How long the stub may wait, here. In a real program it would be seconds.
const SHORT: Duration = Duration::from_millis(60);

type Answer = Result<u32, ShopError>;

/// A value for a person: the words of the code.
fn words(answer: &Answer) -> String {
    format!("{answer:?}")
}

/// A caller. It takes any shop, and that is the point of the trait.
fn price_of_tea(shop: &mut impl Shop) -> Answer {
    shop.price("tea")
}

/// Starts a call on a stub of the learner's; the check plays the shop, and has read the question.
fn asked(case: &Case, patience: Duration) -> (Running<'_, Answer>, Peer<'_>) {
    let (stream, mut shop) = case.pair();
    let answer = case.start("price", move || {
        price_of_tea(&mut FarShop::new(stream, patience))
    });
    shop.expect("price tea\n", &[]);
    (answer, shop)
}

#[track_caller]
fn expect(case: &Case, expected: &Answer, answer: &Answer, advice: &str) {
    if expected != answer {
        case.differ(words(expected), words(answer), advice);
    }
}

const GONE: Answer = Err(ShopError::NoAnswer);

// The belief of this exercise. The signature is that of a function in the same program, so the
// body feels like one. 0 is a number like any other: somebody will sell tea for it.
#[test]
fn a_shop_that_is_gone_has_no_prices() {
    case("The shop hangs up before it answers", |case| {
        let (answer, shop) = asked(case, PATIENCE * 4);
        shop.close();
        let answer = answer.within(PATIENCE, "Nobody will answer any more: do not wait.");
        let advice = match answer {
            Ok(value) => format!(
                "The server was gone and you returned {value}. Nobody said {value}: what did not \
                 come must be an error."
            ),
            Err(_) => "That is no word of the shop's: it said nothing. `NoAnswer`.".to_string(),
        };
        expect(case, &GONE, &answer, &advice);
    });
}

// Good answers first come to mind, and they have to go through as well. Also 0, when it is said.
#[test]
fn answers_are_passed_on() {
    case(
        "Tea costs 350, there are 0 left, coffee costs 420",
        |case| {
            let (stream, mut shop) = case.pair();
            let answers = case.start("price, stock, price", move || {
                let mut far = FarShop::new(stream, PATIENCE * 4);
                [far.price("tea"), far.stock("tea"), far.price("coffee")]
            });
            shop.expect("price tea\n", &[]);
            shop.send_pieces(&["ok 3", "50\n"], Duration::from_millis(5));
            shop.expect("stock tea\n", &[]);
            shop.send("ok 0\n");
            shop.expect("price coffee\n", &[]);
            shop.send("ok 420\n");
            let advice = "Three questions on one connection, each answered by one line.";
            let answers = answers.within(PATIENCE, advice);
            for (expected, answer) in [350, 0, 420].into_iter().zip(&answers) {
                expect(case, &Ok(expected), answer, advice);
            }
        },
    );
}

// The end of a connection may come inside a number, and half a number is a number too.
#[test]
fn half_an_answer_is_none() {
    for half in ["ok 3", "unkn", "unknown"] {
        case(&format!("The shop hangs up after {half:?}"), |case| {
            let (answer, mut shop) = asked(case, PATIENCE * 4);
            shop.send(half);
            shop.close();
            let answer = answer.within(PATIENCE, "Nobody will answer any more: do not wait.");
            let advice = "The newline never came, so this may be half an answer: `ok 3` could have \
                          become `ok 350`. A line without its end is no answer.";
            expect(case, &GONE, &answer, advice);
        });
    }
}

// What comes from outside may be anything, and a stub must not take its program down.
#[test]
fn nonsense_is_no_answer() {
    for nonsense in [
        "ok lots\n",
        "ok -1\n",
        "ok 99999999999\n",
        "350\n",
        "\n",
        "ok\n",
    ] {
        case(&format!("The shop answers {nonsense:?}"), |case| {
            let (answer, mut shop) = asked(case, PATIENCE * 4);
            shop.send(nonsense);
            let answer = answer.within(PATIENCE, "The line is complete: do not wait for more.");
            let advice = "This line is not by the protocol: neither `ok` and a number, nor \
                          `unknown`. Nothing can be known from it.";
            expect(case, &GONE, &answer, advice);
        });
    }
}

// A function in the same program always returns, or takes the caller with it. A stub must promise
// an end itself.
#[test]
fn silence_ends() {
    case("The shop says nothing; the patience is 60 ms", |case| {
        let (answer, _shop) = asked(case, SHORT);
        let advice = "The shop was silent and your caller waits for ever. The trait promises an \
                      answer or an error: use `patience`.";
        let answer = answer.within(PATIENCE, advice);
        expect(case, &GONE, &answer, "Silence is no answer: `NoAnswer`.");
    });
}

// Giving up does not take the question back. The answer still comes, and finds the next question.
#[test]
fn the_late_answer_belongs_to_nobody() {
    case(
        "The price comes after you gave up; then the stock is asked",
        |case| {
            let (stream, mut shop) = case.pair();
            let far = case.start("price", move || {
                let mut far = FarShop::new(stream, SHORT);
                let price = price_of_tea(&mut far);
                (far, price)
            });
            shop.expect("price tea\n", &[]);
            let advice = "The shop is silent, and `patience` is over.";
            let (mut far, price) = far.within(PATIENCE, advice);
            expect(case, &GONE, &price, "Silence is no answer: `NoAnswer`.");
            // The stub may have hung up by now; then nobody takes this, and that is fine.
            let _ = shop.try_send("ok 350\n");
            let stock = case.run_within(PATIENCE, "stock", advice, move || far.stock("tea"));
            let advice = "350 is the price you no longer waited for, and now it is the stock. After a \
                      missing answer nobody knows whose line comes next: do not use the \
                      connection again.";
            expect(case, &GONE, &stock, advice);
        },
    );
}

// Two errors, two reactions: with the one a caller drops the article, with the other it asks again.
#[test]
fn the_shops_own_no_is_an_answer() {
    case("The shop answers `unknown`", |case| {
        let (answer, mut shop) = asked(case, PATIENCE * 4);
        shop.send("unknown\n");
        let answer = answer.within(PATIENCE, "The line is complete: do not wait for more.");
        let advice = "The shop did answer: it has no tea. A caller who hears that nobody \
                      answered will ask again, for ever.";
        expect(case, &Err(ShopError::Unknown), &answer, advice);
    });
}
