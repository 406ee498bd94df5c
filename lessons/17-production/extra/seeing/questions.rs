//! Questions to Prometheus about a site, and its API for queries.

use std::net::SocketAddr;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use stage::http::Request;

// ANCHOR: questions
/// The query for the requests that the site answers, per second.
pub const RATE: &str = "sum(rate(http_requests_total[10s]))";

/// The query for the share of them that fails by the site's fault.
pub const ERRORS: &str = r#"sum(rate(http_requests_total{outcome="Failed"}[10s])) / sum(rate(http_requests_total[10s]))"#;

/// The seconds within which 99 of 100 are answered.
pub const P99: &str =
    "histogram_quantile(0.99, sum by (le) (rate(http_request_duration_seconds_bucket[10s])))";
// ANCHOR_END: questions

// ANCHOR: config
/// The configuration of a Prometheus that reads `/metrics` of these instances once a second. YAML has JSON in it.
pub fn config(instances: &[SocketAddr]) -> Value {
    let targets: Vec<String> = instances.iter().map(ToString::to_string).collect();
    json!({
        "global": { "scrape_interval": "1s", "scrape_timeout": "1s" },
        "scrape_configs": [{
            "job_name": "web",
            "static_configs": [{ "targets": targets }],
        }],
    })
}
// ANCHOR_END: config

/// Asks for one number; `None` if there is none yet, or none that is a number (0 of 0).
///
/// # Errors
/// If Prometheus does not answer, or refuses the query.
pub async fn ask(prometheus: SocketAddr, query: &str) -> anyhow::Result<Option<f64>> {
    let path = format!("/api/v1/query?query={}", encoded(query));
    let answer = Request::get(path).send(prometheus).await?;
    ensure!(answer.status == 200, "{}", answer.text());
    // A list of series, each with its labels, and a time beside the value, which is text.
    let answer = answer.json();
    let series = answer["data"]["result"].as_array().context("no result")?;
    let value = series
        .first()
        .and_then(|series| series["value"][1].as_str());
    let value: Option<f64> = value.and_then(|value| value.parse().ok());
    Ok(value.filter(|value| value.is_finite()))
}

fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte.is_ascii_alphanumeric() {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}
