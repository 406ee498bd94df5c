//! The demo: a Consul, three greeters that are processes of their own, sixteen callers. What the greeters
//! say is printed further right. Times are milliseconds since the beginning of the scene.

use std::sync::Arc;
use std::time::Duration;

use l09_register::look;
use l09_register::registry::Registry;
use l11_deregister::drain::Limits;
use l11_deregister::maintenance;
use stage::load::Count;
use stage::log;
use stage::signal::on_signal;
use stage::story::Clock;
use tokio::time::sleep;

use crate::proof::{Scene, Setting, caller, heard_of, load, named};

/// The interval of the checks: short, so that the demo is.
const EVERY: Duration = Duration::from_secs(2);

/// Tells the whole story.
pub async fn run() -> anyhow::Result<()> {
    let mut stop = on_signal(false)?;
    tokio::select! {
        told = story() => told,
        // What it has started ends with it.
        _ = stop.wait_for(|stop| *stop) => anyhow::bail!("interrupted"),
    }
}

async fn story() -> anyhow::Result<()> {
    let clock = Clock::start(1);
    let (said, heard) = (clock.clone(), clock.clone());
    let mut setting = Setting {
        every: EVERY,
        slow: Duration::from_millis(50),
        pause: Duration::from_millis(10),
        retry: false,
        heard: Arc::new(move |name, line| heard.tell(24, &format!("{name}: {line}"))),
        ..Setting::new(std::env::current_exe()?)
    };
    log::init_as(move |line| said.tell(0, line));
    clock.scene("0. Three greeters tell Consul where they are; callers find them by name");
    println!("   Each greeter is a process. A call works for 50 ms. Each call has one attempt.");
    let mut scene = Scene::open(&setting, false).await?;
    hasty(&clock, &mut scene).await?;
    well(&clock, &mut scene).await?;
    // From here on calls may be made again: a greeting changes nothing.
    setting.retry = true;
    scene.caller = caller(&setting, scene.consul.addr())?;
    let load = load(&setting, &scene.caller);
    std::mem::replace(&mut scene.load, load).stop().await;
    killed(&clock, &mut scene).await?;
    hidden(&clock, &mut scene).await?;
    scene.load.stop().await;
    println!(
        "\nThe proofs, with figures; each starts what it needs:\n\
         \n    cargo run -p l11-deregister -- rolling\n    cargo run -p l11-deregister -- crash\n    \
         cargo run -p l11-deregister -- away\n"
    );
    Ok(())
}

/// How many calls have ended since `before`, and how many of them have failed.
fn since(before: &Count, now: &Count) -> String {
    let failed = now.failed.len() - before.failed.len();
    format!("{} calls, {failed} lost", now.calls() - before.calls())
}

async fn hasty(clock: &Clock, scene: &mut Scene) -> anyhow::Result<()> {
    // The one that is there has learnt this lesson. One that has not comes in its place.
    clock.quiet(true);
    let kind = scene.plan.limits;
    scene.plan.limits = Limits {
        notice: Duration::ZERO,
        grace: Duration::ZERO,
        ..kind
    };
    let place = scene.fleet.remove(0);
    let addr = place.addr;
    place.ask_to_end().await?;
    let hasty = scene.plan.start(&named(1, 2), addr).await?;
    scene.plan.limits = kind;
    heard_of(&scene.load, &hasty.name).await?;
    clock.scene("1. Greeter 1 deregisters, and ends at once");
    let before = scene.load.count();
    clock.quiet(false);
    clock.tell(0, "SIGTERM to greeter-1.2");
    hasty.ask_to_end().await?;
    sleep(Duration::from_millis(500)).await;
    let now = scene.load.count();
    clock.tell(0, &since(&before, &now));
    match now.failed.get(before.failed.len()) {
        Some(failure) => {
            clock.tell(0, &format!("one of them: {}", failure.words));
            println!("   The entry was removed, and these calls were under way.");
        }
        None => println!("   No call was under way at that moment. Run it again."),
    }
    clock.quiet(true);
    let back = scene.plan.start(&named(1, 3), addr).await?;
    heard_of(&scene.load, &back.name).await?;
    scene.fleet.insert(0, back);
    clock.quiet(false);
    Ok(())
}

async fn well(clock: &Clock, scene: &mut Scene) -> anyhow::Result<()> {
    clock.scene("2. Greeter 2 shuts down gracefully");
    let before = scene.load.count();
    let leaver = scene.fleet.remove(1);
    let addr = leaver.addr;
    clock.tell(0, "SIGTERM to greeter-2.1");
    leaver.ask_to_end().await?;
    clock.tell(0, "its process has ended");
    let back = scene.plan.start(&named(2, 2), addr).await?;
    heard_of(&scene.load, &back.name).await?;
    clock.tell(0, "callers get answers of its replacement");
    clock.tell(0, &since(&before, &scene.load.count()));
    scene.fleet.insert(1, back);
    Ok(())
}

async fn killed(clock: &Clock, scene: &mut Scene) -> anyhow::Result<()> {
    clock
        .scene("3. Greeter 3 is killed with -9; from here on a call that is refused is made again");
    for instance in &scene.fleet {
        heard_of(&scene.load, &instance.name).await?;
    }
    let dead = scene.fleet.remove(2);
    let (addr, id) = (dead.addr, dead.id.clone());
    let (mut members, mut list) = (scene.caller.members(), scene.caller.snapshots());
    let before = scene.load.count();
    clock.restart();
    dead.kill();
    clock.tell(0, "killed; no line of its program runs any more");
    let _ = members
        .wait_for(|members| !members.called.contains(&addr))
        .await;
    clock.tell(
        0,
        "it gets no calls: one connection was refused, and the channel has left it out",
    );
    let there = list.borrow().instances.iter().any(|one| one.addr == addr);
    clock.tell(
        0,
        if there {
            "Consul still lists it as healthy"
        } else {
            "Consul does not list it as healthy"
        },
    );
    let _ = list
        .wait_for(|list| list.instances.iter().all(|one| one.addr != addr))
        .await;
    clock.tell(0, "not listed as healthy: a check has failed");
    clock.tell(0, &since(&before, &scene.load.count()));
    let registry = Registry::at(scene.consul.addr())?;
    for (id_of_it, checks) in look::states(&registry, "greeter").await? {
        for (kind, seen) in checks.iter().filter(|_| id_of_it == id) {
            let output = seen.output.trim();
            clock.tell(2, &format!("{id}  {kind}  {}  {output}", seen.status));
        }
    }
    println!(
        "   The entry is critical and still there. After a minute as critical Consul may clear it\n   \
         away, and looks for such entries every 30 s: `-- crash --reaped` waits for it."
    );
    let back = scene.plan.start(&named(3, 2), addr).await?;
    heard_of(&scene.load, &back.name).await?;
    scene.fleet.push(back);
    Ok(())
}

async fn hidden(clock: &Clock, scene: &mut Scene) -> anyhow::Result<()> {
    clock.scene("4. Greeter 1 in maintenance, and back");
    let registry = Registry::at(scene.consul.addr())?;
    let instance = &scene.fleet[0];
    let (name, id, addr) = (&instance.name, &instance.id, instance.addr);
    let mut members = scene.caller.members();
    let before = scene.load.count();
    maintenance::hide(&registry, id, "new disk").await?;
    clock.tell(0, &format!("{name} is in maintenance: \"new disk\""));
    let _ = members
        .wait_for(|members| !members.called.contains(&addr))
        .await;
    clock.tell(0, "it gets no calls");
    // The calls that were under way have ended.
    sleep(Duration::from_millis(100)).await;
    let hidden = scene.load.count();
    sleep(Duration::from_secs(1)).await;
    let answers = scene.load.count().of(name) - hidden.of(name);
    let known = registry.knows(id).await?;
    clock.tell(
        0,
        &format!("in one second: {answers} answers of it; still registered: {known}"),
    );
    maintenance::show(&registry, id).await?;
    clock.tell(0, "the maintenance is over");
    let back = scene.load.count().of(name) + 3;
    anyhow::ensure!(
        scene
            .load
            .answers_of(name, back, Duration::from_secs(60))
            .await,
        "{name} is not called again"
    );
    clock.tell(0, "and called again");
    clock.tell(0, &since(&before, &scene.load.count()));
    Ok(())
}
