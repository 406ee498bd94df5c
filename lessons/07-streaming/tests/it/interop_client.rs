//! gRPC's own interoperability cases: a client on tonic calls a server on Python's grpcio,
//! `interop/python/cases_server.py`.

use std::error::Error;
use std::time::Duration;

use crate::independent::python;
use crate::testing::pb::test_service_client::TestServiceClient;
use crate::testing::pb::unimplemented_service_client::UnimplementedServiceClient;
use crate::testing::{INITIAL, REQUEST_SIZES, RESPONSE_SIZES, TRAILING, pb, zeros};
use testkit::program::{PATIENCE, Program};
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status, TimeoutExpired};

/// A grpcio server, and a connection to it.
async fn server() -> (Program, Channel) {
    let mut command = python("cases_server.py");
    command.arg(crate::testing::DESCRIPTORS);
    let server = Program::start(command);
    let addr = server.says("listening on ");
    let channel = Channel::from_shared(format!("http://{addr}")).unwrap();
    let channel = timeout(PATIENCE, channel.connect()).await.unwrap().unwrap();
    (server, channel)
}

async fn client() -> (Program, TestServiceClient<Channel>) {
    let (server, channel) = server().await;
    (server, TestServiceClient::new(channel))
}

/// Fails instead of waiting without limit.
async fn soon<T>(call: impl Future<Output = T>) -> T {
    timeout(PATIENCE, call).await.expect("no answer")
}

fn large_request() -> pb::SimpleRequest {
    pb::SimpleRequest {
        response_size: 314_159,
        payload: zeros(271_828),
        ..Default::default()
    }
}

fn output_request(response_size: i32, request_size: usize) -> pb::StreamingOutputCallRequest {
    pb::StreamingOutputCallRequest {
        response_parameters: vec![pb::ResponseParameters {
            size: response_size,
            ..Default::default()
        }],
        payload: zeros(request_size),
        ..Default::default()
    }
}

/// A stream of requests that stays open while the sender lives.
fn requests<T>() -> (Sender<T>, ReceiverStream<T>) {
    let (sender, receiver) = channel(1);
    (sender, ReceiverStream::new(receiver))
}

#[tokio::test]
async fn empty_unary() {
    let (_server, mut client) = client().await;
    let reply = soon(client.empty_call(pb::Empty {})).await.unwrap();
    assert_eq!(reply.into_inner(), pb::Empty {});
}

#[tokio::test]
async fn large_unary() {
    let (_server, mut client) = client().await;
    let reply = soon(client.unary_call(large_request())).await.unwrap();
    assert_eq!(reply.into_inner().payload, zeros(314_159));
}

#[tokio::test]
async fn client_streaming() {
    let (_server, mut client) = client().await;
    let requests = REQUEST_SIZES.map(|size| pb::StreamingInputCallRequest {
        payload: zeros(size),
        ..Default::default()
    });
    let call = client.streaming_input_call(tokio_stream::iter(requests));
    let reply = soon(call).await.unwrap().into_inner();
    assert_eq!(reply.aggregated_payload_size, 74922);
}

#[tokio::test]
async fn server_streaming() {
    let (_server, mut client) = client().await;
    let request = pb::StreamingOutputCallRequest {
        response_parameters: RESPONSE_SIZES
            .map(|size| pb::ResponseParameters {
                size,
                ..Default::default()
            })
            .to_vec(),
        ..Default::default()
    };
    let replies = soon(client.streaming_output_call(request)).await;
    let mut replies = replies.unwrap().into_inner();
    for size in RESPONSE_SIZES {
        let reply = soon(replies.message()).await.unwrap();
        assert_eq!(reply.unwrap().payload, zeros(size.unsigned_abs() as usize));
    }
    assert_eq!(soon(replies.message()).await.unwrap(), None);
}

#[tokio::test]
async fn ping_pong() {
    let (_server, mut client) = client().await;
    let (sender, requests) = requests();
    // grpcio answers the headers of a call only with its first reply: so both begin together.
    sender
        .send(output_request(RESPONSE_SIZES[0], REQUEST_SIZES[0]))
        .await
        .unwrap();
    let replies = soon(client.full_duplex_call(requests)).await;
    let mut replies = replies.unwrap().into_inner();
    for (number, size) in RESPONSE_SIZES.into_iter().enumerate() {
        if number > 0 {
            let request = output_request(size, REQUEST_SIZES[number]);
            sender.send(request).await.unwrap();
        }
        let reply = soon(replies.message()).await.unwrap();
        assert_eq!(reply.unwrap().payload, zeros(size.unsigned_abs() as usize));
    }
    drop(sender);
    assert_eq!(soon(replies.message()).await.unwrap(), None);
}

#[tokio::test]
async fn empty_stream() {
    let (_server, mut client) = client().await;
    let call = client.full_duplex_call(tokio_stream::empty());
    let mut replies = soon(call).await.unwrap().into_inner();
    assert_eq!(soon(replies.message()).await.unwrap(), None);
}

fn with_metadata<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    let metadata = request.metadata_mut();
    metadata.insert(INITIAL, "test_initial_metadata_value".parse().unwrap());
    metadata.insert_bin(TRAILING, MetadataValue::from_bytes(b"\xab\xab\xab"));
    request
}

fn initial_came_back<T>(response: &Response<T>) {
    let value = response.metadata().get(INITIAL).unwrap();
    assert_eq!(value, "test_initial_metadata_value");
}

fn trailing_came_back(trailers: &tonic::metadata::MetadataMap) {
    let value = trailers.get_bin(TRAILING).unwrap();
    assert_eq!(value.to_bytes().unwrap(), b"\xab\xab\xab"[..]);
}

#[tokio::test]
async fn custom_metadata() {
    let (_server, mut client) = client().await;
    let call = client.unary_call(with_metadata(large_request()));
    let reply = soon(call).await.unwrap();
    initial_came_back(&reply);
    // tonic shows both kinds of metadata of a unary call in one place.
    trailing_came_back(reply.metadata());

    let requests = tokio_stream::iter([output_request(314_159, 271_828)]);
    let call = client.full_duplex_call(with_metadata(requests));
    let replies = soon(call).await.unwrap();
    initial_came_back(&replies);
    let mut replies = replies.into_inner();
    let reply = soon(replies.message()).await.unwrap().unwrap();
    assert_eq!(reply.payload, zeros(314_159));
    assert_eq!(soon(replies.message()).await.unwrap(), None);
    trailing_came_back(&soon(replies.trailers()).await.unwrap().unwrap());
}

fn wanted(message: &str) -> Option<pb::EchoStatus> {
    Some(pb::EchoStatus {
        code: 2,
        message: message.to_owned(),
    })
}

fn is_unknown(status: &Status, message: &str) {
    assert_eq!((status.code(), status.message()), (Code::Unknown, message));
}

#[tokio::test]
async fn status_code_and_message() {
    let message = "test status message";
    let (_server, mut client) = client().await;
    let request = pb::SimpleRequest {
        response_status: wanted(message),
        ..Default::default()
    };
    let status = soon(client.unary_call(request)).await.unwrap_err();
    is_unknown(&status, message);

    let request = pb::StreamingOutputCallRequest {
        response_status: wanted(message),
        ..Default::default()
    };
    let call = client.full_duplex_call(tokio_stream::iter([request]));
    let status = match soon(call).await {
        Ok(replies) => soon(replies.into_inner().message()).await.unwrap_err(),
        Err(status) => status,
    };
    is_unknown(&status, message);
}

#[tokio::test]
async fn special_status_message() {
    let message = "\t\ntest with whitespace\r\nand Unicode BMP \u{263a} and non-BMP \u{1f608}\t\n";
    let (_server, mut client) = client().await;
    let request = pb::SimpleRequest {
        response_status: wanted(message),
        ..Default::default()
    };
    let status = soon(client.unary_call(request)).await.unwrap_err();
    is_unknown(&status, message);
}

#[tokio::test]
async fn unimplemented_method() {
    let (_server, mut client) = client().await;
    let status = soon(client.unimplemented_call(pb::Empty {})).await;
    assert_eq!(status.unwrap_err().code(), Code::Unimplemented);
}

#[tokio::test]
async fn unimplemented_service() {
    let (_server, channel) = server().await;
    let mut client = UnimplementedServiceClient::new(channel);
    let status = soon(client.unimplemented_call(pb::Empty {})).await;
    assert_eq!(status.unwrap_err().code(), Code::Unimplemented);
}

/// The code of a call that failed. tonic's own clock calls a call whose time is over CANCELLED, and
/// only the chain of sources says what it was; gRPC has a code of its own for that.
fn code(status: &Status) -> Code {
    let mut source = status.source();
    while let Some(error) = source {
        if error.is::<TimeoutExpired>() {
            return Code::DeadlineExceeded;
        }
        source = error.source();
    }
    status.code()
}

#[tokio::test]
async fn timeout_on_sleeping_server() {
    let (_server, mut client) = client().await;
    let (sender, requests) = requests();
    let request = pb::StreamingOutputCallRequest {
        payload: zeros(27182),
        ..Default::default()
    };
    sender.send(request).await.unwrap();
    let mut request = Request::new(requests);
    request.set_timeout(Duration::from_millis(1));
    let status = match soon(client.full_duplex_call(request)).await {
        Ok(replies) => soon(replies.into_inner().message()).await.unwrap_err(),
        Err(status) => status,
    };
    assert_eq!(code(&status), Code::DeadlineExceeded, "{status:?}");
}

/// In Rust a call is cancelled by dropping it, so no code is left that could see a status. The server sees the
/// end.
#[tokio::test]
async fn cancel_after_begin() {
    let (server, mut client) = client().await;
    let (_sender, requests) = requests::<pb::StreamingInputCallRequest>();
    let call = tokio::spawn(async move { client.streaming_input_call(requests).await });
    let server = tokio::task::spawn_blocking(move || {
        server.says("streaming_input_call begins");
        server
    });
    let server = server.await.unwrap();
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    // `_sender` still lives: the requests have not ended, so this is our doing.
    let seen = move || server.says("streaming_input_call is over");
    tokio::task::spawn_blocking(seen).await.unwrap();
}

/// Calls, takes the first reply and cancels: both halves are dropped. While one of them lives the
/// call goes on, even if the replies are not read.
async fn cancel_after_the_first_reply(request: pb::StreamingOutputCallRequest) {
    let (server, mut client) = client().await;
    let (sender, requests) = requests();
    sender.send(request).await.unwrap();
    let replies = soon(client.full_duplex_call(requests)).await;
    let mut replies = replies.unwrap().into_inner();
    let reply = soon(replies.message()).await.unwrap().unwrap();
    assert_eq!(reply.payload, zeros(31415));
    drop(replies);
    drop(sender);
    let seen = move || server.says("full_duplex_call is over");
    tokio::task::spawn_blocking(seen).await.unwrap();
}

#[tokio::test]
async fn cancel_after_first_response() {
    cancel_after_the_first_reply(output_request(31415, 27182)).await;
}

/// Beyond the case: the server has promised one more reply in an hour. That the call is over now
/// can only be our doing.
#[tokio::test]
async fn cancel_while_the_server_still_works() {
    let mut request = output_request(31415, 27182);
    request.response_parameters.push(pb::ResponseParameters {
        size: 1,
        interval_us: i32::MAX,
        ..Default::default()
    });
    cancel_after_the_first_reply(request).await;
}
