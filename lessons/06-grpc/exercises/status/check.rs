//! The check of `status`. The check is the book of the restaurant, and a guest who calls over gRPC.

mod exercise;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use exercise::{Book, Desk, Trouble};
use l06_grpc::pb::greeter::HelloRequest;
use l06_grpc::pb::greeter::greeter_client::GreeterClient;
use l06_grpc::pb::greeter::greeter_server::GreeterServer;
use testkit::{Case, PATIENCE, case};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Endpoint, Server};
use tonic::{Code, Status};
use tonic_types::StatusExt;

const SECRET: &str = "/srv/book.db: wrong password `tulip` for Ada, Grace, Linus";

/// What happens depends on the guest.
#[derive(Clone, Default)]
struct TheBook {
    asked: Arc<AtomicU32>,
}

impl Book for TheBook {
    fn table(&self, name: &str) -> Result<u32, Trouble> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        match name {
            "Ada" => Ok(7),
            "often" => Err(Trouble::TooOften),
            "late" => Err(Trouble::Closed),
            "early" => Err(Trouble::Away(Duration::from_millis(1500))),
            "unlucky" => Err(Trouble::Broken(SECRET.to_string())),
            _ => Err(Trouble::Stranger),
        }
    }
}

type Answer = Result<String, Status>;

/// One call over a real connection: a status has to survive the journey.
fn ask(case: &Case, name: &str) -> (Answer, u32) {
    let (book, name) = (TheBook::default(), name.to_string());
    let asked = Arc::clone(&book.asked);
    let advice = "A call of an empty house takes a millisecond. What does yours wait for?";
    let answer = case.run_within(PATIENCE * 3, "say_hello", advice, move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let addr = listener.local_addr().expect("an address");
            let desk = Server::builder().add_service(GreeterServer::new(Desk(book)));
            tokio::spawn(desk.serve_with_incoming(TcpListenerStream::new(listener)));
            let endpoint = Endpoint::from_shared(format!("http://{addr}")).expect("a URI");
            let channel = endpoint.connect().await.expect("our own port");
            let mut guest = GreeterClient::new(channel);
            let reply = guest.say_hello(HelloRequest { name }).await;
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

/// The status of a call that must fail with this code.
#[track_caller]
fn refused(case: &Case, name: &str, code: Code, advice: &str) -> Status {
    match ask(case, name).0 {
        Err(status) if status.code() == code => status,
        Ok(message) => {
            let advice = "The call has failed, and its caller is told that all is well: nobody \
                          reads the text of a greeting to find out. Return `Err(Status)`.";
            case.differ(spelt(code), words(&Ok(message)), advice)
        }
        Err(status) => case.differ(spelt(code), words(&Err(status)), advice),
    }
}

// The belief of this exercise. A program cannot read a sentence; it branches on the code, and
// UNKNOWN says that nobody has thought about it.
#[test]
fn a_wrong_request_is_called_wrong() {
    case("A guest with an empty name", |case| {
        let (answer, asked) = ask(case, "");
        if let Err(status) = &answer
            && status.code() == Code::InvalidArgument
        {
            let advice = "An empty name is wrong whatever stands in the book. Look at the request \
                          first: the book may be away, and then the caller would be told to ask \
                          the same wrong thing again.";
            case.expect_eq(&0_u32, &asked, advice);
            return;
        }
        let advice = match &answer {
            Ok(_) => "The call has failed, and its caller is told that all is well.".to_string(),
            Err(status) => format!(
                "The empty name gave {}; it is INVALID_ARGUMENT. Your text says what is wrong, but \
                 a program does not read texts: by the code it knows that asking again never \
                 helps, and that the request must change.",
                spelt(status.code())
            ),
        };
        case.differ(spelt(Code::InvalidArgument), words(&answer), &advice);
    });
}

#[test]
fn b_guests_are_greeted() {
    case("Ada, who has table 7", |case| {
        let expected = "hello Ada, your table is 7".to_string();
        match ask(case, "Ada").0 {
            Ok(message) => {
                case.expect_eq(
                    &expected,
                    &message,
                    "A good answer has to go through as well.",
                );
            }
            answer => case.differ(expected, words(&answer), "Ada is expected, at table 7."),
        }
    });
}

#[test]
fn c_each_trouble_has_its_code() {
    for (name, situation, code, advice) in [
        (
            "Mallory",
            "Nobody of this name is expected",
            Code::NotFound,
            "The request is well-formed and this server is well: only this name is not there. \
             Another name may be.",
        ),
        (
            "often",
            "A guest who has asked too often",
            Code::ResourceExhausted,
            "This caller has used up its share. Others may go on, and so may this one, tomorrow.",
        ),
        (
            "late",
            "The restaurant is closed",
            Code::FailedPrecondition,
            "Asking again does not open the door: something else must happen first. (UNAVAILABLE \
             would make libraries ask again at once, and ABORTED says to start over.)",
        ),
        (
            "early",
            "The book is away for 1.5 s",
            Code::Unavailable,
            "Here waiting and asking again helps, and there is one code that says so. Clients retry \
             it by themselves.",
        ),
        (
            "unlucky",
            "The book is broken",
            Code::Internal,
            "This is neither the caller's fault nor something that passes: it is broken on this \
             side, and somebody has to repair it.",
        ),
    ] {
        case(situation, |case| {
            refused(case, name, code, advice);
        });
    }
}

// A sentence is for people. A program that wants to mark the wrong field needs its name.
#[test]
fn d_details_name_the_field() {
    case("What a form would show for the empty name", |case| {
        let status = refused(case, "", Code::InvalidArgument, "An empty name.");
        let violations = status.get_details_bad_request();
        let violations = violations.map(|details| details.field_violations);
        let fields = violations.unwrap_or_default();
        if !fields.iter().any(|field| field.field == "name") {
            let got: Vec<_> = fields.iter().map(|field| field.field.as_str()).collect();
            let advice = "The code says that the request is wrong, and the details say where: a \
                          `BadRequest` with a violation of the field `name`. A program finds it \
                          there in every language, whatever the message says.";
            case.differ(
                "details about `name`",
                format!("details about {got:?}"),
                advice,
            );
        }
        if fields.iter().any(|field| field.description.is_empty()) {
            let advice = "A violation also says what would be right.";
            case.differ("a description of what is wrong", "an empty one", advice);
        }
    });
}

#[test]
fn e_details_say_how_long_to_wait() {
    case("The book is away for 1.5 s", |case| {
        let advice = "Waiting helps here.";
        let status = refused(case, "early", Code::Unavailable, advice);
        let delay = status
            .get_details_retry_info()
            .and_then(|info| info.retry_delay);
        let expected = Some(Duration::from_millis(1500));
        let advice = "You know when the book is back, and the caller does not. Without a `RetryInfo` \
                      it asks too often, or gives up too early.";
        case.expect_eq(&expected, &delay, advice);
    });
}

// A message goes to a program of somebody else, into its log, perhaps onto a screen.
#[test]
fn f_what_broke_stays_inside() {
    case("What a stranger learns when the book is broken", |case| {
        let advice = "It is broken on this side.";
        let status = refused(case, "unlucky", Code::Internal, advice);
        let details = String::from_utf8_lossy(status.details()).into_owned();
        for secret in ["tulip", "/srv", "Grace"] {
            if format!("{} {details}", status.message()).contains(secret) {
                let advice = "The text of `Broken` is for those who repair it. Sent to the caller \
                              it is a leak: paths, passwords, other guests. Write it into your own \
                              log, and say only that something is broken.";
                case.differ("nothing of the inside", words(&Err(status)), advice);
            }
        }
    });
}
