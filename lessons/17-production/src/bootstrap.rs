//! The file that Envoy is started with. It says where the control plane is; everything else comes from there.

use std::net::SocketAddr;

use serde_json::{Value, json};

// ANCHOR: bootstrap
/// The configuration of an Envoy whose control plane is at `plane`.
pub fn bootstrap(plane: SocketAddr) -> Value {
    let address = |addr: SocketAddr| json!({ "socket_address": { "address": addr.ip().to_string(), "port_value": addr.port() } });
    let from_ads = json!({ "ads": {}, "resource_api_version": "V3" });
    json!({
        "node": { "id": "front-proxy", "cluster": "front-proxy" },
        // A page for the operator. Port 0: any free one, on this machine alone.
        "admin": { "address": address(SocketAddr::from(([127, 0, 0, 1], 0))) },
        "dynamic_resources": {
            "ads_config": {
                "api_type": "GRPC",
                "transport_api_version": "V3",
                "grpc_services": [{ "envoy_grpc": { "cluster_name": "control-plane" } }],
            },
            "cds_config": from_ads,
            "lds_config": from_ads,
        },
        "static_resources": { "clusters": [{
            "name": "control-plane",
            "type": "STATIC",
            "connect_timeout": "1s",
            // gRPC is HTTP/2.
            "typed_extension_protocol_options": {
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                    "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                    "explicit_http_config": { "http2_protocol_options": {} },
                },
            },
            "load_assignment": {
                "cluster_name": "control-plane",
                "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": address(plane) } }] }],
            },
        }] },
    })
}
// ANCHOR_END: bootstrap
