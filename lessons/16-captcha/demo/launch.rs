//! The whole site from one command: starts it, opens the page, tells what happens, and ends all of it.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::site::{self, Setting, Site, open};
use anyhow::{Context, bail};
use serde_json::json;
use services::Side;
use stage::signal::{on_signal, tell};
use tokio::time::sleep;

use crate::options::{address, addresses, last, nothing_left, split, unlimited};
use crate::roles;

/// Without an argument.
pub async fn run(words: Vec<OsString>) -> anyhow::Result<()> {
    let valued = ["--web", "--services", "--limits"];
    let switches = ["--no-open", "--json", "--until_stdin_ends"];
    let (own, left) = split(words, &valued, &switches)?;
    nothing_left(&left)?;
    let web = address(&own, "--web", site::WEB)?;
    let services = addresses(&own, "--services", &site::SERVICES)?;
    let all: Vec<_> = services.iter().chain([&web]).copied().collect();
    let unlimited = unlimited(&own, &all)?;
    let mut wanted: Vec<_> = services.iter().copied().map(service_place).collect();
    wanted.push(("the page", "--web 127.0.0.1:0", web));
    site::free(&wanted)?;

    // Before anything is started: from now on a signal ends it in order.
    let mut stop = on_signal(last(&own, "--until_stdin_ends").is_some())?;
    tell(
        "The captcha site starts: a Consul, a Redis, two captcha services, the web. Ctrl-C ends all of it.",
    );
    for line in roles::whose() {
        tell(&line);
    }
    let program = std::env::current_exe().context("which program this is")?;
    let mut setting = setting(program, web, services);
    if unlimited {
        let none = ["--limits", "none"].map(str::to_string);
        setting.of_service.extend(none);
        // A line for each picture would be most of the work.
        setting.heard = Arc::new(|_, _| {});
        tell(
            "NO LIMITS: for measuring, and for nothing else. What the parts say is not repeated here.",
        );
    }
    let opening = Site::open(setting);
    let mut site = tokio::select! {
        site = opening => site?,
        // What it has started ends with it.
        _ = stop.wait_for(|stop| *stop) => bail!("interrupted before everything was there"),
    };
    if cfg!(feature = "mine") && site.redis.side() == Side::Real {
        tell(
            "request-array has nothing to do: the real Redis reads its requests itself. With WORKBOOK_SERVICES=embedded it runs.",
        );
    }
    introduce(&site);
    if last(&own, "--json").is_some() {
        tell(&places(&site));
    }
    let page = format!("http://{}/", site.web.addr);
    let wanted = last(&own, "--no-open").is_none() && std::io::stdout().is_terminal();
    if !(wanted && open::open(&page, || {})) {
        tell(&format!("Open {page} in a browser."));
    }
    tell("");
    tokio::select! {
        () = watch(&mut site) => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
    tell("\nEnding, the page first. Ctrl-C once more ends everything at once.");
    let mut again = on_signal(false)?;
    tokio::select! {
        ended = site.end() => ended?,
        _ = again.wait_for(|stop| *stop) => bail!("ended at once"),
    }
    tell("All of it has ended.");
    Ok(())
}

fn service_place(addr: std::net::SocketAddr) -> (&'static str, &'static str, std::net::SocketAddr) {
    let option = "--services 127.0.0.1:0,127.0.0.1:0";
    ("a captcha service", option, addr)
}

fn setting(
    program: PathBuf,
    web: std::net::SocketAddr,
    services: Vec<std::net::SocketAddr>,
) -> Setting {
    Setting {
        web,
        services,
        decode: roles::decode(),
        heard: Arc::new(|name, line| tell(&format!("  {name}: {line}"))),
        ..Setting::new(program)
    }
}

/// What there is, and what to try with it.
fn introduce(site: &Site) {
    let page = format!("http://{}", site.web.addr);
    let redis = site.redis.addr().port();
    let pid = site.services.iter().flatten().next();
    let pid = pid.map_or(0, |service| service.process.id());
    for line in [
        "",
        "Everything is there. To try next, in another terminal:",
        &format!("  curl -i {page}/api/v1.0/session                what the page asks first"),
        &format!("  curl -s {page}/api/v1.0/imagecode/$(uuidgen) > picture.png"),
        &format!(
            "  redis-cli -p {redis} --scan                     what Redis keeps; `get` shows the code"
        ),
        &format!(
            "  http://{}/ui                        who is registered, with a real Consul",
            site.consul_at()
        ),
        &format!("  kill -9 {pid}                                   one service: the site goes on"),
    ] {
        tell(line);
    }
}

/// Where everything is, for a program.
fn places(site: &Site) -> String {
    let services: Vec<String> = site.at.iter().map(ToString::to_string).collect();
    let numbers: Vec<u32> = site
        .services
        .iter()
        .flatten()
        .map(|it| it.process.id())
        .collect();
    json!({
        "page": format!("http://{}/", site.web.addr),
        "web": site.web.addr.to_string(),
        "services": services,
        "redis": site.redis.addr().to_string(),
        "consul": site.consul_at().to_string(),
        "pids": { "web": site.web.process.id(), "services": numbers, "redis": site.redis.pid(),
                  "consul": site.consul.as_ref().map(services::consul::Consul::pid) },
    })
    .to_string()
}

/// Reports each process that has ended without a request. None is started again: a kill is there to see the
/// site go on without a part. Returns when the web has ended.
async fn watch(site: &mut Site) {
    let (redis, consul) = (AtomicBool::new(true), AtomicBool::new(true));
    let once = |there: &AtomicBool| there.swap(false, Ordering::SeqCst);
    loop {
        sleep(Duration::from_millis(200)).await;
        for index in 0..site.services.len() {
            let ended = site.services[index]
                .as_ref()
                .and_then(|it| it.process.ended());
            let Some(status) = ended else { continue };
            site.services[index] = None;
            let words = site::service_words(site.at[index], site.consul_at(), site.redis.addr());
            tell(&format!(
                "service-{} has ended ({status}). The site goes on with the other service. To start it again:\n  \
                 cargo run -p l16-captcha{} -- {}",
                index + 1,
                if cfg!(feature = "mine") {
                    " --features mine"
                } else {
                    ""
                },
                words.join(" ")
            ));
        }
        if !site.redis.is_running() && once(&redis) {
            tell(&format!(
                "Redis has ended. The site lets no visitor in now, and says so on its page. To start it again:\n  \
                 redis-server --port {} --save ''",
                site.redis.addr().port()
            ));
        }
        let runs = site
            .consul
            .as_mut()
            .is_some_and(|consul| consul.is_running());
        if !runs && once(&consul) {
            tell("Consul has ended. The web goes on with the services that it knows.");
        }
        if let Some(status) = site.web.process.ended() {
            tell(&format!(
                "The web has ended ({status}): there is no page any more."
            ));
            return;
        }
    }
}
