//! The experiment of `--kill-leader`: the leader crashes, and a clock runs.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::super::{LOOK, Lab as _, seconds};
use super::NAMES;
use super::watch::Lab;
use crate::http;

/// A part of the experiment may take so long. An election takes two seconds at worst; a busy machine
/// needs more.
const LIMIT: Duration = Duration::from_secs(120);

/// When each thing was seen, counted from the kill.
#[derive(Default)]
struct Times {
    noticed: Option<Duration>,
    elected: Option<(Duration, &'static str)>,
    answered: Option<Duration>,
}

/// Kills the leader, watches, and starts it again.
pub async fn run(lab: &mut Lab) -> Result<()> {
    let old = lab.leader.context("no leader")?;
    let survivor = lab.etcds[(old + 1) % NAMES.len()].addr();
    // A leader that has only just been elected is still busy with it.
    write(survivor, Instant::now()).await;
    lab.say("a key was written: the cluster works");

    let pid = lab.etcds[old].id();
    lab.say(&format!(
        "kill -9 {pid}: the leader, {}, crashes",
        NAMES[old]
    ));
    let since = Instant::now();
    lab.etcds[old].kill();
    let mut writing = tokio::spawn(write(survivor, since));
    let mut times = Times::default();
    loop {
        lab.look().await;
        let now = since.elapsed();
        if lab.nobody_leads() {
            times.noticed.get_or_insert(now);
        }
        if let Some(new) = lab.leader.filter(|new| *new != old) {
            times.elected.get_or_insert((now, NAMES[new]));
        }
        if times.answered.is_none() && writing.is_finished() {
            times.answered = Some((&mut writing).await?);
            lab.say("a key was written through one that is left");
        }
        if times.elected.is_some() && times.answered.is_some() {
            break;
        }
        if now > LIMIT {
            writing.abort();
            bail!(
                "{} s after the kill there is still no leader",
                LIMIT.as_secs()
            );
        }
        tokio::time::sleep(LOOK).await;
    }

    let pid = lab.start(old)?;
    lab.say(&format!("{} is started again (process {pid})", NAMES[old]));
    let back = Instant::now();
    if !lab.until(LIMIT, |lab| lab.is_whole()).await {
        bail!(
            "{} has not come back:\n{}",
            NAMES[old],
            lab.etcds[old].last_words()
        );
    }
    report(lab, &times, NAMES[old], back.elapsed());
    Ok(())
}

fn report(lab: &Lab, times: &Times, old: &str, back: Duration) {
    let (elected, new) = times.elected.unzip();
    let new = new.unwrap_or("?");
    say!();
    say!("After kill -9 of the leader (election timeout 1 s, etcd's own):");
    say!(
        "{}  one that is left notices that there is no leader",
        seconds(times.noticed)
    );
    say!("{}  {new} leads", seconds(elected));
    say!("{}  a key can be written again", seconds(times.answered));
    say!("After the start of {old}:");
    say!(
        "{}  it is back, and follows {}",
        seconds(Some(back)),
        lab.leader.map_or("?", |place| NAMES[place])
    );
    say!(
        "({} etcds; times are looked at every {} ms)",
        NAMES.len(),
        LOOK.as_millis()
    );
}

/// Writes a key, again and again until it is written. The time since `since`.
async fn write(to: SocketAddr, since: Instant) -> Duration {
    // What was under way to a leader that has died is not answered before etcd's own limit of seven
    // seconds. A request that is repeated is served as soon as there is a new leader.
    const PATIENCE: Duration = Duration::from_millis(500);
    // `workbook` and `x`: keys and values are bytes, so JSON has them in base64.
    let body = r#"{"key":"d29ya2Jvb2s=","value":"eA=="}"#;
    loop {
        match http::ask(to, "POST", "/v3/kv/put", body, PATIENCE).await {
            Ok(answer) if answer.status == 200 => return since.elapsed(),
            _ => tokio::time::sleep(LOOK).await,
        }
    }
}
