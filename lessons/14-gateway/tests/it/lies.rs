//! Services whose reflection is false, or does not answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use l13_framework::registries::memory::Memory;
use l13_framework::registry::{Instance, Registry};
use l14_gateway::gateway::{Settings, reflect};
use l14_gateway::pb::user::say_server::SayServer;
use prost::Message;
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};
use tokio::net::TcpListener;
use tokio_stream::StreamExt;
use tonic::service::RoutesBuilder;
use tonic::{Request, Response, Status, Streaming};
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::server_reflection_server::{
    ServerReflection, ServerReflectionServer,
};
use tonic_reflection::pb::v1::{
    FileDescriptorResponse, ListServiceResponse, ServerReflectionRequest, ServerReflectionResponse,
    ServiceResponse,
};

use crate::support;
use crate::support::browser::get;
use crate::support::every::{Counts, Every};
use crate::support::{Running, gateway, patient};

const HELLO: &str = "/user/say/hello?name=a";

/// Reflection that lies: the services, and the file for a question.
struct Liar {
    services: Vec<String>,
    file: Arc<dyn Fn(u64) -> Vec<u8> + Send + Sync>,
    asked: Arc<AtomicU64>,
}

#[tonic::async_trait]
impl ServerReflection for Liar {
    type ServerReflectionInfoStream = std::pin::Pin<
        Box<dyn tokio_stream::Stream<Item = Result<ServerReflectionResponse, Status>> + Send>,
    >;

    async fn server_reflection_info(
        &self,
        request: Request<Streaming<ServerReflectionRequest>>,
    ) -> Result<Response<Self::ServerReflectionInfoStream>, Status> {
        let (services, file) = (self.services.clone(), self.file.clone());
        let asked = self.asked.clone();
        let answers = request.into_inner().map(move |question| {
            let answer = match question?.message_request {
                Some(MessageRequest::ListServices(_)) => {
                    let service = services
                        .iter()
                        .map(|name| ServiceResponse { name: name.clone() });
                    MessageResponse::ListServicesResponse(ListServiceResponse {
                        service: service.collect(),
                    })
                }
                _ => MessageResponse::FileDescriptorResponse(FileDescriptorResponse {
                    file_descriptor_proto: vec![file(asked.fetch_add(1, Ordering::SeqCst))],
                }),
            };
            Ok(ServerReflectionResponse {
                valid_host: String::new(),
                original_request: None,
                message_response: Some(answer),
            })
        });
        Ok(Response::new(Box::pin(answers)))
    }
}

/// What the gateway says of a service with such reflection.
async fn said(
    services: &[&str],
    file: impl Fn(u64) -> Vec<u8> + Send + Sync + 'static,
) -> (String, u64) {
    let asked = Arc::new(AtomicU64::new(0));
    let liar = Liar {
        services: services.iter().map(|name| (*name).to_string()).collect(),
        file: Arc::new(file),
        asked: asked.clone(),
    };
    let counts = Arc::new(Counts::default());
    let mut routes = RoutesBuilder::default();
    routes.add_service(SayServer::new(Every::new("user-1", counts.clone())));
    routes.add_service(ServerReflectionServer::new(liar));
    let running = Running::with("user-1", routes.routes(), counts).await;
    let registry = Memory::new();
    running.register(&registry, "go.micro.srv.user").await;
    let gateway = gateway(&registry, patient()).await;
    let words = get(gateway, HELLO).await.says(502);
    // It is not asked again at once for every request.
    let before = asked.load(Ordering::SeqCst);
    get(gateway, HELLO).await.says(502);
    (words, before)
}

fn file(name: &str) -> FileDescriptorProto {
    FileDescriptorProto {
        name: Some(name.to_string()),
        package: Some("user.v1".to_string()),
        syntax: Some("proto3".to_string()),
        ..FileDescriptorProto::default()
    }
}

#[tokio::test]
async fn descriptions_that_cannot_be_used() {
    let (words, _) = said(&["user.v1.Say"], |_| vec![0xff; 20]).await;
    assert!(words.contains("damaged"), "{words}");
    // The file is fine, and has nothing to do with what was asked.
    let (words, _) = said(&["user.v1.Say"], |_| file("user.proto").encode_to_vec()).await;
    assert!(words.contains("nothing describes `user.v1.Say`"), "{words}");
    // It needs a type that is not there.
    let (words, _) = said(&["user.v1.Say"], |_| {
        let mut file = file("user.proto");
        file.message_type = vec![DescriptorProto {
            name: Some("A".to_string()),
            field: vec![FieldDescriptorProto {
                name: Some("b".to_string()),
                number: Some(1),
                type_name: Some(".user.v1.Missing".to_string()),
                r#type: Some(11),
                label: Some(1),
                ..FieldDescriptorProto::default()
            }],
            ..DescriptorProto::default()
        }];
        file.encode_to_vec()
    })
    .await;
    assert!(words.contains("broken"), "{words}");
}

#[tokio::test]
async fn descriptions_without_an_end() {
    // Each file needs another one.
    let (words, asked) = said(&["user.v1.Say"], |number| {
        let mut file = file(&format!("{number}.proto"));
        file.dependency = vec![format!("{}.proto", number + 1)];
        file.encode_to_vec()
    })
    .await;
    assert!(words.contains("more than 200 files"), "{words}");
    assert!(asked <= 201, "{asked}");
    // One large file after the other.
    let (words, asked) = said(&["user.v1.Say"], |number| {
        let mut file = file(&format!("{number}.proto"));
        file.dependency = vec![format!("{}.proto", number + 1), "x".repeat(300_000)];
        file.encode_to_vec()
    })
    .await;
    assert!(words.contains("tells too much"), "{words}");
    assert!(asked < 10, "{asked}");
    // One that is larger than everything may be.
    let (words, _) = said(&["user.v1.Say"], |_| vec![0; 3 << 20]).await;
    assert!(
        words.contains("too large") || words.contains("length"),
        "{words}"
    );
    let many: Vec<String> = (0..60)
        .map(|number| format!("user.v1.Say{number}"))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let (words, _) = said(&many, |_| file("user.proto").encode_to_vec()).await;
    assert!(words.contains("more than 50 services"), "{words}");
    assert_eq!(reflect::Limits::default().services, 50);
}

#[tokio::test]
async fn no_reflection_at_all() {
    let counts = Arc::new(Counts::default());
    let mut routes = RoutesBuilder::default();
    routes.add_service(SayServer::new(Every::new("user-1", counts.clone())));
    let running = Running::with("user-1", routes.routes(), counts).await;
    let registry = Memory::new();
    running.register(&registry, "go.micro.srv.user").await;
    let gateway = gateway(&registry, patient()).await;
    get(gateway, HELLO)
        .await
        .refuses(502, "offers no gRPC reflection");
}

/// Something that takes connections and says nothing, as a process does that is paused.
async fn silent(registry: &Memory, id: &str, version: &str) -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let instance = Instance {
        version: version.to_string(),
        ..Instance::new("go.micro.srv.user", id, addr)
    };
    registry.register(&instance, support::TTL).await.unwrap();
    listener
}

#[tokio::test]
async fn an_instance_that_says_nothing_hides_nobody() {
    let registry = Memory::new();
    // The newest one is asked first what there is, and it is the one that is silent.
    let _silent = silent(&registry, "user-0", "9.0.0").await;
    let user = Running::start("user-1").await;
    user.register(&registry, "go.micro.srv.user").await;
    let settings = Settings {
        per_attempt: Duration::from_millis(300),
        ..patient()
    };
    let gateway = gateway(&registry, settings).await;
    for _ in 0..10 {
        assert_eq!(get(gateway, HELLO).await.good()["answeredBy"], "user-1");
    }
}

#[tokio::test]
async fn a_service_that_says_nothing_is_given_up() {
    let registry = Memory::new();
    let _silent = silent(&registry, "user-0", "1.0.0").await;
    let settings = Settings {
        reflect_within: Duration::from_millis(500),
        ..patient()
    };
    let gateway = gateway(&registry, settings).await;
    let words = get(gateway, HELLO).await.says(503);
    assert!(words.contains("in time"), "{words}");
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_no_fault_of_the_caller() {
    let settings = Settings {
        answer: 1000,
        ..patient()
    };
    let (_every, gateway) = support::one_with(settings).await;
    let text = "x".repeat(2000);
    let answer = get(
        gateway,
        &format!("/every/everyService/echo?everything.stringValue={text}"),
    )
    .await;
    answer.refuses(502, "1000 bytes");
}
