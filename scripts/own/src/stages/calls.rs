//! Stage 5: health, reflection, deadlines, and work that stops with its call.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use super::hello::SAY_HELLO;
use crate::grpc::{Connection, Reply, failure, field, text};
use crate::service::Service;
use crate::told::{Belief, Failure};

/// Work has stopped so soon after its call has ended.
const STOPS: Duration = Duration::from_millis(500);

const NO_HEALTH: Belief = &(
    "listening-is-healthy",
    "A health check asks the standard service grpc.health.v1.Health. Without it, a registry takes the service for sick.",
);
const ALL_HEALTHY: Belief = &(
    "health-answers-for-all-names",
    "Of a service that it does not have, a server says NOT_FOUND: else a typing error in a check is never seen.",
);
const NO_REFLECTION: Belief = &(
    "clients-have-the-proto-file",
    "Tools without the .proto file ask the reflection service for it. Register it with your file descriptor set.",
);
const WORK_GOES_ON: Belief = &(
    "the-caller-stops-the-work",
    "A deadline ends the call, and your work has to end with it. A task of its own goes on: cancel it.",
);
const CANCEL_IS_MISSED: Belief = &(
    "only-a-deadline-ends-a-call",
    "A caller can cancel at any time. Stop the work when the call has gone, not only when its deadline is over.",
);
const ONE_BLOCKS_ALL: Belief = &(
    "a-slow-call-may-block",
    "A call that waits must not hold a lock or the only thread that others need.",
);
const ONE_SLOW_CALL: Belief = &(
    "slow-calls-take-turns",
    "Calls with the name `slow` run at the same time, and each makes a connection of its own: hold no lock between them, \
     and do not share one connection.",
);
const WRONG_CODE: Belief = &(
    "a-lost-neighbour-is-an-internal-error",
    "A neighbour that has gone is UNAVAILABLE: the caller may try again. INTERNAL says that your program has a fault.",
);

/// Judges stage 5.
pub async fn judge(service: &Service) -> Result<(), Failure> {
    let connection = Connection::open(service.world.grpc).await?;
    health(&connection).await?;
    reflection(&connection).await?;
    let slow = TcpListener::bind(service.world.slow).await.map_err(|e| {
        Failure::new(
            "The judge listens at SLOW_ADDR",
            "it can",
            e.to_string(),
            None,
        )
    })?;
    neighbour(&connection, &slow).await?;
    gone(&connection, &slow).await?;
    deadline(&connection, &slow).await?;
    cancelled(&connection, &slow).await
}

async fn health(connection: &Connection) -> Result<(), Failure> {
    const CHECK: &str = "/grpc.health.v1.Health/Check";
    for name in ["", "greeter.v1.Greeter"] {
        let reply = connection.call(CHECK, &text(1, name), None).await;
        let serving = reply.messages.first().and_then(|message| field(message, 1));
        if reply.status != Some(0) || serving.is_none_or(|status| status[0] != 1) {
            let situation = format!("A health check of the service {name:?}");
            let belief = (reply.status == Some(12)).then_some(NO_HEALTH);
            let call = format!("Health/Check(service: {name:?})");
            return Err(failure(&situation, &call, "OK, SERVING", &reply, belief));
        }
    }
    let reply = connection
        .call(CHECK, &text(1, "no.such.Service"), None)
        .await;
    if reply.status != Some(5) {
        let situation = "A health check of a service that does not exist";
        let belief = (reply.status == Some(0)).then_some(ALL_HEALTHY);
        let call = "Health/Check(service: \"no.such.Service\")";
        return Err(failure(situation, call, "NOT_FOUND", &reply, belief));
    }
    Ok(())
}

/// Either version will do: many libraries still serve the old one alone.
async fn reflection(connection: &Connection) -> Result<(), Failure> {
    let mut last = Reply::default();
    for version in ["v1", "v1alpha"] {
        let path = format!("/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo");
        let reply = connection.call(&path, &text(7, "*"), None).await;
        let listed = reply.messages.iter().any(|message| {
            let name = b"greeter.v1.Greeter";
            message.windows(name.len()).any(|part| part == name)
        });
        if listed {
            return Ok(());
        }
        last = reply;
    }
    let belief = (last.status == Some(12)).then_some(NO_REFLECTION);
    let expected = "a list with greeter.v1.Greeter";
    let situation = "A tool asks for the list of services by reflection";
    Err(failure(
        situation,
        "ServerReflectionInfo(list_services)",
        expected,
        &last,
        belief,
    ))
}

const SLOW: &str = "SayHello(name: \"slow\")";

/// The connection that the service makes to the slow neighbour.
async fn asked(slow: &TcpListener, situation: &str) -> Result<TcpStream, Failure> {
    match timeout(Duration::from_secs(1), slow.accept()).await {
        Ok(Ok((stream, _))) => Ok(stream),
        _ => {
            let expected = "the service connects to SLOW_ADDR within 1 s";
            Err(Failure::new(situation, expected, "no connection", None))
        }
    }
}

fn begun(e: &h2::Error, situation: &str) -> Failure {
    Failure::new(situation, "a call begins", e.to_string(), None)
}

async fn neighbour(connection: &Connection, slow: &TcpListener) -> Result<(), Failure> {
    let situation = "Two calls with the name \"slow\"; a call with another name between them";
    let mut calls = Vec::new();
    for _ in 0..2 {
        let connection = connection.clone();
        calls.push(tokio::spawn(async move {
            connection.call(SAY_HELLO, &text(1, "slow"), None).await
        }));
    }
    let first = asked(slow, situation).await?;
    let name = text(1, "Ali");
    let quick = timeout(
        Duration::from_millis(500),
        connection.call(SAY_HELLO, &name, None),
    );
    let quick = quick.await.unwrap_or_else(|_| Reply {
        trouble: Some("no status within 500 ms".into()),
        ..Reply::default()
    });
    let both = timeout(Duration::from_millis(500), slow.accept()).await;
    let call = "SayHello(name: \"Ali\")";
    if quick.greeting().as_deref() != Some("hello Ali") {
        let expected = "OK, \"hello Ali\" within 500 ms, while the others wait";
        let belief = quick.status.is_none().then_some(ONE_BLOCKS_ALL);
        return Err(failure(situation, call, expected, &quick, belief));
    }
    let Ok(Ok((second, _))) = both else {
        let expected = "all three run at the same time: two connections to SLOW_ADDR";
        let happened = "one connection to SLOW_ADDR after 500 ms";
        return Err(Failure::new(
            situation,
            expected,
            happened,
            Some(ONE_SLOW_CALL),
        ));
    };
    for mut stream in [first, second] {
        let _ = stream.write_all(b"Cy\n").await;
    }
    for call in calls {
        let reply = call.await.unwrap_or_default();
        if reply.greeting().as_deref() != Some("hello Cy") || reply.status != Some(0) {
            let situation =
                "A call with the name \"slow\"; the neighbour at SLOW_ADDR sends the line \"Cy\"";
            return Err(failure(situation, SLOW, "OK, \"hello Cy\"", &reply, None));
        }
    }
    Ok(())
}

async fn gone(connection: &Connection, slow: &TcpListener) -> Result<(), Failure> {
    let situation = "A call with the name \"slow\"; the neighbour closes without a line";
    let name = text(1, "slow");
    let call = connection.call(SAY_HELLO, &name, None);
    let close = async { asked(slow, situation).await.map(drop) };
    let (reply, closed) = tokio::join!(call, close);
    closed?;
    if reply.status == Some(14) {
        return Ok(());
    }
    let belief = matches!(reply.status, Some(2 | 13)).then_some(WRONG_CODE);
    Err(failure(situation, SLOW, "UNAVAILABLE", &reply, belief))
}

/// Whether the service closes its connection to the neighbour in time.
async fn stops(stream: &mut TcpStream) -> bool {
    let mut buffer = [0; 64];
    let closed = async { while let Ok(1..) = stream.read(&mut buffer).await {} };
    timeout(STOPS, closed).await.is_ok()
}

async fn deadline(connection: &Connection, slow: &TcpListener) -> Result<(), Failure> {
    let limit = Duration::from_millis(300);
    let situation =
        "A call with the name \"slow\" and a deadline of 300 ms; the neighbour says nothing";
    let (response, _body) = connection
        .begin(SAY_HELLO, &text(1, "slow"), Some(limit))
        .await
        .map_err(|e| begun(&e, situation))?;
    let mut stream = asked(slow, situation).await?;
    sleep(limit).await;
    if !stops(&mut stream).await {
        let expected = "the connection to SLOW_ADDR is closed within 500 ms after the deadline";
        return Err(Failure::new(
            situation,
            expected,
            "it is still open",
            Some(WORK_GOES_ON),
        ));
    }
    // Libraries differ in who says it, the server or the client: a status of another kind is wrong.
    let reply = timeout(STOPS, crate::grpc::finish(response)).await;
    match reply {
        Ok(Ok(reply)) if !matches!(reply.status, Some(1 | 4)) => {
            Err(failure(situation, SLOW, "DEADLINE_EXCEEDED", &reply, None))
        }
        _ => Ok(()),
    }
}

async fn cancelled(connection: &Connection, slow: &TcpListener) -> Result<(), Failure> {
    let situation = "A call with the name \"slow\" is cancelled by its caller";
    let (response, mut body) = connection
        .begin(SAY_HELLO, &text(1, "slow"), Some(Duration::from_secs(20)))
        .await
        .map_err(|e| begun(&e, situation))?;
    let mut stream = asked(slow, situation).await?;
    body.send_reset(h2::Reason::CANCEL);
    drop((response, body));
    if stops(&mut stream).await {
        return Ok(());
    }
    let expected = "the connection to SLOW_ADDR is closed within 500 ms";
    Err(Failure::new(
        situation,
        expected,
        "it is still open",
        Some(CANCEL_IS_MISSED),
    ))
}
