//! The log of a program that has none of its own.

use tracing::Level;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt, registry};

/// From now on events of level INFO and above are lines on the standard output, each only its message. A
/// subscriber that the program has installed stays; a second call changes nothing. What chitchat logs about
/// its neighbours is left out.
pub(crate) fn to_stdout() {
    let lines = fmt::layer()
        .without_time()
        .with_level(false)
        .with_target(false);
    let shown =
        filter_fn(|event| *event.level() <= Level::INFO && !event.target().starts_with("chitchat"));
    let _ = registry().with(lines.with_filter(shown)).try_init();
}
