//! Scenes about backpressure, cancellation and the deadline.

use std::time::Duration;

use l07_streaming::client::{self, Client, Settings};
use stage::story::say;
use tokio::time::sleep;
use tonic::Request;

use super::order;
use crate::peer::{Peer, Scene};

const COUNT: u32 = 2000;
const BYTES: u32 = 8000;
const READ: u32 = 5;
const WINDOW: u32 = 65_535;

pub async fn slow_reader() -> anyhow::Result<()> {
    println!(
        "\n5. A slow reader: {COUNT} replies of {BYTES} bytes; after {READ} of them the client sleeps"
    );
    println!("   for 400 ms. Its window is {WINDOW} bytes.");
    println!("\n   capacity of the channel  produced  read  not read");
    for ahead in ["8", "2000"] {
        let server = Peer::start(&["--narrate", "--ahead", ahead]).await?;
        let settings = Settings {
            window: Some(WINDOW),
            ..Settings::default()
        };
        let mut client = client::connect(server.addr, &settings).await?;
        let request = order(COUNT, 0, BYTES);
        let mut replies = client.repeat(request).await?.into_inner();
        for _ in 0..READ {
            replies.message().await?;
        }
        sleep(Duration::from_millis(400)).await;
        let made = server
            .events()
            .iter()
            .filter(|(_, words)| words.starts_with("produces "))
            .count();
        let waits = (made - READ as usize) * BYTES as usize / 1000;
        println!("   {ahead:>23} {made:>9} {READ:>5} {waits:>6} KB");
        while replies.message().await?.is_some() {}
    }
    say(
        "With 8 the producer waits in `send`: channel and window are full. With 2000 it has produced",
    );
    say("all replies, and holds them in memory. The client gets the same replies from both.");
    Ok(())
}

pub async fn cancelled(server: &Peer, client: &mut Client) -> anyhow::Result<()> {
    let scene = Scene::begin("6. One million replies requested; the client cancels after two");
    scene.note("Repeat(\"wire\", 1000000)");
    let mut replies = client.repeat(order(1_000_000, 30, 0)).await?.into_inner();
    for _ in 0..2 {
        if let Some(reply) = replies.message().await? {
            scene.note(format!("reply {}", reply.number));
        }
    }
    drop(replies);
    scene.note("drops the stream of replies");
    sleep(Duration::from_millis(100)).await;
    scene.tell(server, |_| true).await;
    say("Dropping the stream cancels the call: a frame tells the server, and the producer stops.");
    Ok(())
}

pub async fn out_of_time(server: &Peer, client: &mut Client) -> anyhow::Result<()> {
    let scene = Scene::begin("7. A deadline of 130 ms, and a stream that needs 400 ms");
    let mut request = Request::new(order(10, 40, 0));
    request.set_timeout(Duration::from_millis(130));
    scene.note("Repeat(\"wire\", 10), 130 ms");
    let mut replies = client.repeat(request).await?.into_inner();
    loop {
        match replies.message().await {
            Ok(Some(reply)) => scene.note(format!("reply {}", reply.number)),
            Ok(None) => break,
            Err(status) => {
                scene.note(format!("{:?}: {}", status.code(), status.message()));
                break;
            }
        }
    }
    scene.tell(server, |_| true).await;
    say("Three replies arrived and are good. Only the status says that they are not all.");
    Ok(())
}
