//! The same tests with a local implementation, in memory and over a socket.

use std::sync::Arc;
use std::time::{Duration, Instant};

use l02_rpc::client::{CallError, Client};
use l02_rpc::message::Failure;
use l04_typed_rpc::by_hand::{self, Echo, EchoClient, echo_server};
use l04_typed_rpc::greeter::{
    Hello, HelloClient, Local, Panda, PandaClient, hello_server, services, welcome,
};
use l04_typed_rpc::versions::{OnePanda, scales_server, v1};
use l04_typed_rpc::{Error, contract};
use testkit::PATIENCE as TIMEOUT;

use crate::places::{in_memory, only, over_a_socket};

// ANCHOR: everywhere
async fn greets(hello: impl Hello) {
    let greetings = welcome(&hello, &["wire", "你好", ""]).await.unwrap();
    assert_eq!(
        greetings,
        ["wire hello world", "你好 hello world", " hello world"]
    );
}

async fn refuses(panda: impl Panda) {
    assert_eq!(panda.get_info(100).await, Ok(200));
    let no = Error::method("there is no panda 0");
    assert_eq!(panda.get_info(0).await, Err(no));
    // The call after a failed one works.
    assert_eq!(panda.get_info(7).await, Ok(14));
}

#[tokio::test]
async fn local() {
    greets(Local).await;
    refuses(Local).await;
}

#[tokio::test]
async fn remote_in_memory() {
    let client = in_memory(Arc::new(services().unwrap())).await;
    greets(HelloClient::new(client.clone(), TIMEOUT)).await;
    refuses(PandaClient::new(client, TIMEOUT)).await;
}

#[tokio::test]
async fn remote_over_a_socket() {
    let client = over_a_socket(Arc::new(services().unwrap())).await;
    greets(HelloClient::new(client.clone(), TIMEOUT)).await;
    refuses(PandaClient::new(client, TIMEOUT)).await;
}
// ANCHOR_END: everywhere

async fn both(services: impl Fn() -> Arc<l02_rpc::service::Services>) -> [Client; 2] {
    [in_memory(services()).await, over_a_socket(services()).await]
}

#[tokio::test]
async fn a_stub_can_be_served_again() {
    // A stub implements the contract, so it can be served itself: a chain of three.
    let remote = over_a_socket(Arc::new(services().unwrap())).await;
    let middle = hello_server(HelloClient::new(remote, TIMEOUT));
    let client = in_memory(only(middle)).await;
    greets(HelloClient::new(client, TIMEOUT)).await;
}

#[tokio::test]
async fn written_by_hand_it_is_the_same() {
    for client in both(|| only(echo_server(by_hand::Local))).await {
        let echo = EchoClient::new(client, TIMEOUT);
        assert_eq!(echo.twice("so".into()).await, Ok("so so".into()));
        let no = Error::method("nothing to say twice");
        assert_eq!(echo.twice(String::new()).await, Err(no));
    }
}

#[tokio::test]
async fn callers_of_lesson_02_are_understood() {
    for client in both(|| Arc::new(services().unwrap())).await {
        let greeting: String = client.call("hello.HelloWorld", &"wire").await.unwrap();
        assert_eq!(greeting, "wire hello world");
    }
}

#[tokio::test]
async fn a_lost_connection_is_no_answer() {
    // A server that accepts the connection and closes it.
    let (ours, theirs) = tokio::io::duplex(64);
    let (from, to) = tokio::io::split(ours);
    let client = Client::over(from, to, Default::default());
    drop(theirs);
    let hello = HelloClient::new(client, TIMEOUT);
    let lost = welcome(&hello, &["wire"]).await;
    assert!(
        matches!(lost, Err(Error::Wire(CallError::Lost(_)))),
        "{lost:?}"
    );
}

#[tokio::test]
async fn a_timeout_ends_a_call() {
    for client in both(|| Arc::new(services().unwrap())).await {
        let hello = HelloClient::new(client.clone(), Duration::from_millis(20));
        let since = Instant::now();
        let late = hello.hello_later("wire".into(), 5000).await;
        assert_eq!(late, Err(Error::Wire(CallError::Timeout)));
        assert!(since.elapsed() < TIMEOUT);
        assert_eq!(client.in_flight(), 0, "the call left an entry behind");
    }
}

#[tokio::test]
async fn slow_and_quick_calls_share_a_stub() {
    for client in both(|| Arc::new(services().unwrap())).await {
        let hello = HelloClient::new(client, TIMEOUT);
        let slow = hello.hello_later("slow".into(), 50);
        let quick = async {
            let greeting = hello.hello_world("quick".into()).await;
            (greeting, Instant::now())
        };
        let slow = async { (slow.await, Instant::now()) };
        let ((slow, last), (quick, first)) = tokio::join!(slow, quick);
        assert_eq!(slow, Ok("slow hello world".into()));
        assert_eq!(quick, Ok("quick hello world".into()));
        assert!(first < last);
    }
}

#[tokio::test]
async fn a_method_that_is_not_served_is_an_error_of_the_wire() {
    let client = in_memory(only(hello_server(Local))).await;
    let info = PandaClient::new(client, TIMEOUT).get_info(100).await;
    let no_service = CallError::Server(Failure::NoService("Panda.GetInfo".into()));
    assert_eq!(info, Err(Error::Wire(no_service)));
}

#[tokio::test]
async fn two_versions_compile_and_do_not_agree() {
    use v1::Scales;
    for client in both(|| only(scales_server(OnePanda))).await {
        let old = v1::ScalesClient::new(client, TIMEOUT);
        let san = old.measure("San".into()).await.unwrap();
        assert_eq!((san.weight, san.height), (170, 110), "no error, and wrong");
    }
}

contract! {
    /// Every form that a declaration may have.
    trait Shapes = "shapes", shapes_server, ShapesClient {
        async fn nothing() -> () = "Nothing";
        async fn three(a: u8, b: Option<String>, c: Vec<(u64, bool)>) -> Vec<String> = "Three";
    }
}

struct Here;

impl Shapes for Here {
    async fn nothing(&self) -> Result<(), Error> {
        Ok(())
    }

    async fn three(
        &self,
        a: u8,
        b: Option<String>,
        c: Vec<(u64, bool)>,
    ) -> Result<Vec<String>, Error> {
        Ok(vec![a.to_string(), b.unwrap_or_default(), format!("{c:?}")])
    }
}

#[tokio::test]
async fn any_number_of_arguments() {
    for client in both(|| only(shapes_server(Here))).await {
        let shapes = ShapesClient::new(client, TIMEOUT);
        assert_eq!(shapes.nothing().await, Ok(()));
        let three = shapes
            .three(7, Some("b".into()), vec![(u64::MAX, true)])
            .await
            .unwrap();
        assert_eq!(three, ["7", "b", "[(18446744073709551615, true)]"]);
    }
}
