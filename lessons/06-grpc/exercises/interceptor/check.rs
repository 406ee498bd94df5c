//! The check of `interceptor`. It calls everything: with tokens, without, and by names that do not
//! exist.

mod exercise;

use std::collections::BTreeMap;
use std::time::Duration;

use exercise::Rights;
use http_body_util::{BodyExt, Full};
use testkit::{Case, PATIENCE, case};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tonic::Code;
use tonic::body::Body;
use tonic::codegen::http::{HeaderValue, Request};
use tonic::codegen::{Bytes, Service};
use tonic::transport::{Channel, Endpoint};

const HELLO: &str = "hello.v1.HelloService";
const GREETER: &str = "greeter.v1.Greeter";
const HEALTH: &str = "grpc.health.v1.Health";

/// All methods that there are, service by service.
const METHODS: [(&str, &str); 4] = [
    (HELLO, "SayHello"),
    (HELLO, "SayName"),
    (GREETER, "SayHello"),
    (HEALTH, "Check"),
];

/// A message with `wire` as its first field: a name for the greeters, and a service that nobody has
/// for health.
const WIRE: &[u8] = b"\0\0\0\0\x06\x0a\x04wire";
/// An empty message: the server as a whole, for health.
const EMPTY: &[u8] = b"\0\0\0\0\0";

fn rights() -> Rights {
    let all = [HELLO, GREETER, HEALTH].map(str::to_string).to_vec();
    Rights::from([
        ("sesame".to_string(), all),
        ("names-only".to_string(), vec![HELLO.to_string()]),
    ])
}

/// One call, written by hand: the check also calls what has no generated client. `Err` is a call
/// that no status has ended.
async fn call(
    channel: &mut Channel,
    path: &str,
    authorization: Option<&[u8]>,
) -> Result<Code, String> {
    std::future::poll_fn(|cx| channel.poll_ready(cx))
        .await
        .map_err(|error| error.to_string())?;
    let bytes = if path.starts_with("/grpc") {
        EMPTY
    } else {
        WIRE
    };
    let body = Body::new(Full::new(Bytes::from_static(bytes)));
    let mut request = Request::post(path)
        .body(body)
        .map_err(|error| error.to_string())?;
    let headers = request.headers_mut();
    headers.insert("te", HeaderValue::from_static("trailers"));
    headers.insert("content-type", HeaderValue::from_static("application/grpc"));
    if let Some(value) = authorization {
        let value = HeaderValue::from_bytes(value).map_err(|error| error.to_string())?;
        headers.insert("authorization", value);
    }
    let response = channel
        .call(request)
        .await
        .map_err(|error| error.to_string())?;
    let (parts, body) = response.into_parts();
    let body = body.collect().await;
    let body = body.map_err(|error| error.to_string())?;
    let status = parts.headers.get("grpc-status");
    let status = status.or(body
        .trailers()
        .and_then(|trailers| trailers.get("grpc-status")));
    let status = status.ok_or("the reply ended without a status")?;
    Ok(Code::from_bytes(status.as_bytes()))
}

/// What came of each of these calls; all of them on one connection.
fn calls(
    case: &Case,
    calls: Vec<(String, Option<Vec<u8>>)>,
) -> BTreeMap<String, Result<Code, String>> {
    let advice = "Every call must get an answer, a no as well.";
    case.run_within(PATIENCE * 4, "serve", advice, move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let addr = listener.local_addr().expect("an address");
            tokio::spawn(exercise::serve(listener, rights()));
            let endpoint = Endpoint::from_shared(format!("http://{addr}")).expect("a URI");
            let mut channel = endpoint.connect().await.expect("our own port");
            let mut answers = BTreeMap::new();
            for (path, authorization) in calls {
                let answer = call(&mut channel, &path, authorization.as_deref());
                let answer = timeout(Duration::from_millis(400), answer).await;
                let answer = answer.unwrap_or_else(|_| Err("no answer for 0.4 s".to_string()));
                answers.insert(path, answer);
            }
            answers
        })
    })
}

fn words(answer: &Result<Code, String>) -> String {
    match answer {
        Ok(code) => spelt(*code),
        Err(words) => format!("no status: {words}"),
    }
}

/// The name of a code as the documentation of gRPC writes it.
fn spelt(code: Code) -> String {
    let mut out = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(letter.to_uppercase());
    }
    out
}

fn path((service, method): (&str, &str)) -> String {
    format!("/{service}/{method}")
}

/// Every method, with the same header, and the code that each must end with.
#[track_caller]
fn expect_all(
    case: &Case,
    authorization: Option<&[u8]>,
    code: Code,
    advice: impl Fn(&str) -> String,
) {
    let header = authorization.map(<[u8]>::to_vec);
    let wanted = METHODS.map(|method| (path(method), header.clone()));
    let answers = calls(case, wanted.to_vec());
    for method in METHODS {
        let answer = &answers[&path(method)];
        if answer != &Ok(code) {
            let answer = format!("{} from {}", words(answer), path(method));
            case.differ(
                format!("{}, from every method", spelt(code)),
                answer,
                &advice(method.1),
            );
        }
    }
}

// The belief of this exercise. The guard was written once, tested once, and stands at one door.
#[test]
fn a_no_method_answers_without_a_token() {
    case("Every method of every service, without a token", |case| {
        expect_all(case, None, Code::Unauthenticated, |method| {
            format!(
                "`{method}` answered without a token. A guard inside of a method guards this \
                 method; the others were written by somebody who did not think of it. Put it in \
                 front of the routes, once."
            )
        });
    });
}

#[test]
fn b_the_right_token_opens() {
    case(
        "Every method, with a token that opens all services",
        |case| {
            expect_all(case, Some(b"Bearer sesame"), Code::Ok, |method| {
                format!("This token opens everything, and `{method}` refuses it.")
            });
        },
    );
}

// "There is no such method" is an answer as well: who asks often enough has the list.
#[test]
fn c_names_that_do_not_exist_are_guarded() {
    case("Names that do not exist, without a token", |case| {
        let nowhere = ["/hello.v1.HelloService/SayBye", "/vault.v1.Vault/Open"];
        let answers = calls(case, nowhere.map(|path| (path.to_string(), None)).to_vec());
        for (path, answer) in answers {
            if answer != Ok(Code::Unauthenticated) {
                let advice = "UNIMPLEMENTED tells a stranger what is there and what is not, and a \
                              service that is added next year would be open. The guard has to stand \
                              in front of the routes, not behind them.";
                case.differ(
                    "UNAUTHENTICATED",
                    format!("{} from {path}", words(&answer)),
                    advice,
                );
            }
        }
    });
}

#[test]
fn d_nearly_a_token_is_none() {
    for wrong in [
        "Bearer sesam",
        "Bearer sesame!",
        "Bearer ",
        "sesame",
        "Basic sesame",
    ] {
        case(&format!("authorization: {wrong}"), |case| {
            expect_all(case, Some(wrong.as_bytes()), Code::Unauthenticated, |_| {
                "Nobody was given this token. It has to be the whole of one that is in `rights`, \
                 after `Bearer `."
                    .to_string()
            });
        });
    }
}

// What stands in a header is decided by whoever calls.
#[test]
fn e_a_header_need_not_be_text() {
    case("A token of bytes that are no text", |case| {
        expect_all(
            case,
            Some(b"Bearer \xff\xfe"),
            Code::Unauthenticated,
            |_| {
                "A header may be any bytes. These are no token: refuse them like any other."
                    .to_string()
            },
        );
    });
}

// Two questions, two codes. The first says: bring a token. The second: yours will never do.
#[test]
fn f_a_token_opens_what_it_opens() {
    case("A token for HelloService alone", |case| {
        let header = Some(b"Bearer names-only".to_vec());
        let nowhere = "/hello.v1.HelloServiceAndMore/SayName".to_string();
        let mut wanted: Vec<_> = METHODS
            .map(|method| (path(method), header.clone()))
            .to_vec();
        wanted.push((nowhere.clone(), header));
        let answers = calls(case, wanted);
        for (path, answer) in answers {
            let (expected, advice) = if path.starts_with("/hello.v1.HelloService/") {
                (Code::Ok, "This is what the token opens.")
            } else if answer == Ok(Code::Unauthenticated) {
                (
                    Code::PermissionDenied,
                    "You know who is calling: the token is in `rights`. UNAUTHENTICATED would send \
                     the caller to fetch a token, and it has one. What it lacks is the permission.",
                )
            } else {
                (
                    Code::PermissionDenied,
                    "The token opens HelloService and nothing else. Compare the whole name of the \
                     service: the part of the path between the two slashes.",
                )
            };
            if answer != Ok(expected) {
                let answer = format!("{} from {path}", words(&answer));
                case.differ(spelt(expected), answer, advice);
            }
        }
    });
}
