//! The list: instances with their checks, joined from what a Consul said, and what of it a page gets.
//!
//! Peers wrote all of it. Every text is cut, control characters are shown and not obeyed, and a page
//! gets a bounded part; the rest is counted.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use super::consul::{CheckEntry, Reading, ServiceEntry};
use crate::text::{harmless, without_colours};

/// The longest name, id, address or tag, in characters.
const NAME: usize = 120;
/// The longest output of a check, in characters.
const OUTPUT: usize = 2000;
/// Tags of one instance.
const TAGS: usize = 20;
/// Names that a page gets.
const SERVICES: usize = 300;
/// Instances of one name that a page gets, and of all names.
const INSTANCES: (usize, usize) = (100, 600);
/// Checks of one instance that a page gets.
const CHECKS: usize = 20;
/// Bytes of output and tags that a page gets, about; what is beyond is left out and said so.
const BYTES: usize = 400 * 1024;

/// The state of a check or an instance, from well to worst, as Consul's own health answers order it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Callers get it.
    Passing,
    /// Callers get it unless they ask for passing ones only.
    Warning,
    /// Callers who ask for passing ones do not get it.
    Critical,
    /// Somebody took it out on purpose.
    Maintenance,
}

/// Since when, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Since {
    /// When we saw it.
    pub at: u64,
    /// False: it was so when we first looked.
    pub seen: bool,
}

/// A check.
#[derive(Debug, PartialEq, Eq)]
pub struct Check {
    pub id: String,
    pub name: String,
    pub kind: String,
    pub state: State,
    /// What it saw; of maintenance, the reason.
    pub output: String,
    /// It belongs to the node, and so to everything on it.
    pub of_node: bool,
}

/// One place where a service runs.
#[derive(Debug)]
pub struct Instance {
    pub name: String,
    pub address: String,
    pub port: i64,
    pub tags: Vec<String>,
    pub state: State,
    pub checks: Vec<Arc<Check>>,
    pub since: Since,
    /// Since when each check has its state, in the order of `checks`.
    pub checks_since: Vec<Since>,
}

impl Instance {
    /// The first words of the check that makes it as bad as it is.
    pub fn why(&self) -> String {
        let worst = self.checks.iter().find(|check| check.state == self.state);
        worst.map_or(String::new(), |check| {
            let line = check.output.lines().find(|line| !line.trim().is_empty());
            cut(line.unwrap_or("").trim(), 2 * NAME)
        })
    }
}

/// Who an instance is: its node and its id there.
pub type Key = (String, String);

/// All instances.
#[derive(Debug, Default)]
pub struct List {
    pub instances: BTreeMap<Key, Instance>,
    pub indexes: (u64, u64),
    pub nodes_left_out: usize,
}

impl List {
    /// Joins a reading. What is in the same state as in `before` has been so as long as there.
    pub fn new(reading: Reading, before: Option<&List>, now: u64) -> Self {
        let mut of: HashMap<(String, String), Vec<Arc<Check>>> = HashMap::new();
        for entry in reading.checks {
            let key = (entry.node.clone(), entry.service.clone());
            of.entry(key).or_default().push(Arc::new(check(entry)));
        }
        let fresh = Since {
            at: now,
            seen: before.is_some(),
        };
        let mut instances = BTreeMap::new();
        for (node, services) in reading.services {
            let of_node = of.remove(&(node.name.clone(), String::new()));
            let of_node = of_node.unwrap_or_default();
            for service in services {
                let own = of.remove(&(node.name.clone(), service.id.clone()));
                let mut checks = own.unwrap_or_default();
                checks.extend(of_node.iter().cloned());
                let key = (line(&node.name), line(&service.id));
                let old = before.and_then(|before| before.instances.get(&key));
                let instance = instance(service, &node.address, checks, old, fresh);
                instances.insert(key, instance);
            }
        }
        Self {
            instances,
            indexes: (reading.services_index, reading.checks_index),
            nodes_left_out: reading.nodes_left_out,
        }
    }

    /// How many there are, and in which state.
    pub fn totals(&self) -> Value {
        let count = |state| self.instances.values().filter(|i| i.state == state).count();
        let mut names: Vec<&str> = self.instances.values().map(|i| i.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        json!({
            "services": names.len(),
            "instances": self.instances.len(),
            "passing": count(State::Passing),
            "warning": count(State::Warning),
            "critical": count(State::Critical),
            "maintenance": count(State::Maintenance),
        })
    }

    /// What a page gets: services by name, `consul` last, each with its instances.
    pub fn shown(&self) -> Value {
        let mut names: BTreeMap<(bool, &str), Vec<(&Key, &Instance)>> = BTreeMap::new();
        for (key, instance) in &self.instances {
            let name = (instance.name == "consul", instance.name.as_str());
            names.entry(name).or_default().push((key, instance));
        }
        let mut instances_left = INSTANCES.1;
        let mut bytes_left = BYTES;
        let mut services = Vec::new();
        let names_left_out = names.len().saturating_sub(SERVICES);
        for ((_, name), mut of) in names.into_iter().take(SERVICES) {
            let all = of.len();
            let most = INSTANCES.0.min(instances_left);
            if all > most {
                // The ones that somebody may have to do something about; then in order again.
                of.sort_by_key(|(_, instance)| std::cmp::Reverse(instance.state));
                of.truncate(most);
            }
            of.sort_by_key(|(key, _)| (&key.1, &key.0));
            instances_left -= of.len();
            let rows: Vec<Value> = of
                .iter()
                .map(|(key, instance)| row(key, instance, &mut bytes_left))
                .collect();
            services.push(json!({ "name": name, "instances": rows, "more": all - rows.len() }));
        }
        json!({
            "services": services,
            "more": names_left_out,
            "nodes_left_out": self.nodes_left_out,
        })
    }
}

fn row(key: &Key, instance: &Instance, bytes_left: &mut usize) -> Value {
    let with_since = instance.checks.iter().zip(&instance.checks_since);
    let checks: Vec<Value> = with_since
        .take(CHECKS)
        .map(|(check, since)| {
            let fits = check.output.len() <= *bytes_left;
            *bytes_left = bytes_left.saturating_sub(check.output.len());
            json!({
                "id": check.id,
                "name": check.name,
                "kind": check.kind,
                "state": check.state,
                "output": if fits { Some(&check.output) } else { None },
                "of_node": check.of_node,
                "since": since,
            })
        })
        .collect();
    let tags = instance.tags.iter().map(String::len).sum::<usize>();
    let fits = tags <= *bytes_left;
    *bytes_left = bytes_left.saturating_sub(tags);
    json!({
        "node": key.0,
        "id": key.1,
        "address": instance.address,
        "port": instance.port,
        "tags": if fits { instance.tags.as_slice() } else { &[] },
        "state": instance.state,
        "since": instance.since,
        "more_checks": instance.checks.len() - checks.len(),
        "checks": checks,
    })
}

fn instance(
    service: ServiceEntry,
    node_address: &str,
    mut checks: Vec<Arc<Check>>,
    old: Option<&Instance>,
    fresh: Since,
) -> Instance {
    checks.sort_by(|a, b| (a.of_node, &a.id).cmp(&(b.of_node, &b.id)));
    let state = checks.iter().map(|check| check.state).max();
    let state = state.unwrap_or(State::Passing);
    let kept = |same: Option<Since>| same.unwrap_or(fresh);
    let since = kept(old.filter(|old| old.state == state).map(|old| old.since));
    let checks_since = checks
        .iter()
        .map(|check| {
            let at = old.and_then(|old| {
                let same = |o: &&Arc<Check>| (&o.id, o.state) == (&check.id, check.state);
                Some(
                    *old.checks_since
                        .get(old.checks.iter().position(|o| same(&o))?)?,
                )
            });
            kept(at)
        })
        .collect();
    let address = if service.address.is_empty() {
        node_address
    } else {
        &service.address
    };
    let mut tags: Vec<String> = service.tags.iter().take(TAGS).map(|t| line(t)).collect();
    if service.tags.len() > TAGS {
        tags.push("…".to_owned());
    }
    Instance {
        name: line(&service.name),
        address: line(address),
        port: service.port,
        tags,
        state,
        checks,
        since,
        checks_since,
    }
}

fn check(entry: CheckEntry) -> Check {
    let maintenance =
        entry.id == "_node_maintenance" || entry.id.starts_with("_service_maintenance:");
    let state = match entry.status.as_str() {
        _ if maintenance => State::Maintenance,
        "passing" => State::Passing,
        "warning" => State::Warning,
        // Consul has no other word; whoever says one does not say that all is well.
        _ => State::Critical,
    };
    let output = if maintenance {
        &entry.notes
    } else {
        &entry.output
    };
    Check {
        id: line(&entry.id),
        name: line(&entry.name),
        kind: line(&entry.kind),
        state,
        output: harmless(&without_colours(&cut(output, OUTPUT))),
        of_node: entry.service.is_empty(),
    }
}

/// A text that stands in a line of its own: short, without line breaks or anything that acts.
fn line(text: &str) -> String {
    let text = harmless(&without_colours(&cut(text, NAME)));
    text.replace(['\n', '\t'], " ")
}

/// The first `most` characters. Cut before anything else looks at the text: it may be very long.
pub fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::phone::consul::NodeEntry;

    /// A reading of one node: (id, name, states of its checks), and a check of the node.
    pub fn reading(services: &[(&str, &str, &[&str])]) -> Reading {
        let mut reading = Reading {
            services_index: 5,
            checks_index: 6,
            ..Reading::default()
        };
        let node = NodeEntry {
            name: "n".into(),
            address: "127.0.0.1".into(),
        };
        let mut entries = Vec::new();
        for (id, name, states) in services {
            entries.push(ServiceEntry {
                id: (*id).into(),
                name: (*name).into(),
                port: 9000,
                ..ServiceEntry::default()
            });
            for (at, state) in states.iter().enumerate() {
                let maintenance = *state == "maintenance";
                reading.checks.push(CheckEntry {
                    node: "n".into(),
                    id: if maintenance {
                        format!("_service_maintenance:{id}")
                    } else {
                        format!("{id}-{at}")
                    },
                    name: "a check".into(),
                    status: (*state).into(),
                    notes: "lunch".into(),
                    output: "\n  refused\nmore".into(),
                    service: (*id).into(),
                    kind: "tcp".into(),
                });
            }
        }
        reading.services.push((node, entries));
        reading
    }

    fn states(list: &List) -> Vec<State> {
        list.instances.values().map(|i| i.state).collect()
    }

    #[test]
    fn the_worst_check_counts_those_of_the_node_included() {
        let of: &[(&str, &str, &[&str])] = &[
            ("a", "web", &["passing", "warning"]),
            ("b", "web", &["critical", "passing"]),
            ("c", "web", &["critical", "maintenance"]),
            ("d", "web", &[]),
            ("e", "web", &["no such state"]),
        ];
        use State::{Critical, Maintenance, Passing, Warning};
        let list = List::new(reading(of), None, 1);
        assert_eq!(
            states(&list),
            [Warning, Critical, Maintenance, Passing, Critical]
        );
        let why = |id: &str| list.instances[&("n".into(), id.into())].why();
        assert_eq!((why("b"), why("c")), ("refused".into(), "lunch".into()));
        let mut ill = reading(of);
        ill.checks.push(CheckEntry {
            node: "n".into(),
            id: "serfHealth".into(),
            status: "critical".into(),
            ..CheckEntry::default()
        });
        let list = List::new(ill, None, 1);
        assert_eq!(list.totals()["critical"], 4);
        assert_eq!(list.totals()["maintenance"], 1);
    }

    #[test]
    fn what_did_not_change_has_been_so_all_the_time() {
        let one = List::new(reading(&[("a", "web", &["passing"])]), None, 10);
        let two = List::new(
            reading(&[("a", "web", &["passing"]), ("b", "web", &["passing"])]),
            Some(&one),
            20,
        );
        let three = List::new(
            reading(&[("a", "web", &["critical"]), ("b", "web", &["passing"])]),
            Some(&two),
            30,
        );
        let since = |list: &List, id: &str| list.instances[&("n".into(), id.into())].since;
        let at = |at, seen| Since { at, seen };
        assert_eq!(since(&two, "a"), at(10, false));
        assert_eq!(since(&two, "b"), at(20, true));
        assert_eq!(since(&three, "a"), at(30, true));
        assert_eq!(since(&three, "b"), at(20, true));
    }

    #[test]
    fn a_page_gets_a_bounded_part_the_ill_ones_first() {
        let ids: Vec<String> = (0..10_000).map(|n| format!("i{n:05}")).collect();
        let of: Vec<(&str, &str, &[&str])> = ids
            .iter()
            .map(|id| (id.as_str(), "web", &["passing"] as &[&str]))
            .collect();
        let mut many = reading(&of);
        many.checks[9_999].status = "critical".into();
        for check in &mut many.checks {
            check.output = "\u{1b}[31m<b>\u{7}".repeat(300);
            check.name = "é".repeat(200);
        }
        let list = List::new(many, None, 1);
        let shown = list.shown();
        assert!(shown.to_string().len() < 1024 * 1024);
        let web = &shown["services"][0];
        let rows = web["instances"].as_array().expect("rows");
        assert_eq!((rows.len(), web["more"].as_u64()), (100, Some(9_900)));
        assert_eq!(rows[99]["id"], "i09999");
        let text = shown.to_string();
        assert!(!text.contains("\\u001b") && !text.contains("\\u0007"));
        assert_eq!(list.totals()["instances"], 10_000);

        let names: Vec<String> = (0..10_000).map(|n| format!("s{n:05}")).collect();
        let of: Vec<(&str, &str, &[&str])> = names
            .iter()
            .map(|name| (name.as_str(), name.as_str(), &[] as &[&str]))
            .collect();
        let shown = List::new(reading(&of), None, 1).shown();
        assert_eq!(shown["more"], 9_700);
        assert!(shown.to_string().len() < 1024 * 1024);
    }

    #[test]
    fn consul_itself_comes_last() {
        let of: &[(&str, &str, &[&str])] = &[("c", "consul", &[]), ("z", "zoo", &[])];
        let shown = List::new(reading(of), None, 1).shown();
        assert_eq!(shown["services"][0]["name"], "zoo");
        assert_eq!(shown["services"][1]["name"], "consul");
    }
}
