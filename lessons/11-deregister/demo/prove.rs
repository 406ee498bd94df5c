//! `-- rolling`, `-- crash`, `-- away`: the proofs of the tests, by hand, with their times.

use std::time::{Duration, Instant};

use l09_register::instance::EVERY;
use l11_deregister::drain::Limits;
use stage::commands::Given;
use stage::load::Count;
use stage::log;
use stage::signal::{on_signal, tell};

use crate::proof::{Setting, away, crash, rolling};
use crate::serve::limits;

/// Which one.
enum Proof {
    Rolling { rounds: u32, careless: bool },
    Crash { rounds: u32, reaped: bool },
    Away(Duration),
}

/// The options of the proofs.
pub struct Prove {
    proof: Proof,
    callers: usize,
    retry: bool,
    every: Duration,
    slow: Option<Duration>,
    limits: Limits,
}

impl Prove {
    /// The options of `rolling`, `crash` and `away`.
    pub fn given(given: &Given) -> anyhow::Result<Self> {
        let rounds: Option<u32> = given.parsed("rounds")?;
        let second = Duration::from_secs(1);
        let (proof, every) = match given.command() {
            "crash" => {
                let (rounds, reaped) = (rounds.unwrap_or(1), given.has("reaped"));
                (Proof::Crash { rounds, reaped }, EVERY)
            }
            "rolling" => {
                let (rounds, careless) = (rounds.unwrap_or(3), given.has("careless"));
                (Proof::Rolling { rounds, careless }, second)
            }
            _ => {
                let time = Duration::from_secs(given.value("seconds")?);
                (Proof::Away(time), second)
            }
        };
        Ok(Prove {
            proof,
            callers: given.value("callers")?,
            retry: !given.has("no-retry"),
            every: given.millis("check-every-ms")?.unwrap_or(every),
            slow: given.millis("slow-ms")?,
            limits: limits(given)?,
        })
    }
}

/// Runs it. It fails if a call has failed.
pub async fn run(prove: Prove) -> anyhow::Result<()> {
    let mut stop = on_signal(false)?;
    let since = Instant::now();
    log::init_as(move |line| tell(&format!("{:8.2}  {line}", since.elapsed().as_secs_f64())));
    let setting = Setting::new(std::env::current_exe()?);
    let setting = Setting {
        callers: prove.callers,
        retry: prove.retry,
        every: prove.every,
        slow: prove.slow.unwrap_or(setting.slow),
        limits: prove.limits,
        ..setting
    };
    let count = tokio::select! {
        count = proven(&setting, prove.proof) => count?,
        // What it has started ends with it.
        _ = stop.wait_for(|stop| *stop) => anyhow::bail!("interrupted"),
    };
    let (failed, calls) = (count.failed.len(), count.calls());
    anyhow::ensure!(failed == 0, "{failed} of {calls} calls failed");
    Ok(())
}

async fn proven(setting: &Setting, proof: Proof) -> anyhow::Result<Count> {
    Ok(match proof {
        Proof::Rolling { rounds, careless } => {
            let report = rolling::run(setting, rounds, careless).await?;
            print!("\n{report}");
            report.count
        }
        Proof::Crash { rounds, reaped } => {
            let report = crash::run(setting, rounds, reaped).await?;
            print!("\n{report}");
            report.count
        }
        Proof::Away(time) => {
            let report = away::run(setting, time).await?;
            print!("\n{report}");
            report.count
        }
    })
}
