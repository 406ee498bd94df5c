//! Metrics: numbers that only grow, and a page on which Prometheus reads them.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

// ANCHOR: metrics
/// The bounds of the histogram, in seconds. A quantile is as exact as the bounds near it.
const BOUNDS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

/// The result of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Outcome {
    /// 100 to 399.
    Ok,
    /// 400 to 499: the client's fault.
    Refused,
    /// 500 to 599: the site's fault.
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    // Each value of a label is a series of its own. There are three here; a session would be a million.
    outcome: Outcome,
}

/// The metrics of the site.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    duration: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        let requests = Family::<Labels, Counter>::default();
        for outcome in [Outcome::Ok, Outcome::Refused, Outcome::Failed] {
            // At 0 from the start: `rate` sees no increase if the first value is 1 already.
            drop(requests.get_or_create(&Labels { outcome }));
        }
        let duration = Histogram::new(BOUNDS);
        let mut registry = Registry::default();
        let help = "Requests that were answered";
        registry.register("http_requests", help, requests.clone());
        let help = "Seconds from a request to its answer";
        registry.register("http_request_duration_seconds", help, duration.clone());
        Metrics {
            registry,
            requests,
            duration,
        }
    }
}
// ANCHOR_END: metrics

impl Metrics {
    /// Adds the metrics to a site: each of its requests is counted, and `/metrics` shows the numbers.
    pub fn measure(self, site: Router) -> Router {
        let metrics = Arc::new(self);
        let page = get(page).with_state(Arc::clone(&metrics));
        // The route of the page comes after the layer, so that scrapes are not counted.
        site.layer(middleware::from_fn_with_state(metrics, measured))
            .route("/metrics", page)
    }
}

// ANCHOR: measured
async fn measured(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    let since = Instant::now();
    let reply = next.run(request).await;
    let outcome = match reply.status().as_u16() {
        500.. => Outcome::Failed,
        400..500 => Outcome::Refused,
        _ => Outcome::Ok,
    };
    metrics.duration.observe(since.elapsed().as_secs_f64());
    metrics.requests.get_or_create(&Labels { outcome }).inc();
    reply
}
// ANCHOR_END: measured

async fn page(State(metrics): State<Arc<Metrics>>) -> Response {
    let mut page = String::new();
    match text::encode(&mut page, &metrics.registry) {
        Ok(()) => ([(CONTENT_TYPE, OPEN_METRICS)], page).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
