//! Queries of the catalog. Nothing here changes anything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Catalog, Entry, Instance, Node, plain};
use crate::check::{Check, Status};
use crate::service::Service;

impl Catalog {
    /// The index of the list of nodes.
    pub fn nodes_index(&self) -> u64 {
        self.nodes_index
    }

    /// The index of the list of services.
    pub fn services_index(&self) -> u64 {
        self.services_index
    }

    /// The index of the list of checks.
    pub fn checks_index(&self) -> u64 {
        self.checks_index
    }

    /// The index of one service: of the name itself, so that changes of other names wake no caller.
    pub fn service_index(&self, name: &str) -> u64 {
        match self.service_index.get(&plain(name)) {
            Some(index) => *index,
            None if self.extinction_index > 0 => self.extinction_index,
            None => self
                .nodes_index
                .max(self.services_index)
                .max(self.checks_index),
        }
    }

    /// All nodes.
    pub fn nodes(&self) -> Vec<Arc<Node>> {
        self.nodes
            .values()
            .map(|entry| entry.node.clone())
            .collect()
    }

    /// One node and the services on it.
    pub fn node(&self, name: &str) -> Option<(Arc<Node>, Vec<Arc<Service>>)> {
        let entry = self.nodes.get(name)?;
        Some((
            entry.node.clone(),
            entry.services.values().cloned().collect(),
        ))
    }

    /// All names on the nodes that are wanted, each with the tags that anyone under it has.
    pub fn services(&self, wanted: impl Fn(&Node) -> bool) -> BTreeMap<String, BTreeSet<String>> {
        let mut services = BTreeMap::<String, BTreeSet<String>>::new();
        let entries = self.nodes.values().filter(|entry| wanted(&entry.node));
        for service in entries.flat_map(|entry| entry.services.values()) {
            let tags = services.entry(service.name.clone()).or_default();
            tags.extend(service.tags.iter().cloned());
        }
        services
    }

    /// The instances with this name and all of the tags.
    pub fn instances(&self, name: &str, tags: &[String]) -> Vec<Instance> {
        let mut instances = Vec::new();
        for (node, id) in self.names.get(&plain(name)).into_iter().flatten() {
            let Some(entry) = self.nodes.get(node) else {
                continue;
            };
            let Some(service) = entry.services.get(id) else {
                continue;
            };
            let has = |tag: &String| service.tags.iter().any(|own| own.eq_ignore_ascii_case(tag));
            if tags.iter().all(has) {
                // The node's checks count for every service on it: a dead machine has no live service.
                let checks = entry
                    .checks_of("")
                    .chain(entry.checks_of(id))
                    .cloned()
                    .collect();
                instances.push(Instance {
                    node: entry.node.clone(),
                    service: service.clone(),
                    checks,
                });
            }
        }
        instances
    }

    /// The checks of all who bear a name, without those of their nodes.
    pub fn checks_of_service(&self, name: &str) -> Vec<Arc<Check>> {
        let bearers = self.names.get(&plain(name)).into_iter().flatten();
        bearers
            .filter_map(|(node, id)| Some((self.nodes.get(node)?, id)))
            .flat_map(|(entry, id)| entry.checks_of(id).cloned())
            .collect()
    }

    /// All checks on a node.
    pub fn checks_of_node(&self, name: &str) -> Vec<Arc<Check>> {
        self.nodes
            .get(name)
            .map_or(Vec::new(), |entry| entry.checks.values().cloned().collect())
    }

    /// All checks in a state; in all states for none.
    pub fn checks_in(&self, status: Option<Status>) -> Vec<Arc<Check>> {
        let checks = self.nodes.values().flat_map(|entry| entry.checks.values());
        checks
            .filter(|check| status.is_none_or(|s| s == check.status))
            .cloned()
            .collect()
    }
}

impl Entry {
    fn checks_of(&self, service: &str) -> impl Iterator<Item = &Arc<Check>> {
        self.checks_of
            .get(service)
            .into_iter()
            .flatten()
            .filter_map(|id| self.checks.get(id))
    }
}
