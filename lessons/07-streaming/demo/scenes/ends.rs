//! Scenes about the end of a server, and about TLS.

use std::time::Duration;

use anyhow::Context;
use l07_streaming::client::{self, Settings};
use l07_streaming::pb::GreetRequest;
use l07_streaming::pb::stream_service_server::SERVICE_NAME;
use stage::story::say;
use stage::tap::{Reading, Tap};
use tokio::time::sleep;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::{dial, order};
use crate::peer::{Peer, Scene};

pub async fn stopped() -> anyhow::Result<()> {
    let scene = Scene::begin("8. The server is asked to stop in the middle of a stream");
    let server = Peer::start(&["--narrate"]).await?;
    let mut client = dial(&server).await?;
    let channel = client::channel(server.addr, &Settings::default()).await?;
    let watched = HealthCheckRequest {
        service: SERVICE_NAME.to_string(),
    };
    let mut health = HealthClient::new(channel)
        .watch(watched)
        .await?
        .into_inner();
    scene.note("Repeat(\"wire\", 6), and watches the health");
    let mut replies = client.repeat(order(6, 60, 0)).await?.into_inner();
    let mut watching = true;
    loop {
        tokio::select! {
            reply = replies.message() => match reply? {
                Some(reply) => {
                    scene.note(format!("reply {}", reply.number));
                    if reply.number == 2 {
                        scene.note("-- the server is asked to stop --");
                        server.stop()?;
                    }
                }
                None => break,
            },
            news = health.message(), if watching => match news {
                Ok(Some(news)) => {
                    let news = ServingStatus::try_from(news.status).unwrap_or_default();
                    scene.note(format!("health: {}", news.as_str_name()));
                    if news == ServingStatus::NotServing {
                        sleep(Duration::from_millis(5)).await;
                        let refused = dial(&server).await.err();
                        let refused = refused.map_or("it is let in".to_string(), |e| e.to_string());
                        scene.note(format!("somebody new: {refused}"));
                    }
                }
                Ok(None) | Err(_) => {
                    scene.note("the watcher is sent away");
                    watching = false;
                }
            },
        }
    }
    scene.note("the end: OK, all 6");
    for _ in 0..200 {
        if server.has_ended() {
            scene.note("the server's process has ended");
            break;
        }
        sleep(Duration::from_millis(5)).await;
    }
    scene
        .tell(&server, |words| !words.starts_with("makes"))
        .await;
    Ok(())
}

pub async fn sealed() -> anyhow::Result<()> {
    println!("\n9. The greeting call in the clear and through TLS, and what the wire saw");
    println!("\n                     there   back  `wire` on the wire  connect and call");
    for options in [&[][..], &["--tls"]] {
        let server = Peer::start(options).await?;
        let tap = Tap::keeping(server.addr).await?;
        let authority = match &server.authority {
            Some(path) => Some(std::fs::read_to_string(path).context("the authority")?),
            None => None,
        };
        let settings = Settings {
            authority,
            ..Settings::default()
        };
        let since = std::time::Instant::now();
        let mut client = client::connect(tap.addr, &settings).await?;
        let name = "wire".to_string();
        client.greet(GreetRequest { name }).await?;
        let ms = since.elapsed().as_secs_f64() * 1000.0;
        let how = if options.is_empty() {
            "in the clear"
        } else {
            "TLS"
        };
        let Reading { there, back, .. } = tap.read();
        let readable = if tap.contains(b"wire") { "yes" } else { "no" };
        println!("   {how:14} {there:>9} {back:>6}  {readable:18} {ms:>10.1} ms");
        if settings.authority.is_some() {
            strangers(server.addr).await;
        }
        drop(client);
        server.end().await?;
    }
    Ok(())
}

/// Who does not know the authority, and who does not speak TLS at all.
async fn strangers(addr: std::net::SocketAddr) {
    let another = l07_streaming::extra::tls::Certificates::make().map(|made| made.authority);
    let settings = Settings {
        authority: another.ok(),
        ..Settings::default()
    };
    let refused = client::connect(addr, &settings).await.err();
    let words = refused.map_or_else(|| "it got in".to_string(), |trouble| trouble.to_string());
    say("a client that trusts another authority:");
    say(&format!("  {words}"));
    let Ok(mut client) = client::connect(addr, &Settings::default()).await else {
        return say("a client that speaks in the clear does not even get a connection");
    };
    let name = "wire".to_string();
    if let Err(status) = client.greet(GreetRequest { name }).await {
        let hint = client::hint(&status, &Settings::default()).unwrap_or_default();
        say("a client that speaks in the clear:");
        say(&format!("  {}", client::words(&status)));
        say(&format!("  {hint}"));
    }
}
