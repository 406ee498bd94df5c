use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::task::JoinSet;

// Given in given.rs, beside this file: `draw`.
pub use super::given::*;

/// The OpenTelemetry SDK of one process.
///
/// * Spans go to `exporter` in batches, from a thread of the SDK: a request never waits for the receiver.
/// * Of the traces that begin in this process the share `share` is kept (0.1: one of ten), chosen by their trace ids.
/// * A trace that began in a caller is kept if the caller keeps it, and only then.
pub fn provider(exporter: SpanExporter, share: f64) -> SdkTracerProvider {
    let _ = (exporter, share);
    SdkTracerProvider::builder().build()
}

/// Draws these pictures at the same time, each in a task of its own, and returns when all are drawn.
///
/// The span of each `draw` is a child of the span that is current while this function runs.
pub async fn draw_all(pictures: Vec<u32>) {
    let mut tasks = JoinSet::new();
    for picture in pictures {
        tasks.spawn(draw(picture));
    }
    tasks.join_all().await;
}

/// The end of the process: sends the spans that have ended and have not been sent. `provider` is the one from above.
///
/// * It returns `Ok` when the receiver has all of them, and an error if the receiver does not take them. `force_flush` of the
///   provider returns that error. `shutdown` sends the spans as well, and is `Ok` also if no receiver is there.
/// * The runtime may have one thread, which carries the exporter's connection as well.
pub async fn end(provider: SdkTracerProvider) -> anyhow::Result<()> {
    drop(provider);
    Ok(())
}
