//! The scenes about the registry itself: blocking queries, compare-and-set, definition files, DNS.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::json;

use super::stage::Stage;
use crate::dns;
use crate::peer::Peer;

/// A blocking query, woken by a change; and one that nothing happens to.
pub async fn waiting(stage: &mut Stage, greeters: &mut Peer) -> anyhow::Result<()> {
    stage.scene("3. A blocking query is answered at once");
    let path = "/v1/health/service/greeter?passing";
    let seen = stage.get(path).await?.index;
    let question = format!("{path}&index={seen}&wait=5m");
    stage.say(&format!("GET {question}"));
    let agent = stage.agent;
    let waiting = tokio::spawn(async move {
        let answer = l08_consul::ask::get(agent, &question).await;
        answer.map(|answer| (answer, Instant::now()))
    });
    // It is on its way; what comes before it has arrived would be no change to wait for.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let since = Instant::now();
    greeters.order("3 warn service:greeter-3").await?;
    let (answer, at) = waiting.await??;
    stage.say(&format!(
        "greeter-3 reports a warning. {:.1} ms later: the answer, index {}.",
        at.saturating_duration_since(since).as_secs_f64() * 1000.0,
        answer.index
    ));
    greeters.order("3 pass service:greeter-3").await?;
    let mut seen = answer.index;
    let moved = async |stage: &Stage| Ok(stage.get(path).await?.index > seen);
    stage.until("the index moves", moved).await?;
    seen = stage.get(path).await?.index;

    let wait = match &stage.pace.clock {
        Some(_) => 10,
        None => 2,
    };
    let question = format!("{path}&index={seen}&wait={wait}s");
    stage.say(&format!("GET {question}"));
    let waiting = tokio::spawn(async move { l08_consul::ask::get(agent, &question).await });
    let (before, real) = (stage.seconds(), Instant::now());
    tokio::time::sleep(Duration::from_millis(100)).await;
    if let Some(clock) = &stage.pace.clock {
        // A random part of the wait, up to a sixteenth, is added to it.
        clock.advance(Duration::from_secs(wait + 1)).await;
    }
    let answer = waiting.await??;
    stage.say(&format!(
        "After {:.0} s of its time ({:.1} s of ours) the wait is over: {}, {} {}.",
        stage.seconds() - before,
        real.elapsed().as_secs_f64(),
        answer.status,
        if answer.index == seen {
            "the same index"
        } else {
            "index"
        },
        answer.index
    ));
    Ok(())
}

/// Compare and set.
pub async fn two_who_want(stage: &mut Stage) -> anyhow::Result<()> {
    stage.scene("4. Two clients want to be the leader");
    stage.say("PUT /v1/kv/leader?cas=0 means: only if the key does not exist.");
    for name in ["server-1", "server-2"] {
        let answer = stage.put("/v1/kv/leader?cas=0", name).await?;
        stage.say(&format!("{name}: {}", answer.body.trim()));
    }
    let pair = stage.get("/v1/kv/leader").await?.json();
    let index = pair[0]["ModifyIndex"].as_u64().context("an index")?;
    stage.say(&format!(
        "The key is at index {index}, and holds {} (base64 of `server-1`).",
        pair[0]["Value"]
    ));
    for name in ["server-3", "server-4"] {
        let path = format!("/v1/kv/leader?cas={index}");
        let answer = stage.put(&path, name).await?;
        stage.say(&format!(
            "{name}, with index {index}: {}",
            answer.body.trim()
        ));
    }
    Ok(())
}

/// A definition file, and two that are refused.
pub async fn a_file(stage: &mut Stage) -> anyhow::Result<()> {
    stage.scene("5. A definition file, and registrations that are refused");
    let file = stage.definitions.join("faceid.json");
    let definition = json!({"service": {"name": "Faceid", "port": 9000, "tags": ["camera"]}});
    std::fs::write(&file, definition.to_string())?;
    let known = async |stage: &Stage| -> anyhow::Result<&'static str> {
        let answer = stage.get("/v1/agent/service/Faceid").await?;
        Ok(if answer.status == 200 {
            "listed"
        } else {
            "not listed"
        })
    };
    stage.say(&format!("faceid.json is written: {}", known(stage).await?));
    stage.done("/v1/agent/reload", "").await?;
    stage.say(&format!("PUT /v1/agent/reload: {}", known(stage).await?));
    std::fs::write(
        &file,
        "{\"service\": {\"name\": \"Faceid\", \"prot\": 9000}}",
    )?;
    let answer = stage.put("/v1/agent/reload", "").await?;
    let folder = stage.definitions.display().to_string();
    let words = answer.body.replace(&format!("{folder}/"), "");
    stage.say(&format!("A typing mistake, and reload: {}", answer.status));
    for line in words.trim().lines() {
        stage.say(&format!("  {line}"));
    }
    stage.say(&format!("And still: {}", known(stage).await?));
    std::fs::write(&file, definition.to_string())?;
    let old = json!({"Name": "old", "Check": {"Script": "/bin/true", "Interval": "10s"}});
    let answer = stage
        .put("/v1/agent/service/register", &old.to_string())
        .await?;
    stage.say(&format!(
        "A check with `Script`, as in old tutorials: {}",
        answer.status
    ));
    stage.say(&format!("  {}", answer.body.trim()));
    Ok(())
}

/// The registry as a name server: only the real one is.
pub async fn names(stage: &mut Stage, server: SocketAddr) -> anyhow::Result<()> {
    stage.scene("6. The same registry, asked by DNS");
    for (name, kind) in [
        ("greeter.service.consul", dns::Kind::A),
        ("greeter.service.consul", dns::Kind::Srv),
        ("faceid.service.consul", dns::Kind::Srv),
        ("camera.faceid.service.consul", dns::Kind::A),
        ("unknown.service.consul", dns::Kind::A),
    ] {
        stage.say(name);
        for line in dns::ask(server, name, kind).await? {
            stage.say(&format!("    {line}"));
        }
    }
    Ok(())
}
