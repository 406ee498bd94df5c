//! Accepted: flush and shutdown on a thread of its own, a processor with settings, and a span that is passed on by name.

use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider,
};
use tracing::{Instrument, Span};

// Given in given.rs, beside this file: `draw`.
pub use super::given::*;

/// The OpenTelemetry SDK of one process.
pub fn provider(exporter: SpanExporter, share: f64) -> SdkTracerProvider {
    let config = BatchConfigBuilder::default().with_max_queue_size(4096);
    let processor = BatchSpanProcessor::builder(exporter).with_batch_config(config.build());
    SdkTracerProvider::builder()
        .with_span_processor(processor.build())
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(
            share,
        ))))
        .build()
}

/// Draws these pictures at the same time, and returns when all are drawn.
pub async fn draw_all(pictures: Vec<u32>) {
    let request = Span::current();
    let tasks: Vec<_> = pictures
        .into_iter()
        .map(|picture| tokio::spawn(draw(picture).instrument(request.clone())))
        .collect();
    for task in tasks {
        task.await.expect("a picture");
    }
}

/// The end of the process: sends the spans that have ended and have not been sent.
pub async fn end(provider: SdkTracerProvider) -> anyhow::Result<()> {
    let (told, sent) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let flushed = provider.force_flush();
        told.send(provider.shutdown().and(flushed))
    });
    Ok(sent.await??)
}
