//! The stream, with a client that plays Envoy's part.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use l17_production::ads::Ads;
use l17_production::pb::aggregated_discovery_service_client::AggregatedDiscoveryServiceClient;
use l17_production::pb::{ClusterLoadAssignment, DiscoveryRequest, DiscoveryResponse, Status};
use l17_production::resources::{Instances, Kind, Plan, Resources};
use prost::Message;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

fn addr(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// Resources for these versions, each with one instance.
fn resources(versions: &[(&str, u16)]) -> Option<Arc<Resources>> {
    let weights = versions.iter().map(|(name, _)| ((*name).to_owned(), 1));
    let plan = Plan {
        listen: addr(1),
        weights: weights.collect(),
        port: None,
    };
    let instances = versions.iter();
    let instances: Instances = instances
        .map(|(name, port)| ((*name).to_owned(), BTreeSet::from([addr(*port)])))
        .collect();
    Some(Arc::new(Resources::new(&plan, &instances)))
}

/// A proxy that decides itself what it accepts.
struct Proxy {
    requests: mpsc::Sender<DiscoveryRequest>,
    replies: Streaming<DiscoveryResponse>,
}

impl Proxy {
    async fn connect(ads: &Ads) -> Self {
        let addr = ads.serve().await.unwrap();
        let client = AggregatedDiscoveryServiceClient::connect(format!("http://{addr}"));
        let (requests, outgoing) = mpsc::channel(16);
        let replies = (client.await.unwrap())
            .stream_aggregated_resources(ReceiverStream::new(outgoing))
            .await
            .unwrap()
            .into_inner();
        Proxy { requests, replies }
    }

    async fn send(&self, kind: Kind, names: &[&str], nonce: &str, error: Option<&str>) {
        let request = DiscoveryRequest {
            type_url: kind.type_url().to_owned(),
            resource_names: names.iter().map(ToString::to_string).collect(),
            response_nonce: nonce.to_owned(),
            error_detail: error.map(|words| Status {
                code: 13,
                message: words.to_owned(),
            }),
            ..DiscoveryRequest::default()
        };
        self.requests.send(request).await.unwrap();
    }

    /// The next reply, which must be of this kind.
    async fn gets(&mut self, kind: Kind) -> DiscoveryResponse {
        let reply = timeout(Duration::from_secs(20), self.replies.message()).await;
        let reply = reply.expect("a reply").unwrap().unwrap();
        assert_eq!(reply.type_url, kind.type_url());
        reply
    }

    async fn gets_nothing(&mut self) {
        let reply = timeout(Duration::from_millis(200), self.replies.message()).await;
        assert!(reply.is_err(), "{reply:?}");
    }
}

#[tokio::test]
async fn routes_wait_for_clusters_and_endpoints() {
    let (sender, latest) = watch::channel(resources(&[("v1", 11)]));
    let ads = Ads::new(latest);
    let mut proxy = Proxy::connect(&ads).await;
    proxy.send(Kind::Routes, &["front"], "", None).await;
    let routes = proxy.gets(Kind::Routes).await;
    proxy
        .send(Kind::Routes, &["front"], &routes.nonce, None)
        .await;
    proxy.send(Kind::Cluster, &[], "", None).await;
    let clusters = proxy.gets(Kind::Cluster).await;
    proxy.send(Kind::Cluster, &[], &clusters.nonce, None).await;
    proxy.gets_nothing().await;

    // A new version: its cluster, its endpoints, and only then its route.
    sender.send_replace(resources(&[("v1", 11), ("v2", 22)]));
    let clusters = proxy.gets(Kind::Cluster).await;
    assert_eq!(clusters.resources.len(), 2);
    proxy.gets_nothing().await;
    // Envoy accepts the clusters after it has their endpoints.
    proxy.send(Kind::Endpoints, &["v1", "v2"], "", None).await;
    let endpoints = proxy.gets(Kind::Endpoints).await;
    let ports: BTreeMap<String, u32> = (endpoints.resources.iter())
        .map(|any| ClusterLoadAssignment::decode(&*any.value).unwrap())
        .map(|list| {
            let endpoint = list.endpoints[0].lb_endpoints[0].endpoint.clone();
            let address = endpoint.unwrap().address.unwrap().socket_address;
            (list.cluster_name, address.unwrap().port_value)
        })
        .collect();
    assert_eq!(
        ports,
        BTreeMap::from([("v1".into(), 11), ("v2".into(), 22)])
    );
    proxy
        .send(Kind::Endpoints, &["v1", "v2"], &endpoints.nonce, None)
        .await;
    proxy.gets_nothing().await;
    proxy.send(Kind::Cluster, &[], &clusters.nonce, None).await;
    proxy.gets(Kind::Routes).await;
}

#[tokio::test]
async fn a_rejection_is_reported_and_not_repeated() {
    let (sender, latest) = watch::channel(None);
    let ads = Ads::new(latest);
    let mut reports = ads.reports();
    let mut proxy = Proxy::connect(&ads).await;
    proxy.send(Kind::Listener, &[], "", None).await;
    // Nothing is known yet, so nothing is sent.
    proxy.gets_nothing().await;

    sender.send_replace(resources(&[("v1", 11)]));
    let first = proxy.gets(Kind::Listener).await;
    // A kind that this server does not have, and an answer about a reply that it never sent.
    let other = DiscoveryRequest {
        type_url: "type.googleapis.com/envoy.service.runtime.v3.Runtime".to_owned(),
        ..DiscoveryRequest::default()
    };
    proxy.requests.send(other).await.unwrap();
    proxy
        .send(Kind::Listener, &[], "77", Some("about another one"))
        .await;
    proxy.gets_nothing().await;
    assert!(!reports.borrow_and_update().contains_key(&Kind::Listener));

    proxy
        .send(Kind::Listener, &[], &first.nonce, Some("no such port"))
        .await;
    let seen = reports.wait_for(|all| all.contains_key(&Kind::Listener));
    let report = timeout(Duration::from_secs(20), seen)
        .await
        .unwrap()
        .unwrap()[&Kind::Listener]
        .clone();
    assert_eq!(report.rejected.as_deref(), Some("no such port"));
    assert_eq!((report.sent.to_string(), report.accepted), (first.nonce, 0));
    proxy.gets_nothing().await;

    let mut changed = Plan {
        listen: addr(2),
        weights: BTreeMap::new(),
        port: None,
    };
    changed.weights.insert("v1".to_owned(), 1);
    sender.send_replace(Some(Arc::new(Resources::new(&changed, &Instances::new()))));
    let second = proxy.gets(Kind::Listener).await;
    proxy.send(Kind::Listener, &[], &second.nonce, None).await;
    let seen = reports.wait_for(|all| all[&Kind::Listener].rejected.is_none());
    timeout(Duration::from_secs(20), seen)
        .await
        .unwrap()
        .unwrap();
}
