//! The control plane: a gRPC server that speaks Envoy's ADS, the *aggregated discovery service*. One bidirectional
//! stream carries all kinds of resources. Envoy subscribes to a kind, the server sends resources with a version, and
//! Envoy accepts (ACK) or rejects (NACK) them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use prost_types::Any;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio_stream::StreamExt;
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::{Request, Response, Status, Streaming};

use crate::pb::aggregated_discovery_service_server::{
    AggregatedDiscoveryService, AggregatedDiscoveryServiceServer,
};
use crate::pb::{DiscoveryRequest, DiscoveryResponse};
use crate::resources::{Kind, Resources};

// ANCHOR: report
/// The last reply of Envoy about one kind of resources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The last version that was sent.
    pub sent: u64,
    /// The last version that Envoy has accepted; 0 before the first one.
    pub accepted: u64,
    /// Why Envoy has rejected the version that was sent last, in Envoy's own words.
    pub rejected: Option<String>,
}
// ANCHOR_END: report

/// The reports of the last stream, by kind.
pub type Reports = BTreeMap<Kind, Report>;

/// The server. While there are no resources it sends nothing: with an empty configuration Envoy would refuse every request.
#[derive(Clone, Debug)]
pub struct Ads {
    resources: watch::Receiver<Option<Arc<Resources>>>,
    reports: Arc<watch::Sender<Reports>>,
}

impl Ads {
    /// A server of the latest of these resources.
    pub fn new(resources: watch::Receiver<Option<Arc<Resources>>>) -> Self {
        Ads {
            resources,
            reports: Arc::new(watch::channel(Reports::new()).0),
        }
    }

    /// Returns a watch of Envoy's replies.
    pub fn reports(&self) -> watch::Receiver<Reports> {
        self.reports.subscribe()
    }

    /// Serves on a free port of 127.0.0.1; its address. It ends with the runtime.
    ///
    /// # Errors
    /// If no port is free.
    pub async fn serve(&self) -> std::io::Result<SocketAddr> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let addr = listener.local_addr()?;
        let service = AggregatedDiscoveryServiceServer::new(self.clone());
        let server = tonic::transport::Server::builder().add_service(service);
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        Ok(addr)
    }
}

#[tonic::async_trait]
impl AggregatedDiscoveryService for Ads {
    type StreamAggregatedResourcesStream = ReceiverStream<Result<DiscoveryResponse, Status>>;

    async fn stream_aggregated_resources(
        &self,
        request: Request<Streaming<DiscoveryRequest>>,
    ) -> Result<Response<Self::StreamAggregatedResourcesStream>, Status> {
        let (replies, outgoing) = mpsc::channel(4);
        let stream = Stream {
            replies,
            subscriptions: BTreeMap::new(),
            next_version: 1,
            reports: Arc::clone(&self.reports),
        };
        self.reports.send_replace(Reports::new());
        tokio::spawn(stream.run(request.into_inner(), self.resources.clone()));
        Ok(Response::new(ReceiverStream::new(outgoing)))
    }
}

/// What Envoy wants of one kind, and what it was sent.
#[derive(Default)]
struct Subscription {
    /// The names that Envoy asked for; empty means all.
    names: Vec<String>,
    /// What was sent last; `None` before the first time, and when Envoy asks for other names.
    sent: Option<BTreeMap<String, Any>>,
    /// The version that was sent and that Envoy has neither accepted nor rejected.
    pending: bool,
    report: Report,
}

/// One stream: one Envoy.
struct Stream {
    replies: mpsc::Sender<Result<DiscoveryResponse, Status>>,
    subscriptions: BTreeMap<Kind, Subscription>,
    next_version: u64,
    reports: Arc<watch::Sender<Reports>>,
}

impl Stream {
    // ANCHOR: run
    async fn run(
        mut self,
        mut incoming: Streaming<DiscoveryRequest>,
        mut resources: watch::Receiver<Option<Arc<Resources>>>,
    ) {
        resources.mark_changed();
        let mut wanted = None;
        loop {
            tokio::select! {
                request = incoming.next() => match request {
                    Some(Ok(request)) => self.heard(request),
                    Some(Err(_)) | None => return,
                },
                changed = resources.changed() => match changed {
                    Ok(()) => wanted = resources.borrow_and_update().clone(),
                    Err(_) => return,
                },
            }
            let Some(wanted) = &wanted else { continue };
            while let Some(reply) = self.next(wanted) {
                if self.replies.send(Ok(reply)).await.is_err() {
                    return;
                }
            }
        }
    }
    // ANCHOR_END: run

    // ANCHOR: heard
    /// Takes over a request: a subscription, an ACK or a NACK.
    fn heard(&mut self, request: DiscoveryRequest) {
        let Some(kind) = Kind::of(&request.type_url) else {
            tracing::info!("no resources of the type {:?}", request.type_url);
            return;
        };
        let subscription = self.subscriptions.entry(kind).or_default();
        if subscription.names != request.resource_names {
            // Envoy waits for the resources that it has not named before, so it gets all of them again.
            subscription.names = request.resource_names;
            subscription.sent = None;
        }
        // A nonce names the reply that a request is about. An older nonce says nothing about the last reply.
        if request.response_nonce != subscription.report.sent.to_string() {
            return;
        }
        subscription.pending = false;
        match request.error_detail {
            None => {
                subscription.report.accepted = subscription.report.sent;
                subscription.report.rejected = None;
            }
            Some(error) => {
                tracing::warn!("Envoy rejects {kind:?}: {}", error.message);
                subscription.report.rejected = Some(error.message);
            }
        }
        let report = subscription.report.clone();
        self.reports.send_modify(|reports| {
            reports.insert(kind, report);
        });
    }
    // ANCHOR_END: heard

    // ANCHOR: next
    /// The next reply, if there is one to send now.
    fn next(&mut self, resources: &Resources) -> Option<DiscoveryResponse> {
        for kind in Kind::ALL {
            let pending = |other: &Kind| self.subscriptions.get(other).is_some_and(|it| it.pending);
            if pending(&kind) || kind.waits_for().iter().any(pending) {
                continue;
            }
            let Some(subscription) = self.subscriptions.get_mut(&kind) else {
                continue;
            };
            let wanted = resources.named(kind, &subscription.names);
            if subscription.sent.as_ref() == Some(&wanted) {
                continue;
            }
            let version = self.next_version;
            self.next_version += 1;
            subscription.sent = Some(wanted.clone());
            subscription.pending = true;
            subscription.report.sent = version;
            return Some(DiscoveryResponse {
                version_info: version.to_string(),
                resources: wanted.into_values().collect(),
                type_url: kind.type_url().to_owned(),
                nonce: version.to_string(),
            });
        }
        None
    }
    // ANCHOR_END: next
}
