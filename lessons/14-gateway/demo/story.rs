//! The demo: a Consul, three user services, an example service, the gateway and the web service, each a process of
//! its own; and requests, as curl would make them, with what came back.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::fleet::Process;
use crate::load::hello;
use crate::proof::{Scene, Setting};
use anyhow::Context;
use axum::http::StatusCode;
use stage::http::{Answer, Request};
use stage::signal::{on_signal, tell};
use tokio::time::sleep;

use crate::seconds;

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
    tell(
        "0. Three user services, one example service, a gateway and a web service; all of them find each other in Consul",
    );
    let quiet = Arc::new(AtomicBool::new(true));
    let (hush, program) = (Arc::clone(&quiet), std::env::current_exe()?);
    let mut setting = Setting::new(program, |line| tell(&format!("   {line}")));
    setting.heard = Arc::new(move |name, line| {
        if !hush.load(Ordering::SeqCst) {
            tell(&format!("      {name}: {line}"));
        }
    });
    let mut scene = Scene::open(&setting).await?;
    let often = ["--register_ttl", "3s", "--register_interval", "1s"];
    let words = [&["example", "--server_id", "example-1"], &often[..]].concat();
    let example = scene.plan.start("example-1", &words).await?;
    let web = scene
        .plan
        .start("web", &["web", "--addr", "127.0.0.1:0"])
        .await?;
    for process in scene.users.iter().chain([&example, &scene.gateway, &web]) {
        tell(&format!("   {:9}  {}", process.name, process.addr));
    }
    let gateway = scene.gateway.addr;
    ready(gateway, "/example/example/call?name=x").await?;
    ready(web.addr, "/users/huohuo").await?;

    one_request(gateway).await?;
    in_turn(gateway).await?;
    mistakes(gateway, &example).await?;
    streams(gateway).await?;
    described(gateway).await?;
    let dead = scene.users.remove(0);
    killed(gateway, dead).await?;
    paused(&scene).await?;
    the_web(web.addr).await?;

    tell("\n9. All of them are asked to end");
    quiet.store(false, Ordering::SeqCst);
    // The gateway and the web service end before the services that they call.
    for process in [web, scene.gateway, example].into_iter().chain(scene.users) {
        process.ask_to_end().await?;
    }
    Ok(())
}

/// Waits until this is answered with a 200.
async fn ready(at: SocketAddr, target: &str) -> anyhow::Result<()> {
    for _ in 0..600 {
        if Request::get(target)
            .send(at)
            .await
            .is_ok_and(|answer| answer.status == 200)
        {
            return Ok(());
        }
        sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("{target} of {at} is not answered")
}

/// Prints a request and its answer.
async fn show(at: SocketAddr, request: Request) -> anyhow::Result<Answer> {
    let answer = request
        .send(at)
        .await
        .context("the server does not answer")?;
    tell(&format!("   $ {}", request.curl(at)));
    tell(&format!("   {} {}", answer.status, reason(&answer)));
    for line in answer.text().lines().take(12) {
        tell(&format!("   {line}"));
    }
    Ok(answer)
}

/// The words that belong to its status code.
fn reason(answer: &Answer) -> &'static str {
    let status = StatusCode::from_u16(answer.status).ok();
    let reason = status.and_then(|status| status.canonical_reason());
    reason.unwrap_or_default()
}

async fn one_request(gateway: SocketAddr) -> anyhow::Result<()> {
    tell("\n1. One request. The gateway has never seen this service before it was started");
    let answer = show(gateway, Request::get("/user/say/hello?name=huohuo")).await?;
    for (name, value) in &answer.headers {
        tell(&format!("     {name}: {value}"));
    }
    tell("   the same with a body of JSON:");
    show(
        gateway,
        Request::post_json("/user/say/hello", r#"{"name":"huohuo"}"#),
    )
    .await?;
    Ok(())
}

async fn in_turn(gateway: SocketAddr) -> anyhow::Result<()> {
    tell("\n2. Six requests, one after the other: who has answered");
    for _ in 0..6 {
        let since = Instant::now();
        let who = hello(gateway).await.unwrap_or_else(|words| words);
        tell(&format!(
            "   {who}   {:.1} ms",
            since.elapsed().as_secs_f64() * 1e3
        ));
    }
    Ok(())
}

async fn mistakes(gateway: SocketAddr, example: &Process) -> anyhow::Result<()> {
    tell("\n3. What can go wrong has a number");
    for request in [
        Request::get("/users/say/hello?name=huohuo"),
        Request::get("/user/say/helo?name=huohuo"),
        Request::get("/user/say/hello?nam=huohuo"),
        Request::post_json("/user/say/hello", r#"{"name": 7}"#),
        Request::get("/user/say/hello"),
    ] {
        show(gateway, request).await?;
    }
    tell("   the only example service is paused, and the request gives itself 300 ms:");
    example.child.pause()?;
    let late = Request::get("/example/example/call?name=huohuo").header("x-timeout-ms", "300");
    let shown = show(gateway, late).await;
    example.child.resume()?;
    shown.map(|_| ())
}

async fn streams(gateway: SocketAddr) -> anyhow::Result<()> {
    tell("\n4. A stream: a line for each message, and 64-bit integers are strings");
    ready(gateway, "/example/example/call?name=x").await?;
    let since = Instant::now();
    let answer = show(gateway, Request::get("/example/example/stream?count=3")).await?;
    let kind = answer.header("content-type").unwrap_or("none");
    tell(&format!("   {kind}, after {}", seconds(since.elapsed())));
    let events =
        Request::get("/example/example/stream?count=2").header("accept", "text/event-stream");
    show(gateway, events).await?;
    Ok(())
}

async fn described(gateway: SocketAddr) -> anyhow::Result<()> {
    tell("\n5. What the gateway has learnt: /openapi.json");
    let answer = Request::get("/openapi.json").send(gateway).await?;
    let status = answer.status;
    anyhow::ensure!(status == 200, "/openapi.json: {status} {}", answer.text());
    let json = answer.json();
    tell(&format!(
        "   OpenAPI {}, {} bytes",
        json["openapi"],
        answer.body.len()
    ));
    for (path, item) in json["paths"].as_object().into_iter().flatten() {
        let methods = item
            .as_object()
            .into_iter()
            .flatten()
            .map(|(method, _)| method.as_str());
        tell(&format!(
            "   {path}   {}",
            methods.collect::<Vec<_>>().join(", ")
        ));
    }
    Ok(())
}

async fn killed(gateway: SocketAddr, dead: Process) -> anyhow::Result<()> {
    tell(&format!(
        "\n6. kill -9 {}, and six requests at once after that",
        dead.name
    ));
    dead.child.kill();
    in_a_row(gateway, 6).await;
    Ok(())
}

/// Requests one after the other; returns whether all had an answer.
async fn in_a_row(gateway: SocketAddr, requests: u32) {
    for _ in 0..requests {
        let since = Instant::now();
        let who = hello(gateway).await.unwrap_or_else(|words| words);
        tell(&format!("   {who}   after {}", seconds(since.elapsed())));
    }
}

async fn paused(scene: &Scene) -> anyhow::Result<()> {
    let paused = &scene.users[0];
    tell(&format!(
        "\n7. SIGSTOP for {}: its connections stand, and nothing comes back",
        paused.name
    ));
    paused.child.pause()?;
    let since = Instant::now();
    in_a_row(scene.gateway.addr, 8).await;
    scene.off_the_list(&paused.name).await?;
    tell(&format!(
        "   off Consul's list {} after SIGSTOP: its time to live was over",
        seconds(since.elapsed())
    ));
    in_a_row(scene.gateway.addr, 3).await;
    paused.child.resume()?;
    let since = Instant::now();
    tell(&format!("   SIGCONT for {}", paused.name));
    while hello(scene.gateway.addr).await.as_ref() != Ok(&paused.name) {
        anyhow::ensure!(
            since.elapsed() < Duration::from_secs(60),
            "it never comes back"
        );
        sleep(Duration::from_millis(50)).await;
    }
    tell(&format!(
        "   {} answers again, {} later",
        paused.name,
        seconds(since.elapsed())
    ));
    Ok(())
}

async fn the_web(web: SocketAddr) -> anyhow::Result<()> {
    tell("\n8. The other way in: a web service, which knows what it calls");
    show(
        web,
        Request::post_json("/example/call", r#"{"name":"huohuo"}"#),
    )
    .await?;
    show(web, Request::get("/users/huohuo")).await?;
    show(web, Request::post_json("/example/call", r#"{"name":"#)).await?;
    show(web, Request::get("/nowhere")).await?;
    let page = Request::get("/").send(web).await?;
    let text = page.text();
    let title = text
        .lines()
        .find(|line| line.contains("<title>"))
        .unwrap_or_default();
    tell(&format!(
        "   $ {}\n   {} {}, {}",
        Request::get("/").curl(web),
        page.status,
        reason(&page),
        title.trim()
    ));
    Ok(())
}
