//! The scenes about health: registered, healthy and deregistered instances.

use l08_consul::ask;
use serde_json::json;

use super::stage::Stage;
use crate::peer::Peer;

/// Three registrations, each with another kind of check.
pub async fn registered(stage: &mut Stage, greeters: &mut Peer) -> anyhow::Result<()> {
    stage.scene("1. Three greeters register, each with another check");
    let (interval, ttl) = (stage.pace.interval, stage.pace.ttl);
    let addresses = greeters.addresses.clone();
    let how = [
        json!({"HTTP": format!("http://{}/health", addresses[0]), "Interval": format!("{interval}s")}),
        json!({"TCP": addresses[1].to_string(), "Interval": format!("{interval}s")}),
        json!({"TTL": format!("{ttl}s")}),
    ];
    for ((number, address), mut check) in (1..).zip(&addresses).zip(how) {
        check["DeregisterCriticalServiceAfter"] = json!("1m");
        let body = json!({
            "ID": format!("greeter-{number}"),
            "Name": "greeter",
            "Address": "127.0.0.1",
            "Port": address.port(),
            "Check": check,
        });
        if number == 1 {
            stage.say("PUT /v1/agent/service/register");
            stage.say(&format!("{body}"));
        }
        stage
            .done("/v1/agent/service/register", &body.to_string())
            .await?;
    }
    stage
        .note("all three are registered: HTTP, TCP, TTL")
        .await?;
    stage.turns("service:greeter-1", "passing").await?;
    stage.turns("service:greeter-2", "passing").await?;
    greeters.order("3 pass service:greeter-3").await?;
    stage.turns("service:greeter-3", "passing").await?;
    stage.say(
        "A registered instance is not listed as passing: its check is critical until it has run.",
    );
    stage.say("No check of the agent runs for greeter-3: it has to send a heartbeat, and did.");

    let found = stage
        .get("/v1/health/service/greeter?passing")
        .await?
        .json();
    let service = &found[0]["Service"];
    stage.say("The greeting call, by name: GET /v1/health/service/greeter?passing says");
    let (host, port) = (service["Address"].as_str().unwrap_or(""), &service["Port"]);
    let address = format!("{host}:{port}").parse()?;
    let greeting = ask::get(address, "/greet/wire").await?;
    stage.say(&format!(
        "{address}, and there: GET /greet/wire: {}",
        greeting.body
    ));
    Ok(())
}

/// Each of the four kinds turns red and green again.
pub async fn four_checks(stage: &mut Stage, greeters: &mut Peer) -> anyhow::Result<()> {
    stage.scene("2. Four kinds of checks");
    stage.say("HTTP: the status code decides.");
    for (code, status) in [(429, "warning"), (500, "critical"), (200, "passing")] {
        greeters.order(&format!("1 status {code}")).await?;
        beat(stage, greeters).await?;
        stage.turns("service:greeter-1", status).await?;
    }
    stage.say("TCP: the port accepts a connection, or it does not.");
    for (order, status) in [("2 close", "critical"), ("2 open", "passing")] {
        greeters.order(order).await?;
        beat(stage, greeters).await?;
        stage.turns("service:greeter-2", status).await?;
    }
    stage.say(&format!(
        "TTL: without a heartbeat for {} s the check turns critical.",
        stage.pace.ttl
    ));
    beat(stage, greeters).await?;
    stage.turns("service:greeter-3", "critical").await?;
    beat(stage, greeters).await?;
    stage.turns("service:greeter-3", "passing").await?;
    stage.say("Script: the exit code decides. This check belongs to the node, so it counts for all greeters.");
    let level = stage.definitions.join("level");
    let script = format!(
        "read level < {0}; echo disk: $level; case $level in full) exit 2;; filling) exit 1;; esac",
        level.display()
    );
    let interval = format!("{}s", stage.pace.interval);
    for (words, status) in [
        ("half empty", "passing"),
        ("filling", "warning"),
        ("full", "critical"),
        ("half empty", "passing"),
    ] {
        std::fs::write(&level, format!("{words}\n"))?;
        if stage.check("disk").await?.is_none() {
            let body = json!({
                "ID": "disk",
                "Name": "room on the disk",
                "Args": ["sh", "-c", script],
                "Interval": interval,
            });
            stage
                .done("/v1/agent/check/register", &body.to_string())
                .await?;
        }
        beat(stage, greeters).await?;
        stage.turns("disk", status).await?;
    }
    stage.done("/v1/agent/check/deregister/disk", "").await?;
    beat(stage, greeters).await
}

/// While time passes, greeter-3 goes on saying that it is well.
async fn beat(stage: &Stage, greeters: &mut Peer) -> anyhow::Result<()> {
    greeters.order("3 pass service:greeter-3").await?;
    let well = async |stage: &Stage| {
        let check = stage.check("service:greeter-3").await?;
        Ok(check.is_some_and(|check| check["Status"] == "passing"))
    };
    stage.until("greeter-3 is heard", well).await
}

/// All three die without a word.
pub async fn killed(stage: &mut Stage, greeters: &mut Peer) -> anyhow::Result<()> {
    let clock = stage.pace.clock.is_some();
    stage.scene(if clock {
        "6. kill -9: the process of all three is gone"
    } else {
        "7. kill -9: the process of all three is gone"
    });
    // Both checks have just run, and greeter-3 has just called.
    let interval = std::time::Duration::from_secs(stage.pace.interval);
    if let Some(clock) = &stage.pace.clock {
        clock.advance(interval / 2).await;
    }
    greeters.order("3 pass service:greeter-3").await?;
    greeters.kill();
    stage.begins();
    // A check that came in this very moment is possible; by hand the clock stands still.
    let words = match stage.callers().await?.as_str() {
        "1 2 3" => "killed. No check has run since: the list is unchanged",
        _ => "killed, and a check has run already",
    };
    stage.note(words).await?;
    stage.turns("service:greeter-1", "critical").await?;
    stage.turns("service:greeter-2", "critical").await?;
    stage.turns("service:greeter-3", "critical").await?;
    if !clock {
        stage.say(
            "They stay in the catalog for a minute, marked as critical, and are removed then.",
        );
        return Ok(());
    }
    for number in 1..=3 {
        let id = format!("service:greeter-{number}");
        let gone = async |stage: &Stage| Ok(stage.check(&id).await?.is_none());
        stage.until("the entry is gone", gone).await?;
        stage
            .note(&format!(
                "greeter-{number}  reaped: critical for more than a minute"
            ))
            .await?;
    }
    stage.say("No greeter has deregistered, and the catalog is clean all the same.");
    Ok(())
}
