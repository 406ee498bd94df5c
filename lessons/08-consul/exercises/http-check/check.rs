//! The check of `http-check`. The answer is served to the readable agent, whose clock is moved by the check, so that
//! the ten seconds between two health checks take no time.

mod exercise;
mod given;

use std::time::Duration;

use exercise::{Load, health};
use l08_consul::agent::{Agent, Config};
use l08_consul::ask;
use l08_consul::clock::Clock;
use testkit::{Case, case};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// The status of the answer, and what the agent makes of it: the state of its check, and the output.
fn agent_says(load: &Load) -> (u16, String, String) {
    let (code, words) = health(load);
    let body = words.clone();
    let judge = async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("an address");
        let serving = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
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
        let body = format!(r#"{{"Name": "server", "Check": {check}}}"#);
        let path = "/v1/agent/service/register";
        let answer = ask::put(agent.address(), path, &body).await;
        assert_eq!(answer.expect("an answer").status, 200);
        clock.advance(Duration::from_secs(10)).await;
        let checks = ask::get(agent.address(), "/v1/agent/checks").await;
        let check = &checks.expect("an answer").json()["service:server"];
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

const NO_STATUS: &str = "A status code has three digits, and the final ones are 200 to 599.";

fn expect_state(case: &Case, load: &Load, wanted: &str, advice: &str) {
    let (code, status, _) = agent_says(load);
    if !(200..600).contains(&code) {
        case.differ(
            "a status code from 200 to 599",
            format!("status {code}"),
            NO_STATUS,
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

fn load(queued: usize, capacity: usize, database_answers: bool) -> Load {
    Load {
        queued,
        capacity,
        database_answers,
    }
}

// The belief of this exercise. A busy server is not an unhealthy one.
#[test]
fn a_busy_is_a_warning() {
    // Not a multiple of four: three quarters of 10 are 7.5.
    case("8 of 10 requests are queued", |case| {
        // A code that warns at another length of the queue knows 429: its limit is another one.
        let warns = |queued: &usize| agent_says(&load(*queued, 10, true)).1 == "warning";
        let advice = |code: u16, status: &str| {
            if let Some(queued) = [10, 100, 0].into_iter().find(warns) {
                return format!(
                    "Your code does report a warning: with {queued} of 10 requests queued, and not with 8. The \
                     warning begins at three quarters of the capacity, which is 7.5 here."
                );
            }
            let words = if !(200..600).contains(&code) {
                NO_STATUS
            } else if agent_says(&load(8, 10, false)).1 != "critical" {
                "The database answers here. If it does not, your code reports something better than critical."
            } else if status == "passing" {
                "The agent reads the status and not the text: each 2xx makes the check pass. 429, too many \
                 requests, is the one status that means warning."
            } else if (400..500).contains(&code) {
                "Of the statuses from 400 to 499 the agent takes one for a warning, 429, too many requests. \
                 Each other one makes the check critical."
            } else {
                "429 means warning, not critical, and it is the only status that does. Each status that is \
                 neither 2xx nor 429 takes the server out of the lists of its callers, although it answers requests."
            };
            words.to_string()
        };
        expect_warning(case, &load(8, 10, true), advice);
    });
    case(
        "9 of 12 requests are queued: exactly three quarters",
        |case| {
            let advice = "9 is three quarters of 12, and the warning begins at three quarters.";
            let advice = |_: u16, _: &str| advice.to_string();
            expect_warning(case, &load(9, 12, true), advice);
        },
    );
    case("9 of 10 requests are queued", |case| {
        let advice = "A nearly full queue is a warning, and no more than that.";
        let advice = |_: u16, _: &str| advice.to_string();
        expect_warning(case, &load(9, 10, true), advice);
    });
}

fn expect_warning(case: &Case, load: &Load, advice: impl Fn(u16, &str) -> String) {
    let (code, status, _) = agent_says(load);
    if status != "warning" {
        let answer = format!("status {code}, and the agent says `{status}`");
        let advice = advice(code, &status);
        case.differ("the agent says `warning`", answer, &advice);
    }
}

// The worse state comes first.
#[test]
fn b_broken_is_critical() {
    case("The database does not answer; the queue is empty", |case| {
        let advice = "Without its database the server answers no request. A status that is neither 2xx nor 429 makes \
                      the check critical.";
        expect_state(case, &load(0, 10, false), "critical", advice);
    });
    case(
        "The database does not answer; 9 of 10 requests are queued",
        |case| {
            let advice = "Without its database the server answers no request, however many are queued. A status that \
                          is neither 2xx nor 429 makes the check critical.";
            expect_state(case, &load(9, 10, false), "critical", advice);
        },
    );
}

// Nearly busy is not busy.
#[test]
fn c_below_the_limit_is_passing() {
    case(
        "7 of 10 requests are queued: less than three quarters",
        |case| {
            let advice = "Three quarters of 10 are 7.5, so a queue of 7 is below the limit. Any 2xx makes the \
                          check pass.";
            expect_state(case, &load(7, 10, true), "passing", advice);
        },
    );
    case("The queue is empty", |case| {
        let advice = "The database answers and no request waits. Any 2xx makes the check pass.";
        expect_state(case, &load(0, 10, true), "passing", advice);
    });
}

// The output of a check is what people read.
#[test]
fn d_the_output_says_why() {
    case("9 of 10 requests are queued; the output is read", |case| {
        let (_, _, output) = agent_says(&load(9, 10, true));
        if !output.contains('9') {
            let advice = "The agent keeps the body of the answer as the output of the check. Put the number of \
                          queued requests into it.";
            case.differ("an output with the number 9", output, advice);
        }
    });
}
