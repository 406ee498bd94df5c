//! `-- rolling`, `-- crash`, `-- away`: the proofs of the tests, by hand, with their times.

use std::time::{Duration, Instant};

use l06_grpc::listen::{on_signal, tell};
use l11_deregister::drain::Limits;
use l11_deregister::load::Count;
use l11_deregister::proof::{Setting, away, crash, rolling};

/// Which one.
pub enum Proof {
    Rolling { rounds: u32, careless: bool },
    Crash { rounds: u32, reaped: bool },
    Away(Duration),
}

/// What was asked for.
pub struct Prove {
    pub proof: Proof,
    pub callers: usize,
    pub retry: bool,
    pub every: Duration,
    pub slow: Option<Duration>,
    pub limits: Limits,
}

/// Runs it. It fails if a call has failed.
pub async fn run(prove: Prove) -> anyhow::Result<()> {
    let mut stop = on_signal(false)?;
    let since = Instant::now();
    let say = move |line: &str| tell(&format!("{:8.2}  {line}", since.elapsed().as_secs_f64()));
    let setting = Setting::new(std::env::current_exe()?, say);
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
