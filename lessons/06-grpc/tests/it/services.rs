//! The replies of every service: messages, statuses and metadata; and what reflection and health say of each.

use crate::support::{Server, WIRE, by_hand, full, within};
use l06_grpc::client::Options;
use l06_grpc::pb;
use l06_grpc::pb::say::Teacher;
use l06_grpc::server::{NAMES, Settings};
use prost::Message;
use prost_types::FileDescriptorSet;
use prost_types::method_options::IdempotencyLevel;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt;

const SAY_HELLO: &str = "/greeter.v1.Greeter/SayHello";

#[tokio::test]
async fn all_services_answer_with_and_without_compression() {
    let server = Server::start(Settings::default()).await;
    for gzip in [false, true] {
        let options = Options {
            gzip,
            ..Options::default()
        };
        let client = server.client_with(options).await;
        let greeted = client.greet("wire").await.unwrap();
        assert_eq!(greeted.metadata().contains_key("grpc-encoding"), gzip);
        assert_eq!(greeted.into_inner().message, "hello wire");
        let hello = client.hello("wire").await.unwrap().into_inner();
        assert_eq!(hello.msg, "你好,wire");
        let name = client.name("你").await.unwrap().into_inner();
        assert_eq!(name.msg, "你的名字是：你");
        let (age, name) = (20, "san".to_string());
        let teacher = client.teacher(Teacher { age, name }).await.unwrap();
        let teacher = teacher.into_inner();
        assert_eq!((teacher.age, teacher.name.as_str()), (20, "sanchi"));
        let said = client.say("zhang").await.unwrap().into_inner();
        assert_eq!(said.say, "zhanghello");
    }
}

#[tokio::test]
async fn reflection_tells_both_versions_everything() {
    let server = Server::start(Settings::default()).await;
    let channel = server.client().await.channel();
    let mut expected: Vec<&str> = NAMES.to_vec();
    expected.extend([
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    ]);
    macro_rules! ask {
        ($version:ident) => {{
            use reflection::server_reflection_client::ServerReflectionClient;
            use reflection::server_reflection_request::MessageRequest;
            use reflection::server_reflection_response::MessageResponse;
            use tonic_reflection::pb::$version as reflection;
            let questions = [
                MessageRequest::ListServices(String::new()),
                MessageRequest::FileContainingSymbol("say.v1.say".to_string()),
                MessageRequest::FileContainingSymbol("say.v1.nope".to_string()),
            ];
            let questions = questions.map(|question| reflection::ServerReflectionRequest {
                host: String::new(),
                message_request: Some(question),
            });
            let mut client = ServerReflectionClient::new(channel.clone());
            let call = client.server_reflection_info(tokio_stream::iter(questions));
            let mut answers = within(call).await.unwrap().into_inner();
            let mut next = async || answers.message().await.map(|a| a.unwrap().message_response);
            let Ok(Some(MessageResponse::ListServicesResponse(list))) = next().await else {
                panic!("no list");
            };
            let mut names: Vec<String> = list.service.into_iter().map(|s| s.name).collect();
            names.sort();
            let mut expected = expected.clone();
            expected.sort_unstable();
            assert_eq!(names, expected);
            let Ok(Some(MessageResponse::FileDescriptorResponse(file))) = next().await else {
                panic!("no file");
            };
            let file = &file.file_descriptor_proto[0];
            let file = prost_types::FileDescriptorProto::decode(file.as_slice()).unwrap();
            assert_eq!(file.name(), "say/v1/say.proto");
            match next().await {
                Ok(Some(MessageResponse::ErrorResponse(error))) => {
                    assert_eq!(error.error_code, i32::from(Code::NotFound));
                }
                Err(status) => assert_eq!(status.code(), Code::NotFound),
                other => panic!("{other:?}"),
            }
        }};
    }
    ask!(v1);
    ask!(v1alpha);
}

#[tokio::test]
async fn health_knows_every_service_by_name() {
    let server = Server::start(Settings::default()).await;
    let mut health = HealthClient::new(server.client().await.channel());
    let mut ask = async |service: &str| {
        let service = service.to_string();
        let reply = health.check(HealthCheckRequest { service }).await;
        reply.map(|reply| reply.into_inner().status())
    };
    for name in NAMES.iter().chain([&""]) {
        assert_eq!(ask(name).await.unwrap(), ServingStatus::Serving, "{name}");
    }
    assert_eq!(
        ask("vault.v1.Vault").await.unwrap_err().code(),
        Code::NotFound
    );
}

fn fields(status: &Status) -> Vec<String> {
    let details = status.get_details_bad_request().unwrap();
    details
        .field_violations
        .into_iter()
        .map(|field| field.field)
        .collect()
}

#[tokio::test]
async fn a_wrong_request_is_told_field_by_field() {
    let server = Server::start(Settings::default()).await;
    let client = server.client().await;
    let long = "a".repeat(201);
    for status in [
        client.greet("").await.unwrap_err(),
        client.greet(&long).await.unwrap_err(),
        client.hello("").await.unwrap_err(),
        client.name("").await.unwrap_err(),
        client.say("").await.unwrap_err(),
    ] {
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(fields(&status), ["name"]);
        assert!(status.metadata().contains_key("x-request-id"));
    }
    let (age, name) = (-1, String::new());
    let status = client.teacher(Teacher { age, name }).await.unwrap_err();
    assert_eq!(fields(&status), ["name", "age"], "both at once");
    client.greet(&"你".repeat(200)).await.unwrap();
}

#[tokio::test]
async fn what_does_not_exist_is_unimplemented_and_nonsense_is_internal() {
    let server = Server::start(Settings::default()).await;
    let channel = server.client().await.channel();
    for path in ["/greeter.v1.Greeter/SayBye", "/vault.v1.Vault/Open", "/"] {
        let answer = by_hand(&channel, path, &[], full(WIRE)).await;
        assert_eq!(answer.code, Code::Unimplemented, "{path}");
    }
    // A message that is none, and one that ends before its five bytes say so.
    for (body, code) in [
        (&b"\0\0\0\0\x02\xff\xff"[..], Code::Internal),
        (b"\0\0\0\0\x20\x0a", Code::Internal),
        (b"\x07\0\0\0\x06\x0a\x04wire", Code::Internal),
    ] {
        let answer = by_hand(&channel, SAY_HELLO, &[], full(body)).await;
        assert_eq!(answer.code, code, "{body:?}");
    }
    // No message at all, and a compression that is unknown here.
    let answer = by_hand(&channel, SAY_HELLO, &[], full(b"")).await;
    assert_eq!(answer.code, Code::Internal);
    let headers = [("grpc-encoding", &b"zip"[..])];
    let answer = by_hand(&channel, SAY_HELLO, &headers, full(WIRE)).await;
    assert_eq!(answer.code, Code::Unimplemented);
    assert!(answer.headers.contains_key("grpc-accept-encoding"));
}

#[tokio::test]
async fn metadata_goes_in_and_out() {
    let server = Server::start(Settings::default()).await;
    let channel = server.client().await.channel();
    let headers = [("x-request-id", &b"order-17"[..])];
    let answer = by_hand(&channel, SAY_HELLO, &headers, full(WIRE)).await;
    assert_eq!(answer.code, Code::Ok);
    assert_eq!(answer.headers["x-request-id"], "order-17");
    let took = answer.trailers["x-took-us"].to_str().unwrap();
    assert!(took.parse::<u64>().unwrap() > 0);
    assert!(
        !answer.headers.contains_key("x-took-us"),
        "a trailer is behind"
    );

    // A number that does not fit into a log gets another one; none at all as well.
    let long = [b'a'; 65];
    for id in [&b"two words"[..], b"", &long, b"\xff"] {
        let answer = by_hand(&channel, SAY_HELLO, &[("x-request-id", id)], full(WIRE)).await;
        let given = answer.headers["x-request-id"].to_str().unwrap();
        assert!(given.starts_with("call-"), "{id:?} gave {given}");
    }
    // A failed call has both in one block.
    let answer = by_hand(&channel, SAY_HELLO, &headers, full(b"\0\0\0\0\0")).await;
    assert_eq!(answer.code, Code::InvalidArgument);
    assert_eq!(answer.headers["x-request-id"], "order-17");
    assert!(answer.headers.contains_key("x-took-us"));
}

#[test]
fn the_contract_says_what_may_run_twice() {
    let set = FileDescriptorSet::decode(pb::DESCRIPTORS).unwrap();
    let mut unsafe_methods = Vec::new();
    for file in set.file {
        for service in &file.service {
            for method in &service.method {
                let level = method.options.as_ref().map(|o| o.idempotency_level());
                if level != Some(IdempotencyLevel::NoSideEffects) {
                    unsafe_methods.push(format!("{}/{}", service.name(), method.name()));
                }
            }
        }
    }
    // `Client::say` is the one that says `Repeat::Never`.
    assert_eq!(unsafe_methods, ["say/saySomething"]);
}
