//! The command line of lesson 17. Without an argument it tells the whole story; `instance` and `proxy` are for
//! terminals beside a Consul.

mod greeting;
mod machines;
mod proxy;
mod seeing;
mod story;
mod timetable;

use std::process::ExitCode;
use std::time::Duration;

use l17_production::instance::{Instance, Settings};
use stage::commands::{Given, Program, command, flag, heading, hidden, option};
use stage::signal::{on_signal, tell};

const PROGRAM: Program = Program {
    name: "l17-production",
    title: "Production: lesson 17 of Sockets to Services.",
    commands: &[
        command(
            "",
            "the demo: a Consul, three instances, Envoy in front of them",
        ),
        command(
            "instance",
            "one instance that registers itself, in a terminal",
        ),
        command("proxy", "Envoy and its control plane, in another"),
        command("seeing", "traces and metrics of the captcha site"),
        command("greeter", "lesson 06's greeter, with or without TLS"),
        command("greet NAME", "call it"),
        command(
            "tls",
            "the same call without TLS, with TLS and with mutual TLS",
        ),
        command("up", "the captcha site on three machines"),
        command("status", "what of it runs, and where"),
        command("visit", "solve one captcha through Envoy"),
        command(
            "kill MACHINE",
            "kill one, two, three, redis-primary or consul-leader",
        ),
        command("cut MACHINE", "cut a machine off; `join` undoes it"),
        command("join MACHINE", "join a machine again"),
        command("start MACHINE", "start what does not run on a machine"),
        command("roll VERSION", "replace the version, machine by machine"),
        command("renew [SECONDS]", "new certificates, with this life"),
        command("down", "end the site"),
        command("dies WHAT", "what a failure of such a site costs"),
        command("captcha", "a captcha service, as `up` starts it"),
        command("web", "a web, as `up` starts it"),
        command("redis-proxy", "a proxy to Redis, as `up --own` starts it"),
        command("timetable", "a site that pauses, measured in two ways"),
        command("timetable site", "the captcha site, measured by timetable"),
    ],
    options: &[
        heading("Options of both"),
        option("consul ADDR", "the HTTP API of the agent", "127.0.0.1:8500"),
        option("name NAME", "the name of the service", "site"),
        heading("Options of instance"),
        option("addr ADDR", "where to listen", "127.0.0.1:0"),
        option("version V", "the version of the program", "v1"),
        option("redis ADDR", "the Redis that it needs", "none"),
        option("check-every-ms MS", "how often Consul asks /readyz", "1000"),
        option(
            "drain-ms MS",
            "how long it answers after it has left the list",
            "2000",
        ),
        heading("Options of proxy"),
        option(
            "listen ADDR",
            "where Envoy accepts requests",
            "127.0.0.1:8080",
        ),
        option("weights LIST", "requests for each version", "v1=1"),
        heading("Options of greeter and greet"),
        option("at ADDR", "where the greeter is", "127.0.0.1:8800"),
        flag("tls", "the greeter shows a certificate"),
        flag("mtls", "the greeter shows one, and demands one"),
        option("ca FILE", "speak TLS, and trust this authority", ""),
        option("identity FILE", "show this certificate", ""),
        heading("Options of the site, and of the greeter"),
        option("folder DIR", "where it keeps its files", ""),
        option(
            "net N",
            "the machines are 127.N.1.1, 127.N.2.1, 127.N.3.1",
            "0",
        ),
        flag(
            "namespaces",
            "the machines are network namespaces, for root",
        ),
        option("own DIR", "your own service, on each machine", ""),
        flag("no-limits", "visitors are not limited; for measurements"),
        hidden("json"),
        option("settings FILE", "of captcha and web", ""),
        heading("Options of timetable"),
        option(
            "rate N",
            "requests a second; for `site` visits, 4 at first",
            "100",
        ),
        option(
            "seconds N",
            "how long each measurement takes; 2 for `site`",
            "3",
        ),
        flag("once", "for `site`: only the first rate"),
        hidden("until-stdin-ends"),
        hidden("receiver ADDR"),
        hidden("captchas ADDR"),
        hidden("naive"),
    ],
    end: "\
`instance` and `proxy` need a Consul: `cargo workbook services up consul`. Ctrl-C ends each of them.
",
};

fn main() -> ExitCode {
    PROGRAM.main(run)
}

#[tokio::main]
async fn run(given: &Given) -> anyhow::Result<()> {
    if given.command() == "seeing" {
        return seeing::run(given).await;
    }
    stage::log::init();
    match given.command() {
        "instance" => instance(given).await,
        "proxy" => {
            given.at_most(0)?;
            proxy::run(given).await
        }
        "greeter" => greeting::serve(given).await,
        "greet" => greeting::ask(given).await,
        "tls" => greeting::compare(given).await,
        "timetable" => timetable::run(given).await,
        "up" => machines::up(given).await,
        "dies" => machines::dies(given).await,
        "captcha" | "web" | "redis-proxy" => machines::role(given).await,
        "status" | "visit" | "kill" | "cut" | "join" | "start" | "roll" | "renew" | "down" => {
            machines::order(given).await
        }
        _ => {
            given.at_most(0)?;
            story::run().await
        }
    }
}

async fn instance(given: &Given) -> anyhow::Result<()> {
    given.at_most(0)?;
    let mut stop = on_signal(given.has("until-stdin-ends"))?;
    let redis = given.value::<String>("redis")?;
    let instance = Instance::start(Settings {
        listen: given.address("addr")?,
        consul: given.address("consul")?,
        service: given.value("name")?,
        version: given.value("version")?,
        redis: match redis.as_str() {
            "none" => None,
            addr => Some(addr.parse().map_err(|_| {
                anyhow::anyhow!("--redis {addr}: an address looks like 127.0.0.1:6379")
            })?),
        },
        check_every: Duration::from_millis(given.value("check-every-ms")?),
        drain: Duration::from_millis(given.value("drain-ms")?),
    })
    .await?;
    tell(&format!("listening on {}", instance.addr));
    // The sender lives as long as the process.
    let _ = stop.wait_for(|stop| *stop).await;
    instance.leave().await
}
