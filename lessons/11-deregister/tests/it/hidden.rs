//! Maintenance: hidden from queries for healthy instances, still registered, still answering, and back with one
//! call.

use std::time::Duration;

use crate::support::{PATIENCE, consul, get, sides};
use l09_register::instance::Instance;
use l09_register::registry::Error;
use l10_discover::health::Query;
use l10_discover::watch::{WatchOptions, watch};
use l11_deregister::maintenance::{hide, show};
use tokio::time::timeout;

#[tokio::test]
async fn hidden_with_a_reason_and_back_with_one_call() {
    for side in sides() {
        let (consul, registry) = consul(side).await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut instance = Instance::new("ferry", listener.local_addr().unwrap())
            .checked_every(Duration::from_millis(200));
        // A port that only listens: that is enough for the TCP check.
        instance.checks.truncate(1);
        registry.register(&instance).await.unwrap();
        let mut list = watch(
            registry.clone(),
            Query::named("ferry"),
            WatchOptions::default(),
        );
        let listed = async |list: &mut tokio::sync::watch::Receiver<_>, count: usize| {
            let wanted = |list: &l10_discover::watch::Snapshot| list.instances.len() == count;
            timeout(PATIENCE, list.wait_for(wanted)).await.is_ok()
        };
        assert!(listed(&mut list, 1).await, "{side}: healthy");

        hide(&registry, &instance.id, "new disk, & a § for the port side")
            .await
            .unwrap();
        assert!(listed(&mut list, 0).await, "{side}: hidden");
        assert_eq!(registry.knows(&instance.id).await, Ok(true), "{side}");
        let checks = get(consul.addr(), "/v1/agent/checks").await;
        let check = &checks[format!("_service_maintenance:{}", instance.id)];
        assert_eq!(check["Status"], "critical", "{side}: {checks}");
        assert_eq!(
            check["Notes"], "new disk, & a § for the port side",
            "{side}"
        );

        show(&registry, &instance.id).await.unwrap();
        assert!(listed(&mut list, 1).await, "{side}: back");
        show(&registry, &instance.id).await.unwrap();

        let unknown = hide(&registry, "unknown", "").await;
        assert!(
            matches!(unknown, Err(Error::Refused { code: 404, .. })),
            "{side}: {unknown:?}"
        );
        consul.stop().await;
    }
}
