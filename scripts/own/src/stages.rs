//! The stages in their order, and the run of one.

mod calls;
mod captcha;
mod count;
mod discover;
mod hello;
mod http_api;
mod json_rpc;
mod lines;
mod many;
mod neighbours;
mod register;
mod rolling;
mod second;
mod shutdown;
mod stream;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::order::Order;
use crate::service::{Service, World};
use crate::told::Failure;

/// A stage takes no longer than this.
pub const LIMIT: Duration = Duration::from_secs(10);

/// One stage.
#[derive(Debug, Clone, Deserialize)]
pub struct Stage {
    /// Its id in the record.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// The lesson that it belongs to.
    pub lesson: String,
    /// Programs of the course that its judge starts.
    #[serde(default)]
    pub programs: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    stage: Vec<Stage>,
}

/// All stages, from `stages.toml`.
///
/// # Errors
/// What is wrong with that file.
pub fn all() -> anyhow::Result<Vec<Stage>> {
    let file: File = toml::from_str(include_str!("../stages.toml"))?;
    Ok(file.stage)
}

/// The result of one stage, one line of JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outcome {
    /// Number of the stage, from 1.
    pub stage: usize,
    /// Its id.
    pub id: String,
    /// Whether it has passed.
    pub passed: bool,
    /// Whether it was ended at the limit.
    #[serde(default)]
    pub timed_out: bool,
    /// From the start of the program to its end.
    pub seconds: f64,
    /// What is wrong.
    pub message: String,
    /// Slug of the belief that is recognised.
    pub belief: Option<String>,
}

/// Judges stage `number`, from 1, of the service of `order`.
///
/// # Errors
/// If there is no such stage, or the machine has no port.
pub fn run(order: &Order, number: usize) -> anyhow::Result<Outcome> {
    let started = Instant::now();
    let all = all()?;
    let stage = number
        .checked_sub(1)
        .and_then(|index| all.get(index))
        .ok_or_else(|| anyhow::anyhow!("there is no stage {number}: 1 to {}", all.len()))?;
    let failure = judge(order, &stage.id)?;
    Ok(Outcome {
        stage: number,
        id: stage.id.clone(),
        passed: failure.is_none(),
        timed_out: false,
        seconds: started.elapsed().as_secs_f64(),
        message: failure.as_ref().map(Failure::text).unwrap_or_default(),
        belief: failure.and_then(|failure| Some(failure.belief?.0.to_owned())),
    })
}

/// Runs a judge that makes many calls at once.
fn call(judge: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime =
        runtime.map_err(|e| Failure::new("The judge begins", "it can", e.to_string(), None))?;
    runtime.block_on(judge)
}

fn judge(order: &Order, id: &str) -> anyhow::Result<Option<Failure>> {
    type Judge = fn(&mut Service) -> Result<(), Failure>;
    let mut world = World::new()?;
    // A stage with neighbours starts them and the service itself.
    let with_neighbours = match id {
        "own-register" => Some(register::judge(order, world.clone())),
        "own-discover" => Some(discover::judge(order, world.clone())),
        "own-rolling" => Some(rolling::judge(order, world.clone())),
        "own-neighbours" => Some(neighbours::judge(order, world.clone())),
        "own-registry" => Some(second::judge(order)),
        "own-count" => Some(count::judge(order)),
        _ => None,
    };
    if let Some(judged) = with_neighbours {
        return Ok(judged.err());
    }
    let (name, port, judge): (&str, SocketAddr, Judge) = match id {
        "own-lines" => ("TCP_ADDR", world.tcp, lines::judge),
        "own-many" => {
            world.line = Duration::from_secs(1);
            ("TCP_ADDR", world.tcp, many::judge)
        }
        "own-json-rpc" => ("JSON_RPC_ADDR", world.json_rpc, json_rpc::judge),
        "own-grpc" => ("GRPC_ADDR", world.grpc, |service| {
            call(hello::judge(service))
        }),
        "own-calls" => ("GRPC_ADDR", world.grpc, |service| {
            call(calls::judge(service))
        }),
        "own-stream" => ("GRPC_ADDR", world.grpc, |service| {
            call(stream::judge(service))
        }),
        "own-shutdown" => ("GRPC_ADDR", world.grpc, |service| {
            call(shutdown::judge(service))
        }),
        "own-http" => ("HTTP_ADDR", world.http, http_api::judge),
        "own-captcha" => {
            world.asks = true;
            ("HTTP_ADDR", world.http, captcha::judge)
        }
        _ => anyhow::bail!("stage {id} has no judge"),
    };
    let mut service = match Service::start(order, world, name, port) {
        Ok(service) => service,
        Err(failure) => return Ok(Some(failure)),
    };
    let judged = judge(&mut service).err();
    Ok(judged.map(|failure| {
        if id == "own-shutdown" {
            // Its end is what the stage is about, and is told already.
            failure
        } else {
            explained(&mut service, failure)
        }
    }))
}

/// A program that has ended explains what is missing.
fn explained(service: &mut Service, mut failure: Failure) -> Failure {
    // A connection closes before its program has ended and its last words have arrived.
    std::thread::sleep(Duration::from_millis(100));
    if let Some(why) = service.ended() {
        failure.happened = format!("{}\n{why}", failure.happened);
        failure.belief = None;
    } else if failure.happened.contains("closed the connection") {
        failure.happened.push_str(&service.last_words());
    }
    failure
}
