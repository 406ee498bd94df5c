//! The configuration of an Envoy that begins the traces: its own spans go to the receiver, and their context goes along
//! with each request.

use std::net::SocketAddr;

use serde_json::{Value, json};

// ANCHOR: tracing
/// Where Envoy sends its spans. A trace begins here for each request that carries no context.
fn tracing() -> Value {
    json!({
        "provider": {
            "name": "envoy.tracers.opentelemetry",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig",
                "grpc_service": { "envoy_grpc": { "cluster_name": "receiver" }, "timeout": "1s" },
                "service_name": "front-proxy",
            },
        },
        // One span for the request that came in, and one for each attempt to pass it on.
        "spawn_upstream_span": true,
        "random_sampling": { "value": 100.0 },
    })
}
// ANCHOR_END: tracing

/// The configuration of an Envoy that listens on `listen`, passes everything on to `web`, and sends its spans to
/// `receiver`; without one it makes no spans. It has no control plane.
pub fn bootstrap(listen: SocketAddr, web: SocketAddr, receiver: Option<SocketAddr>) -> Value {
    let mut clusters = vec![cluster("web", web, "http_protocol_options")];
    let mut manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "front",
        "http_filters": [{
            "name": "envoy.filters.http.router",
            "typed_config": { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
        }],
        "route_config": { "virtual_hosts": [{
            "name": "front",
            "domains": ["*"],
            "routes": [{ "match": { "prefix": "/" }, "route": { "cluster": "web" } }],
        }] },
    });
    if let Some(receiver) = receiver {
        manager["tracing"] = tracing();
        // gRPC is HTTP/2.
        clusters.push(cluster("receiver", receiver, "http2_protocol_options"));
    }
    json!({
        "node": { "id": "front-proxy", "cluster": "front-proxy" },
        "admin": { "address": address(SocketAddr::from(([127, 0, 0, 1], 0))) },
        // Envoy sends a batch when it has five spans or after five seconds. Here each span goes at once.
        "layered_runtime": { "layers": [{
            "name": "static",
            "static_layer": { "tracing.opentelemetry.min_flush_spans": 1 },
        }] },
        "static_resources": {
            "listeners": [{
                "name": "front",
                "address": address(listen),
                "filter_chains": [{ "filters": [{
                    "name": "envoy.filters.network.http_connection_manager",
                    "typed_config": manager,
                }] }],
            }],
            "clusters": clusters,
        },
    })
}

fn cluster(name: &str, addr: SocketAddr, protocol: &str) -> Value {
    json!({
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": { protocol: {} },
            },
        },
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": address(addr) } }] }],
        },
    })
}

fn address(addr: SocketAddr) -> Value {
    json!({ "socket_address": { "address": addr.ip().to_string(), "port_value": addr.port() } })
}
