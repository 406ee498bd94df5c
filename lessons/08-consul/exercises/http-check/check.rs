//! The check of `http-check`. The kitchen answers a real agent, whose clock is moved by hand, so that
//! the ten seconds between two checks are over at once.

mod exercise;

use std::time::Duration;

use exercise::{Instance, Kitchen, choose, health};
use l08_consul::agent::{Agent, Config};
use l08_consul::ask;
use l08_consul::clock::Clock;
use testkit::{Case, case};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What an agent makes of the kitchen's answer: the state of its check, and the words beside it.
fn agent_says(kitchen: &Kitchen) -> (u16, String, String) {
    let (code, words) = health(kitchen);
    let body = words.clone();
    let judge = async move {
        let kitchen = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = kitchen.local_addr().expect("an address");
        let serving = tokio::spawn(async move {
            while let Ok((mut stream, _)) = kitchen.accept().await {
                let mut request = [0; 1024];
                let _ = stream.read(&mut request).await;
                let length = body.len();
                let head = format!("HTTP/1.1 {code} \r\nContent-Length: {length}\r\n\r\n");
                let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
            }
        });
        let clock = Clock::manual();
        let config = Config {
            clock: clock.clone(),
            ..Config::default()
        };
        let agent = Agent::start(config).await.expect("an agent");
        let check = format!(r#"{{"HTTP": "http://{addr}/health", "Interval": "10s"}}"#);
        let body = format!(r#"{{"Name": "kitchen", "Check": {check}}}"#);
        let path = "/v1/agent/service/register";
        let answer = ask::put(agent.address(), path, &body).await;
        assert_eq!(answer.expect("an answer").status, 200);
        clock.advance(Duration::from_secs(10)).await;
        let checks = ask::get(agent.address(), "/v1/agent/checks").await;
        let check = &checks.expect("an answer").json()["service:kitchen"];
        let text = |name: &str| check[name].as_str().unwrap_or("").to_string();
        let said = (text("Status"), text("Output"));
        serving.abort();
        agent.stop().await;
        said
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let (status, output) = runtime.block_on(judge);
    (code, status, output)
}

fn expect_state(case: &Case, kitchen: &Kitchen, wanted: &str, advice: &str) {
    let (code, status, _) = agent_says(kitchen);
    if !(200..600).contains(&code) {
        let advice = "A status code has three digits, and the final ones begin at 200.";
        case.differ(
            "a status code from 200 to 599",
            format!("status {code}"),
            advice,
        );
    }
    if status != wanted {
        case.differ(
            format!("the agent says `{wanted}`"),
            format!("status {code}, and the agent says `{status}`"),
            advice,
        );
    }
}

// Not a multiple of four: three quarters of it are 7.5.
const ROOM: usize = 10;

fn kitchen(waiting: usize, oven_works: bool) -> Kitchen {
    Kitchen {
        waiting,
        room: ROOM,
        oven_works,
    }
}

fn instance(address: &str, checks: &[&str]) -> Instance {
    Instance {
        address: address.to_string(),
        checks: checks.iter().map(ToString::to_string).collect(),
    }
}

fn expect_chosen(case: &Case, list: &[Instance], wanted: &[&str], advice: &str) {
    let chosen = choose(list);
    if chosen != wanted {
        let view = |addresses: &[String]| match addresses {
            [] => "nobody".to_string(),
            some => some.join(", "),
        };
        let wanted: Vec<_> = wanted.iter().map(ToString::to_string).collect();
        let listed: Vec<_> = list
            .iter()
            .map(|it| format!("{} {}", it.address, it.checks.join("+")))
            .collect();
        let report = case.report().detail("listed", listed.join(", "));
        let report = report.detail("expected", view(&wanted));
        case.fail(report.detail("your answer", view(&chosen)).advice(advice));
    }
}

// The belief of this exercise. "I have much to do" is no illness.
#[test]
fn a_busy_is_a_warning() {
    let nine_of_twelve = Kitchen {
        waiting: 9,
        room: 12,
        oven_works: true,
    };
    let busy = |case: &Case, kitchen: &Kitchen| {
        let (code, status, _) = agent_says(kitchen);
        if status == "warning" {
            return;
        }
        let advice = match status.as_str() {
            "passing" => {
                "The agent reads the status, people read the words: every 2xx is passing, whatever \
                 stands behind it. 429, too many requests, is the one code that means warning."
            }
            _ if (400..500).contains(&code) => {
                "Of the codes from 400 to 499 the agent takes one for a warning, 429, too many requests. \
                 Each other one takes the kitchen out of the book, though its oven is hot."
            }
            _ => {
                "429 is warning, not critical, and it is the only code that is. Everything else that \
                 is not 2xx takes the kitchen out of the book, though its oven is hot."
            }
        };
        let answer = format!("status {code}, and the agent says `{status}`");
        case.differ("the agent says `warning`", answer, advice);
    };
    case("A busy kitchen: 9 of 12 orders are waiting", |case| {
        busy(case, &nine_of_twelve);
    });
    case("A busy kitchen: 8 of 10 orders are waiting", |case| {
        busy(case, &kitchen(8, true));
    });
}

// What is worse comes first.
#[test]
fn b_broken_is_critical() {
    let advice = "Without an oven no order is ever done, however few are waiting, or many. That is not \
                  2xx, and not 429.";
    case("A kitchen without orders, and with a broken oven", |case| {
        expect_state(case, &kitchen(0, false), "critical", advice);
    });
    case("A broken oven, and 9 of 10 orders are waiting", |case| {
        expect_state(case, &kitchen(9, false), "critical", advice);
    });
}

// Nearly busy is not busy.
#[test]
fn c_well_is_passing() {
    case(
        "7 of 10 orders are waiting: less than three quarters",
        |case| {
            let advice =
                "7 is less than three quarters of 10, which are 7.5. All is well: any 2xx says so.";
            expect_state(case, &kitchen(7, true), "passing", advice);
        },
    );
}

// The output of a check is what somebody reads at night.
#[test]
fn d_the_words_say_why() {
    case("Somebody asks the book why the kitchen is yellow", |case| {
        let (_, _, output) = agent_says(&kitchen(9, true));
        if !output.contains('9') {
            let advice = "The agent keeps the body of your answer as the output of the check. Say in it \
                          how many are waiting.";
            case.differ("words with the number 9", output, advice);
        }
    });
}

// As long as there is a choice, nobody is sent to a busy kitchen.
#[test]
fn e_well_comes_first() {
    case(
        "One is passing, one in warning, one critical, one unchecked",
        |case| {
            let list = [
                instance("10.0.0.1:80", &["warning"]),
                instance("10.0.0.4:80", &["passing"]),
                instance("10.0.0.3:80", &["critical"]),
                instance("10.0.0.2:80", &[]),
            ];
            let wanted = ["10.0.0.4:80", "10.0.0.2:80"];
            let advice = "Those that are passing, in the order of the list. Whom nobody checks counts as \
                      passing.";
            expect_chosen(case, &list, &wanted, advice);
        },
    );
}

// Friday evening.
#[test]
fn f_all_are_busy() {
    case(
        "Friday evening: two are in warning, one is critical",
        |case| {
            let list = [
                instance("10.0.0.2:80", &["warning"]),
                instance("10.0.0.1:80", &["warning"]),
                instance("10.0.0.3:80", &["critical"]),
            ];
            let wanted = ["10.0.0.2:80", "10.0.0.1:80"];
            let advice = "Nobody is passing, and two of them still cook. A warning is a request, not a \
                      refusal: without a choice they are the right ones.";
            expect_chosen(case, &list, &wanted, advice);
        },
    );
}

// A chain of checks is as strong as its weakest.
#[test]
fn g_the_worst_check_counts() {
    case(
        "A kitchen is fine, and the disk of its machine is full",
        |case| {
            let list = [
                instance("10.0.0.1:80", &["passing", "critical"]),
                instance("10.0.0.2:80", &["warning", "passing", "passing"]),
            ];
            let wanted = ["10.0.0.2:80"];
            let advice = "A kitchen is as well as the worst of its checks: the first one has a check that \
                      is critical, so it is critical. The second one is in warning.";
            expect_chosen(case, &list, &wanted, advice);
        },
    );
}

// An empty list is an answer.
#[test]
fn h_nobody_is_there() {
    case("All ovens are cold", |case| {
        let list = [
            instance("10.0.0.1:80", &["critical"]),
            instance("10.0.0.2:80", &["warning", "critical"]),
        ];
        let advice = "Critical means that an order sent there is lost. Nobody is better than somebody \
                      who cannot: an empty list can be told to the guest.";
        expect_chosen(case, &list, &[], advice);
    });
    case("The book knows no kitchen at all", |case| {
        let advice = "Nobody is listed, so nobody is chosen.";
        expect_chosen(case, &[], &[], advice);
    });
}
