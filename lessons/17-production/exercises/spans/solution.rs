//! Between the end of a span and its arrival there are three gaps. The sampler decides whether the trace is kept, and
//! follows the caller's decision if there is one. A batch waits for more spans, so the end has to send the last one; that
//! blocks, so it runs on a thread that may block. And a new task has no span unless it is given one.

use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tokio::task::{JoinSet, spawn_blocking};
use tracing::Instrument;

// Given in given.rs, beside this file: `draw`.
pub use super::given::*;

/// The OpenTelemetry SDK of one process.
pub fn provider(exporter: SpanExporter, share: f64) -> SdkTracerProvider {
    let share = Sampler::TraceIdRatioBased(share);
    SdkTracerProvider::builder()
        .with_sampler(Sampler::ParentBased(Box::new(share)))
        .with_batch_exporter(exporter)
        .build()
}

/// Draws these pictures at the same time, each in a task of its own, and returns when all are drawn.
pub async fn draw_all(pictures: Vec<u32>) {
    let mut tasks = JoinSet::new();
    for picture in pictures {
        tasks.spawn(draw(picture).in_current_span());
    }
    tasks.join_all().await;
}

/// The end of the process: sends the spans that have ended and have not been sent.
pub async fn end(provider: SdkTracerProvider) -> anyhow::Result<()> {
    Ok(spawn_blocking(move || provider.force_flush()).await??)
}
