//! The scene about the shutdown of a server.

use std::time::Duration;

use l07_streaming::client::{self, Settings};
use l07_streaming::pb::stream_service_server::SERVICE_NAME;
use tokio::time::sleep;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::{dial, order};
use crate::peer::{Peer, Scene};

pub async fn stopped() -> anyhow::Result<()> {
    let scene = Scene::begin("8. The server is asked to stop while a stream runs");
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
                        let refused = refused.map_or("connected".to_string(), |e| e.to_string());
                        scene.note(format!("a new client: {refused}"));
                    }
                }
                Ok(None) | Err(_) => {
                    scene.note("the health call is ended");
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
        .tell(&server, |words| !words.starts_with("produces"))
        .await;
    Ok(())
}
