//! What a page gets: services by name, each with its instances, each with its checks.
//!
//! Other programs wrote all of it. Every text is cut, control characters are shown and not obeyed, and
//! what is beyond a limit is counted in a member called `more`.

use std::cmp::Reverse;

use serde::Serialize;
use serde_json::{Value, json};

use super::consul::{Book, Check, Entry};
use crate::text::{cut, harmless, without_colours};

/// The longest name, id, address or tag, in characters.
const NAME: usize = 120;
/// The longest output of a check, in characters.
const OUTPUT: usize = 2000;
/// Tags, and checks, of one instance.
const PARTS: usize = 20;
/// Instances of one name, and of all.
const INSTANCES: (usize, usize) = (100, 600);
/// Bytes of all outputs together.
const BYTES: usize = 400 * 1024;

/// The state of a check or an instance, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Passing,
    Warning,
    Critical,
    /// An operator took it out on purpose.
    Maintenance,
}

/// The members `services` and `more`, the `index`, and `totals` over all instances, shown or not.
/// Service `consul`, which is in every catalog, comes last.
pub fn shown(book: Book) -> Value {
    let mut left = (INSTANCES.1, BYTES);
    let mut counts = [0_usize; 4];
    let mut services = Vec::new();
    for (name, entries) in book.services {
        let mut rows: Vec<_> = entries.iter().map(|entry| (state(entry), entry)).collect();
        rows.iter().for_each(|row| counts[row.0 as usize] += 1);
        let all = rows.len();
        // The ones that need attention; then in order again.
        rows.sort_by_key(|(state, _)| Reverse(*state));
        rows.truncate(INSTANCES.0.min(left.0));
        rows.sort_by_key(|(_, entry)| (&entry.service.id, &entry.node.name));
        left.0 -= rows.len();
        let more = all - rows.len();
        let rows = rows
            .iter()
            .map(|(state, entry)| row(*state, entry, &mut left.1));
        let rows: Vec<Value> = rows.collect();
        services.push(json!({ "name": line(&name), "instances": rows, "more": more }));
    }
    services.sort_by_key(|service| service["name"] == "consul");
    let [passing, warning, critical, maintenance] = counts;
    json!({
        "index": book.index,
        "more": book.more,
        "totals": {
            "services": services.len() + book.more,
            "instances": counts.iter().sum::<usize>(),
            "passing": passing,
            "warning": warning,
            "critical": critical,
            "maintenance": maintenance,
        },
        "services": services,
    })
}

fn row(state: State, entry: &Entry, bytes_left: &mut usize) -> Value {
    let mut checks: Vec<&Check> = entry.checks.iter().collect();
    checks.sort_by_key(|check| (check.service.is_empty(), &check.id));
    let more_checks = checks.len().saturating_sub(PARTS);
    let service = &entry.service;
    let address = match service.address.as_str() {
        "" => &entry.node.address,
        own => own,
    };
    let tags = service.tags.iter().take(PARTS).map(|tag| line(tag));
    let checks = checks.into_iter().take(PARTS);
    let checks = checks.map(|check| {
        let output = match is_maintenance(check) {
            true => &check.notes,
            false => &check.output,
        };
        let output = harmless(&without_colours(&cut(output, OUTPUT)));
        let fits = output.len() <= *bytes_left;
        *bytes_left = bytes_left.saturating_sub(output.len());
        json!({
            "id": line(&check.id),
            "name": line(&check.name),
            "kind": line(&check.kind),
            "state": state_of(check),
            "output": fits.then_some(output),
            "of_node": check.service.is_empty(),
        })
    });
    json!({
        "node": line(&entry.node.name),
        "id": line(&service.id),
        "address": line(address),
        "port": service.port,
        "tags": tags.collect::<Vec<_>>(),
        "state": state,
        "checks": checks.collect::<Vec<_>>(),
        "more_checks": more_checks,
    })
}

/// The worst of its checks, those of the node included; without any it is passing, as for Consul.
fn state(entry: &Entry) -> State {
    let states = entry.checks.iter().map(state_of);
    states.max().unwrap_or(State::Passing)
}

fn state_of(check: &Check) -> State {
    match check.status.as_str() {
        _ if is_maintenance(check) => State::Maintenance,
        "passing" => State::Passing,
        "warning" => State::Warning,
        // Consul has no other word, and an unknown one does not say that all is well.
        _ => State::Critical,
    }
}

fn is_maintenance(check: &Check) -> bool {
    check.id == "_node_maintenance" || check.id.starts_with("_service_maintenance:")
}

/// A text that stands in a line of its own. Cut before anything else looks at it: it may be very long.
fn line(text: &str) -> String {
    harmless(&without_colours(&cut(text, NAME))).replace(['\n', '\t'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One instance of `web` with checks in these states.
    fn entry(id: &str, states: &[&str]) -> Value {
        let check = |(at, state): (usize, &&str)| match *state {
            "maintenance" => json!({ "CheckID": format!("_service_maintenance:{id}"),
                "Notes": "lunch", "ServiceID": id }),
            "node" => json!({ "CheckID": "serfHealth", "Status": "critical" }),
            state => json!({ "CheckID": format!("{id}-{at}"), "Status": state, "ServiceID": id }),
        };
        json!({ "Node": { "Node": "n", "Address": "127.0.0.1" }, "Service": { "ID": id },
            "Checks": states.iter().enumerate().map(check).collect::<Vec<_>>() })
    }

    fn book(services: Value) -> Book {
        let services = serde_json::from_value(services).expect("entries");
        Book {
            services,
            ..Book::default()
        }
    }

    #[test]
    fn the_worst_check_counts_those_of_the_node_included() {
        let shown = shown(book(json!({ "web": [
            entry("a", &["passing", "warning"]),
            entry("b", &["critical", "passing"]),
            entry("c", &["critical", "maintenance"]),
            entry("d", &[]),
            entry("e", &["no such state"]),
            entry("f", &["passing", "node"]),
        ], "consul": [], "zoo": [] })));
        let rows = shown["services"][0]["instances"].as_array().expect("rows");
        let states: Vec<_> = rows
            .iter()
            .filter_map(|row| row["state"].as_str())
            .collect();
        let expected = "warning critical maintenance passing critical critical";
        assert_eq!(states.join(" "), expected);
        assert_eq!(rows[2]["checks"][0]["output"], "lunch");
        assert_eq!(rows[5]["checks"][1]["of_node"], true);
        assert_eq!(shown["totals"]["critical"], 3);
        assert_eq!(shown["services"][2]["name"], "consul", "it comes last");
    }

    #[test]
    fn a_page_gets_a_bounded_part_the_unhealthy_ones_first() {
        let mut web: Vec<Value> = (0..10_000)
            .map(|n| entry(&format!("i{n:05}"), &["passing"]))
            .collect();
        web[9_999]["Checks"][0]["Status"] = json!("critical");
        for entry in &mut web {
            entry["Checks"][0]["Output"] = json!("\u{1b}[31m<b>\u{7}".repeat(300));
            entry["Checks"][0]["Name"] = json!("é".repeat(200));
        }
        let many = shown(book(json!({ "web": web })));
        let rows = many["services"][0]["instances"].as_array().expect("rows");
        assert_eq!(
            (rows.len(), &many["services"][0]["more"]),
            (100, &json!(9_900))
        );
        assert_eq!(rows[99]["id"], "i09999");
        assert_eq!(many["totals"]["instances"], 10_000);
        let text = many.to_string();
        assert!(text.len() < 1024 * 1024);
        assert!(!text.contains("\\u001b") && !text.contains("\\u0007"));
    }
}
