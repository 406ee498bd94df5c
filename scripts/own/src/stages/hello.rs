//! Stage 4: the gRPC method `SayHello`.

use crate::grpc::{Connection, Reply, failure, text};
use crate::service::Service;
use crate::told::{Belief, Failure};

/// The method.
pub const SAY_HELLO: &str = "/greeter.v1.Greeter/SayHello";

const EMPTY_IS_GREETED: Belief = &(
    "an-empty-field-is-a-value",
    "In proto3 a text field that is missing arrives as an empty text. Validate it: no name is INVALID_ARGUMENT.",
);
const WRONG_CODE: Belief = &(
    "any-error-code-will-do",
    "The code tells the caller what to do: INVALID_ARGUMENT says that the same request will fail again.",
);
const NO_REASON: Belief = &(
    "the-code-says-it-all",
    "The status has a message for people, too. It says which field is wrong: `name`.",
);
const OTHER_TEXT: Belief = &(
    "the-greeting-is-free-text",
    "The reply is `hello NAME`, as the comment in greeter.proto says: a program may read it.",
);
const CUT: Belief = &(
    "grpc-has-the-limit-of-the-lines",
    "A gRPC message can have 4 MB. The limit of 1024 bytes is one of the lines at TCP_ADDR.",
);
const SHARED: Belief = &(
    "one-call-at-a-time",
    "Calls on one connection run at the same time. Keep the data of a call in the call, not in a shared variable.",
);

/// Judges stage 4.
pub async fn judge(service: &Service) -> Result<(), Failure> {
    let connection = Connection::open(service.world.grpc).await?;
    greets(&connection, "A call of SayHello", "Ali").await?;
    greets(
        &connection,
        "A name with letters of more than one byte",
        "Zoë 你好",
    )
    .await?;

    let situation = "A call of SayHello with an empty name";
    let reply = connection.call(SAY_HELLO, &text(1, ""), None).await;
    let call = "SayHello(name: \"\")";
    if reply.status != Some(3) {
        let belief = match reply.status {
            Some(0) => Some(EMPTY_IS_GREETED),
            Some(_) => Some(WRONG_CODE),
            None => None,
        };
        return Err(failure(situation, call, "INVALID_ARGUMENT", &reply, belief));
    }
    if !reply.text.contains("name") {
        let expected = "INVALID_ARGUMENT with a message that names the field `name`";
        return Err(failure(situation, call, expected, &reply, Some(NO_REASON)));
    }

    let situation = "A call of a method that the service does not have";
    let reply = connection
        .call("/greeter.v1.Greeter/SayGoodbye", &text(1, "Ali"), None)
        .await;
    if reply.status != Some(12) {
        return Err(failure(
            situation,
            "SayGoodbye",
            "UNIMPLEMENTED",
            &reply,
            None,
        ));
    }
    let situation = "A message that is cut off in its middle (bytes 0a 05 61)";
    let reply = connection.call(SAY_HELLO, &[10, 5, b'a'], None).await;
    if reply.status.is_none_or(|status| status == 0) {
        return Err(failure(
            situation,
            "SayHello(0a 05 61)",
            "an error status",
            &reply,
            None,
        ));
    }
    let long = "x".repeat(100_000);
    greets(&connection, "A name of 100000 bytes", &long).await?;

    let calls: Vec<_> = (0..100)
        .map(|n| {
            let connection = connection.clone();
            tokio::spawn(async move {
                let situation = "100 calls at the same time on one connection";
                greets(&connection, situation, &format!("caller {n}")).await
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap_or(Ok(()))?;
    }
    Ok(())
}

async fn greets(connection: &Connection, situation: &str, name: &str) -> Result<(), Failure> {
    let reply = connection.call(SAY_HELLO, &text(1, name), None).await;
    let right = format!("hello {name}");
    if reply.status == Some(0) && reply.greeting().as_ref() == Some(&right) {
        return Ok(());
    }
    let short = if name.len() > 60 { "xxx..." } else { name };
    let belief = recognise(&reply, name);
    Err(failure(
        situation,
        &format!("SayHello(name: {short:?})"),
        &format!("OK, \"hello {short}\""),
        &reply,
        belief,
    ))
}

fn recognise(reply: &Reply, name: &str) -> Option<Belief> {
    if name.len() > 1024 {
        return reply.trouble.is_none().then_some(CUT);
    }
    let greeting = reply.greeting()?;
    if greeting.starts_with("hello caller") {
        Some(SHARED)
    } else if greeting.contains(name) {
        Some(OTHER_TEXT)
    } else {
        None
    }
}
