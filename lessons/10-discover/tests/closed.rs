//! A server that says GOAWAY to a call that is just on its way: the call has not run.

mod support;

use std::time::Duration;

use h2::Reason;
use l09_register::l06_grpc::retry::Policy;
use l10_discover::caller::{Caller, Error, Settings};
use l10_discover::health::{Listed, Query};
use l10_discover::l09_register;
use l10_discover::watch::{Snapshot, Standing};
use support::PATIENCE;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;
use tonic::Code;

#[tokio::test]
async fn goaway_without_an_error_is_unavailable_and_made_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let seen = tokio::spawn(async move {
        // Two calls meet a server that is about to end. Others only look whether somebody accepts.
        let mut calls = 0;
        while calls < 2 {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut connection) = h2::server::handshake(stream).await else {
                continue;
            };
            if let Some(Ok(_call)) = connection.accept().await {
                calls += 1;
                connection.abrupt_shutdown(Reason::NO_ERROR);
                // Until it is sent, and the other side has closed.
                while connection.accept().await.is_some() {}
            }
        }
    });
    let one = Listed {
        id: "one".to_string(),
        addr,
        tags: Vec::new(),
    };
    let (_tell, told) = watch::channel(Snapshot {
        instances: vec![one],
        standing: Standing::Fresh,
        ..Snapshot::unknown()
    });
    let twice = Settings {
        retry: Policy {
            attempts: 2,
            first: Duration::from_millis(1),
            longest: Duration::from_millis(1),
        },
        ..Settings::default()
    };
    let caller = Caller::over(told, Query::named("greeter"), twice);
    let outcome = timeout(PATIENCE, caller.greet("Ada")).await.unwrap();
    let Err(Error::Call(status)) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert!(status.message().contains("about to end"), "{status:?}");
    timeout(PATIENCE, seen).await.unwrap().unwrap();
}
