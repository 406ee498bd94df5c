//! From Consul to Envoy: follows the healthy instances of a service, and makes resources of them and the plan.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use l09_register::registry::Registry;
use l10_discover::cache::Freshness;
use l10_discover::health::Query;
use l10_discover::watch::{Snapshot, WatchOptions};
use tokio::sync::watch;

use crate::ads::{Ads, Report, Reports};
use crate::resources::{Instances, Kind, Plan, Resources};

/// The tag of an instance that says its version begins so: `version=v2`.
pub const VERSION_TAG: &str = "version=";

/// A control plane for one service.
#[derive(Debug)]
pub struct ControlPlane {
    plan: watch::Sender<Plan>,
    instances: watch::Receiver<Instances>,
    ads: Ads,
    addr: SocketAddr,
}

impl ControlPlane {
    /// Follows `service` in Consul, and serves an Envoy that connects.
    ///
    /// # Errors
    /// If it cannot listen, or the client of Consul refuses its settings.
    pub async fn start(consul: SocketAddr, service: &str, plan: Plan) -> anyhow::Result<Self> {
        ControlPlane::follow(Registry::at(consul)?, service, plan).await
    }

    /// Starts a control plane with a client of Consul that was made before: one with a token, for
    /// example.
    ///
    /// # Errors
    /// If it cannot listen.
    pub async fn follow(registry: Registry, service: &str, plan: Plan) -> anyhow::Result<Self> {
        let query = Query::named(service);
        let snapshots = l10_discover::watch::watch(registry, query, WatchOptions::default());
        let (plan, plans) = watch::channel(plan);
        let (lists, instances) = watch::channel(Instances::new());
        let (resources, latest) = watch::channel(None);
        tokio::spawn(compose(snapshots, plans, lists, resources));
        let ads = Ads::new(latest);
        let addr = ads.serve().await?;
        Ok(ControlPlane {
            plan,
            instances,
            ads,
            addr,
        })
    }

    /// Returns the address for Envoy.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The instances that Envoy is told about.
    pub fn instances(&self) -> watch::Receiver<Instances> {
        self.instances.clone()
    }

    /// Returns a watch of Envoy's replies about its resources.
    pub fn reports(&self) -> watch::Receiver<Reports> {
        self.ads.reports()
    }

    /// Changes the plan, and waits for what Envoy says about the new routes.
    pub async fn apply(&self, change: impl FnOnce(&mut Plan)) -> Report {
        let mut reports = self.reports();
        let of = |reports: &Reports| reports.get(&Kind::Routes).cloned().unwrap_or_default();
        let before = of(&reports.borrow_and_update());
        let changed = self.plan.send_if_modified(|plan| {
            let old = plan.clone();
            change(plan);
            old.weights != plan.weights
        });
        if !changed {
            return before;
        }
        let answered = reports.wait_for(|reports| of(reports).sent > before.sent);
        answered.await.map(|reports| of(&reports)).unwrap_or(before)
    }
}

// ANCHOR: compose
/// Makes new resources when a list or the plan has changed. Before Consul's first answer there are none.
async fn compose(
    mut snapshots: watch::Receiver<Snapshot>,
    mut plans: watch::Receiver<Plan>,
    lists: watch::Sender<Instances>,
    resources: watch::Sender<Option<Arc<Resources>>>,
) {
    let mut instances = Instances::new();
    loop {
        let plan = plans.borrow_and_update().clone();
        let snapshot = snapshots.borrow_and_update().clone();
        if snapshot.freshness != Freshness::Unknown {
            update(&mut instances, &snapshot);
            lists.send_replace(instances.clone());
            resources.send_replace(Some(Arc::new(Resources::new(&plan, &instances))));
        }
        tokio::select! {
            Ok(()) = snapshots.changed() => {}
            Ok(()) = plans.changed() => {}
            () = resources.closed() => return,
            else => return,
        }
    }
}

/// Takes over the list of a snapshot. A version that has lost its last instance stays, with an empty list: a route
/// may still name its cluster.
fn update(instances: &mut Instances, snapshot: &Snapshot) {
    instances.values_mut().for_each(BTreeSet::clear);
    for instance in snapshot.callable() {
        let version = instance.tags.iter();
        let version = version
            .filter_map(|tag| tag.strip_prefix(VERSION_TAG))
            .next();
        let version = version.unwrap_or("unknown").to_owned();
        instances.entry(version).or_default().insert(instance.addr);
    }
}
// ANCHOR_END: compose
