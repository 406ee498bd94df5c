//! The check of `client-stub`: the stub calls a real server of lesson 02, over a connection in memory.

mod exercise;
mod given;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use exercise::ShopClient;
use given::{Shop, ShopError};
use l02_rpc::server::Settings;
use l02_rpc::service::Services;
use l04_typed_rpc::{Client, Service, memory};
use testkit::{Case, PATIENCE, case};

/// The timeout of a stub that is answered.
const AMPLE: Duration = Duration::from_secs(5);

type Price = Result<u32, ShopError>;
type Order = Result<u64, ShopError>;

/// The calls that the server has run.
type Calls = Arc<Mutex<Vec<String>>>;

/// A shop that sells tea for 350 cents, and writes down each call.
fn shop(calls: &Calls) -> Service {
    let log = |calls: &Calls, call: String| calls.lock().unwrap().push(call);
    let (prices, orders) = (Arc::clone(calls), Arc::clone(calls));
    Service::new("shop")
        .method("Price", move |(article,): (String,)| {
            log(&prices, format!("price of {article}"));
            async move {
                match article.as_str() {
                    "tea" => Ok(350_u32),
                    "air" => Ok(0),
                    _ => Err(format!("no article {article}")),
                }
            }
        })
        .method("Order", move |(article, count): (String, u32)| {
            log(&orders, format!("order of {count} {article}"));
            async move {
                match count {
                    10.. => Err("sold out\nuntil May".to_string()),
                    _ => Ok(17_u64),
                }
            }
        })
}

/// Runs one call of the learner's stub against a server with this service.
#[track_caller]
fn calling<T, F>(
    case: &Case,
    service: Service,
    timeout: Duration,
    call: impl FnOnce(ShopClient) -> F + Send + 'static,
) -> T
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    let mut services = Services::new();
    services.register(service).expect("the only service");
    let run = move || {
        runtime().block_on(async {
            let client = memory::connect(Arc::new(services), Settings::default());
            call(ShopClient::new(client, timeout)).await
        })
    };
    let advice = "The call did not return, although its timeout was over. Pass the timeout on to each call: \
                  `call_within`.";
    case.run_within(PATIENCE, "call", advice, run)
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().expect("a runtime")
}

#[track_caller]
fn expect<T: std::fmt::Debug + PartialEq>(case: &Case, expected: &T, answer: &T, advice: &str) {
    if expected != answer {
        case.differ(format!("{expected:?}"), format!("{answer:?}"), advice);
    }
}

/// A price where no answer came: what happened first, then what it must be.
#[track_caller]
fn expect_price(case: &Case, expected: &Price, answer: &Price, what: &str) {
    let advice = match answer {
        Ok(price) => format!(
            "{what}, and the caller got the price {price}. The server never said {price}: without an answer \
             there is an error and no value."
        ),
        Err(ShopError::Refused(_)) => {
            format!("{what}. `Refused` means that the method itself said no, in its own words.")
        }
        Err(ShopError::NotRun) => format!(
            "{what}, so the method may have run. `NotRun` tells the caller that a second call does no harm: \
             with `order` that may be a second order."
        ),
        Err(ShopError::Unknown) => format!(
            "{what}, so the method has not run. The caller may repeat the call, and must learn that: `NotRun`."
        ),
    };
    expect(case, expected, answer, &advice);
}

// Values first: the right method with the right arguments.
#[test]
fn a_value_is_passed_on() {
    case(
        "Tea costs 350 cents, air 0; then 3 pieces of tea are ordered",
        |case| {
            let calls = Calls::default();
            let answers: (Price, Price, Order) = calling(case, shop(&calls), AMPLE, async |shop| {
                (
                    shop.price("tea".into()).await,
                    shop.price("air".into()).await,
                    shop.order("tea".into(), 3).await,
                )
            });
            let calls = calls.lock().unwrap().join(", ");
            let expected = "price of tea, price of air, order of 3 tea";
            if calls != expected {
                let report = case.report().detail("expected", expected);
                let report = report.detail("the server ran", calls);
                let report = report.detail("the answers", format!("{answers:?}"));
                let advice = "Each method of the stub is one call with its own name and arguments.";
                case.fail(report.advice(advice));
            }
            let advice =
                "The server's value is the method's value: prices 350 and 0, order number 17.";
            expect(case, &(Ok(350), Ok(0), Ok(17)), &answers, advice);
        },
    );
}

// The method's own error is an answer: a caller that repeats the call gets the same one.
#[test]
fn b_refusal_is_an_answer() {
    let advice = "The method ran and refused, and these are its words. Pass them on as `Refused`, unchanged.";
    case("The shop has no article `sea`", |case| {
        let calls = Calls::default();
        let answer: Price = calling(case, shop(&calls), AMPLE, async |shop| {
            shop.price("sea".into()).await
        });
        let expected = Err(ShopError::Refused("no article sea".into()));
        expect(case, &expected, &answer, advice);
    });
    case("The shop cannot deliver 10 pieces of tea", |case| {
        let calls = Calls::default();
        let answer: Order = calling(case, shop(&calls), AMPLE, async |shop| {
            shop.order("tea".into(), 10).await
        });
        let expected = Err(ShopError::Refused("sold out\nuntil May".into()));
        expect(case, &expected, &answer, advice);
    });
}

// The belief of this exercise: a default in place of an answer.
#[test]
fn c_lost_connection_has_no_price() {
    case(
        "The server closes the connection instead of a reply",
        |case| {
            let run = || {
                runtime().block_on(async {
                    let (near, far) = tokio::io::duplex(1024);
                    let (from, to) = tokio::io::split(near);
                    let client = Client::over(from, to, Settings::default());
                    let shop = ShopClient::new(client, AMPLE);
                    let close = async move {
                        // The request arrives, and the server ends.
                        let mut far = far;
                        let mut request = [0];
                        let _ = tokio::io::AsyncReadExt::read(&mut far, &mut request).await;
                    };
                    tokio::join!(shop.price("tea".into()), close).0
                })
            };
            let late =
                "The connection is closed, so no reply can come, and the call did not return.";
            let answer: Price = case.run_within(PATIENCE, "price", late, run);
            let what = "The connection was lost before the reply";
            expect_price(case, &Err(ShopError::Unknown), &answer, what);
        },
    );
}

// A local method returns. A remote one may not, so the stub limits the wait.
#[test]
fn d_timeout_ends_the_call() {
    case("The server needs 10 s, and the timeout is 60 ms", |case| {
        let slow = |name: &str| {
            Service::new("shop").method(name, |_: (String,)| async {
                tokio::time::sleep(Duration::from_secs(10)).await;
                Ok(1_u32)
            })
        };
        let short = Duration::from_millis(60);
        let answer: Price = calling(case, slow("Price"), short, async |shop| {
            shop.price("tea".into()).await
        });
        let what = "No reply came within 60 ms";
        expect_price(case, &Err(ShopError::Unknown), &answer, what);
    });
    case("The same with `order`", |case| {
        let slow = Service::new("shop").method("Order", |_: (String, u32)| async {
            tokio::time::sleep(Duration::from_secs(10)).await;
            Ok(1_u64)
        });
        let short = Duration::from_millis(60);
        let answer: Order = calling(case, slow, short, async |shop| {
            shop.order("tea".into(), 3).await
        });
        let advice = "No reply came within 60 ms. The server may have placed the order: `Unknown`.";
        expect(case, &Err(ShopError::Unknown), &answer, advice);
    });
}

// These replies prove that no method has run.
#[test]
fn e_reply_says_that_nothing_ran() {
    let price = async |shop: ShopClient| shop.price("tea".into()).await;
    let expected = Err(ShopError::NotRun);
    case("The server has no service `shop`", |case| {
        let answer = calling(case, Service::new("bank"), AMPLE, price);
        let what = "The server replied that it has no service `shop`";
        expect_price(case, &expected, &answer, what);
    });
    case("The service has no method `Price`", |case| {
        let answer = calling(case, Service::new("shop"), AMPLE, price);
        let what = "The server replied that it has no method `shop.Price`";
        expect_price(case, &expected, &answer, what);
    });
    case("`Price` of this server takes other arguments", |case| {
        let other = Service::new("shop").method("Price", |_: ((), ())| async { Ok(350_u32) });
        let answer = calling(case, other, AMPLE, price);
        let what = "The server replied that it cannot read the arguments";
        expect_price(case, &expected, &answer, what);
    });
    case("The name of the article is too long for a frame", |case| {
        let long = async |shop: ShopClient| shop.price("tea".repeat(30_000)).await;
        let calls = Calls::default();
        let answer = calling(case, shop(&calls), AMPLE, long);
        let what = "The argument is longer than a frame may be, and nothing was sent";
        expect_price(case, &expected, &answer, what);
    });
}

// A reply that holds no price. The method ran, or began to.
#[test]
fn f_useless_reply_proves_nothing() {
    let price = async |shop: ShopClient| shop.price("tea".into()).await;
    let expected = Err(ShopError::Unknown);
    case("`Price` of this server returns a text", |case| {
        let text = Service::new("shop").method("Price", |_: (String,)| async {
            Ok("three hundred and fifty".to_string())
        });
        let answer = calling(case, text, AMPLE, price);
        let what = "The value that came is not a number";
        expect_price(case, &expected, &answer, what);
    });
    case("`Price` of this server panics", |case| {
        let panics = Service::new("shop").method("Price", |_: (String,)| async {
            // Without the message that a panic prints.
            std::panic::resume_unwind(Box::new(()));
            #[expect(unreachable_code, reason = "it has a type")]
            Ok(350_u32)
        });
        let answer = calling(case, panics, AMPLE, price);
        let what = "The server replied that the method has panicked";
        expect_price(case, &expected, &answer, what);
    });
}
