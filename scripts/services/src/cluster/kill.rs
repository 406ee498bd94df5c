//! The experiment of `--kill-leader`: the leader crashes, and a clock runs.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::{LOOK, Lab, Write, seconds};
use crate::http;

/// A part of the experiment may take so long. With Consul's own timing an election takes half a
/// minute at worst; a busy machine needs more.
const LIMIT: Duration = Duration::from_secs(120);

/// When each thing was seen, counted from the kill.
#[derive(Default)]
struct Times {
    noticed: Option<Duration>,
    elected: Option<(Duration, usize)>,
    answered: Option<Duration>,
    /// When the others had it on their list as failed, if they keep one.
    failed: Option<Duration>,
}

/// Kills the leader, watches, and starts it again.
pub async fn run<L: Lab>(lab: &mut L) -> Result<()> {
    let old = lab.leader().context("no leader")?;
    let (name, one) = (L::NAMES[old], L::ONE);
    let survivor = lab.addr((old + 1) % L::NAMES.len());
    // A leader that has only just been elected is still busy with it.
    write(survivor, L::WRITE, Instant::now()).await;
    lab.say("a key was written: the cluster works");

    let pid = lab.pid(old);
    lab.say(&format!("kill -9 {pid}: the leader, {name}, crashes"));
    let since = Instant::now();
    lab.kill(old);
    let mut writing = tokio::spawn(write(survivor, L::WRITE, since));
    let mut times = Times::default();
    loop {
        lab.look().await;
        let now = since.elapsed();
        if lab.is_without_leader() {
            times.noticed.get_or_insert(now);
        }
        if let Some(new) = lab.leader().filter(|new| *new != old) {
            times.elected.get_or_insert((now, new));
        }
        let failed = lab.lists_as_failed(old);
        if failed == Some(true) {
            times.failed.get_or_insert(now);
        }
        if times.answered.is_none() && writing.is_finished() {
            times.answered = Some((&mut writing).await?);
            lab.say(&format!("a key was written through {one} that is left"));
        }
        let listed = failed.is_none() || times.failed.is_some();
        if times.elected.is_some() && times.answered.is_some() && listed {
            break;
        }
        if now > LIMIT {
            writing.abort();
            let limit = LIMIT.as_secs();
            bail!("{limit} s after the kill there is still no leader that all see");
        }
        tokio::time::sleep(LOOK).await;
    }

    let pid = lab.start(old)?;
    lab.say(&format!("{name} is started again (process {pid})"));
    let back = Instant::now();
    if !lab.until(LIMIT, |lab| lab.is_whole()).await {
        bail!("{name} has not come back:\n{}", lab.last_words(old));
    }
    report(lab, &times, name, back.elapsed());
    Ok(())
}

fn report<L: Lab>(lab: &L, times: &Times, old: &str, back: Duration) {
    let named = |place: Option<usize>| place.map_or("?", |place| L::NAMES[place]);
    let (elected, new) = times.elected.unzip();
    let line = |time, words: &str| say!("{}  {words}", seconds(time));
    say!("\nAfter kill -9 of the leader ({}):", lab.timing());
    let noticed = format!("{} that is left notices that there is no leader", L::ONE);
    line(times.noticed, &noticed);
    line(elected, &format!("{} leads", named(new)));
    line(times.answered, "a key can be written again");
    if times.failed.is_some() {
        let failed = format!("{old} is failed in the list of members");
        line(times.failed, &failed);
    }
    say!("After the start of {old}:");
    let follows = format!("it is {}, and follows {}", L::BACK, named(lab.leader()));
    line(Some(back), &follows);
    say!(
        "({} {}s; times are looked at every {} ms)",
        L::NAMES.len(),
        L::WHAT,
        LOOK.as_millis()
    );
}

/// Writes a key, again and again until it is written. The time since `since`.
async fn write(to: SocketAddr, write: Write, since: Instant) -> Duration {
    let Write {
        method,
        path,
        body,
        patience,
    } = write;
    loop {
        match http::ask(to, method, path, body, patience).await {
            Ok(answer) if answer.status == 200 => return since.elapsed(),
            _ => tokio::time::sleep(LOOK).await,
        }
    }
}
