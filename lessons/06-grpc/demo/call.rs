//! `-- client`: some calls on one connection, and what came back.

use std::net::SocketAddr;

use anyhow::bail;
use l06_grpc::client::{Client, Options};
use l06_grpc::pb::say::Teacher;
use tonic::metadata::{KeyAndValueRef, MetadataMap};
use tonic::{Response, Status};
use tonic_types::StatusExt;

/// The options of `client`.
pub struct Call {
    pub addr: SocketAddr,
    pub options: Options,
    pub method: Method,
    pub age: i32,
    pub metadata: bool,
    pub names: Vec<String>,
}

/// One of the methods of this lesson.
#[derive(Clone, Copy)]
pub enum Method {
    Greeter,
    Hello,
    Name,
    Teacher,
    Say,
}

impl Method {
    /// The method that `--method` names.
    pub fn named(name: &str) -> anyhow::Result<Self> {
        Ok(match name {
            "greeter" => Method::Greeter,
            "hello" => Method::Hello,
            "name" => Method::Name,
            "teacher" => Method::Teacher,
            "say" => Method::Say,
            other => bail!(
                "--method {other}: there are greeter, hello, name, teacher and say; `--help` says \
                 more"
            ),
        })
    }
}

/// Makes the calls, one after the other.
pub async fn run(call: Call) -> anyhow::Result<()> {
    let client = match Client::connect(call.addr, call.options.clone()).await {
        Ok(client) => client,
        Err(error) => bail!("{error}. Is the server running? `cargo run -p l06-grpc -- server`"),
    };
    let mut failed = 0;
    for name in &call.names {
        match once(&client, call.method, name, call.age).await {
            Ok((metadata, text)) => {
                println!("{text}");
                if call.metadata {
                    show(&metadata);
                }
            }
            // One failed call is no reason not to make the next one.
            Err(status) => {
                failed += 1;
                eprintln!("l06-grpc: the call for `{name}` failed: {}", words(&status));
                if call.metadata {
                    show(status.metadata());
                }
            }
        }
    }
    if failed > 0 {
        bail!("{failed} of {} calls failed", call.names.len());
    }
    Ok(())
}

async fn once(
    client: &Client,
    method: Method,
    name: &str,
    age: i32,
) -> Result<(MetadataMap, String), Status> {
    fn parts<R>(reply: Response<R>, text: fn(R) -> String) -> (MetadataMap, String) {
        let (metadata, message, _) = reply.into_parts();
        (metadata, text(message))
    }
    let name = name.to_string();
    Ok(match method {
        Method::Greeter => parts(client.greet(&name).await?, |reply| reply.message),
        Method::Hello => parts(client.hello(&name).await?, |reply| reply.msg),
        Method::Name => parts(client.name(&name).await?, |reply| reply.msg),
        Method::Teacher => parts(client.teacher(Teacher { age, name }).await?, |reply| {
            format!("{}, {} years", reply.name, reply.age)
        }),
        Method::Say => parts(client.say(&name).await?, |reply| reply.say),
    })
}

/// A status for a person: code, message, and what its details say about fields.
pub fn words(status: &Status) -> String {
    let mut words = format!("{:?} ({})", status.code(), i32::from(status.code()));
    if !status.message().is_empty() {
        words.push_str(&format!(": {}", status.message()));
    }
    for field in status
        .get_details_bad_request()
        .map(|details| details.field_violations)
        .unwrap_or_default()
    {
        let (name, why) = (field.field, field.description);
        words.push_str(&format!("\n    field `{name}`: {why}"));
    }
    words
}

fn show(metadata: &MetadataMap) {
    for pair in metadata.iter() {
        match pair {
            KeyAndValueRef::Ascii(key, value) => {
                println!("    {key}: {}", value.to_str().unwrap_or("?"));
            }
            KeyAndValueRef::Binary(key, value) => {
                println!("    {key}: {} bytes", value.as_encoded_bytes().len());
            }
        }
    }
}
