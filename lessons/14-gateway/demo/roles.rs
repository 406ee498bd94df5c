//! What this program can be in a terminal: a service, the gateway, or the web service.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use l13_framework::edge;
use l13_framework::options::Options;
use l13_framework::service::Service;
use l14_gateway::gateway::Expose;
use l14_gateway::{gateway, web};

use crate::user;

/// Options of our own: name and value.
pub type Own = Vec<(String, String)>;

/// Takes our own options out; what is left belongs to the framework.
pub fn split(words: Vec<OsString>, ours: &[&str]) -> anyhow::Result<(Own, Vec<OsString>)> {
    let (mut own, mut left) = (Vec::new(), Vec::new());
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let text = word.to_string_lossy().into_owned();
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_string())),
            None => (text.as_str(), None),
        };
        if !ours.contains(&name) {
            left.push(word);
            continue;
        }
        let next = || words.next().map(|word| word.to_string_lossy().into_owned());
        let value = value.or_else(next);
        let value = value.with_context(|| format!("{name} needs a value; --help tells which"))?;
        own.push((name.to_string(), value));
    }
    Ok((own, left))
}

/// The same, with what the framework makes of its part.
fn read(words: Vec<OsString>, ours: &[&str]) -> anyhow::Result<(Own, Options)> {
    let (own, words) = split(words, ours)?;
    let options = Options::read(words, std::env::vars_os())?;
    options.no_words()?;
    Ok((own, options))
}

/// The gateway and the web service are called by address, so they have one that people can remember.
fn with_address(mut options: Options, own: &Own, usual: u16) -> anyhow::Result<Options> {
    for (_, value) in own.iter().filter(|(name, _)| name == "--addr") {
        let example = || format!("--addr {value}: an address looks like 127.0.0.1:{usual}");
        options.server_address = Some(value.parse().with_context(example)?);
    }
    let usual = SocketAddr::from(([127, 0, 0, 1], usual));
    options.server_address.get_or_insert(usual);
    Ok(options)
}

/// `-- user`.
pub async fn user(words: Vec<OsString>) -> anyhow::Result<()> {
    let (own, options) = read(words, &["--slow-ms"])?;
    let mut slow = Duration::ZERO;
    for (_, value) in &own {
        let words = || format!("--slow-ms {value}: milliseconds, for example 50");
        slow = Duration::from_millis(value.parse().with_context(words)?);
    }
    user::user(options, slow)?.run().await
}

/// `-- example`.
pub async fn example(words: Vec<OsString>) -> anyhow::Result<()> {
    let (_, options) = read(words, &[])?;
    user::example(options)?.run().await
}

/// `-- gateway`.
pub async fn gateway(words: Vec<OsString>) -> anyhow::Result<()> {
    let (own, options) = read(
        words,
        &["--addr", "--host", "--namespace", "--expose", "--cors"],
    )?;
    let options = with_address(options, &own, 8080)?;
    let hosts = hosts(&own);
    let mut settings = gateway::Settings {
        expose: exposed(&own)?,
        ..gateway::Settings::default()
    };
    for (name, value) in own {
        match name.as_str() {
            "--namespace" => settings.namespace = value,
            "--cors" => settings.cors.push(origin(value)?),
            _ => {}
        }
    }
    settings.mode = options.fail_mode.unwrap_or(settings.mode);
    settings.deadline = options.client_request_timeout.unwrap_or(settings.deadline);
    let mut service = Service::new("go.micro.api")
        .version("1.0.0")
        .with(options)?;
    let router = gateway::router(service.registry_in_use()?, settings);
    live(service, router, hosts).await
}

/// The list of the operator. There is no usual one: a service is reached from outside because a person wants it.
fn exposed(own: &Own) -> anyhow::Result<Expose> {
    let names = own.iter().filter(|(name, _)| name == "--expose");
    let names: Vec<String> = names.map(|(_, value)| value.clone()).collect();
    ensure!(
        !names.is_empty(),
        "which services may be called from outside? Name each of them: --expose user --expose example; \
         --expose '*' is every service of the namespace"
    );
    Ok(match names.iter().any(|name| name == "*") {
        true => Expose::All,
        false => Expose::Only(names),
    })
}

/// The names that the server answers to, beside addresses and localhost.
fn hosts(own: &Own) -> edge::Hosts {
    let names = own.iter().filter(|(name, _)| name == "--host");
    edge::Hosts::with(names.map(|(_, value)| value.clone()))
}

/// A browser compares this letter by letter, so a slash at its end would never fit.
fn origin(value: String) -> anyhow::Result<String> {
    let host = value.split_once("://").map(|(_, host)| host);
    let good = value == "*" || host.is_some_and(|host| !host.is_empty() && !host.contains('/'));
    ensure!(
        good,
        "--cors {value}: an origin looks like http://127.0.0.1:3000, without a path"
    );
    Ok(value)
}

// ANCHOR: web
/// `-- web`.
pub async fn web(words: Vec<OsString>) -> anyhow::Result<()> {
    let (own, options) = read(words, &["--addr", "--host", "--html"])?;
    let options = with_address(options, &own, 8081)?;
    let hosts = hosts(&own);
    let mut settings = web::Settings::default();
    for (_, value) in own.into_iter().filter(|(name, _)| name == "--html") {
        settings.html = PathBuf::from(value);
    }
    if !settings.html.join("index.html").is_file() {
        let folder = settings.html.display();
        bail!("there is no index.html in {folder}; name the folder with the pages: --html DIR");
    }
    let mut service = Service::new(web::NAME).version("1.0.0").with(options)?;
    let services = web::ByName(service.client()?);
    live(service, web::router(services, settings), hosts).await
}

/// The life of every service, around a server that is not gRPC.
async fn live(service: Service, router: axum::Router, hosts: edge::Hosts) -> anyhow::Result<()> {
    let (listener, shutdown) = service.listen().await?;
    let limits = edge::Limits {
        hosts,
        ..edge::Limits::default()
    };
    let serve = |listener, stop| edge::serve(listener, router, limits, stop);
    service.run_with(listener, shutdown, serve).await?.well()
}
// ANCHOR_END: web
