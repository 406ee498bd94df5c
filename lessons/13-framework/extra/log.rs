//! The default log, for a program that sets none.

use tracing::Level;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt, registry};

/// Writes events of level INFO and above to the standard output from now on, a line each, only the
/// message: those of the framework and of the program, and none of the libraries below (consulrs,
/// chitchat). A subscriber that the program has installed stays; a second call changes nothing.
pub(crate) fn to_stdout() {
    let program = std::env::current_exe().ok();
    let program = program
        .as_deref()
        .and_then(|path| path.file_stem()?.to_str());
    // As in the targets of its events.
    let program = program.unwrap_or_default().replace('-', "_");
    let lines = fmt::layer()
        .without_time()
        .with_level(false)
        .with_target(false);
    let shown = filter_fn(move |event| {
        let of = event.target().split("::").next().unwrap_or_default();
        *event.level() <= Level::INFO && (of == "l13_framework" || of == program)
    });
    let _ = registry().with(lines.with_filter(shown)).try_init();
}
