//! `?filter=EXPRESSION`, a small language of Consul. An agent that does not speak it says so: an answer that
//! ignores a filter would be worse than none.

use serde_json::{Value, json};

use super::common::*;
use crate::support::Http;

/// The JSON of a filtered list, or `None` if the server refuses in words.
#[track_caller]
fn filtered(http: &Http, path: &str) -> Option<Value> {
    let answer = http.get(path);
    if answer.status == 501 {
        assert!(answer.text().contains("filter"), "{answer}");
        return None;
    }
    Some(answer.ok_json())
}

#[track_caller]
fn names(list: &Value) -> Vec<&String> {
    list.as_object().expect("an object").keys().collect()
}

cases! {
    fn services_of_the_agent(http: &Http) {
        register(
            http,
            json!({"ID": "filter-1", "Name": "filter-me", "Tags": ["yes"]}),
        );
        register(
            http,
            json!({"ID": "filter-2", "Name": "filter-me", "Tags": ["no"]}),
        );
        let path = "/v1/agent/services?filter=Service==%22filter-me%22%20and%20%22yes%22%20in%20Tags";
        if let Some(list) = filtered(http, path) {
            assert_eq!(names(&list), ["filter-1"]);
        }
    }

    fn checks_of_the_agent(http: &Http) {
        with_ttl(http, "sieved-1", "passing");
        with_ttl(http, "sieved-2", "warning");
        let path = "/v1/agent/checks?filter=ServiceName==%22sieved-2%22";
        if let Some(list) = filtered(http, path) {
            assert_eq!(names(&list), ["service:sieved-2"]);
        }
    }

    fn healthy_instances(http: &Http) {
        for (id, version) in [("sieve-1", "1"), ("sieve-2", "2")] {
            register(
                http,
                json!({"ID": id, "Name": "sieve", "Meta": {"version": version}}),
            );
        }
        soon_instances(http, "sieve", 2);
        let path = "/v1/health/service/sieve?filter=Service.Meta.version==%222%22";
        if let Some(list) = filtered(http, path) {
            assert_eq!(list.as_array().map(Vec::len), Some(1));
            assert_eq!(list[0]["Service"]["ID"], "sieve-2");
        }
    }

    fn nonsense_is_never_ignored(http: &Http) {
        for path in [
            "/v1/health/service/x",
            "/v1/agent/services",
            "/v1/agent/checks",
            "/v1/catalog/service/x",
            "/v1/catalog/nodes",
            "/v1/health/state/any",
        ] {
            let answer = http.get(&format!("{path}?filter=nonsense"));
            let words = answer.text();
            assert!(
                answer.status == 500
                    && words.starts_with("Failed to create boolean expression evaluator: ")
                    || answer.status == 501 && words.contains("filter"),
                "{answer}"
            );
        }
    }
}
