//! Wrong settings are refused before anything listens or registers.

use std::net::SocketAddr;
use std::time::Duration;

use l17_production::instance::{Instance, Settings};

fn right() -> Settings {
    Settings {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        // No Consul is there: an attempt to register would say so.
        consul: SocketAddr::from(([127, 0, 0, 1], 1)),
        service: "site".to_owned(),
        version: "v1".to_owned(),
        redis: None,
        check_every: Duration::from_millis(500),
        drain: Duration::from_millis(500),
    }
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    assert!(right().check().is_ok());
    let wrong = |change: fn(&mut Settings)| {
        let mut settings = right();
        change(&mut settings);
        settings
    };
    for (settings, words) in [
        (wrong(|it| it.version.clear()), "--version"),
        (wrong(|it| it.version = "v1,v2".to_owned()), "--version"),
        (
            wrong(|it| it.check_every = Duration::ZERO),
            "--check-every-ms",
        ),
        (
            wrong(|it| it.drain = Duration::from_millis(499)),
            "--drain-ms",
        ),
    ] {
        let error = Instance::start(settings).await.unwrap_err().to_string();
        assert!(error.starts_with(words), "{error}");
    }
    let error = Instance::start(right()).await.unwrap_err().to_string();
    assert!(error.contains("does not answer"), "{error}");
}
