//! The check of `grpc-route`: the learner's router, and the gRPC service behind it. The service is a real tonic server in
//! this process. The requests are given to the router as axum's server would give them.

mod exercise;
mod given;

use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use exercise::{TIMEOUT, UserClient, router};
use http_body_util::BodyExt;
use l14_gateway::pb::user::say_server::{Say, SayServer};
use l14_gateway::pb::user::{HelloReply, HelloRequest};
use serde_json::{Value, json};
use testkit::{Case, View, case};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::time::timeout;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Endpoint, Server};
use tonic::{Code, Response, Status};
use tower::ServiceExt;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// Longer than any right answer takes.
const LIMIT: Duration = Duration::from_millis(1500);

/// What the service does with a call.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Reply,
    Fail(Code, &'static str),
    /// It never answers, as a paused process.
    Silence,
    /// No program listens at its address.
    Gone,
}

use Fate::{Fail, Gone, Reply, Silence};

/// A call that has come.
#[derive(Clone, Debug)]
struct Seen {
    name: String,
    timeout: Option<String>,
}

#[derive(Clone)]
struct Users {
    fate: Fate,
    seen: Arc<Mutex<Vec<Seen>>>,
}

#[tonic::async_trait]
impl Say for Users {
    async fn hello(
        &self,
        request: tonic::Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let timeout = request.metadata().get("grpc-timeout");
        let timeout = timeout
            .and_then(|value| value.to_str().ok())
            .map(str::to_string);
        let name = request.into_inner().name;
        let number = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.push(Seen {
                name: name.clone(),
                timeout,
            });
            seen.len()
        };
        match self.fate {
            Reply => Ok(Response::new(HelloReply {
                id: (122 + number).to_string(),
                username: name,
                answered_by: "user-7".to_string(),
            })),
            Fail(code, message) => Err(Status::new(code, message)),
            Silence | Gone => std::future::pending().await,
        }
    }
}

/// What the browser gets, and what the service has seen.
#[derive(Debug)]
struct Answer {
    status: u16,
    kind: String,
    body: String,
    seen: Vec<Seen>,
}

impl Answer {
    fn told(&self) -> String {
        match self.body.is_empty() {
            true => format!("{}, without a body", self.status),
            false => format!("{} with {}", self.status, self.body),
        }
    }

    fn json(&self) -> Option<Value> {
        let json = self.kind.starts_with("application/json");
        json.then(|| serde_json::from_str(&self.body).ok())
            .flatten()
    }
}

/// Sends some requests at the same time to the learner's router, in front of a service with this fate.
fn ask_all(case: &Case, fate: Fate, paths: &[String]) -> Vec<Answer> {
    RUNTIME.block_on(async {
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = listener.local_addr().expect("its address");
        let users = Users { fate, seen: Arc::clone(&seen) };
        let server = match fate {
            Gone => {
                drop(listener);
                None
            }
            _ => Some(tokio::spawn(
                Server::builder()
                    .add_service(SayServer::new(users))
                    .serve_with_incoming(TcpIncoming::from(listener)),
            )),
        };
        let endpoint = Endpoint::from_shared(format!("http://{addr}")).expect("an address");
        let router = router(UserClient::new(endpoint.connect_lazy()));
        let asked = paths.iter().map(|path| {
            let request = Request::get(path).body(Body::empty()).expect("a request");
            tokio::spawn(router.clone().oneshot(request))
        });
        let asked: Vec<_> = asked.collect();
        let mut answers = Vec::new();
        for one in asked {
            let Ok(one) = timeout(LIMIT, one).await else {
                let advice = "The service may be paused, or its network cut: then no reply ever comes. A call without a \
                              timeout waits for it, and so does the browser.";
                let expected = format!("an answer after {}", TIMEOUT.view());
                case.differ(expected, format!("none after {}", LIMIT.view()), advice)
            };
            let response = match one {
                Ok(Ok(response)) => response,
                Ok(Err(never)) => match never {},
                Err(panic) => {
                    let advice = "A handler that panics closes the connection: the browser gets no answer at all.";
                    case.differ("an answer", panic.to_string(), advice)
                }
            };
            let status = response.status().as_u16();
            let kind = response.headers().get(header::CONTENT_TYPE);
            let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_string();
            let body = response.into_body().collect().await.expect("a body").to_bytes();
            let body = String::from_utf8_lossy(&body).into_owned();
            let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
            answers.push(Answer { status, kind, body, seen });
        }
        if let Some(server) = server {
            server.abort();
        }
        answers
    })
}

fn ask(case: &Case, fate: Fate) -> Answer {
    let answer = ask_all(case, fate, &["/users/huohuo".to_string()]).remove(0);
    let calls = answer.seen.len();
    if calls > 1 {
        let advice =
            "Each request makes one call. A second one may run what the first one has run already.";
        case.differ("1 call", format!("the service got {calls} calls"), advice)
    }
    answer
}

/// Fails unless the status is this one, and the body is JSON with it and a message. Returns the message.
#[track_caller]
fn failure(case: &Case, answer: &Answer, status: u16, advice: &str) -> String {
    if answer.status == 200 {
        let advice = match answer.json().unwrap_or_default()["code"] {
            Value::Null => advice,
            _ => {
                "200 says that the request has succeeded: a cache keeps the answer, and `response.ok` is true in the \
                 page's script. A failed call has a status of its own."
            }
        };
        case.differ(status.to_string(), answer.told(), advice);
    }
    if answer.status != status {
        case.differ(status.to_string(), answer.told(), advice);
    }
    let json = answer.json().unwrap_or_default();
    let Some(message) = json["message"].as_str().filter(|_| json["code"] == status) else {
        let advice = "The page's script reads JSON, after a failure as well: an object with the number `code` and the text \
                      `message`, and `Json` sets the content type.";
        let expected = format!("JSON such as {{\"code\":{status},\"message\":\"...\"}}");
        let kind = if answer.kind.is_empty() {
            "no content type"
        } else {
            &answer.kind
        };
        case.differ(expected, format!("{} ({kind})", answer.told()), advice)
    };
    message.to_string()
}

#[test]
fn a_a_reply() {
    for (path, name) in [
        ("/users/huohuo", "huohuo"),
        ("/users/Ada%20Lovelace", "Ada Lovelace"),
    ] {
        case(&format!("GET {path}; the service replies"), |case| {
            let answer = ask_all(case, Reply, &[path.to_string()]).remove(0);
            let called = answer
                .seen
                .iter()
                .map(|seen| seen.name.as_str())
                .collect::<Vec<_>>()
                .join(", ");
            let advice = "`Path` has the name, decoded. The request to the service carries it.";
            case.expect_eq(name, called.as_str(), advice);
            let expected = json!({"id": "123", "username": name, "answeredBy": "user-7"});
            if answer.status != 200 || answer.json() != Some(expected.clone()) {
                let advice = "A reply is 200, and its three fields are the JSON.";
                case.differ(format!("200 with {expected}"), answer.told(), advice);
            }
        });
    }
}

// The belief of this exercise.
#[test]
fn b_the_service_is_silent() {
    case(
        "The service is paused: it takes the call, and is silent",
        |case| {
            let answer = ask(case, Silence);
            let advice = "The time is over: 504, as for DEADLINE_EXCEEDED.";
            failure(case, &answer, 504, advice);
        },
    );
}

#[test]
fn c_no_such_user() {
    case("GET /users/huohuo; the service says NOT_FOUND", |case| {
        let answer = ask(case, Fail(Code::NotFound, "no user huohuo, in 4711 rows"));
        let advice = "No program has failed here: the user is not there. 404 says so to the page's script, to caches and to \
                      load balancers. None of them reads the message.";
        let message = failure(case, &answer, 404, advice);
        let advice =
            "Below 500 the message tells the client what it can change. It is the service's own.";
        case.expect_eq("no user huohuo, in 4711 rows", message.as_str(), advice);
    });
}

#[test]
fn d_other_codes() {
    for (code, status) in [
        (Code::InvalidArgument, 400),
        (Code::Unauthenticated, 401),
        (Code::PermissionDenied, 403),
        (Code::AlreadyExists, 409),
        (Code::ResourceExhausted, 429),
        (Code::Unimplemented, 501),
        (Code::DeadlineExceeded, 504),
    ] {
        case(&format!("The service says {code:?}"), |case| {
            let answer = ask(case, Fail(code, "the words of the service"));
            let advice = "`http_status` has the status for each code of gRPC.";
            let message = failure(case, &answer, status, advice);
            if status < 500 {
                let advice = "Below 500 the message is the service's own.";
                case.expect_eq("the words of the service", message.as_str(), advice);
            }
        });
    }
}

#[test]
fn e_words_about_the_inside() {
    for (code, status, reason) in [
        (Code::Internal, 500, "Internal Server Error"),
        (Code::Unknown, 500, "Internal Server Error"),
        (Code::DataLoss, 500, "Internal Server Error"),
        (Code::Unavailable, 503, "Service Unavailable"),
        (Code::Unimplemented, 501, "Not Implemented"),
    ] {
        case(
            &format!("{code:?}: `no row in users_old at 10.0.0.7`"),
            |case| {
                let answer = ask(case, Fail(code, "no row in users_old at 10.0.0.7"));
                let advice = "`http_status` has the status for each code of gRPC.";
                let message = failure(case, &answer, status, advice);
                if answer.body.contains("users_old") || answer.body.contains("10.0.0.7") {
                    let other = ask(case, Fail(Code::Unavailable, "at 10.0.0.7"));
                    let advice = match other.body.contains("10.0.0.7") {
                        true => {
                            "These words are about the inside: a table, an address. The client can do nothing with them, \
                             and an attacker can. From 500 on the message is the reason of the status."
                        }
                        false => "The words behind a 503 are hidden, and these are not.",
                    };
                    case.differ(format!("the message {reason:?}"), answer.told(), advice);
                }
                let advice = "`StatusCode::canonical_reason()` has the words of each status.";
                case.expect_eq(reason, message.as_str(), advice);
            },
        );
    }
}

#[test]
fn f_nobody_listens() {
    case("No program listens at the service's address", |case| {
        let answer = ask(case, Gone);
        let advice = "tonic says UNAVAILABLE, which is 503: it may work later.";
        let message = failure(case, &answer, 503, advice);
        let advice = "tonic's words have the address that refused the connection. From 500 on the message is the reason of \
                      the status.";
        case.expect_eq("Service Unavailable", message.as_str(), advice);
    });
}

#[test]
fn g_the_service_knows_the_timeout() {
    case("What the service is told about the time", |case| {
        let answer = ask(case, Reply);
        let told = answer.seen.first().and_then(|seen| seen.timeout.clone());
        let Some(told) = told else {
            let advice = "A timeout on this side alone ends the waiting. The service works on for a client that has gone, \
                          because it does not know. `Request::set_timeout` sends it along.";
            case.differ("the metadata `grpc-timeout`", "none", advice)
        };
        let most = TIMEOUT.as_micros();
        let given = micros(&told);
        if !given.is_some_and(|given| given > most / 2 && given <= most) {
            let advice = "The call has `TIMEOUT`.";
            case.differ(
                format!("a grpc-timeout of {}", TIMEOUT.view()),
                format!("grpc-timeout: {told}"),
                advice,
            );
        }
    });
}

/// The value of `grpc-timeout`, which is a number and a unit.
fn micros(value: &str) -> Option<u128> {
    let (number, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
    let number: u128 = number.parse().ok()?;
    Some(match unit {
        "n" => number / 1000,
        "u" => number,
        "m" => number * 1000,
        "S" => number * 1_000_000,
        _ => return None,
    })
}

#[test]
fn h_many_at_once() {
    case(
        "Twenty requests at the same moment, each for another name",
        |case| {
            let paths: Vec<_> = (0..20)
                .map(|number| format!("/users/user{number}"))
                .collect();
            let answers = ask_all(case, Reply, &paths);
            for (number, answer) in answers.iter().enumerate() {
                let name = answer.json().unwrap_or_default()["username"].clone();
                let advice = "Each request has its own call, and gets the reply of that.";
                case.expect_eq(
                    &format!("user{number}"),
                    &name.as_str().unwrap_or_default().to_string(),
                    advice,
                );
            }
        },
    );
}
