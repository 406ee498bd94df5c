//! The check of `late-reply`. The check plays the shop, which is silent, late, or cut off.

mod exercise;
mod given;

use std::thread;
use std::time::Duration;

use exercise::ShopClient;
use given::{Shop, ShopError};
use testkit::{Case, PATIENCE, Peer, Running, case};

/// The timeout of a stub that does not wait for silence.
const AMPLE: Duration = Duration::from_secs(5);
/// The timeout of a stub whose shop is silent.
const SHORT: Duration = Duration::from_millis(60);

type Answer = Result<u32, ShopError>;

const NO_ANSWER: Answer = Err(ShopError::NoAnswer);

/// Starts `price("tea")` on a stub of the learner's; the check plays the shop, and has read the request.
fn asked(case: &Case, timeout: Duration) -> (Running<'_, (ShopClient, Answer)>, Peer<'_>) {
    let (stream, mut shop) = case.pair();
    let running = case.start("price", move || {
        let mut client = ShopClient::new(stream, timeout);
        let answer = client.price("tea");
        (client, answer)
    });
    shop.expect("price tea\n", &[]);
    (running, shop)
}

#[track_caller]
fn expect(case: &Case, expected: &Answer, answer: &Answer, advice: &str) {
    if expected != answer {
        case.differ(format!("{expected:?}"), format!("{answer:?}"), advice);
    }
}

/// Calls `stock`, and plays the shop that has 7 if the request arrives.
fn stock(case: &Case, client: ShopClient, shop: &mut Peer<'_>) -> (Answer, bool) {
    let mut client = client;
    let running = case.start("stock", move || client.stock("tea"));
    let until = std::time::Instant::now() + Duration::from_millis(80);
    while !running.has_returned() && std::time::Instant::now() < until {
        thread::sleep(Duration::from_millis(2));
    }
    // A call that has returned has sent nothing that a reply could follow.
    let waits = !running.has_returned();
    if waits {
        shop.expect("stock tea\n", &[]);
        let _ = shop.try_send("ok 7\n");
    }
    let late = "The reply `ok 7` is there, and `stock` did not return.";
    (running.within(PATIENCE, late), waits)
}

/// Nothing may be sent after a missing answer.
#[track_caller]
fn expect_closed(case: &Case, client: ShopClient, shop: &mut Peer<'_>, what: &str) {
    let (answer, sent) = stock(case, client, shop);
    if sent {
        let advice = format!(
            "{what}, and then your stub sent `stock tea` on the same connection. The next line may be the late reply \
             to the price: after a missing answer a call sends nothing and is `NoAnswer`."
        );
        case.differ(
            "nothing is sent",
            format!("`stock tea` is sent; {answer:?}"),
            &advice,
        );
    }
    let advice = format!("{what}. Every later call is `NoAnswer` as well.");
    expect(case, &NO_ANSWER, &answer, &advice);
}

#[test]
fn a_values_are_passed_on() {
    case(
        "Tea costs 350, there are 0 left, coffee costs 420",
        |case| {
            let (stream, mut shop) = case.pair();
            let answers = case.start("price, stock, price", move || {
                let mut client = ShopClient::new(stream, AMPLE);
                [
                    client.price("tea"),
                    client.stock("tea"),
                    client.price("coffee"),
                ]
            });
            shop.expect("price tea\n", &[]);
            shop.send_pieces(&["ok 3", "50\n"], Duration::from_millis(5));
            shop.expect("stock tea\n", &[]);
            shop.send("ok 0\n");
            shop.expect("price coffee\n", &[]);
            shop.send("ok 420\n");
            let late = "Three requests on one connection, and each was answered by one line.";
            let answers = answers.within(PATIENCE, late);
            for (expected, answer) in [350, 0, 420].into_iter().zip(&answers) {
                let advice = "The line `ok NUMBER` holds the value.";
                expect(case, &Ok(expected), answer, advice);
            }
        },
    );
}

#[test]
fn b_unknown_is_an_answer() {
    case(
        "The shop replies `unknown`, and then has 7 pieces in stock",
        |case| {
            let (running, mut shop) = asked(case, AMPLE);
            shop.send("unknown\n");
            let (client, answer) = running.within(PATIENCE, "The reply `unknown` is complete.");
            let advice = "The shop did reply: it has no such article. A caller that gets `NoAnswer` asks again.";
            expect(case, &Err(ShopError::UnknownArticle), &answer, advice);
            let (answer, sent) = stock(case, client, &mut shop);
            if !sent {
                let advice = "After the reply `unknown` your stub did not send the next request. `unknown` is a whole reply, \
                          so the connection is in order and is used again.";
                case.differ(
                    "`stock tea` is sent",
                    format!("nothing is sent; {answer:?}"),
                    advice,
                );
            }
            expect(case, &Ok(7), &answer, "The shop replied `ok 7`.");
        },
    );
}

#[test]
fn c_cut_reply_is_no_answer() {
    for half in ["", "ok 3", "ok ", "unkn", "unknown"] {
        let what = match half {
            "" => "The shop closes the connection before it replies".to_string(),
            half => format!("The shop closes the connection after {half:?}"),
        };
        case(&what, |case| {
            let (running, mut shop) = asked(case, AMPLE);
            shop.send(half);
            shop.close();
            let late = "The connection is closed, and the call did not return.";
            let (_, answer) = running.within(PATIENCE, late);
            let advice = match half {
                "" => {
                    "`exchange` returned an empty line: the stream ended, and nothing was replied."
                }
                _ => {
                    "This reply has no newline, so it was cut off: `ok 3` may be half of `ok 350`. A line without \
                      its end is no reply."
                }
            };
            expect(case, &NO_ANSWER, &answer, advice);
        });
    }
}

#[test]
fn d_other_replies_are_no_answer() {
    for line in [
        "ok lots\n",
        "ok -1\n",
        "ok 99999999999\n",
        "350\n",
        "\n",
        "ok\n",
        "ok 350 \n",
        "ok 3 50\n",
        "Unknown\n",
        "not unknown\n",
        "OK 350\n",
    ] {
        case(&format!("The shop replies {line:?}"), |case| {
            let (running, mut shop) = asked(case, AMPLE);
            shop.send(line);
            let late = "The reply has its newline, and the call did not return.";
            let (client, answer) = running.within(PATIENCE, late);
            let advice =
                "This reply is neither `ok` with a number nor `unknown`, so it holds no value.";
            expect(case, &NO_ANSWER, &answer, advice);
            expect_closed(
                case,
                client,
                &mut shop,
                "The reply was not one of the protocol",
            );
        });
    }
    case("The shop replies with 100 bytes and no newline", |case| {
        let (running, mut shop) = asked(case, AMPLE);
        shop.send("1".repeat(100));
        let late = "`exchange` returned the first bytes, and the call did not return.";
        let (client, answer) = running.within(PATIENCE, late);
        let advice = "The line has no newline within the limit, so it is no reply.";
        expect(case, &NO_ANSWER, &answer, advice);
        expect_closed(case, client, &mut shop, "The reply was too long");
    });
}

// The belief of this exercise: a timeout ends the wait, and the reply still comes.
#[test]
fn e_late_reply_is_not_used() {
    case(
        "No reply for 60 ms; then the price `ok 350` comes, and `stock` is called",
        |case| {
            let (running, mut shop) = asked(case, SHORT);
            let late = "The timeout of 60 ms is over, and the call did not return.";
            let (client, answer) = running.within(PATIENCE, late);
            let advice = "No reply came in time, so there is no value.";
            expect(case, &NO_ANSWER, &answer, advice);
            // The stub may have closed the connection by now. Then the bytes go nowhere.
            let _ = shop.try_send("ok 350\n");
            thread::sleep(Duration::from_millis(10));
            let mut client = client;
            let stock = move || client.stock("tea");
            let stock = case.run_within(PATIENCE, "stock", late, stock);
            let advice = match stock {
                Ok(350) => {
                    "350 is the price that your stub no longer waited for, and now it is the stock. After a missing \
                        answer no later reply can be matched: do not use the connection again."
                }
                _ => "After a missing answer every later call is `NoAnswer`.",
            };
            expect(case, &NO_ANSWER, &stock, advice);
        },
    );
    case("No reply for 60 ms; then `stock` is called", |case| {
        let (running, mut shop) = asked(case, SHORT);
        let late = "The timeout of 60 ms is over, and the call did not return.";
        let (client, _) = running.within(PATIENCE, late);
        let since = std::time::Instant::now();
        let mut client = client;
        let stock = case.run_within(PATIENCE, "stock", late, move || client.stock("tea"));
        expect(
            case,
            &NO_ANSWER,
            &stock,
            "After a missing answer every later call is `NoAnswer`.",
        );
        if since.elapsed() >= SHORT {
            let advice = "Your stub waited for a reply again, so it has sent a request on a connection whose next line may \
                          be a late reply. After a missing answer a call sends nothing.";
            case.differ(
                "`stock` returns at once",
                "`stock` waited for the timeout",
                advice,
            );
        }
        let _ = shop.try_send("ok 350\n");
    });
}
