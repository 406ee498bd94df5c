//! The demo: a Redis in a process of its own, which is killed in the end, and what a client sees of it.

mod away;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::ensure;
use l15_redis::client::{Timeouts, connect};
use l15_redis::greet;
use redis::aio::ConnectionManager;
use redis::{AsyncCommands, RedisResult};
use stage::child::{Child, Spawn};
use stage::signal::{on_signal, stopped, tell};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use crate::say::ask;
use crate::serve::UNTIL_STDIN_ENDS;

/// Tells the whole story.
pub async fn run() -> anyhow::Result<()> {
    let end = on_signal(false)?;
    tokio::select! {
        told = story() => told,
        // What it has started ends with it.
        () = stopped(end) => anyhow::bail!("interrupted"),
    }
}

async fn story() -> anyhow::Result<()> {
    let (process, addr) = server("127.0.0.1:0").await?;
    tell(&format!("0. A Redis in a process of its own, at {addr}\n"));
    let mut redis = connect(addr, Timeouts::default()).await?;
    typed(&mut redis).await?;
    expiry(&mut redis).await?;
    on_the_wire(addr).await?;
    two_at_once(addr).await?;
    together(&mut redis).await?;
    what_it_costs(addr).await?;
    away::a_lost_reply(addr).await?;
    away::killed(process, addr, redis).await
}

/// `server` in a process of its own, which ends with this value and with this process; and where it listens.
pub async fn server(addr: &str) -> anyhow::Result<(Child, SocketAddr)> {
    let spawn = Spawn::this_program(["server", "--addr", addr])?;
    let child = spawn
        .until_stdin_ends(&format!("--{UNTIL_STDIN_ENDS}"))
        .start()?;
    let addr = child.listening().await?;
    Ok((child, addr))
}

/// The bytes as a Rust literal shows them.
fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// Commands without any library: these bytes, and those that come back.
async fn on_the_wire(addr: SocketAddr) -> anyhow::Result<()> {
    tell("\n3. The same without a library: a socket, and these bytes");
    let mut stream = TcpStream::connect(addr).await?;
    for (words, bytes) in [
        (
            "SET name wire",
            &b"*3\r\n$3\r\nSET\r\n$4\r\nname\r\n$4\r\nwire\r\n"[..],
        ),
        ("GET name", b"*2\r\n$3\r\nGET\r\n$4\r\nname\r\n"),
        ("GET other", b"*2\r\n$3\r\nGET\r\n$5\r\nother\r\n"),
        (
            "INCR greeted:wire",
            b"*2\r\n$4\r\nINCR\r\n$12\r\ngreeted:wire\r\n",
        ),
        ("INCR name", b"*2\r\n$4\r\nINCR\r\n$4\r\nname\r\n"),
    ] {
        stream.write_all(bytes).await?;
        let mut reply = [0; 256];
        let read = stream.read(&mut reply).await?;
        tell(&format!("   {words}"));
        tell(&format!("     ──▶  {}", shown(bytes)));
        tell(&format!("     ◀──  {}", shown(&reply[..read])));
    }
    Ok(())
}

async fn typed(redis: &mut ConnectionManager) -> anyhow::Result<()> {
    tell("1. The crate `redis`: a reply becomes the type that you ask for");
    let _: () = redis.set("name", "wire").await?;
    for name in ["huohuo", "huohuo", "wire"] {
        tell(&format!("   greet: {}", greet::greet(redis, name).await?));
    }
    for name in ["huohuo", "grace"] {
        let times = greet::times(redis, name).await?;
        tell(&format!("   times(\"{name}\")  {times:?}"));
    }
    let text: String = redis.get("greeted:huohuo").await?;
    tell(&format!("   the same as a String  {text:?}"));
    let number: RedisResult<u64> = redis.get("name").await;
    if let Err(error) = number {
        tell(&format!("   \"wire\" as a u64  {error}"));
    }
    Ok(())
}

/// A key that expires.
async fn expiry(redis: &mut ConnectionManager) -> anyhow::Result<()> {
    tell("\n2. A value that expires");
    for words in [
        &["SET", "login:ada", "2024", "EX", "1"][..],
        &["PTTL", "login:ada"],
        &["GET", "login:ada"],
        &["TTL", "name"],
        &["TTL", "other"],
    ] {
        tell(&format!(
            "   {:28}{}",
            words.join(" "),
            ask(redis, words).await?
        ));
    }
    let since = Instant::now();
    while redis.exists("login:ada").await? {
        ensure!(
            since.elapsed() < Duration::from_secs(30),
            "the key is still there"
        );
        sleep(Duration::from_millis(5)).await;
    }
    tell(&format!(
        "   {:28}{}   after {:.1} s",
        "GET login:ada",
        ask(redis, &["GET", "login:ada"]).await?,
        since.elapsed().as_secs_f64()
    ));
    Ok(())
}

/// Two programs, and what one does between two commands of the other.
async fn two_at_once(addr: SocketAddr) -> anyhow::Result<()> {
    tell("\n4. Two clients, each with its own connection, at the same time");
    let (mut a, mut b) = (
        connect(addr, Timeouts::default()).await?,
        connect(addr, Timeouts::default()).await?,
    );
    let _: () = a.set("visits", 10).await?;
    let seen_by_a: u64 = a.get("visits").await?;
    let seen_by_b: u64 = b.get("visits").await?;
    tell(&format!("   A: GET visits          {seen_by_a}"));
    tell(&format!("   B: GET visits          {seen_by_b}"));
    let _: () = a.set("visits", seen_by_a + 1).await?;
    let _: () = b.set("visits", seen_by_b + 1).await?;
    tell(&format!("   A: SET visits {}       OK", seen_by_a + 1));
    tell(&format!("   B: SET visits {}       OK", seen_by_b + 1));
    let lost: u64 = a.get("visits").await?;
    tell(&format!(
        "   two visits were added, and the counter shows {lost}"
    ));
    let _: u64 = a.incr("visits", 1).await?;
    let counted: u64 = b.incr("visits", 1).await?;
    tell(&format!(
        "   A: INCR visits, B: INCR visits: it shows {counted}"
    ));

    let _: () = a.set("reset:41", "ada").await?;
    tell("   The same with a token that may be redeemed once:");
    for (who, redis) in [("A", &mut a), ("B", &mut b)] {
        let user: Option<String> = redis.get("reset:41").await?;
        tell(&format!("   {who}: GET reset:41        {user:?}"));
    }
    for (who, redis) in [("A", &mut a), ("B", &mut b)] {
        let removed: u64 = redis.del("reset:41").await?;
        tell(&format!("   {who}: DEL reset:41        {removed}"));
    }
    tell("   Both clients got the value, and no command failed.");
    Ok(())
}

async fn together(redis: &mut ConnectionManager) -> anyhow::Result<()> {
    tell("\n5. Several commands in one write");
    let names = ["huohuo", "wire", "grace"];
    let times = greet::times_of(redis, &names).await?;
    tell(&format!(
        "   a pipeline of three GETs: {names:?} were greeted {times:?} times"
    ));
    let (one, all) = greet::greet_and_sum(redis, "huohuo").await?;
    tell(&format!(
        "   MULTI, INCR, INCR, EXEC: huohuo {one}, all names {all}; other clients see both or neither"
    ));
    Ok(())
}

async fn what_it_costs(addr: SocketAddr) -> anyhow::Result<()> {
    tell("\n6. What a call costs, four ways (a debug build)");
    crate::say::cost(addr).await
}
