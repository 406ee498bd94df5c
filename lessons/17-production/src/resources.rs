//! From a list of instances to the resources of Envoy. Nothing here sends or waits: a function from values to values.
//!
//! Envoy knows four kinds of resources. A *listener* accepts connections. Its *route configuration* chooses a *cluster*
//! for a request. The *endpoints* of that cluster are the addresses that get the request.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use prost::Message;
use prost_types::{Any, Duration};

use crate::pb;

// ANCHOR: kinds
/// The kinds of resources, in the order in which they are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// CDS: groups of instances.
    Cluster,
    /// EDS: the addresses of a group.
    Endpoints,
    /// LDS: the ports on which Envoy listens.
    Listener,
    /// RDS: which request goes to which cluster.
    Routes,
}

impl Kind {
    /// All, in the order in which they are sent.
    pub const ALL: [Kind; 4] = [Kind::Cluster, Kind::Endpoints, Kind::Listener, Kind::Routes];

    /// The kinds that Envoy must have answered about before this one is sent. A route may name a cluster only after Envoy
    /// has the cluster and its endpoints. The endpoints do not wait for the cluster: Envoy accepts a new cluster only when
    /// it has its endpoints.
    pub const fn waits_for(self) -> &'static [Kind] {
        match self {
            Kind::Routes => &[Kind::Cluster, Kind::Endpoints],
            Kind::Cluster | Kind::Endpoints | Kind::Listener => &[],
        }
    }

    /// The type URL: the name of a message's type inside of an `Any`.
    pub const fn type_url(self) -> &'static str {
        match self {
            Kind::Cluster => "type.googleapis.com/envoy.config.cluster.v3.Cluster",
            Kind::Endpoints => "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
            Kind::Listener => "type.googleapis.com/envoy.config.listener.v3.Listener",
            Kind::Routes => "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
        }
    }

    /// The kind with this type URL.
    pub fn of(type_url: &str) -> Option<Self> {
        Kind::ALL
            .into_iter()
            .find(|kind| kind.type_url() == type_url)
    }
}
// ANCHOR_END: kinds

const HTTP_CONNECTION_MANAGER: &str = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const ROUTER: &str = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";
const PREVIOUS_HOSTS: &str =
    "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate";

/// The name of the listener and of its route configuration.
const FRONT: &str = "front";

// ANCHOR: plan
/// The plan of the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Where Envoy accepts requests.
    pub listen: SocketAddr,
    /// Of so many requests in all, how many go to each version. `{"v1": 9, "v2": 1}` makes v2 a canary with a tenth.
    pub weights: BTreeMap<String, u32>,
    /// The port that gets the requests, where it is not the one in the registry.
    pub port: Option<u16>,
}

/// The healthy instances of each version.
pub type Instances = BTreeMap<String, BTreeSet<SocketAddr>>;
// ANCHOR_END: plan

/// Named resources of each kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resources(BTreeMap<Kind, BTreeMap<String, Any>>);

impl Resources {
    /// The resources for this plan and these instances. A version has a cluster if it has a weight or an instance.
    pub fn new(plan: &Plan, instances: &Instances) -> Self {
        let mut resources = Resources::default();
        let versions: BTreeSet<&String> = plan.weights.keys().chain(instances.keys()).collect();
        let none = BTreeSet::new();
        for version in versions {
            let addrs = instances.get(version).unwrap_or(&none).iter();
            let at =
                |addr: &SocketAddr| SocketAddr::new(addr.ip(), plan.port.unwrap_or(addr.port()));
            let addrs = addrs.map(at).collect();
            resources.put(Kind::Cluster, version, &cluster(version));
            resources.put(Kind::Endpoints, version, &endpoints(version, &addrs));
        }
        resources.put(Kind::Listener, FRONT, &listener(plan.listen));
        resources.put(Kind::Routes, FRONT, &routes(&plan.weights));
        resources
    }

    /// The resources of a kind; only those with these names, unless there are none.
    pub fn named(&self, kind: Kind, names: &[String]) -> BTreeMap<String, Any> {
        let all = self.0.get(&kind).cloned().unwrap_or_default();
        let wanted = |name: &String| names.is_empty() || names.contains(name);
        all.into_iter().filter(|(name, _)| wanted(name)).collect()
    }

    fn put(&mut self, kind: Kind, name: &str, message: &impl Message) {
        let any = any(kind.type_url(), message);
        self.0.entry(kind).or_default().insert(name.to_owned(), any);
    }
}

fn any(type_url: &str, message: &impl Message) -> Any {
    Any {
        type_url: type_url.to_owned(),
        value: message.encode_to_vec(),
    }
}

/// A message without a field that is set.
fn empty(type_url: &str) -> Option<Any> {
    Some(any(type_url, &()))
}

/// From the same stream as everything else.
fn ads() -> Option<pb::ConfigSource> {
    Some(pb::ConfigSource {
        ads: Some(pb::AggregatedConfigSource {}),
        resource_api_version: 2,
    })
}

fn address(addr: SocketAddr) -> Option<pb::Address> {
    Some(pb::Address {
        socket_address: Some(pb::SocketAddress {
            address: addr.ip().to_string(),
            port_value: addr.port().into(),
        }),
    })
}

fn seconds(seconds: i64) -> Option<Duration> {
    Some(Duration { seconds, nanos: 0 })
}

// ANCHOR: endpoints
fn cluster(name: &str) -> pb::Cluster {
    pb::Cluster {
        name: name.to_owned(),
        r#type: 3,
        eds_cluster_config: Some(pb::EdsClusterConfig { eds_config: ads() }),
        connect_timeout: seconds(1),
        circuit_breakers: Some(pb::CircuitBreakers {
            // Envoy allows 3 retries at the same time. When an instance dies, each of its callers needs one.
            thresholds: vec![pb::Thresholds {
                max_retries: Some(1000),
            }],
        }),
        common_lb_config: Some(pb::CommonLbConfig {
            healthy_panic_threshold: Some(pb::Percent { value: 0.0 }),
        }),
    }
}

fn endpoints(cluster: &str, addrs: &BTreeSet<SocketAddr>) -> pb::ClusterLoadAssignment {
    let endpoint = |addr: &SocketAddr| pb::LbEndpoint {
        endpoint: Some(pb::Endpoint {
            address: address(*addr),
        }),
    };
    pb::ClusterLoadAssignment {
        cluster_name: cluster.to_owned(),
        endpoints: vec![pb::LocalityLbEndpoints {
            lb_endpoints: addrs.iter().map(endpoint).collect(),
        }],
    }
}
// ANCHOR_END: endpoints

fn listener(listen: SocketAddr) -> pb::Listener {
    let manager = pb::HttpConnectionManager {
        stat_prefix: FRONT.to_owned(),
        rds: Some(pb::Rds {
            config_source: ads(),
            route_config_name: FRONT.to_owned(),
        }),
        http_filters: vec![pb::HttpFilter {
            name: "envoy.filters.http.router".to_owned(),
            typed_config: empty(ROUTER),
        }],
    };
    let filter = pb::Filter {
        name: "envoy.filters.network.http_connection_manager".to_owned(),
        typed_config: Some(any(HTTP_CONNECTION_MANAGER, &manager)),
    };
    pb::Listener {
        name: FRONT.to_owned(),
        address: address(listen),
        filter_chains: vec![pb::FilterChain {
            filters: vec![filter],
        }],
    }
}

// ANCHOR: routes
fn routes(weights: &BTreeMap<String, u32>) -> pb::RouteConfiguration {
    let weight = |(version, weight): (&String, &u32)| pb::ClusterWeight {
        name: version.clone(),
        weight: Some(*weight),
    };
    let retry = pb::RetryPolicy {
        // The request was not sent, or the instance refused it before it began: safe for every method.
        retry_on: "connect-failure,refused-stream".to_owned(),
        num_retries: Some(3),
        retry_host_predicate: vec![pb::RetryHostPredicate {
            name: "envoy.retry_host_predicates.previous_hosts".to_owned(),
            typed_config: empty(PREVIOUS_HOSTS),
        }],
        host_selection_retry_max_attempts: 5,
    };
    let action = pb::RouteAction {
        weighted_clusters: Some(pb::WeightedCluster {
            clusters: weights.iter().map(weight).collect(),
        }),
        timeout: seconds(5),
        retry_policy: Some(retry),
    };
    pb::RouteConfiguration {
        name: FRONT.to_owned(),
        virtual_hosts: vec![pb::VirtualHost {
            name: FRONT.to_owned(),
            domains: vec!["*".to_owned()],
            routes: vec![pb::Route {
                r#match: Some(pb::RouteMatch {
                    prefix: "/".to_owned(),
                }),
                route: Some(action),
            }],
        }],
    }
}
// ANCHOR_END: routes
