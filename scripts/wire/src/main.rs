//! `wire`: starts the view on the wire. Everything it is made of is in the library.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::sync::{Notify, mpsc};
use wire::address;
use wire::control::{self, Dial};
use wire::event::{Mark, Shown, Tone};
use wire::forward::Setup;
use wire::options::{self, Asked, Options, Output};
use wire::proxy::Proxy;
use wire::schema::{self, Schema, reflect};
use wire::screen::{Form, Screen};
use wire::view::{Reading, ViewKind};

/// At the end the screen gets this long to show what is still waiting.
const LAST_WORDS: Duration = Duration::from_millis(300);

fn main() -> ExitCode {
    match options::parse(std::env::args_os().skip(1)) {
        Ok(Asked::Help) => print!("{}", options::HELP),
        Ok(Asked::Version) => println!("wire {}", env!("CARGO_PKG_VERSION")),
        Ok(Asked::Run(options)) => {
            let types = match Found::find(&options) {
                Ok(types) => types,
                Err(error) => {
                    eprintln!("wire: {error}");
                    return ExitCode::from(2);
                }
            };
            if let Err(error) = run(*options, types) {
                eprintln!("wire: {error:#}");
                return ExitCode::from(1);
            }
        }
        Err(error) => {
            eprintln!("wire: {error}\n`--help` shows all options.");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// The view with its types, which are found before anything starts.
struct Found {
    view: Reading,
    /// The types that the server is to be asked for.
    asked: Option<(Arc<Schema>, mpsc::Receiver<wire::schema::Asked>)>,
}

impl Found {
    /// What the options ask for, or what is wrong with a .proto file.
    fn find(options: &Options) -> Result<Found, String> {
        let types = &options.types;
        let pool = match types.files.as_slice() {
            [] => None,
            files => Some(schema::read(files, &types.folders)?),
        };
        let mut asked = None;
        let view = match (options.view, pool) {
            (ViewKind::Grpc, Some(pool)) => Reading::Grpc(Schema::of(pool)),
            (ViewKind::Grpc, None) => {
                let (schema, receiver) = Schema::by_reflection();
                asked = Some((Arc::clone(&schema), receiver));
                Reading::Grpc(schema)
            }
            (ViewKind::Protobuf, pool) => {
                let [request, reply] = &types.messages;
                let find = |name: &Option<String>| match (name, &pool) {
                    (Some(name), Some(pool)) => schema::message_named(pool, name).map(Some),
                    _ => Ok(None),
                };
                Reading::Protobuf([find(request)?, find(reply)?])
            }
            (kind, _) => Reading::Plain(kind),
        };
        Ok(Found { view, asked })
    }
}

fn run(options: Options, types: Found) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the tokio runtime")?;
    let result = runtime.block_on(serve(options, types));
    // Connections under way are not waited for: Ctrl-C ends at once.
    runtime.shutdown_background();
    result
}

async fn serve(options: Options, types: Found) -> Result<()> {
    // Asked for before anything is announced: who reads "listening" may send a signal next.
    let stop = stage::signal::on_signal(false).context("cannot wait for Ctrl-C")?;
    let listener = address::bind(&options.listen).await?;
    let addr = listener
        .local_addr()
        .context("cannot learn the own address")?;
    let screen = Screen::start(std::io::stdout(), form(options.output));
    announce(&screen, &options, addr);
    let dial = Dial::new(options.chaos);
    let no_more_commands = if options.control {
        let input = std::io::BufReader::new(std::io::stdin());
        control::obey(input, dial.clone(), screen.clone())
    } else {
        // No signal will come.
        Arc::new(Notify::new())
    };
    if let Some((schema, asked)) = types.asked {
        schema.want(wire::schema::Asked::AtStart);
        let asking = reflect::serve(schema, asked, options.to.clone(), screen.clone());
        tokio::spawn(asking);
    }
    let setup = Setup {
        screen: screen.clone(),
        view: types.view,
        limits: options.limits,
        dial,
    };
    let proxy = Proxy::new(setup, options.to, options.max_connections);
    tokio::select! {
        () = proxy.run(listener) => {}
        () = stage::signal::stopped(stop) => {}
        () = no_more_commands.notified() => {}
        // As every program in a pipe: without a reader this is the end.
        () = screen.gone() => return Ok(()),
    }
    let summary = proxy.summary();
    if !screen.finish(summary.clone(), LAST_WORDS).await {
        last_words(summary.words);
    }
    Ok(())
}

/// Says the summary where errors go. If that is the same stuck terminal, it is not waited for:
/// the thread ends with the program.
fn last_words(summary: String) {
    let (done, wait) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        eprintln!("wire: {summary} (the screen was too slow for the rest)");
        // The receiver may be gone, which is fine.
        let _ = done.send(());
    });
    // Said or not said in time: the end comes either way.
    let _ = wait.recv_timeout(LAST_WORDS);
}

/// The form that suits the standard output.
fn form(output: Output) -> Form {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    match output {
        Output::Json => Form::Json,
        Output::Plain => Form::Plain,
        Output::Auto if dumb => Form::Plain,
        Output::Auto => {
            // NO_COLOR counts if it is there and not empty, as its convention says.
            let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            Form::Pretty {
                colour: !no_colour && std::io::stdout().is_terminal(),
            }
        }
    }
}

/// Says what is going to happen. The first line is `listening on ADDR`: clients may come now.
fn announce(screen: &Screen, options: &Options, addr: std::net::SocketAddr) {
    let to = options.to.first().map(ToString::to_string);
    let to = to.unwrap_or_default();
    let view = options.view.name();
    let chaos = &options.chaos;
    let words = format!("listening on {addr}");
    let listening = Shown::new("listening", Mark::Bare, Tone::Good, words)
        .rows(vec![
            format!("forwarding to {to}, view: {view}, chaos: {chaos}"),
            "client left, server right, time in seconds runs down; Ctrl-C ends".to_string(),
        ])
        .field("addr", addr.to_string())
        .field("to", to)
        .field("view", view)
        .field("chaos", chaos.to_string());
    screen.tell(None, None, listening);
    let warn = |text: String| {
        let words = format!("warning: {text}");
        let shown = Shown::new("warning", Mark::Bare, Tone::Wrong, words);
        screen.tell(None, None, shown.field("text", text));
    };
    if !addr.ip().is_loopback() {
        warn(format!(
            "{addr} can be reached from other machines, and the wire has no authentication"
        ));
    }
    if let Some(far) = options.to.iter().find(|addr| !addr.ip().is_loopback()) {
        warn(format!(
            "{far} is another machine: what crosses leaves this one, unencrypted as it came"
        ));
    }
}
