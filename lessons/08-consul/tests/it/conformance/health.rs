//! `/v1/health/...`: the instances of a service, and the states of their checks.

use serde_json::{Value, json};

use super::common::*;
use crate::support::{Http, members, soon};

const NODE: &str = "ID:text Node:text Address:text Datacenter:text TaggedAddresses:object \
                    Meta:object CreateIndex:number ModifyIndex:number";

cases! {
    fn an_entry_has_node_service_and_checks(http: &Http) {
        register(
            http,
            json!({
                "ID": "entry-1", "Name": "entry", "Tags": ["a"], "Address": "127.0.0.1", "Port": 7,
                "Meta": {"k": "v"}, "Check": {"TTL": "10m", "Notes": "why"},
            }),
        );
        soon_instances(http, "entry", 1);
        let answer = http.get("/v1/health/service/entry");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("x-consul-knownleader"), Some("true"));
        assert_eq!(answer.header("x-consul-lastcontact"), Some("0"));
        assert_eq!(
            answer.header("x-consul-effective-consistency"),
            Some("leader")
        );
        assert!(answer.index() > 1);
        let entry = &answer.ok_json()[0];
        members(entry, "Node:object Service:object Checks:list");
        members(&entry["Node"], NODE);
        assert_eq!(entry["Node"]["Address"], "127.0.0.1");
        assert_eq!(entry["Node"]["Datacenter"], "dc1");
        let own = json!("127.0.0.1");
        assert_eq!(
            entry["Node"]["TaggedAddresses"],
            json!({"lan": own, "lan_ipv4": own, "wan": own, "wan_ipv4": own})
        );
        let service = &entry["Service"];
        members(
            service,
            &format!(
                "{SERVICE} TaggedAddresses:object Proxy:object Connect:object CreateIndex:number \
                 ModifyIndex:number"
            ),
        );
        assert_eq!(service["Address"], "127.0.0.1");
        assert_eq!(service["Port"], 7);
        assert_eq!(service["Meta"], json!({"k": "v"}));
        assert_eq!(service["Proxy"], json!({"MeshGateway": {}, "Expose": {}}));
        assert_eq!(service["Connect"], json!({}));
        let checks = entry["Checks"].as_array().unwrap();
        assert_eq!(checks.len(), 2, "the node's own check and the service's");
        checks.iter().for_each(|check| members(check, CHECK));
        assert_eq!(checks[0]["CheckID"], "serfHealth");
        assert_eq!(checks[0]["Name"], "Serf Health Status");
        assert_eq!(checks[0]["Status"], "passing");
        assert_eq!(checks[0]["Output"], "Agent alive and reachable");
        assert_eq!(checks[0]["Type"], "");
        let own = &checks[1];
        assert_eq!(own["CheckID"], "service:entry-1");
        assert_eq!(own["Name"], "Service 'entry' check");
        assert_eq!(own["Status"], "critical", "no result has come yet");
        assert_eq!(own["Notes"], "why");
        assert_eq!(own["Output"], "");
        assert_eq!(own["ServiceID"], "entry-1");
        assert_eq!(own["ServiceName"], "entry");
        assert_eq!(own["ServiceTags"], json!(["a"]));
        assert_eq!(own["Type"], "ttl");
        assert_eq!(own["Definition"], json!({}));
        assert_eq!(own["Node"], entry["Node"]["Node"]);
    }

    fn a_bare_service_has_no_addresses_and_null_meta(http: &Http) {
        register(http, json!({"Name": "bare"}));
        let service = soon_instances(http, "bare", 1)[0]["Service"].clone();
        members(
            &service,
            "ID:text Service:text Tags:list Address:text Meta:null Port:number Weights:object \
             EnableTagOverride:bool Proxy:object Connect:object CreateIndex:number ModifyIndex:number",
        );
        assert_eq!(service["Tags"], json!([]));
        assert_eq!(service["Address"], "");
    }

    fn an_unknown_name_is_an_empty_list_and_no_error(http: &Http) {
        for path in [
            "/v1/health/service/unknown",
            "/v1/health/service/unknown?passing",
            "/v1/health/checks/unknown",
            "/v1/health/node/unknown",
            "/v1/health/state/bogus",
        ] {
            let answer = http.get(path);
            assert_eq!(answer.ok_json(), json!([]), "{answer}");
            assert!(answer.index() >= 1, "an index to wait from");
        }
    }

    fn passing_leaves_out_critical_and_warning(http: &Http) {
        for status in ["passing", "warning", "critical"] {
            register(
                http,
                json!({
                    "ID": format!("mixed-{status}"), "Name": "mixed",
                    "Check": {"TTL": "10m", "Status": status},
                }),
            );
        }
        soon_instances(http, "mixed", 3);
        for query in ["passing", "passing=true", "passing=1", "passing="] {
            let list = list(http, &format!("/v1/health/service/mixed?{query}"));
            let ids: Vec<_> = list.iter().map(|e| &e["Service"]["ID"]).collect();
            assert_eq!(ids, ["mixed-passing"], "{query}");
        }
        for query in ["passing=false", "passing=0"] {
            let list = list(http, &format!("/v1/health/service/mixed?{query}"));
            assert_eq!(list.len(), 3, "{query}");
        }
        http.get("/v1/health/service/mixed?passing=maybe")
            .must_refuse(400, "Invalid value for ?passing");
    }

    fn passing_needs_all_checks_to_pass(http: &Http) {
        register(
            http,
            json!({
                "Name": "both-checks",
                "Checks": [{"TTL": "10m", "Status": "passing"}, {"TTL": "10m", "Status": "warning"}],
            }),
        );
        soon_instances(http, "both-checks", 1);
        assert_eq!(passing(http, "both-checks").len(), 0);
        report(http, "pass", "both-checks:2");
        soon_passing(http, "both-checks", 1);
    }

    fn a_service_without_checks_is_passing(http: &Http) {
        register(http, json!({"Name": "unchecked"}));
        soon_passing(http, "unchecked", 1);
    }

    fn a_tag_filters(http: &Http) {
        for (id, tags) in [
            ("label-1", json!(["grpc", "v1"])),
            ("label-2", json!(["grpc", "v2"])),
            ("label-3", json!([])),
        ] {
            register(http, json!({"ID": id, "Name": "label", "Tags": tags}));
        }
        soon_instances(http, "label", 3);
        let ids = |query: &str| -> Vec<Value> {
            let list = list(http, &format!("/v1/health/service/label?{query}"));
            list.iter().map(|e| e["Service"]["ID"].clone()).collect()
        };
        assert_eq!(ids("tag=grpc"), ["label-1", "label-2"]);
        assert_eq!(ids("tag=v2"), ["label-2"]);
        assert_eq!(ids("tag=grpc&tag=v1"), ["label-1"], "all of them");
        assert_eq!(ids("tag=v1&tag=v2"), [""; 0]);
        assert_eq!(ids("tag=GRPC"), ["label-1", "label-2"], "letters of any case");
        assert_eq!(ids("tag=none"), [""; 0]);
        assert_eq!(ids("tag=v1&passing"), ["label-1"]);
    }

    fn the_checks_of_a_service_alone(http: &Http) {
        with_ttl(http, "only-checks", "passing");
        let list = soon("the catalog has its check", || {
            let list = list(http, "/v1/health/checks/only-checks");
            (!list.is_empty()).then_some(list)
        });
        assert_eq!(list.len(), 1, "without the node's");
        members(&list[0], CHECK);
        assert_eq!(list[0]["CheckID"], "service:only-checks");
    }

    fn the_checks_of_a_node(http: &Http) {
        with_ttl(http, "of-node", "passing");
        let node = soon_instances(http, "of-node", 1)[0]["Node"]["Node"].clone();
        let path = format!("/v1/health/node/{}", node.as_str().unwrap());
        let answer = http.get(&path);
        assert!(answer.index() > 1);
        let list = answer.ok_json();
        let list = list.as_array().unwrap();
        list.iter().for_each(|check| members(check, CHECK));
        let ids: Vec<_> = list.iter().map(|check| &check["CheckID"]).collect();
        assert!(ids.contains(&&json!("serfHealth")));
        assert!(ids.contains(&&json!("service:of-node")));
    }

    fn checks_by_state(http: &Http) {
        for status in ["passing", "warning", "critical"] {
            let id = format!("by-state-{status}");
            with_ttl(http, &id, status);
            soon_instances(http, &id, 1);
        }
        let ids = |state: &str| -> Vec<Value> {
            let list = list(http, &format!("/v1/health/state/{state}"));
            let ours = |check: &&Value| check["ServiceID"].as_str().unwrap().starts_with("by-state-");
            list.iter().for_each(|check| members(check, CHECK));
            list.iter().filter(ours).map(|check| check["ServiceID"].clone()).collect()
        };
        assert_eq!(ids("passing"), ["by-state-passing"]);
        assert_eq!(ids("warning"), ["by-state-warning"]);
        assert_eq!(ids("critical"), ["by-state-critical"]);
        assert_eq!(ids("any").len(), 3);
    }

    fn what_is_asked_for_must_be_named(http: &Http) {
        for (path, words) in [
            ("/v1/health/service/", "Missing service name"),
            ("/v1/health/checks/", "Missing service name"),
            ("/v1/health/node/", "Missing node name"),
            ("/v1/health/state/", "Missing check state"),
        ] {
            http.get(path).must_refuse(400, words);
        }
    }

    fn another_datacenter_has_no_path(http: &Http) {
        http.get("/v1/health/service/x?dc=nowhere")
            .must_refuse(500, "No path to datacenter");
        assert_eq!(instances(http, "unknown?dc=dc1").len(), 0);
    }

    fn the_three_consistencies_are_understood(http: &Http) {
        register(http, json!({"Name": "consistent"}));
        soon_instances(http, "consistent", 1);
        for (query, said) in [("stale", "stale"), ("consistent", "consistent")] {
            let answer = http.get(&format!("/v1/health/service/consistent?{query}"));
            assert_eq!(answer.ok_json().as_array().map(Vec::len), Some(1));
            assert_eq!(answer.header("x-consul-effective-consistency"), Some(said));
        }
        http.get("/v1/health/service/consistent?stale&consistent")
            .must_refuse(
                400,
                "Cannot specify ?stale with ?consistent, conflicting semantics.",
            );
    }

    fn an_instance_is_healthy_by_id_in_json_and_text(http: &Http) {
        for (status, code) in [("passing", 200), ("warning", 429), ("critical", 503)] {
            let id = format!("by-id-{status}");
            with_ttl(http, &id, status);
            let answer = http.get(&format!("/v1/agent/health/service/id/{id}"));
            answer.must_be(code);
            assert_eq!(answer.header("content-type"), Some("application/json"));
            assert_eq!(answer.header("x-consul-reason"), Some(status));
            let found = answer.json();
            members(&found, "AggregatedStatus:text Service:object Checks:list");
            assert_eq!(found["AggregatedStatus"], status);
            members(&found["Service"], SERVICE);
            let check = &found["Checks"][0];
            // Here, and only here, no tags are null.
            let check_members = CHECK.replace("ServiceTags:list", "ServiceTags:list|null");
            members(check, &check_members);
            assert_eq!(check["Status"], status);
            let text = http.get(&format!("/v1/agent/health/service/id/{id}?format=text"));
            text.must_be(code);
            assert_eq!(text.text(), status);
            assert_eq!(text.header("content-type"), Some("text/plain"));
        }
    }

    fn a_name_is_as_well_as_its_worst_instance(http: &Http) {
        let register = |n: u8, status: &str| {
            register(
                http,
                json!({
                    "ID": format!("worst-{n}"), "Name": "worst",
                    "Check": {"TTL": "10m", "Status": status},
                }),
            );
        };
        register(1, "passing");
        let path = "/v1/agent/health/service/name/worst";
        let answer = http.get(path);
        answer.must_be(200);
        members(
            &answer.json()[0],
            "AggregatedStatus:text Service:object Checks:list",
        );
        register(2, "warning");
        http.get(path).must_be(429);
        register(3, "critical");
        let answer = http.get(path);
        answer.must_be(503);
        assert_eq!(answer.header("x-consul-reason"), Some("critical"));
        assert_eq!(answer.json().as_array().map(Vec::len), Some(3));
        assert_eq!(http.get(&format!("{path}?format=text")).text(), "critical");
    }

    fn an_instance_that_is_not_there_is_a_404(http: &Http) {
        let answer = http.get("/v1/agent/health/service/id/unknown");
        answer.must_be(404);
        assert_eq!(
            answer.json(),
            json!({"AggregatedStatus": "critical", "Service": null, "Checks": null})
        );
        let reason = answer.header("x-consul-reason");
        assert_eq!(reason, Some("ServiceId unknown not found"));
        let text = http.get("/v1/agent/health/service/id/unknown?format=text");
        text.must_be(404);
        assert!(
            text.text().contains("ServiceId unknown not found"),
            "{text}"
        );
        let answer = http.get("/v1/agent/health/service/name/unknown");
        answer.must_be(404);
        assert_eq!(answer.json(), json!([]));
        let text = http.get("/v1/agent/health/service/name/unknown?format=text");
        assert_eq!(text.text(), "ServiceName unknown Not Found");
    }
}
