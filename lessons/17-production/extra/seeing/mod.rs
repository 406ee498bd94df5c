//! Seeing what happens in the site: traces by OpenTelemetry, metrics by Prometheus.

pub mod context;
pub mod metrics;
pub mod picture;
pub mod proxy;
pub mod questions;
pub mod receiver;
pub mod site;
pub mod telemetry;
pub mod trace;
