//! `tls`: the greeting call without TLS and with TLS. The chapter does not need it; `../extra/README.md` explains
//! it.

use anyhow::Context;
use l07_streaming::client::{self, Settings};
use l07_streaming::pb::GreetRequest;
use stage::story::say;
use stage::tap::{Reading, Tap};

use crate::peer::Peer;

pub async fn run() -> anyhow::Result<()> {
    println!("The greeting call without TLS and with TLS, and the bytes on the wire\n");
    println!("                     there   back  `wire` on the wire  connect and call");
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
            "without TLS"
        } else {
            "TLS"
        };
        let Reading { there, back, .. } = tap.read();
        let readable = if tap.contains(b"wire") { "yes" } else { "no" };
        println!("   {how:14} {there:>9} {back:>6}  {readable:18} {ms:>10.1} ms");
        if settings.authority.is_some() {
            others(server.addr).await;
        }
        drop(client);
        server.end().await?;
    }
    Ok(())
}

/// A client that trusts another authority, and one that does not speak TLS.
async fn others(addr: std::net::SocketAddr) {
    let another = l07_streaming::extra::tls::Certificates::make().map(|made| made.authority);
    let settings = Settings {
        authority: another.ok(),
        ..Settings::default()
    };
    let refused = client::connect(addr, &settings).await.err();
    let words = refused.map_or_else(|| "connected".to_string(), |error| error.to_string());
    say("a client that trusts another authority:");
    say(&format!("  {words}"));
    let Ok(mut client) = client::connect(addr, &Settings::default()).await else {
        return say("a client without TLS cannot connect");
    };
    let name = "wire".to_string();
    if let Err(status) = client.greet(GreetRequest { name }).await {
        let hint = client::hint(&status, &Settings::default()).unwrap_or_default();
        say("a client without TLS:");
        say(&format!("  {}", client::words(&status)));
        say(&format!("  {hint}"));
    }
}
