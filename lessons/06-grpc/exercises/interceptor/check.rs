//! The check of `interceptor`. It calls everything: with tokens, without, and by names that do not
//! exist.

mod exercise;
mod given;

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

/// A message with `wire` as its first field: a name, for both greeters.
const WIRE: &[u8] = b"\0\0\0\0\x06\x0a\x04wire";
/// An empty message: the server as a whole, for health.
const EMPTY: &[u8] = b"\0\0\0\0\0";

fn rights() -> Rights {
    let all = [HELLO, GREETER, HEALTH].map(str::to_string).to_vec();
    Rights::from([
        ("sesame".to_string(), all),
        ("names-only".to_string(), vec![HELLO.to_string()]),
        ("opens-nothing".to_string(), Vec::new()),
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
    let advice = "A call has not ended. Every call must get a status.";
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

const EVERYWHERE: &str = "A guard around one service guards this service only. Put it in front of the \
                          routes, once: `.layer(...)` of the server.";

/// Every method, with the same header, and the code that each must end with.
#[track_caller]
fn expect_all(
    case: &Case,
    authorization: Option<&[u8]>,
    code: Code,
    advice: impl Fn(&str, &Result<Code, String>) -> String,
) {
    let header = authorization.map(<[u8]>::to_vec);
    let wanted = METHODS.map(|method| (path(method), header.clone()));
    let answers = calls(case, wanted.to_vec());
    for method in METHODS {
        let (path, expected) = (path(method), spelt(code));
        let answer = &answers[&path];
        if answer != &Ok(code) {
            let advice = advice(&path, answer);
            case.differ(
                format!("{expected}, from every method"),
                format!("{} from {path}", words(answer)),
                &advice,
            );
        }
    }
}

/// What to say about a call that must end with UNAUTHENTICATED, by how it ended.
fn unauthenticated(path: &str, answer: &Result<Code, String>, ran: &str) -> String {
    match answer {
        Ok(Code::Ok) => format!("`{path}` ran. {ran}"),
        Ok(Code::PermissionDenied) => {
            "The call was refused, with the wrong code. PERMISSION_DENIED means that the server knows the \
             caller. Here it does not: UNAUTHENTICATED tells the caller to bring a token."
                .to_string()
        }
        Ok(_) => "The call was not checked, or it was refused with the wrong code. A caller without a known \
                  token gets UNAUTHENTICATED."
            .to_string(),
        Err(_) => "The call ended without a status. A refused call ends with UNAUTHENTICATED.".to_string(),
    }
}

// The belief of this exercise. The guard was written once, tested once, and stands at one service.
#[test]
fn a_no_method_runs_without_a_token() {
    case("Every method of every service, without a token", |case| {
        expect_all(case, None, Code::Unauthenticated, |path, answer| {
            unauthenticated(path, answer, EVERYWHERE)
        });
    });
}

#[test]
fn b_the_right_token_opens() {
    case(
        "Every method, with a token that opens all services",
        |case| {
            expect_all(case, Some(b"Bearer sesame"), Code::Ok, |path, _| {
                format!("This token opens all services, and the call of `{path}` failed.")
            });
        },
    );
}

// UNIMPLEMENTED is an answer as well: with enough questions a caller has the list of services.
#[test]
fn c_names_that_do_not_exist_are_guarded() {
    case("Names that do not exist, without a token", |case| {
        let nowhere = ["/hello.v1.HelloService/SayBye", "/vault.v1.Vault/Open"];
        let answers = calls(case, nowhere.map(|path| (path.to_string(), None)).to_vec());
        for (path, answer) in answers {
            if answer != Ok(Code::Unauthenticated) {
                let advice = match &answer {
                    Ok(Code::Unimplemented) => {
                        "UNIMPLEMENTED came from the routes, so the guard did not run. It tells a caller \
                         without a token what exists, and a service that is added next year would be \
                         open. Do not decide by the path whether the guard runs."
                            .to_string()
                    }
                    _ => unauthenticated(&path, &answer, EVERYWHERE),
                };
                let answer = format!("{} from {path}", words(&answer));
                case.differ("UNAUTHENTICATED", answer, &advice);
            }
        }
    });
}

#[test]
fn d_a_token_is_compared_whole() {
    for wrong in [
        "Bearer sesam",
        "Bearer sesame!",
        "Bearer ",
        "sesame",
        "Basic sesame",
    ] {
        case(&format!("authorization: {wrong}"), |case| {
            expect_all(
                case,
                Some(wrong.as_bytes()),
                Code::Unauthenticated,
                |path, answer| {
                    let ran = match wrong {
                        "Bearer sesam" | "Bearer " => {
                            "No token in `rights` is like this. After `Bearer ` the whole of a token that is in \
                             `rights` has to stand."
                        }
                        _ => {
                            "After `Bearer ` a token has to stand that is in `rights`, and nothing else."
                        }
                    };
                    unauthenticated(path, answer, ran)
                },
            );
        });
    }
}

// The caller decides what a header holds.
#[test]
fn e_a_header_need_not_be_text() {
    case("A token of bytes that are not text", |case| {
        expect_all(
            case,
            Some(b"Bearer \xff\xfe"),
            Code::Unauthenticated,
            |path, answer| {
                let ran = "A header may be any bytes. These are no token: refuse the call.";
                unauthenticated(path, answer, ran)
            },
        );
    });
}

// Two questions, two codes. The first says: bring a token. The second: this token does not help.
#[test]
fn f_a_token_opens_its_services() {
    for (token, opens) in [("names-only", Some(HELLO)), ("opens-nothing", None)] {
        let situation = match opens {
            Some(service) => format!("A token for {service} alone"),
            None => "A token that opens no service".to_string(),
        };
        case(&situation, |case| {
            let header = Some(format!("Bearer {token}").into_bytes());
            let mut wanted: Vec<_> = METHODS
                .map(|method| (path(method), header.clone()))
                .to_vec();
            for longer in ["/hello.v1.HelloServiceAndMore/SayName", "/hello.v1/SayName"] {
                wanted.push((longer.to_string(), header.clone()));
            }
            for (path, answer) in calls(case, wanted) {
                let open = opens.is_some_and(|service| path.starts_with(&format!("/{service}/")));
                let expected = if open {
                    Code::Ok
                } else {
                    Code::PermissionDenied
                };
                if answer == Ok(expected) {
                    continue;
                }
                let advice = match &answer {
                    _ if open => "The token opens this service, and the call failed.",
                    Ok(Code::Unauthenticated) => {
                        "The server knows the caller: the token is in `rights`. UNAUTHENTICATED would \
                         make the caller fetch a token, and it has one. What it lacks is the permission."
                    }
                    _ if !path.starts_with("/hello.v1.HelloServiceAndMore/")
                        && !path.starts_with("/hello.v1/") =>
                    {
                        "`rights` has the services that a token opens, and this service is not one of them."
                    }
                    _ => {
                        "The token does not open this service. Compare the whole name of the service: the \
                         part of the path between the first two slashes."
                    }
                };
                let answer = format!("{} from {path}", words(&answer));
                case.differ(spelt(expected), answer, advice);
            }
        });
    }
}
