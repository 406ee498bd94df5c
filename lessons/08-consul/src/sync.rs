//! Anti-entropy: the agent compares what the catalog says of its node with its own list, and repairs it.

use crate::catalog::{Catalog, Node};
use crate::check::{Check, Status};
use crate::service::Service;
use crate::shared::{SERVER_PORT, Shared, VERSION};

impl Shared {
    /// Anti-entropy: what the catalog says of this node is made what the agent's own list says. A
    /// client may have written to the catalog past the agent; the agent is right about its own services.
    pub fn sync(&self) {
        self.store.write(|state| {
            let mut gone = Vec::new();
            if let Some((_, services)) = state.catalog.node(&self.node) {
                gone.extend(services.iter().map(|service| service.id.clone()));
            }
            gone.retain(|id| id != "consul" && state.local.service(id).is_none());
            let services: Vec<_> = state.local.services().cloned().collect();
            let checks: Vec<_> = state.local.checks().cloned().collect();
            state.change(|catalog, index| {
                let mut changed = introduce(catalog, index, &self.node, &self.node_id);
                for id in gone {
                    changed |= catalog.remove_service(index, &self.node, &id);
                }
                for service in services {
                    changed |= catalog.put_service(index, &self.node, service);
                }
                for check in checks {
                    changed |= catalog.put_check(index, check);
                }
                changed
            });
        });
    }
}

/// The node itself, the check that other nodes would do on it, and the service that every server is.
pub(crate) fn introduce(catalog: &mut Catalog, index: u64, node: &str, id: &str) -> bool {
    let address = "127.0.0.1";
    let addresses = ["lan", "lan_ipv4", "wan", "wan_ipv4"];
    let me = Node {
        id: id.to_owned(),
        name: node.to_owned(),
        address: address.into(),
        datacenter: "dc1".into(),
        tagged_addresses: Some(addresses.map(|tag| (tag.into(), address.into())).into()),
        meta: Some([("consul-network-segment".into(), String::new())].into()),
        ..Node::default()
    };
    let consul = Service {
        id: "consul".into(),
        name: "consul".into(),
        port: i64::from(SERVER_PORT),
        meta: Some([("version".into(), VERSION.into())].into()),
        ..Service::default()
    };
    let alive = Check {
        node: node.to_owned(),
        check_id: "serfHealth".into(),
        name: "Serf Health Status".into(),
        status: Status::Passing,
        output: "Agent alive and reachable".into(),
        ..Check::default()
    };
    catalog.put_node(index, me)
        | catalog.put_service(index, node, consul)
        | catalog.put_check(index, alive)
}
