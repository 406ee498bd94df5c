//! The experiment of `--kill-leader`: the leader crashes, and a clock runs.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::super::{LOOK, Lab as _, seconds};
use super::node::{Member, NAMES};
use super::watch::Lab;
use crate::http;

/// A part of the experiment may take so long. With Consul's own timing an election takes half a
/// minute at worst; a busy machine needs more.
const LIMIT: Duration = Duration::from_secs(120);

/// When each thing was seen, counted from the kill.
#[derive(Default)]
struct Times {
    noticed: Option<Duration>,
    elected: Option<(Duration, &'static str)>,
    answered: Option<Duration>,
    failed: Option<Duration>,
}

/// Kills the leader, watches, and starts it again.
pub async fn run(lab: &mut Lab) -> Result<()> {
    let old = lab.leader.context("no leader")?;
    let place = Lab::place_of(old);
    let survivors: Vec<SocketAddr> = lab
        .nodes
        .iter()
        .filter(|node| node.name != old)
        .map(|node| node.http(lab.wiring.ports))
        .collect();

    // A leader that has only just been elected is still busy with it.
    write(survivors[0], Instant::now()).await;
    lab.say("a key was written: the cluster works");

    let pid = lab.nodes[place].pid;
    lab.say(&format!("kill -9 {pid}: the leader, {old}, crashes"));
    let since = Instant::now();
    lab.nodes[place].kill();
    let mut writing = tokio::spawn(write(survivors[0], since));
    let mut times = Times::default();
    loop {
        lab.look().await;
        let now = since.elapsed();
        let mut beliefs = lab.beliefs.iter().flatten();
        if beliefs.any(|belief| belief.leader.is_none()) {
            times.noticed.get_or_insert(now);
        }
        if let Some(new) = lab.leader.filter(|new| *new != old) {
            times.elected.get_or_insert((now, new));
        }
        let mut beliefs = lab.beliefs.iter().flatten();
        if beliefs.all(|belief| belief.members[place] == Some(Member::Failed)) {
            times.failed.get_or_insert(now);
        }
        if times.answered.is_none() && writing.is_finished() {
            times.answered = Some((&mut writing).await?);
            lab.say("a key was written through a server that is left");
        }
        if times.elected.is_some() && times.answered.is_some() && times.failed.is_some() {
            break;
        }
        if now > LIMIT {
            writing.abort();
            bail!(
                "{} s after the kill there is still no leader that all see",
                LIMIT.as_secs()
            );
        }
        tokio::time::sleep(LOOK).await;
    }

    let pid = lab.start(place)?;
    lab.say(&format!("{old} is started again (process {pid})"));
    let back = Instant::now();
    if !lab.until(LIMIT, |lab| lab.is_whole()).await {
        bail!(
            "{old} has not come back:\n{}",
            lab.nodes[place].last_words()
        );
    }
    report(lab, &times, old, back.elapsed());
    Ok(())
}

fn report(lab: &Lab, times: &Times, old: &str, back: Duration) {
    let new = times.elected.map_or("?", |(_, new)| new);
    say!();
    say!(
        "After kill -9 of the leader (raft_multiplier {}):",
        lab.wiring.raft_multiplier
    );
    say!(
        "{}  a server that is left notices that there is no leader",
        seconds(times.noticed)
    );
    say!(
        "{}  {new} leads",
        seconds(times.elected.map(|(time, _)| time))
    );
    say!("{}  a key can be written again", seconds(times.answered));
    say!(
        "{}  {old} is failed in the list of members",
        seconds(times.failed)
    );
    say!("After the start of {old}:");
    say!(
        "{}  it is alive again, and follows {}",
        seconds(Some(back)),
        lab.leader.unwrap_or("?")
    );
    say!(
        "({} servers; times are looked at every {} ms)",
        NAMES.len(),
        LOOK.as_millis()
    );
}

/// Writes a key, again and again until it is written. The time since `since`.
async fn write(to: SocketAddr, since: Instant) -> Duration {
    const PATIENCE: Duration = Duration::from_secs(10);
    loop {
        match http::ask(to, "PUT", "/v1/kv/workbook", "x", PATIENCE).await {
            Ok(answer) if answer.status == 200 => return since.elapsed(),
            _ => tokio::time::sleep(LOOK).await,
        }
    }
}
