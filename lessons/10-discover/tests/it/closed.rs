//! A server that says GOAWAY to a call that is just on its way: the call has not run.

use std::time::Duration;

use crate::support::{PATIENCE, over};
use l06_grpc::retry::Policy;
use l10_discover::caller::{CallOptions, Error};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tonic::Code;

/// A frame of HTTP/2 without flags on stream 0: its length, its kind, and what is in it.
fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[0, 0, length, kind, 0, 0, 0, 0, 0], payload].concat()
}

/// Waits for the first call, and answers that it will not begin it: "the last one that I have taken is
/// 0; nothing is wrong".
async fn goaway(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(&frame(4, &[])).await?;
    stream.read_exact(&mut [0; 24]).await?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        stream.read_exact(&mut payload).await?;
        // HEADERS
        if head[3] == 1 {
            return stream.write_all(&frame(7, &[0; 8])).await;
        }
    }
}

#[tokio::test]
async fn goaway_without_an_error_is_unavailable_and_made_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let seen = tokio::spawn(async move {
        // Two calls meet a server that is about to end. The other connections are probes.
        let mut calls = 0;
        while calls < 2 {
            let (mut stream, _) = listener.accept().await.unwrap();
            if goaway(&mut stream).await.is_ok() {
                calls += 1;
                // What the client has to say to that.
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
        }
    });
    let twice = CallOptions {
        retry: Policy {
            attempts: 2,
            first: Duration::from_millis(1),
            longest: Duration::from_millis(1),
        },
        ..CallOptions::default()
    };
    let (_tell, caller) = over(&[addr], twice);
    let outcome = timeout(PATIENCE, caller.greet("Ada")).await.unwrap();
    let Err(Error::Call(status)) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert!(status.message().contains("about to end"), "{status:?}");
    timeout(PATIENCE, seen).await.unwrap().unwrap();
}
