//! The check of `status`. The check is the directory, and a client that calls over gRPC.

mod exercise;
mod given;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use exercise::{Directory, DirectoryError, Users};
use l06_grpc::pb::greeter::HelloRequest;
use l06_grpc::pb::greeter::greeter_client::GreeterClient;
use l06_grpc::pb::greeter::greeter_server::GreeterServer;
use testkit::{Case, PATIENCE, case};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Endpoint, Server};
use tonic::{Code, Status};
use tonic_types::StatusExt;

const SECRET: &str = "/srv/users.db: wrong password `tulip` for Ada, Grace, Linus";

/// What happens depends on the name.
#[derive(Clone, Default)]
struct TheDirectory {
    asked: Arc<AtomicU32>,
}

impl Directory for TheDirectory {
    fn id_of(&self, name: &str) -> Result<u32, DirectoryError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        match name {
            "Ada" => Ok(7),
            " " => Ok(8),
            "quota" => Err(DirectoryError::QuotaUsedUp),
            "locked" => Err(DirectoryError::Locked),
            "copying" => Err(DirectoryError::Copying(Duration::from_millis(1500))),
            "copying for long" => Err(DirectoryError::Copying(Duration::from_secs(40))),
            "broken" => Err(DirectoryError::Broken(SECRET.to_string())),
            _ => Err(DirectoryError::NoSuchUser),
        }
    }
}

type Answer = Result<String, Status>;

/// One call over a real connection, and how often the directory was asked.
fn ask(case: &Case, name: &str) -> (Answer, u32) {
    let (directory, name) = (TheDirectory::default(), name.to_string());
    let asked = Arc::clone(&directory.asked);
    let advice = "The directory answers at once, and the call has not ended.";
    let answer = case.run_within(PATIENCE * 3, "say_hello", advice, move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let addr = listener.local_addr().expect("an address");
            let users = Server::builder().add_service(GreeterServer::new(Users(directory)));
            tokio::spawn(users.serve_with_incoming(TcpListenerStream::new(listener)));
            let endpoint = Endpoint::from_shared(format!("http://{addr}")).expect("a URI");
            let channel = endpoint.connect().await.expect("our own port");
            let mut client = GreeterClient::new(channel);
            let reply = client.say_hello(HelloRequest { name }).await;
            reply.map(|reply| reply.into_inner().message)
        })
    });
    (answer, asked.load(Ordering::SeqCst))
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

fn words(answer: &Answer) -> String {
    match answer {
        Ok(message) => format!("OK, {message:?}"),
        Err(status) => format!("{}, {:?}", spelt(status.code()), status.message()),
    }
}

const OK: &str = "The call has failed, and its status is OK: the caller's program goes on. Return \
                  `Err(Status)`.";

/// The status of a call that must fail with this code.
#[track_caller]
fn refused(case: &Case, name: &str, code: Code, advice: impl Fn(Code) -> &'static str) -> Status {
    match ask(case, name).0 {
        Err(status) if status.code() == code => status,
        Ok(message) if message.starts_with("hello") => {
            let advice = "This call has to fail, and your method replied as if the directory had such a user.";
            case.differ(spelt(code), words(&Ok(message)), advice)
        }
        Ok(message) => case.differ(spelt(code), words(&Ok(message)), OK),
        Err(status) => {
            let advice = advice(status.code());
            case.differ(spelt(code), words(&Err(status)), advice)
        }
    }
}

// The belief of this exercise. A program cannot read a sentence; it branches on the code, and
// UNKNOWN says nothing.
#[test]
fn a_an_empty_name_is_an_invalid_argument() {
    case("An empty name", |case| {
        let advice = |code| match code {
            Code::Unknown => {
                "The request is wrong, whatever the directory says. A program does not read texts: the code tells \
                 it that the same request fails again, and that the request must change."
            }
            _ => {
                "The request is wrong, whatever the directory says. INVALID_ARGUMENT says so to the caller's program."
            }
        };
        refused(case, "", Code::InvalidArgument, advice);
    });
}

#[test]
fn b_a_user_gets_a_reply() {
    for (name, id) in [("Ada", 7), (" ", 8)] {
        case(
            &format!("The name {name:?}, which has the id {id}"),
            |case| {
                let expected = format!("hello {name}, your id is {id}");
                let answer = ask(case, name).0;
                if answer.as_ref().ok() != Some(&expected) {
                    let advice = "The directory has this user: the call must not fail, and the reply was given.";
                    case.differ(format!("OK, {expected:?}"), words(&answer), advice);
                }
            },
        );
    }
}

#[test]
fn c_each_failure_has_its_code() {
    for (name, situation, code, advice) in [
        (
            "Mallory",
            "A name that the directory does not have",
            Code::NotFound,
            "The request is well-formed and the server is healthy: only this user does not exist. \
             Another name may.",
        ),
        (
            "quota",
            "The caller's quota is used up",
            Code::ResourceExhausted,
            "This caller has used up its share. Other callers may go on, and so may this one, \
             tomorrow.",
        ),
        (
            "locked",
            "The account is locked",
            Code::FailedPrecondition,
            "The same request fails until an administrator unlocks the account: something else must \
             happen first. (UNAVAILABLE would make clients retry at once, and ABORTED means that a \
             concurrent change won.)",
        ),
        (
            "copying",
            "The directory is being copied for 1.5 s",
            Code::Unavailable,
            "Here the same request after a pause helps, and one code says so. Clients retry it by \
             themselves.",
        ),
        (
            "broken",
            "The directory is broken",
            Code::Internal,
            "This is neither the caller's fault nor a state that passes: the server is broken, and \
             its operators have to repair it.",
        ),
    ] {
        case(situation, |case| {
            refused(case, name, code, |got| match (code, got) {
                (Code::FailedPrecondition, Code::Unavailable | Code::Aborted) => advice,
                (Code::FailedPrecondition, _) => {
                    "Something else must happen first: an administrator unlocks the account."
                }
                _ => advice,
            });
        });
    }
}

// A sentence is for people. A program that wants to mark the wrong field needs its name.
#[test]
fn d_details_name_the_field() {
    case("The details of the status for an empty name", |case| {
        let status = refused(case, "", Code::InvalidArgument, |_| "The request is wrong.");
        let violations = status.get_details_bad_request();
        let violations = violations.map(|details| details.field_violations);
        let fields = violations.unwrap_or_default();
        if !fields.iter().any(|field| field.field == "name") {
            let got: Vec<_> = fields.iter().map(|field| field.field.as_str()).collect();
            let (answer, advice) = match got.is_empty() {
                true => (
                    "no violation of a field".to_string(),
                    "The code says that the request is wrong, and the details say which field: a `BadRequest` with \
                     a violation of the field `name`. A program in any language finds it there, whatever the \
                     message says.",
                ),
                false => (
                    format!("violations of {got:?}"),
                    "The field of the request is called `name`; what would be right is the description.",
                ),
            };
            case.differ("a violation of the field `name`", answer, advice);
        }
        if fields.iter().any(|field| field.description.is_empty()) {
            let advice = "A violation also has a description of what would be right.";
            case.differ("a description", "an empty description", advice);
        }
    });
}

#[test]
fn e_the_directory_is_not_asked() {
    case("The requests to the directory for an empty name", |case| {
        let (_, asked) = ask(case, "");
        if asked > 0 {
            let advice = "Check the request before you ask the directory. If the directory is being \
                          copied, the caller would be told to send the same wrong request again.";
            let answer = format!("requests to the directory: {asked}");
            case.differ("requests to the directory: 0", answer, advice);
        }
    });
}

#[test]
fn f_details_say_how_long_to_wait() {
    for (name, time) in [
        ("copying", Duration::from_millis(1500)),
        ("copying for long", Duration::from_secs(40)),
    ] {
        case(
            &format!("The directory is being copied for {time:?}"),
            |case| {
                let advice = "The same request after a pause helps here.";
                let status = refused(case, name, Code::Unavailable, |_| advice);
                let info = status.get_details_retry_info();
                let delay = info.and_then(|info| info.retry_delay);
                let answer = match delay {
                    None => "no RetryInfo".to_string(),
                    Some(delay) => format!("RetryInfo of {delay:?}"),
                };
                if delay != Some(time) {
                    let advice = match delay {
                        None => {
                            "The server knows when the directory is back, and the caller does not. Without a \
                             `RetryInfo` a client retries too often, or gives up too early."
                        }
                        Some(_) => {
                            "`Copying` has the time until the directory is back: this is what `RetryInfo` says."
                        }
                    };
                    case.differ(format!("RetryInfo of {time:?}"), answer, advice);
                }
            },
        );
    }
}

// The message goes to another program, into its log, perhaps onto a screen.
#[test]
fn g_what_broke_stays_inside() {
    case(
        "What the caller learns when the directory is broken",
        |case| {
            let status = refused(case, "broken", Code::Internal, |_| "The server is broken.");
            let details = String::from_utf8_lossy(status.details()).into_owned();
            let sent = format!("{} {details} {:?}", status.message(), status.metadata());
            for secret in ["tulip", "/srv", "Grace"] {
                if sent.contains(secret) {
                    let advice = "The text of `Broken` is for the operators. Sent to the caller it leaks \
                              paths, passwords and other users. Write it to the log, and say only that \
                              the server failed.";
                    case.differ("no part of the text", words(&Err(status)), advice);
                }
            }
        },
    );
}
