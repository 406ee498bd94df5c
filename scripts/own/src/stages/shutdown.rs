//! Stage 7: SIGTERM, with calls under way.

use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

use super::hello::SAY_HELLO;
use crate::grpc::{Connection, failure, text};
use crate::service::Service;
use crate::told::{Belief, Failure};

/// The program has ended so soon after its last call.
const ENDS: Duration = Duration::from_millis(1500);

const CUTS: Belief = &(
    "sigterm-means-now",
    "SIGTERM asks the program to end. Let the calls under way finish first: a caller cannot know whether a call \
     that is cut off was done.",
);
const ACCEPTS: Belief = &(
    "the-listener-stays-open",
    "Close the listener when SIGTERM arrives. Else the service gets new work while it tries to end.",
);
const STAYS: Belief = &(
    "a-signal-ends-a-program-by-itself",
    "A program that handles SIGTERM has to end when its calls are done. After a while SIGKILL comes, and nothing is finished.",
);
const IDLE: Belief = &(
    "all-connections-must-close",
    "Wait for calls, not for connections: a client can keep an idle connection open for days.",
);
const CODE: Belief = &(
    "any-end-is-a-good-end",
    "An end that was asked for is no error: exit with status 0, or a supervisor starts the program again.",
);

/// Judges stage 7.
pub async fn judge(service: &mut Service) -> Result<(), Failure> {
    let at = service.world.grpc;
    let situation = "SIGTERM arrives while a call waits for the neighbour at SLOW_ADDR";
    let slow = TcpListener::bind(service.world.slow).await.map_err(|e| {
        Failure::new(
            "The judge listens at SLOW_ADDR",
            "it can",
            e.to_string(),
            None,
        )
    })?;
    let busy = Connection::open(at).await?;
    // One more connection, without a call: it lasts until the end.
    let idle = Connection::open(at).await?;
    let reply = idle.call(SAY_HELLO, &text(1, "Ali"), None).await;
    if reply.greeting().as_deref() != Some("hello Ali") {
        let call = "SayHello(name: \"Ali\")";
        return Err(failure(
            "A call before SIGTERM",
            call,
            "OK, \"hello Ali\"",
            &reply,
            None,
        ));
    }
    let call = tokio::spawn(async move { busy.call(SAY_HELLO, &text(1, "slow"), None).await });
    let Ok(Ok((mut stream, _))) = timeout(Duration::from_secs(1), slow.accept()).await else {
        let expected = "the service connects to SLOW_ADDR within 1 s";
        return Err(Failure::new(situation, expected, "no connection", None));
    };
    let _ = kill_process(service.pid(), Signal::TERM);
    sleep(Duration::from_millis(300)).await;

    let late = match Connection::open(at).await {
        Ok(connection) => connection
            .call(SAY_HELLO, &text(1, "late"), None)
            .await
            .greeting(),
        Err(_) => None,
    };
    let _ = stream.write_all(b"Cy\n").await;
    let finished = Instant::now();
    let reply = call.await.unwrap_or_default();
    if reply.greeting().as_deref() != Some("hello Cy") {
        let call = "SayHello(name: \"slow\")";
        let expected = "the call is finished: OK, \"hello Cy\"";
        return Err(failure(situation, call, expected, &reply, Some(CUTS)));
    }
    if let Some(greeting) = late {
        let situation = "A new client connects 300 ms after SIGTERM; a call is still under way";
        let happened = format!("served it: {greeting:?}");
        let expected = "refuses or closes the connection";
        return Err(Failure::new(situation, expected, happened, Some(ACCEPTS)));
    }

    let mut idle = Some(idle);
    loop {
        if let Some(status) = service.status() {
            if status.success() {
                return Ok(());
            }
            let situation = "The program ends after SIGTERM; its last call has ended";
            let happened = status.to_string();
            return Err(Failure::new(
                situation,
                "exit status 0",
                happened,
                Some(CODE),
            ));
        }
        let waited = finished.elapsed();
        if waited > ENDS * 2 {
            let situation = "SIGTERM has arrived, all calls have ended, all connections are closed";
            let expected = format!("the program ends within {} ms", ENDS.as_millis());
            return Err(Failure::new(
                situation,
                expected,
                "it still runs",
                Some(STAYS),
            ));
        }
        if waited > ENDS && idle.take().is_some() {
            // Without its client: does it end now?
            sleep(ENDS / 2).await;
            if service.status().is_some() {
                let situation =
                    "SIGTERM has arrived, all calls have ended; a client keeps an idle connection";
                let expected = format!("the program ends within {} ms", ENDS.as_millis());
                let happened = "it ended only when the client had closed its connection";
                return Err(Failure::new(situation, expected, happened, Some(IDLE)));
            }
        }
        sleep(Duration::from_millis(10)).await;
    }
}
