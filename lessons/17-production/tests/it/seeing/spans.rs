//! What a process sends, in this process and decoded by Python's package: the context from outside, sampling, and tasks.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request as HttpRequest;
use axum::routing::get;
use l16_captcha::pb::CallRequest;
use l16_captcha::pb::get_captcha_client::GetCaptchaClient;
use l17_production::seeing::context::{ServerSpans, extract, inject};
use l17_production::seeing::receiver::{Limits, Receiver};
use l17_production::seeing::telemetry::{Settings, exporter, layer, provider};
use l17_production::seeing::trace::Trace;
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::trace::SdkTracerProvider;
use serde_json::Value;
use services::Side;
use stage::child::{Ask, Spawn};
use tokio::time::timeout;
use tower::ServiceExt;
use tracing::subscriber::DefaultGuard;
use tracing::{Instrument, Span, info_span};
use tracing_subscriber::layer::SubscriberExt;

use super::{PROGRAM, lines, python};

const LIMIT: Duration = Duration::from_secs(60);
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// This thread's spans go to a receiver.
struct Sending {
    receiver: Receiver,
    provider: SdkTracerProvider,
    _guard: DefaultGuard,
}

impl Sending {
    async fn start(share: f64) -> Self {
        let receiver = Receiver::new(Limits::default());
        let settings = Settings {
            service: "test".to_owned(),
            receiver: receiver.serve().await.unwrap(),
            share,
        };
        let provider = provider(&settings, exporter(settings.receiver).unwrap());
        let subscriber = tracing_subscriber::registry().with(layer(&provider));
        Sending {
            receiver,
            provider,
            _guard: tracing::subscriber::set_default(subscriber),
        }
    }

    /// All traces, after the last batch.
    async fn end(self) -> Vec<Trace> {
        let provider = self.provider.clone();
        let sent = tokio::task::spawn_blocking(move || provider.shutdown());
        sent.await.unwrap().unwrap();
        let ids = self.receiver.ids();
        ids.into_iter().map(|id| self.receiver.trace(id)).collect()
    }
}

fn work(name: &'static str) -> Span {
    info_span!(target: "l17_production", "work", otel.name = name)
}

#[tokio::test]
async fn a_task_has_the_parent_that_it_is_given() {
    let sending = Sending::start(1.0).await;
    // ANCHOR: task
    async {
        // Part of the request.
        let with = async { drop(work("with its span")) }.in_current_span();
        tokio::spawn(with).await.unwrap();
        // A trace of its own.
        let without = async { drop(work("without")) };
        tokio::spawn(without).await.unwrap();
    }
    .instrument(work("request"))
    .await;
    // ANCHOR_END: task
    let traces = sending.end().await;
    let mut all: Vec<Vec<String>> = traces.iter().map(lines).collect();
    all.sort();
    let joined = vec![
        "test: request".to_owned(),
        "test: with its span < test: request".to_owned(),
    ];
    assert_eq!(all, [joined, vec!["test: without".to_owned()]]);
}

/// One request to a route, with the flag of the caller.
async fn request(flag: &str) {
    let router = Router::new()
        .route("/picture/{id}", get(async || "a picture"))
        .layer(ServerSpans);
    let request = HttpRequest::get("/picture/7")
        .header("traceparent", format!("00-{TRACE}-{PARENT}-{flag}"))
        .body(Body::empty());
    let answer = router.oneshot(request.unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn the_caller_decides_whether_a_trace_is_kept() {
    // No trace that begins here is kept, and one that the caller keeps is.
    let sending = Sending::start(0.0).await;
    request("01").await;
    request("00").await;
    drop(work("of our own"));
    let id = sending.receiver.clone();
    let traces = sending.end().await;
    assert_eq!(
        id.ids().iter().map(ToString::to_string).collect::<Vec<_>>(),
        [TRACE]
    );
    assert_eq!(traces.len(), 1);
    assert_eq!(lines(&traces[0]), ["test: GET /picture/{id}"]);
    let row = &traces[0].rows[0];
    assert_eq!(row.span.parent.unwrap().to_string(), PARENT);
    assert!(row.orphan);
    assert_eq!(row.span.attributes["http.response.status_code"], "200");
}

#[tokio::test]
async fn a_context_survives_metadata_and_nonsense_is_none() {
    let sending = Sending::start(1.0).await;
    let span = work("call");
    let call = span.in_scope(|| inject(tonic::Request::new(()))).unwrap();
    let sent = call
        .metadata()
        .get("traceparent")
        .unwrap()
        .to_str()
        .unwrap();
    let read = extract(call.metadata().as_ref());
    let read = read.span().span_context().clone();
    assert!(read.is_remote() && read.is_sampled());
    assert_eq!(
        sent,
        format!("00-{}-{}-01", read.trace_id(), read.span_id())
    );
    for nonsense in ["", "00", "00-0-0-01", &"0".repeat(10_000)] {
        let mut call = tonic::Request::new(());
        let value = nonsense.parse().unwrap();
        call.metadata_mut().insert("traceparent", value);
        let read = extract(call.metadata().as_ref());
        assert!(!read.span().span_context().is_valid(), "{nonsense}");
    }
    drop(sending);
}

/// The service sends to a receiver that is made of Python's package, and reads the context from the metadata of gRPC.
#[tokio::test(flavor = "multi_thread")]
async fn pythons_package_decodes_what_we_send() {
    let (program, file) = python("receive.py");
    let python = Spawn::program(program.as_ref(), [file])
        .with_stdin()
        .name("receive.py")
        .start()
        .unwrap();
    let receiver = python.listening().await.unwrap().to_string();
    let redis = services::redis::Setup::of(Side::Embedded);
    let redis = redis.start().await.unwrap();
    let at = redis.addr().to_string();
    let service = [
        "seeing",
        "captchas",
        "--receiver",
        &receiver,
        "--redis",
        &at,
    ];
    let service = Spawn::program(PROGRAM.as_ref(), service).start().unwrap();
    let addr = service.listening().await.unwrap();

    let mut client = GetCaptchaClient::connect(format!("http://{addr}"))
        .await
        .unwrap();
    let mut call = tonic::Request::new(CallRequest {
        id: "one".to_owned(),
        session: "a".repeat(32),
        address: "127.0.0.1".to_owned(),
        ..CallRequest::default()
    });
    let parent = format!("00-{TRACE}-{PARENT}-01").parse().unwrap();
    call.metadata_mut().insert("traceparent", parent);
    client.call(call).await.unwrap();
    let wrong = client.call(CallRequest::default()).await.unwrap_err();
    assert_eq!(wrong.code(), tonic::Code::InvalidArgument);
    let (status, _) = service.ask_to_end(Ask::Terminate, LIMIT).await.unwrap();
    assert!(status.success());

    let mut spans: Vec<Value> = Vec::new();
    while spans.len() < 6 {
        let line = timeout(LIMIT, python.line(LIMIT)).await.unwrap();
        let line = line.expect("six spans").text;
        spans.extend(serde_json::from_str::<Value>(&line).ok());
    }
    let (ours, others): (Vec<&Value>, Vec<&Value>) =
        spans.iter().partition(|span| span["trace"] == TRACE);
    let server = ours.iter().find(|span| span["parent"] == PARENT).unwrap();
    assert_eq!(server["name"], "captcha.v1.GetCaptcha/Call");
    // SERVER is 2, and CLIENT 3.
    assert_eq!((&server["kind"], &server["status"]), (&2.into(), &0.into()));
    let below: Vec<&str> = (ours.iter())
        .filter(|span| span["parent"] == server["id"])
        .filter_map(|span| span["name"].as_str())
        .collect();
    assert_eq!(below, ["redis INCR", "redis INCR", "redis SET NX", "draw"]);
    assert!(ours.iter().all(|span| span["service"] == "captchas"));
    let redis = ours
        .iter()
        .find(|span| span["name"] == "redis SET NX")
        .unwrap();
    assert_eq!(
        (&redis["kind"], &redis["attributes"]["db.system.name"]),
        (&3.into(), &"redis".into())
    );
    // The call that was refused: a trace of its own, which has failed.
    assert_eq!((others.len(), &others[0]["status"]), (1, &2.into()));
}
