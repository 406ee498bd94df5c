//! `-- seeing`: the traces and metrics of the captcha site. With `web` or `captchas` behind it, this program is that part
//! of the site.

mod story;
mod world;

use std::net::SocketAddr;

use anyhow::{Context, bail};
use l17_production::seeing::site;
use l17_production::seeing::telemetry::{Settings, Telemetry};
use stage::commands::Given;
use stage::signal::{bind, on_signal, tell};

/// The demo, or a part of the site.
pub async fn run(given: &Given) -> anyhow::Result<()> {
    given.at_most(1)?;
    match given.words().first().map(String::as_str) {
        None => story::run().await,
        Some(part @ ("captchas" | "web")) => serve(given, part).await,
        Some(other) => bail!("there is no `seeing {other}`; `--help` shows what there is"),
    }
}

/// A part, until it is asked to end. Then it sends the spans that it still has.
async fn serve(given: &Given, part: &str) -> anyhow::Result<()> {
    let mut stop = on_signal(given.has("until-stdin-ends"))?;
    let telemetry = Telemetry::install(&Settings {
        service: part.to_owned(),
        receiver: address(given, "receiver")?,
        share: 1.0,
    })?;
    let listener = bind(given.address("addr")?, "--addr 127.0.0.1:0").await?;
    tell(&format!("listening on {}", listener.local_addr()?));
    let work = async {
        match part {
            "captchas" => site::serve_captchas(listener, address(given, "redis")?).await,
            _ => site::serve_web(listener, site::web(address(given, "captchas")?)?).await,
        }
    };
    tokio::select! {
        ended = work => ended?,
        // The sender lives as long as the process.
        _ = stop.wait_for(|stop| *stop) => {}
    }
    telemetry.shutdown().await
}

fn address(given: &Given, name: &str) -> anyhow::Result<SocketAddr> {
    let text = given.value::<String>(name)?;
    text.parse()
        .with_context(|| format!("--{name} {text}: an address looks like 127.0.0.1:6379"))
}
