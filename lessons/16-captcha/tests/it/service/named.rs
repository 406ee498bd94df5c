//! The whole service, over the network and by its name.

use std::sync::Arc;
use std::time::Duration;

use l12_resilience::caller::{Failed, How};
use l13_framework::client::{Client, Settings as Calls};
use l13_framework::options::Options;
use l13_framework::registries::memory::Memory;
use l13_framework::registry::Registry;
use l16_captcha::pb;
use l16_captcha::service::{NAME, Settings, USUAL, service};
use services::Side;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tonic::Code;

use super::{picture, started};

/// More than anything here takes on a busy machine.
const LONG: Duration = Duration::from_secs(30);

#[test]
fn the_notes_know_where_it_is() {
    assert_eq!(USUAL.to_string(), "127.0.0.1:8880");
    let usual = Settings::default();
    assert_eq!(usual.redis.to_string(), "127.0.0.1:6379");
    assert_eq!(usual.ttl, Duration::from_secs(300));
}

#[tokio::test]
async fn it_is_called_by_name_also_before_redis_is_there() {
    for side in Side::to_test().unwrap() {
        let mut redis = started(side).await;
        redis.kill().await;
        let registry: Arc<dyn Registry> = Arc::new(Memory::new());
        let settings = Settings {
            redis: redis.addr(),
            ..Settings::default()
        };
        let service = service(Options::default(), settings).unwrap();
        let service = service.registry(Arc::clone(&registry));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let running = tokio::spawn(service.run_on(listener, async move {
            let _ = stopped.await;
        }));
        let client = Client::new(registry, Calls::default());
        let until = Instant::now() + LONG;
        while client.healthy(NAME, until).await.unwrap().is_empty() {
            assert!(Instant::now() < until, "{side}: never registered");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let how = || How {
            deadline: Some(LONG),
            ..How::once()
        };
        let call = |ask: pb::CallRequest| {
            let client = client.clone();
            async move {
                let method = "captcha.v1.GetCaptcha/Call";
                let reply: Result<pb::CallResponse, Failed> =
                    client.call(NAME, method, &ask, how()).await;
                reply
            }
        };
        // Redis is away: the service has started all the same, and says so.
        let failed = call(picture("ada", "1", "r")).await.unwrap_err();
        let status = failed.status();
        assert_eq!(status.code(), Code::Unavailable, "{side}: {status:?}");
        redis.start_again().await.unwrap();
        let reply = call(picture("ada", "1", "r")).await.unwrap();
        assert!(reply.picture.starts_with(b"\x89PNG"), "{side}");
        let no_store = |line: &pb::Header| line.name == "cache-control" && line.value == "no-store";
        assert!(
            reply.headers.iter().any(no_store),
            "{side}: {:?}",
            reply.headers
        );
        stop.send(()).unwrap();
        running.await.unwrap().unwrap();
    }
}
