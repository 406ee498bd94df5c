//! `-- client`: lets others calculate.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use l06_grpc::listen::{on_signal, tell};
use l12_resilience::caller::{Failed, How};
use l12_resilience::client::Client;
use l12_resilience::member::Member;
use l12_resilience::server::PORT;
use lexopt::prelude::*;
use tokio::time::sleep;
use tonic::Code;

use crate::options::{self, Calling};

/// What `client` was told.
#[derive(Default)]
pub struct Ask {
    /// Called if `calling` names nobody.
    pub addr: Option<SocketAddr>,
    pub calling: Calling,
    pub calculation: Calculation,
    pub key: Option<String>,
    /// 0 is 1.
    pub times: u32,
    pub pause: Duration,
}

/// What is to be calculated.
#[derive(Clone, Copy)]
pub enum Calculation {
    Mul(i64, i64),
    Div(i64, i64),
    Remember(i64),
}

impl Default for Calculation {
    fn default() -> Self {
        Calculation::Mul(25, 4)
    }
}

/// `mul`, `div` or `remember`, and the numbers that follow. Numbers may be negative, and are no options.
pub fn calculation(word: &str, parser: &mut lexopt::Parser) -> anyhow::Result<Calculation> {
    let mut number = || {
        let words = "two whole numbers follow mul and div, one follows remember";
        let number = parser.value().context(words)?.string()?;
        (number.parse()).with_context(|| format!("`{number}`: {words}"))
    };
    Ok(match word {
        "mul" => Calculation::Mul(number()?, number()?),
        "div" => Calculation::Div(number()?, number()?),
        "remember" => Calculation::Remember(number()?),
        _ => bail!("`{word}` cannot be calculated: mul, div, remember"),
    })
}

/// Makes the calls, one after the other.
pub async fn run(ask: Ask) -> anyhow::Result<()> {
    let mut stop = on_signal(false)?;
    let client = ask.calling.client().unwrap_or_else(|| {
        let usual = SocketAddr::from(([127, 0, 0, 1], PORT));
        let addr = ask.addr.unwrap_or(usual);
        let alone = vec![Member::new(addr.to_string(), addr)];
        options::client(alone, ask.calling.settings())
    });
    let (mut made, mut failed) = (0, 0);
    for _ in 0..ask.times.max(1) {
        if made > 0 {
            sleep(ask.pause).await;
        }
        let outcome = tokio::select! {
            outcome = one(&client, ask.calculation, ask.key.clone()) => outcome,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        made += 1;
        match outcome {
            Ok(line) => tell(&line),
            Err(error) => {
                failed += 1;
                eprintln!("l12-resilience: {}", advice(&error));
            }
        }
    }
    if failed > 0 {
        bail!("{failed} of {made} calls failed");
    }
    Ok(())
}

/// One call, as a line.
async fn one(client: &Client, what: Calculation, key: Option<String>) -> Result<String, Failed> {
    let how = How { key, ..How::once() };
    let (line, by, attempts) = match what {
        Calculation::Mul(a, b) => {
            let (reply, attempts) = client.mul(how, a, b).await?;
            (
                format!("{a} * {b} = {}", reply.product),
                reply.answered_by,
                attempts,
            )
        }
        Calculation::Div(a, b) => {
            let (reply, attempts) = client.div(how, a, b).await?;
            let line = format!(
                "{a} / {b} = {} remainder {}",
                reply.quotient, reply.remainder
            );
            (line, reply.answered_by, attempts)
        }
        Calculation::Remember(n) => {
            let (reply, attempts) = client.remember(how, n).await?;
            let line = format!("{n} added, the memory is {}", reply.memory);
            (line, reply.answered_by, attempts)
        }
    };
    let again = match attempts {
        1 => String::new(),
        attempts => format!(", attempt {attempts}"),
    };
    Ok(format!("{line}   ({by}{again})"))
}

/// The failure, and what a person can do.
fn advice(failed: &Failed) -> String {
    let what = match failed.status().code() {
        Code::Unavailable => {
            "start one with `cargo run -p l12-resilience -- server`, or ask others: --servers A,B \
             --fail over"
        }
        Code::DeadlineExceeded => "a second one could have been asked in time: --fail backup",
        _ => return failed.to_string(),
    };
    format!("{failed}\n    {what}")
}
