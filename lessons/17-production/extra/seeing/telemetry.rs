//! From `tracing` to a receiver: which spans are kept, how they are collected, and how the rest is sent at the end.

use std::net::SocketAddr;
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider,
};
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;

// ANCHOR: settings
/// The settings of a process that sends spans.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The name of the service, the same for all its instances.
    pub service: String,
    /// The receiver of OTLP over gRPC.
    pub receiver: SocketAddr,
    /// The share of the traces that begin here and are kept, from 0.0 to 1.0.
    pub share: f64,
}
// ANCHOR_END: settings

/// How long one export may take. A receiver that does not answer costs its spans, and no request.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(2);

// ANCHOR: exporter
/// Sends spans by OTLP over gRPC. It connects with the first batch, so the receiver need not be there yet. It has to be
/// made within the tokio runtime that carries its connection.
///
/// # Errors
/// If the address is not one of HTTP.
pub fn exporter(receiver: SocketAddr) -> Result<SpanExporter, ExporterBuildError> {
    SpanExporter::builder()
        .with_tonic()
        .with_endpoint(format!("http://{receiver}"))
        .with_timeout(EXPORT_TIMEOUT)
        .build()
}
// ANCHOR_END: exporter

// ANCHOR: provider
/// The SDK of OpenTelemetry: it decides about each trace, and collects the spans that have ended.
pub fn provider(settings: &Settings, exporter: SpanExporter) -> SdkTracerProvider {
    let batches = BatchConfigBuilder::default()
        // Spans beyond it are dropped: a slow receiver must not fill the memory.
        .with_max_queue_size(2048)
        .with_scheduled_delay(Duration::from_secs(1))
        .build();
    let batches = BatchSpanProcessor::builder(exporter).with_batch_config(batches);
    let share = Sampler::TraceIdRatioBased(settings.share);
    let resource = Resource::builder().with_service_name(settings.service.clone());
    SdkTracerProvider::builder()
        // The service before this one has decided, or there is none, and the share decides.
        .with_sampler(Sampler::ParentBased(Box::new(share)))
        .with_span_processor(batches.build())
        .with_resource(resource.build())
        .build()
}
// ANCHOR_END: provider

/// The spans of a process on their way.
#[derive(Debug)]
pub struct Telemetry {
    provider: SdkTracerProvider,
}

impl Telemetry {
    // ANCHOR: install
    /// Sends the spans of this process from now on. Warnings go to the standard error, those of OpenTelemetry itself as
    /// well: an export that fails is told nowhere else. It has to be called within a tokio runtime.
    ///
    /// # Errors
    /// If the exporter cannot be made, or the process has a subscriber of `tracing` already.
    pub fn install(settings: &Settings) -> anyhow::Result<Self> {
        let provider = provider(settings, exporter(settings.receiver)?);
        let warnings = tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_filter(filter_fn(|about| *about.level() <= Level::WARN));
        let subscriber = tracing_subscriber::registry()
            .with(layer(&provider))
            .with(warnings);
        tracing::subscriber::set_global_default(subscriber)?;
        Ok(Telemetry { provider })
    }
    // ANCHOR_END: install

    // ANCHOR: shutdown
    /// Sends what is left. Without it the last second of spans is lost, because a batch waits for more.
    ///
    /// # Errors
    /// If the receiver did not take the last batch.
    pub async fn shutdown(self) -> anyhow::Result<()> {
        // It blocks its thread until the batch is sent, and the connection needs the threads of the runtime.
        let sent: OTelSdkResult = tokio::task::spawn_blocking(move || {
            // `shutdown` of this SDK is `Ok` after a failed export as well; `force_flush` has the error.
            let flushed = self.provider.force_flush();
            self.provider.shutdown().and(flushed)
        })
        .await?;
        Ok(sent?)
    }
    // ANCHOR_END: shutdown
}

/// The bridge from `tracing` to the SDK, for the spans of the lessons. Tonic and h2 have spans as well, and those of the
/// export would be exported.
pub fn layer<S>(provider: &SdkTracerProvider) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("l17-production"))
        // File, line and thread of each span are for debugging a program, and half of the bytes.
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_filter(filter_fn(of_a_lesson))
}

fn of_a_lesson(about: &Metadata<'_>) -> bool {
    let lessons = ["l16_captcha", "l17_production"];
    let named = lessons
        .iter()
        .any(|lesson| about.target().starts_with(lesson));
    named && *about.level() <= Level::INFO
}
