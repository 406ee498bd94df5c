//! Scenes about speed: who waits for whom, and who notices that nobody reads any more.

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
        "\n5. A slow reader: {COUNT} replies of {BYTES} bytes, and after {READ} of them it sleeps"
    );
    println!("   for 400 ms. It has allowed {WINDOW} bytes under way.");
    println!("\n   the server may make ahead    made  read  not read");
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
            .filter(|(_, words)| words.starts_with("makes "))
            .count();
        let waits = (made - READ as usize) * BYTES as usize / 1000;
        println!("   {ahead:>5} {:>27} {READ:>5} {waits:>6} KB", made);
        while replies.message().await?.is_some() {}
    }
    say(
        "With 8 the server stands still and waits: for the reader, through the window, through the",
    );
    say("channel. With 2000 it has made everything, and holds it. Both deliver the same.");
    Ok(())
}

pub async fn cancelled(server: &Peer, client: &mut Client) -> anyhow::Result<()> {
    let scene = Scene::begin("6. One million were ordered, and the client leaves after two");
    scene.note("Repeat(\"wire\", 1000000)");
    let mut replies = client.repeat(order(1_000_000, 30, 0)).await?.into_inner();
    for _ in 0..2 {
        if let Some(reply) = replies.message().await? {
            scene.note(format!("reply {}", reply.number));
        }
    }
    drop(replies);
    scene.note("drops the replies");
    sleep(Duration::from_millis(100)).await;
    scene.tell(server, |_| true).await;
    say("Dropping is cancelling: a frame tells the server, and it stops making.");
    Ok(())
}

pub async fn out_of_time(server: &Peer, client: &mut Client) -> anyhow::Result<()> {
    let scene = Scene::begin("7. A deadline of 130 ms, and a stream that would take 400");
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
    say("A stream may have gone well for a while. Only its status says whether that was all.");
    Ok(())
}
