//! `-- client`: calls calculators.

use crate::world::client::Client;
use anyhow::{Context, bail};
use l12_resilience::caller::{Failed, How};
use l12_resilience::member::Member;
use stage::commands::Given;
use stage::signal::{on_signal, tell};
use tokio::time::sleep;
use tonic::Code;

use crate::options::{self, Calling};

/// What is to be calculated.
#[derive(Clone, Copy)]
enum Calculation {
    Mul(i64, i64),
    Div(i64, i64),
    Remember(i64),
}

/// `mul`, `div` or `remember`, and the numbers that follow.
fn calculation(given: &Given) -> anyhow::Result<Calculation> {
    let [word, numbers @ ..] = given.words() else {
        bail!("what shall be calculated? For example: client mul 25 4");
    };
    let number = |place: usize| {
        let words = "two whole numbers follow mul and div, one follows remember";
        let number = numbers.get(place).context(words)?;
        (number.parse()).with_context(|| format!("`{number}`: {words}"))
    };
    let (calculation, words) = match word.as_str() {
        "mul" => (Calculation::Mul(number(0)?, number(1)?), 3),
        "div" => (Calculation::Div(number(0)?, number(1)?), 3),
        "remember" => (Calculation::Remember(number(0)?), 2),
        _ => bail!("`{word}` cannot be calculated: mul, div, remember"),
    };
    given.at_most(words)?;
    Ok(calculation)
}

/// Makes the calls, one after the other.
pub async fn run(given: &Given) -> anyhow::Result<()> {
    let (addr, calling) = (given.address("addr")?, Calling::given(given)?);
    let calculation = calculation(given)?;
    let (key, times) = (given.text("key"), given.value("times")?);
    let pause = given.millis("pause-ms")?.unwrap_or_default();
    let mut stop = on_signal(false)?;
    let client = calling.client().unwrap_or_else(|| {
        let alone = vec![Member::new(addr.to_string(), addr)];
        options::client(alone, calling.settings)
    });
    let (mut made, mut failed) = (0, 0);
    for _ in 0..u32::max(times, 1) {
        if made > 0 {
            sleep(pause).await;
        }
        let outcome = tokio::select! {
            outcome = one(&client, calculation, key) => outcome,
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
async fn one(client: &Client, what: Calculation, key: Option<&str>) -> Result<String, Failed> {
    let how = How {
        key: key.map(str::to_string),
        ..How::once()
    };
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
            "start one with `cargo run -p l12-resilience -- server`, or name others: --servers A,B \
             --fail over"
        }
        Code::DeadlineExceeded => "a second call could have been made in time: --fail backup",
        _ => return failed.to_string(),
    };
    format!("{failed}\n    {what}")
}
