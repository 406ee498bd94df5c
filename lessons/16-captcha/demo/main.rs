//! The command line of lesson 16. Without an argument it starts the whole site; `service` and `web` are
//! for terminals; `soak` lets people at it while its parts are killed.

#[allow(dead_code, reason = "the tests use the rest of it")]
mod attack;
#[allow(dead_code, reason = "the tests use the rest of it")]
mod browser;
mod captchas;
mod launch;
mod options;
mod roles;
mod sheet;
#[allow(dead_code, reason = "the tests use the rest of it")]
mod site;
mod soak;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::bail;
use l13_framework::options as framework;

const HELP: &str = "\
The captcha site: lesson 16 of Sockets to Services.

  cargo run -p l16-captcha              the whole site: a Consul, a Redis, two captcha services, the web
  cargo run -p l16-captcha -- service   the captcha service, go.micro.srv.getCaptcha, 127.0.0.1:8880
  cargo run -p l16-captcha -- web       the web, http://127.0.0.1:8080
  cargo run -p l16-captcha -- captchas  captchas for your own service by HTTP and JSON, 127.0.0.1:8890
  cargo run -p l16-captcha -- attack [NAME]...   attacks on the naive site and on this one, side by side
  cargo run -p l16-captcha -- sheet --out FILE.png [--seed N]   forty pictures on one page, to look at
  cargo run -p l16-captcha -- soak      people at the site while its parts are killed and started again

With --features mine the site runs on your own passed answers of lessons 15 and 16.

Terminals of your own:
  cargo workbook services up            a Consul at 127.0.0.1:8500 and a Redis at 127.0.0.1:6379
  cargo run -p l16-captcha -- service --registry consul
  cargo run -p l16-captcha -- service --registry consul --addr 127.0.0.1:8881
  cargo run -p l16-captcha -- web --registry consul

Options of the whole site:
  --web ADDR           where the page is                           [127.0.0.1:8080]
  --services A,B       where the services listen                   [127.0.0.1:8880,127.0.0.1:8881]
  --no-open            opens no browser
  --json               one line more, for programs: where everything is
  --until_stdin_ends   ends as well when its standard input does
  --limits none        no rate limit: for measuring, and on 127.0.0.1 alone
Options of service:
  --addr ADDR          where to listen                             [127.0.0.1:8880]
  --redis ADDR         where Redis is                              [127.0.0.1:6379]
  --limits none        as above
Options of web:
  --addr ADDR          where to listen                             [127.0.0.1:8080]
  --host NAME          answer to this name as well, beside addresses and localhost; several times, '*' for every name
Options of soak:
  --minutes N, --seconds N   how long                              [--minutes 10]
  --people N           how many at the same time                   [16]

service and web take what a service of lesson 13 takes:
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("l16-captcha: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let mut words: Vec<OsString> = std::env::args_os().skip(1).collect();
    let help = |word: &OsString| word == "--help" || word == "-h";
    if words.iter().any(help) {
        let text = format!("{HELP}\n{}", framework::help());
        return Ok(io::stdout().write_all(text.as_bytes())?);
    }
    let named = words.first().is_some_and(|word| {
        let word = word.to_string_lossy();
        !word.starts_with('-')
    });
    let role = named.then(|| words.remove(0));
    // The log of an attacked site is captured on its thread: the attack reads it.
    if role.as_deref() == Some("attack".as_ref()) {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build()?;
        return runtime.block_on(roles::attack(words));
    }
    stage::log::init();
    let runtime = tokio::runtime::Runtime::new()?;
    let done = match role.as_ref().map(|role| role.to_string_lossy()).as_deref() {
        None => runtime.block_on(launch::run(words)),
        Some("service") => runtime.block_on(roles::service(words)),
        Some("web") => runtime.block_on(roles::web(words)),
        Some("captchas") => runtime.block_on(roles::captchas(words)),
        Some("sheet") => sheet::run(words),
        Some("soak") => runtime.block_on(roles::soak(words)),
        Some(other) => bail!(
            "there is no `{other}`; there are service, web, captchas, attack, sheet and soak, nothing is the whole site, and \
             --help tells more"
        ),
    };
    // A task that still runs is cut off, because the end was asked for.
    runtime.shutdown_background();
    done
}
