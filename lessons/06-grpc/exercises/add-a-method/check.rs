//! The check of `add-a-method`. It calls the answer's server over a real connection, and it is the server
//! for the answer's client.

mod exercise;

use std::sync::{Arc, Mutex};

use exercise::{Hello, name_of, routes};
use l06_grpc::pb::greeter::HelloRequest as GreeterRequest;
use l06_grpc::pb::greeter::greeter_client::GreeterClient;
use l06_grpc::pb::hello::hello_service_client::HelloServiceClient;
use l06_grpc::pb::hello::hello_service_server::{HelloService, HelloServiceServer};
use l06_grpc::pb::hello::{HelloRequest, HelloResponse, NameRequest, NameResponse};
use testkit::{Case, PATIENCE, case};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::service::{Routes, RoutesBuilder};
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code, Request, Response, Status};

type Answer = Result<String, Status>;

/// Serves `routes` on a real port, and runs `body` with a channel to it.
fn served<T: Send + 'static>(
    case: &Case,
    routes: impl FnOnce() -> Routes + Send + 'static,
    body: impl AsyncFnOnce(Channel) -> T + Send + 'static,
) -> T {
    let advice = "The call has not ended. None of the three parts has to wait for anything else.";
    case.run_within(PATIENCE * 3, "the call", advice, move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let addr = listener.local_addr().expect("an address");
            let server = Server::builder().add_routes(routes());
            tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
            let endpoint = Endpoint::from_shared(format!("http://{addr}")).expect("a URI");
            body(endpoint.connect().await.expect("our own port")).await
        })
    })
}

/// One call of `SayName` on the answer's service, which the check has added to a server itself.
fn say_name(case: &Case, name: &str) -> Answer {
    let name = name.to_string();
    let own = || {
        let mut routes = RoutesBuilder::default();
        routes.add_service(HelloServiceServer::new(Hello));
        routes.routes()
    };
    served(case, own, async move |channel| {
        let mut client = HelloServiceClient::new(channel);
        let reply = client.say_name(NameRequest { name }).await;
        reply.map(|reply| reply.into_inner().msg)
    })
}

fn words(answer: &Answer) -> String {
    match answer {
        Ok(msg) => format!("OK, {msg:?}"),
        Err(status) => format!("{:?}, {:?}", status.code(), status.message()),
    }
}

#[test]
fn a_the_method_replies() {
    for name in ["Ada", "Grace Hopper ", "\u{674e}\u{56db}"] {
        case(&format!("SayName for {name:?}"), |case| {
            let answer = say_name(case, name);
            let expected = format!("your name is {name}");
            if answer.as_ref().ok() == Some(&expected) {
                return;
            }
            let advice = match &answer {
                Err(status) if status.code() == Code::Unimplemented => {
                    "`say_name` still returns the status of the stub."
                }
                Err(_) => "The call failed. A name that is not empty gets a reply.",
                Ok(_) => "Reply `your name is`, a space, and the name as it was sent.",
            };
            case.differ(format!("OK, {expected:?}"), words(&answer), advice);
        });
    }
}

#[test]
fn b_an_empty_name_fails_the_call() {
    case("SayName for an empty name", |case| {
        let advice = match say_name(case, "") {
            Err(status) if status.code() == Code::InvalidArgument => return,
            Err(status) => {
                let advice = "The code tells the caller's program what to do. INVALID_ARGUMENT says \
                              that the request has to change.";
                (words(&Err(status)), advice)
            }
            Ok(msg) if msg.trim() == "your name is" => {
                let advice = "An empty name is answered as any other one. Look at the name before you reply.";
                (words(&Ok(msg)), advice)
            }
            Ok(msg) => {
                let advice = "The status of this call is OK, so the caller's program goes on. Return \
                              `Err(Status)`: a text in the reply is no error for a program.";
                (words(&Ok(msg)), advice)
            }
        };
        case.differ("INVALID_ARGUMENT", advice.0, advice.1);
    });
}

// The belief of this exercise. The compiler checks that the trait is implemented, and not that a server
// has the service.
#[test]
fn c_the_server_has_both_services() {
    case("Both services, called on the server of `routes`", |case| {
        let (hello, greeter) = served(case, routes, async |channel| {
            let name = "Ada".to_string();
            let request = HelloRequest { name: name.clone() };
            let hello = HelloServiceClient::new(channel.clone())
                .say_hello(request)
                .await;
            let request = GreeterRequest { name };
            let greeter = GreeterClient::new(channel).say_hello(request).await;
            (
                hello.map(|reply| reply.into_inner().msg),
                greeter.map(|reply| reply.into_inner().message),
            )
        });
        let unknown =
            |answer: &Answer| matches!(answer, Err(status) if status.code() == Code::Unimplemented);
        if unknown(&hello) && unknown(&greeter) {
            let advice =
                "These routes have no service: `RoutesBuilder` collects what `add_service` adds.";
            case.differ("both services", "a server without services", advice);
        }
        for (name, answer) in [("HelloService", hello), ("Greeter", greeter)] {
            if answer.as_ref().is_ok_and(|text| text == "hello Ada") {
                continue;
            }
            let advice = match &answer {
                answer if unknown(answer) => format!(
                    "The server does not know the service `{name}`. A server serves what was added to \
                     its routes; an implementation of the trait alone is not added."
                ),
                _ => format!("`{name}/SayHello` was given, and it replied `hello NAME`."),
            };
            let answer = format!("{} from {name}/SayHello", words(&answer));
            case.differ("OK, \"hello Ada\"", answer, &advice);
        }
    });
}

/// The check's own service. It notes what is called, and it may refuse.
#[derive(Clone, Default)]
struct Recorder {
    calls: Arc<Mutex<Vec<String>>>,
    refuses: bool,
}

impl Recorder {
    fn record(&self, call: String) -> Result<String, Status> {
        self.calls.lock().expect("no panic here").push(call);
        match self.refuses {
            true => Err(Status::permission_denied("not today")),
            false => Ok("you are Ada".to_string()),
        }
    }
}

#[tonic::async_trait]
impl HelloService for Recorder {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloResponse>, Status> {
        let msg = self.record(format!("SayHello({:?})", request.into_inner().name))?;
        Ok(Response::new(HelloResponse { msg }))
    }

    async fn say_name(
        &self,
        request: Request<NameRequest>,
    ) -> Result<Response<NameResponse>, Status> {
        let msg = self.record(format!("SayName({:?})", request.into_inner().name))?;
        Ok(Response::new(NameResponse { msg }))
    }
}

/// What the answer's client called on the check's server, and what it returned.
fn called(case: &Case, refuses: bool) -> (String, Answer) {
    let recorder = Recorder {
        refuses,
        ..Recorder::default()
    };
    let calls = Arc::clone(&recorder.calls);
    let check = move || {
        let mut routes = RoutesBuilder::default();
        routes.add_service(HelloServiceServer::new(recorder));
        routes.routes()
    };
    let answer = served(case, check, async |channel| name_of(channel, "Ada").await);
    let calls = calls.lock().expect("no panic here").join(", ");
    let calls = if calls.is_empty() { "no call" } else { &calls };
    (calls.to_string(), answer)
}

#[test]
fn d_the_client_calls_the_method() {
    case("`name_of` with a channel to another server", |case| {
        let (calls, answer) = called(case, false);
        if calls == "no call" {
            let advice = "No call of this service has arrived. Make a client from the channel, and call `SayName`.";
            case.differ(r#"one call, SayName("Ada")"#, words(&answer), advice);
        }
        if calls.contains("SayHello") {
            let advice = "Each method has a path of its own, `/hello.v1.HelloService/SayName` here. The \
                          server runs the method of the path, however alike two messages are.";
            case.differ(r#"one call, SayName("Ada")"#, calls, advice);
        }
        if calls != r#"SayName("Ada")"# {
            let advice = "Call `SayName` once, with the name that was given.";
            case.differ(r#"one call, SayName("Ada")"#, calls, advice);
        }
        if answer.as_ref().ok().map(String::as_str) != Some("you are Ada") {
            let advice = "Return the text of the reply. This server chose it: `you are Ada`.";
            case.differ("OK, \"you are Ada\"", words(&answer), advice);
        }
    });
}

#[test]
fn e_the_status_reaches_the_caller() {
    case(
        "The server refuses the call with PERMISSION_DENIED",
        |case| {
            let (calls, answer) = called(case, true);
            let same = |status: &Status| {
                status.code() == Code::PermissionDenied && status.message() == "not today"
            };
            if !answer.as_ref().is_err_and(same) {
                let advice = "Return the status as it came. A new status, or a text, loses the code that \
                          the caller branches on.";
                case.differ("PermissionDenied, \"not today\"", words(&answer), advice);
            }
            if calls != r#"SayName("Ada")"# {
                let advice = "PERMISSION_DENIED does not change when the call is made again.";
                case.differ(r#"one call, SayName("Ada")"#, calls, advice);
            }
        },
    );
}
