//! `greeter` and `greet` for two terminals, and `tls`: the greeting call without TLS, with TLS and with mutual TLS.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail};
use l17_production::machines::greeter::{self, Files, Security};
use l17_production::machines::tls::Identity;
use stage::child::{Ask, Child, PATIENCE, Spawn};
use stage::commands::Given;
use stage::measure::{PROFILE, Times};
use stage::signal::{bind, on_signal, stopped, tell};
use stage::story::say;
use stage::tap::{Reading, Tap};
use tonic::{Code, Status};

/// Calls of one measurement.
const CALLS: usize = 1000;
/// `-- greeter`.
pub async fn serve(given: &Given) -> anyhow::Result<()> {
    given.at_most(0)?;
    let security = match (given.has("tls"), given.has("mtls")) {
        (_, true) => Security::Mutual,
        (true, _) => Security::Tls,
        _ => Security::Plain,
    };
    let folder = crate::machines::folder(given)?.join("greeter");
    let stop = on_signal(given.has("until-stdin-ends"))?;
    let listener = bind(given.address("at")?, "--at 127.0.0.1:8801").await?;
    let files = Files::make(&folder).with_context(|| folder.display().to_string())?;
    if security != Security::Plain {
        tell(&format!("clients trust {}", files.authority.display()));
    }
    if security == Security::Mutual {
        tell(&format!("clients show {}", files.web.display()));
    }
    tell(&format!("listening on {}", listener.local_addr()?));
    greeter::serve(listener, security, &files, stopped(stop)).await
}

/// `-- greet NAME`.
pub async fn ask(given: &Given) -> anyhow::Result<()> {
    given.at_most(1)?;
    let name = given
        .words()
        .first()
        .context("whom to greet? Give a name")?;
    let file = |option| given.text(option).filter(|file| !file.is_empty());
    let authority = match file("ca") {
        Some(ca) => {
            let what = || format!("--ca {ca}: no certificate can be read there");
            Some(std::fs::read_to_string(ca).with_context(what)?)
        }
        None => None,
    };
    let identity = match file("identity") {
        Some(identity) => Some(Identity::load(Path::new(identity))?),
        None => None,
    };
    let (secure, shown) = (authority.is_some(), identity.is_some());
    let called = async {
        let channel = greeter::connect(given.address("at")?, authority.as_deref(), identity).await;
        anyhow::Ok(match channel {
            Ok(channel) => greeter::greet(&channel, name).await,
            Err(status) => Err(status),
        })
    };
    match called.await? {
        Ok(greeting) => tell(&greeting),
        Err(status) => bail!("the call failed: {}", words(&status, secure, shown)),
    }
    Ok(())
}

/// A failed call in words. Without a reason from TLS it asks for what is missing: the server's alert is no frame of HTTP/2.
fn words(status: &Status, authority: bool, identity: bool) -> String {
    let code = format!("{:?}: {}", status.code(), status.message());
    match (greeter::why(status), authority, identity) {
        (Some(why), ..) => why,
        (None, false, _) => {
            format!("{code}\nDoes the server speak TLS? `--ca FILE` names the authority to trust.")
        }
        (None, true, false) if status.code() == Code::Unavailable => {
            format!("{code}\nDoes the server demand a certificate? `--identity FILE` shows one.")
        }
        _ => code,
    }
}

/// `-- tls`.
pub async fn compare(given: &Given) -> anyhow::Result<()> {
    given.at_most(0)?;
    let folder = tempfile::tempdir()?;
    println!(
        "The greeting call, and its bytes on the wire. The time of a call is the median of {CALLS}, {PROFILE}.\n"
    );
    println!("                  there   back  `wire` on the wire  connect and call  another call");
    for (how, flag) in [
        ("without TLS", None),
        ("TLS", Some("--tls")),
        ("mutual TLS", Some("--mtls")),
    ] {
        let (server, addr) = start(folder.path(), flag).await?;
        let files = folder.path().join("greeter");
        let read = |file: &str| std::fs::read_to_string(files.join(file));
        let authority = flag.map(|_| read("authority.pem")).transpose()?;
        let web = || Identity::load(&files.join("web.pem"));
        let identity = (flag == Some("--mtls")).then(web).transpose()?;
        let connect =
            async |addr| greeter::connect(addr, authority.as_deref(), identity.clone()).await;
        let tap = Tap::keeping(addr).await?;
        greeter::greet(&connect(tap.addr).await?, "wire").await?;
        let Reading { there, back, .. } = tap.read();
        let readable = if tap.contains(b"wire") { "yes" } else { "no" };
        let since = Instant::now();
        let channel = connect(addr).await?;
        greeter::greet(&channel, "wire").await?;
        let first = since.elapsed().as_secs_f64() * 1e3;
        let times = Times::of(CALLS, async || {
            greeter::greet(&channel, "wire").await?;
            Ok(())
        });
        let call = times.await?.median();
        println!("{how:14} {there:>8} {back:>6}  {readable:18}  {first:>13.1} ms  {call:>9.0} µs");
        if flag == Some("--tls") {
            refused(addr).await?;
        }
        if flag == Some("--mtls") {
            say("a client without a certificate:");
            attempt(addr, authority.as_deref()).await;
        }
        drop(channel);
        server.ask_to_end(Ask::EndOfStdin, PATIENCE).await?;
    }
    Ok(())
}

/// This program as the greeter, in another process.
async fn start(folder: &Path, flag: Option<&str>) -> anyhow::Result<(Child, SocketAddr)> {
    let child = Spawn::this_program(["greeter", "--at", "127.0.0.1:0", "--folder"])?
        .args([folder])
        .args(flag)
        .until_stdin_ends("--until-stdin-ends")
        .start()?;
    let addr = child.listening().await?;
    Ok((child, addr))
}

/// A client that trusts another authority, and one that does not speak TLS.
async fn refused(addr: SocketAddr) -> anyhow::Result<()> {
    let other = tempfile::tempdir()?;
    let other =
        Files::make(other.path()).and_then(|it| Ok(std::fs::read_to_string(it.authority)?))?;
    say("a client that trusts another authority:");
    attempt(addr, Some(&other)).await;
    say("a client without TLS:");
    attempt(addr, None).await;
    Ok(())
}

async fn attempt(addr: SocketAddr, authority: Option<&str>) {
    let called = match greeter::connect(addr, authority, None).await {
        Ok(channel) => greeter::greet(&channel, "wire").await,
        Err(status) => Err(status),
    };
    let told = called.unwrap_or_else(|status| words(&status, authority.is_some(), false));
    for line in told.lines() {
        say(&format!("  {line}"));
    }
}
