//! The catalog: which nodes there are, which services run on them, and what their checks say.
//!
//! This is what everyone may read. An agent's own list ([`crate::local`]) is what that agent has to
//! keep true; in a real cluster it sends its list to the servers, here it is one step away.
//!
//! Each kind of thing has an index: the number of the last change to it. A reader who remembers the
//! index can tell whether anything is new, which is all that a blocking query needs. Nothing moves
//! when a change changes nothing: re-registering the same service wakes no caller.

mod lookup;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::Serialize;

use crate::check::Check;
use crate::service::{InCatalog, Service};

/// One machine, or what stands for one.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "the names are Consul's own and say it")]
pub struct Node {
    #[serde(rename = "ID")]
    pub id: String,
    #[serde(rename = "Node")]
    pub name: String,
    pub address: String,
    pub datacenter: String,
    pub tagged_addresses: Option<BTreeMap<String, String>>,
    pub meta: Option<BTreeMap<String, String>>,
    pub create_index: u64,
    pub modify_index: u64,
}

/// What is kept of a node.
///
/// Entries are shared (`Arc`) and replaced, never changed: a reader takes what it needs under the
/// lock, which costs a counter an entry, and writes its JSON after letting go.
#[derive(Debug, Default)]
struct Entry {
    node: Arc<Node>,
    services: BTreeMap<String, Arc<Service>>,
    checks: BTreeMap<String, Arc<Check>>,
    // Which checks belong to a service; under the empty name those of the node itself.
    checks_of: HashMap<String, BTreeSet<String>>,
}

/// A service with where it runs and how it is.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are Consul's own and say it")]
pub struct Instance {
    pub node: Arc<Node>,
    pub service: Arc<Service>,
    pub checks: Vec<Arc<Check>>,
}

/// The catalog of all nodes.
#[derive(Debug, Default)]
pub struct Catalog {
    nodes: BTreeMap<String, Entry>,
    // Who bears a name: (node, id of the service). Names keep their letters and are found by any, so the
    // keys of this map and of the indexes are in small ones.
    names: BTreeMap<String, BTreeSet<(String, String)>>,
    nodes_index: u64,
    services_index: u64,
    checks_index: u64,
    service_index: HashMap<String, u64>,
    // When a name was last given up: the index of every name without an instance.
    extinction_index: u64,
}

impl Catalog {
    /// Adds or changes a node. Says whether anything changed, as every change here does.
    pub fn put_node(&mut self, index: u64, mut node: Node) -> bool {
        let entry = self.nodes.entry(node.name.clone()).or_default();
        let old = &entry.node;
        node.create_index = if old.create_index == 0 {
            index
        } else {
            old.create_index
        };
        node.modify_index = old.modify_index;
        if **old == node {
            return false;
        }
        node.modify_index = index;
        let name = node.name.clone();
        entry.node = Arc::new(node);
        self.nodes_index = index;
        self.touch_services_of(index, &name);
        true
    }

    /// Adds or changes a service on a node that is there.
    pub fn put_service(&mut self, index: u64, node: &str, mut service: Service) -> bool {
        let Some(there) = self.nodes.get_mut(node) else {
            return false;
        };
        let old = there.services.get(&service.id);
        let known = old.and_then(|old| old.in_catalog.clone());
        let mut entry = known.unwrap_or(InCatalog {
            create_index: index,
            ..InCatalog::default()
        });
        service.in_catalog = Some(entry.clone());
        service.meta = service.meta.filter(|meta| !meta.is_empty());
        if old.is_some_and(|old| **old == service) {
            return false;
        }
        entry.modify_index = index;
        service.in_catalog = Some(entry);
        let (id, name) = (service.id.clone(), service.name.clone());
        let renamed = old
            .map(|old| old.name.clone())
            .filter(|old| plain(old) != plain(&name));
        there.services.insert(id.clone(), Arc::new(service));
        if let Some(old) = renamed {
            self.forget_name(index, &old, node, &id);
        }
        self.names
            .entry(plain(&name))
            .or_default()
            .insert((node.to_owned(), id));
        self.services_index = index;
        self.service_index.insert(plain(&name), index);
        true
    }

    /// Adds or changes a check on a node that is there.
    pub fn put_check(&mut self, index: u64, mut check: Check) -> bool {
        let Some(entry) = self.nodes.get_mut(&check.node) else {
            return false;
        };
        let old = entry.checks.get(&check.check_id);
        check.create_index = old.map_or(index, |old| old.create_index);
        check.modify_index = old.map_or(index, |old| old.modify_index);
        if old.is_some_and(|old| **old == check) {
            return false;
        }
        check.modify_index = index;
        if let Some(old) = old {
            remove_from(&mut entry.checks_of, &old.service_id, &check.check_id);
        }
        let of = entry.checks_of.entry(check.service_id.clone()).or_default();
        of.insert(check.check_id.clone());
        let check = Arc::new(check);
        entry.checks.insert(check.check_id.clone(), check.clone());
        self.touch_check(index, &check);
        true
    }

    /// Removes a check.
    pub fn remove_check(&mut self, index: u64, node: &str, id: &str) -> bool {
        let Some(entry) = self.nodes.get_mut(node) else {
            return false;
        };
        let Some(check) = entry.checks.remove(id) else {
            return false;
        };
        remove_from(&mut entry.checks_of, &check.service_id, id);
        self.touch_check(index, &check);
        true
    }

    /// Takes a service away, with its checks.
    pub fn remove_service(&mut self, index: u64, node: &str, id: &str) -> bool {
        let Some(entry) = self.nodes.get_mut(node) else {
            return false;
        };
        let Some(service) = entry.services.remove(id) else {
            return false;
        };
        for check in entry.checks_of.remove(id).unwrap_or_default() {
            entry.checks.remove(&check);
            self.checks_index = index;
        }
        self.services_index = index;
        self.service_index.insert(plain(&service.name), index);
        self.forget_name(index, &service.name, node, id);
        true
    }

    /// Takes a node away, with all that is on it.
    pub fn remove_node(&mut self, index: u64, node: &str) -> bool {
        let Some(entry) = self.nodes.get(node) else {
            return false;
        };
        for id in entry.services.keys().cloned().collect::<Vec<_>>() {
            self.remove_service(index, node, &id);
        }
        if self
            .nodes
            .remove(node)
            .is_some_and(|entry| !entry.checks.is_empty())
        {
            self.checks_index = index;
        }
        self.nodes_index = index;
        true
    }

    fn forget_name(&mut self, index: u64, name: &str, node: &str, id: &str) {
        let Some(bearers) = self.names.get_mut(&plain(name)) else {
            return;
        };
        bearers.remove(&(node.to_owned(), id.to_owned()));
        if bearers.is_empty() {
            self.names.remove(&plain(name));
            self.service_index.remove(&plain(name));
            self.extinction_index = index;
        }
    }

    /// A check changes the answer for its service; a check of the node, for all services there.
    fn touch_check(&mut self, index: u64, check: &Check) {
        self.checks_index = index;
        if check.service_id.is_empty() {
            self.touch_services_of(index, &check.node);
            return;
        }
        // By its id: the name in the check is the one that the service had back then.
        let service = self.nodes.get(&check.node);
        if let Some(service) = service.and_then(|entry| entry.services.get(&check.service_id)) {
            self.service_index.insert(plain(&service.name), index);
        }
    }

    fn touch_services_of(&mut self, index: u64, node: &str) {
        let Some(entry) = self.nodes.get(node) else {
            return;
        };
        for service in entry.services.values() {
            self.service_index.insert(plain(&service.name), index);
        }
    }
}

/// A name in small letters.
fn plain(name: &str) -> String {
    name.to_lowercase()
}

fn remove_from(checks_of: &mut HashMap<String, BTreeSet<String>>, service: &str, check: &str) {
    if let Some(checks) = checks_of.get_mut(service) {
        checks.remove(check);
        if checks.is_empty() {
            checks_of.remove(service);
        }
    }
}
