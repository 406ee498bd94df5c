//! The command line of lesson 14. Without an argument it tells the whole story in several processes;
//! `user`, `example`, `gateway` and `web` are for terminals; `proof` is the proof, by hand.

mod fleet;
mod load;
#[cfg(feature = "mine")]
mod mine;
#[allow(dead_code, reason = "the tests read more of its report")]
mod proof;
mod roles;
mod story;
mod user;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use l13_framework::options;
use proof::Setting;
use stage::signal::{on_signal, tell};

const HELP: &str = "\
API gateway: lesson 14 of Sockets to Services.

  cargo run -p l14-gateway              the demo: a Consul, services, the gateway, the web service
  cargo run -p l14-gateway -- user      the user service, go.micro.srv.user, in one terminal
  cargo run -p l14-gateway -- example   the example service, go.micro.srv.example
  cargo run -p l14-gateway -- gateway   the gateway, http://127.0.0.1:8080
  cargo run -p l14-gateway -- web       the web service, http://127.0.0.1:8081

Your own answer of the exercise grpc-route, in front of the user service and Consul:
  cargo run -p l14-gateway --features mine -- mine

Three terminals, and no other program: the services find each other by mDNS.
  cargo run -p l14-gateway -- user
  cargo run -p l14-gateway -- gateway --expose user
  curl 'http://127.0.0.1:8080/user/say/hello?name=huohuo'

The proof; it starts what it needs, prints what happens, and fails if a request has failed:
  cargo run -p l14-gateway -- proof [--fail_mode over|fast]

Options of user:
  --slow-ms MS         work so long before each answer             [0]
Options of gateway and web:
  --addr ADDR          where to listen          [127.0.0.1:8080, web 127.0.0.1:8081]
  --host NAME          answer to this name as well, beside addresses and localhost; several times, '*' for every name
Options of gateway:
  --namespace NAME     what stands before /SERVICE/ in the names   [go.micro.srv]
  --expose NAME        the service /NAME/ may be called from outside; several times, '*' for all of the namespace
  --cors ORIGIN        pages from there may call it, * for all; may be given several times  [none]
Options of web:
  --html DIR           the folder with the pages                   [that of the lesson]

All four take what a service of lesson 13 takes:
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("l14-gateway: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let mut words: Vec<OsString> = std::env::args_os().skip(1).collect();
    let help = |word: &OsString| word == "--help" || word == "-h";
    if words.iter().any(help) {
        let text = format!("{HELP}\n{}", options::help());
        return Ok(io::stdout().write_all(text.as_bytes())?);
    }
    let runtime = tokio::runtime::Runtime::new()?;
    let role = (!words.is_empty()).then(|| words.remove(0));
    let done = match role.as_ref().map(|role| role.to_string_lossy()).as_deref() {
        None => runtime.block_on(story::run()),
        Some("proof") => runtime.block_on(prove(words)),
        Some("user") => runtime.block_on(roles::user(words)),
        Some("example") => runtime.block_on(roles::example(words)),
        Some("gateway") => runtime.block_on(roles::gateway(words)),
        Some("web") => runtime.block_on(roles::web(words)),
        Some("mine") => runtime.block_on(run_mine()),
        Some(other) => bail!(
            "there is no `{other}`; there are user, example, gateway, web and proof, and --help tells more"
        ),
    };
    // What still runs is cut off: the end was asked for.
    runtime.shutdown_background();
    done
}

#[cfg(feature = "mine")]
use mine::run as run_mine;

#[cfg(not(feature = "mine"))]
async fn run_mine() -> anyhow::Result<()> {
    bail!("your answer is not built in: `cargo run -p l14-gateway --features mine -- mine`")
}

/// Prints a step of the proof, with the seconds since the first one.
fn say(line: &str) {
    static FIRST: LazyLock<Instant> = LazyLock::new(Instant::now);
    tell(&format!("{:8.2}  {line}", FIRST.elapsed().as_secs_f64()));
}

/// The proof of the tests, by hand, with its times. It fails if a request has failed.
async fn prove(words: Vec<OsString>) -> anyhow::Result<()> {
    let (own, words) = roles::split(words, &["--fail_mode"])?;
    if let Some(word) = words.first() {
        bail!(
            "`{}` is no option of proof; there is --fail_mode",
            word.to_string_lossy()
        );
    }
    let mut stop = on_signal(false)?;
    let program = std::env::current_exe().context("which program this is")?;
    let mut setting = Setting::new(program, say);
    if let Some((_, mode)) = own.into_iter().next_back() {
        setting.mode = mode;
    }
    let report = tokio::select! {
        report = proof::run(&setting) => report?,
        // What it has started ends with it.
        _ = stop.wait_for(|stop| *stop) => bail!("interrupted"),
    };
    print!("\n{report}");
    let (failed, answered) = (report.count.failed.len() as u64, report.count.answered());
    ensure!(
        failed == 0,
        "{failed} of {} requests failed",
        failed + answered
    );
    ensure!(
        report.waited * 4 < report.while_paused,
        "the paused one was not left out"
    );
    Ok(())
}

/// For messages: seconds without their noise.
fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}
