//! `/v1/catalog/...`: names, nodes, and what was written there without an agent.

use serde_json::{Value, json};

use super::common::*;
use crate::support::{Http, members, soon, texts};

const NODE: &str = "ID:text Node:text Address:text Datacenter:text TaggedAddresses:object|null \
                    Meta:object|null CreateIndex:number ModifyIndex:number";

const CATALOG_SERVICE: &str = "ID:text Node:text Address:text Datacenter:text \
     TaggedAddresses:object|null NodeMeta:object|null ServiceKind:text ServiceID:text \
     ServiceName:text ServiceTags:list ServiceAddress:text ServiceWeights:object \
     ServiceMeta:object ServicePort:number ServiceEnableTagOverride:bool ServiceProxy:object \
     ServiceConnect:object CreateIndex:number ModifyIndex:number";

fn write(http: &Http, entry: Value) {
    let answer = http.put_json("/v1/catalog/register", &entry);
    assert_eq!(answer.ok_json(), json!(true), "{answer}");
}

fn erase(http: &Http, entry: Value) {
    let answer = http.put_json("/v1/catalog/deregister", &entry);
    assert_eq!(answer.ok_json(), json!(true), "{answer}");
}

cases! {
    fn services_lists_names_with_all_tags(http: &Http) {
        register(http, json!({"ID": "named-1", "Name": "named", "Tags": ["b", "a"]}));
        register(http, json!({"ID": "named-2", "Name": "named", "Tags": ["c", "a"]}));
        soon_instances(http, "named", 2);
        let answer = http.get("/v1/catalog/services");
        assert!(answer.index() > 1);
        assert_eq!(
            answer.header("x-consul-effective-consistency"),
            Some("leader")
        );
        let names = answer.ok_json();
        let mut tags = texts(&names["named"]);
        tags.sort();
        assert_eq!(tags, ["a", "b", "c"], "each once, in no order");
        assert_eq!(names["consul"], json!([]), "the server itself");
    }

    fn a_service_is_told_with_its_node(http: &Http) {
        register(
            http,
            json!({
                "ID": "written-1", "Name": "written", "Tags": ["t"], "Address": "127.0.0.3", "Port": 5,
                "Meta": {"k": "v"},
            }),
        );
        soon_instances(http, "written", 1);
        let answer = http.get("/v1/catalog/service/written");
        assert!(answer.index() > 1);
        let entry = &answer.ok_json()[0];
        members(
            entry,
            &format!("{CATALOG_SERVICE} ServiceTaggedAddresses:object"),
        );
        assert_eq!(entry["ServiceID"], "written-1");
        assert_eq!(entry["ServiceName"], "written");
        assert_eq!(entry["ServiceTags"], json!(["t"]));
        assert_eq!(entry["ServiceAddress"], "127.0.0.3");
        assert_eq!(entry["ServicePort"], 5);
        assert_eq!(entry["ServiceMeta"], json!({"k": "v"}));
        assert_eq!(entry["ServiceWeights"], json!({"Passing": 1, "Warning": 1}));
        assert_eq!(entry["ServiceKind"], "");
        assert_eq!(entry["Address"], "127.0.0.1", "the node's own");
        assert_eq!(entry["Datacenter"], "dc1");
    }

    fn a_bare_service_has_empty_meta_here(http: &Http) {
        register(http, json!({"Name": "bare-here"}));
        soon_instances(http, "bare-here", 1);
        let entry = list(http, "/v1/catalog/service/bare-here")[0].clone();
        members(&entry, CATALOG_SERVICE);
        assert_eq!(entry["ServiceMeta"], json!({}));
    }

    fn an_unknown_name_is_an_empty_list(http: &Http) {
        assert_eq!(list(http, "/v1/catalog/service/unknown").len(), 0);
        let answer = http.get("/v1/catalog/node/unknown");
        assert_eq!(answer.ok_json(), Value::Null);
    }

    fn a_tag_filters_the_catalog(http: &Http) {
        register(http, json!({"ID": "shelf-1", "Name": "shelf", "Tags": ["a", "b"]}));
        register(http, json!({"ID": "shelf-2", "Name": "shelf", "Tags": ["b"]}));
        soon_instances(http, "shelf", 2);
        let count = |query: &str| list(http, &format!("/v1/catalog/service/shelf?{query}")).len();
        assert_eq!(count("tag=b"), 2);
        assert_eq!(count("tag=a"), 1);
        assert_eq!(count("tag=a&tag=b"), 1);
        assert_eq!(count("tag=c"), 0);
    }

    fn unhealthy_ones_are_listed_as_well(http: &Http) {
        with_ttl(http, "ill-listed", "critical");
        soon_instances(http, "ill-listed", 1);
        assert_eq!(list(http, "/v1/catalog/service/ill-listed").len(), 1);
    }

    fn nodes_has_the_agent_itself(http: &Http) {
        let answer = http.get("/v1/catalog/nodes");
        assert!(answer.index() > 0);
        let nodes = answer.ok_json();
        let own = http.get("/v1/agent/self").ok_json()["Config"]["NodeName"].clone();
        let nodes = nodes.as_array().unwrap();
        nodes.iter().for_each(|node| members(node, NODE));
        let node = nodes.iter().find(|node| node["Node"] == own);
        let node = node.expect("the agent's own node");
        assert_eq!(node["Address"], "127.0.0.1");
    }

    fn a_node_lists_its_services_by_id(http: &Http) {
        register(http, json!({"ID": "noded-1", "Name": "noded", "Port": 4}));
        let entry = soon_instances(http, "noded", 1)[0].clone();
        let name = entry["Node"]["Node"].as_str().unwrap();
        let answer = http.get(&format!("/v1/catalog/node/{name}"));
        assert!(answer.index() > 1);
        let node = answer.ok_json();
        members(&node, "Node:object Services:object");
        members(&node["Node"], NODE);
        assert_eq!(node["Node"], entry["Node"]);
        assert_eq!(node["Services"]["noded-1"], entry["Service"]);
    }

    fn datacenters_is_a_list_of_one(http: &Http) {
        assert_eq!(http.get("/v1/catalog/datacenters").ok_json(), json!(["dc1"]));
    }

    fn a_node_without_an_agent_can_be_written(http: &Http) {
        write(
            http,
            json!({
                "Node": "outside", "Address": "192.0.2.7", "NodeMeta": {"external": "true"},
                "Service": {"ID": "printer-1", "Service": "printer", "Port": 631, "Tags": ["post"]},
                "Check": {"CheckID": "ink", "Name": "Ink", "Status": "passing", "ServiceID": "printer-1"},
            }),
        );
        // There is no agent in between: it is there at once.
        let found = instances(http, "printer");
        assert_eq!(found.len(), 1);
        let entry = &found[0];
        assert_eq!(entry["Node"]["Node"], "outside");
        assert_eq!(entry["Node"]["ID"], "");
        assert_eq!(entry["Node"]["Meta"], json!({"external": "true"}));
        assert_eq!(entry["Node"]["TaggedAddresses"], Value::Null);
        assert_eq!(entry["Service"]["Port"], 631);
        let checks = entry["Checks"].as_array().unwrap();
        assert_eq!(checks.len(), 1, "no agent gossips with it");
        members(&checks[0], CHECK);
        assert_eq!(checks[0]["CheckID"], "ink");
        assert_eq!(checks[0]["ServiceName"], "printer");
        assert_eq!(passing(http, "printer").len(), 1);
        // The agent did not register it and does not know it.
        let answer = http.get("/v1/agent/service/printer-1");
        answer.must_refuse(404, "unknown service ID: printer-1");
        erase(http, json!({"Node": "outside"}));
    }

    fn erasing_takes_a_check_a_service_or_the_node(http: &Http) {
        write(
            http,
            json!({
                "Node": "shrinking", "Address": "192.0.2.8",
                "Service": {"ID": "shrink-1", "Service": "shrink"},
                "Check": {"CheckID": "c", "Name": "C", "Status": "critical", "ServiceID": "shrink-1"},
            }),
        );
        assert_eq!(passing(http, "shrink").len(), 0);
        erase(http, json!({"Node": "shrinking", "CheckID": "c"}));
        assert_eq!(passing(http, "shrink").len(), 1);
        erase(http, json!({"Node": "shrinking", "ServiceID": "shrink-1"}));
        assert_eq!(instances(http, "shrink").len(), 0);
        assert_ne!(http.get("/v1/catalog/node/shrinking").ok_json(), Value::Null);
        erase(http, json!({"Node": "shrinking"}));
        assert_eq!(http.get("/v1/catalog/node/shrinking").ok_json(), Value::Null);
        erase(http, json!({"Node": "shrinking"}));
    }

    fn the_agent_repairs_what_was_erased_behind_its_back(http: &Http) {
        // Alone: the registration of another case would repair it before this one looks.
        let http = &http.alone(None, None);
        register(http, json!({"ID": "repaired-1", "Name": "repaired"}));
        let entry = soon_instances(http, "repaired", 1)[0].clone();
        erase(http, json!({"Node": entry["Node"]["Node"], "ServiceID": "repaired-1"}));
        assert_eq!(instances(http, "repaired").len(), 0);
        // It compares once a minute; a new registration makes it compare now.
        register(http, json!({"ID": "repaired-1", "Name": "repaired"}));
        soon_instances(http, "repaired", 1);
    }

    fn writing_needs_a_node_and_an_address(http: &Http) {
        let refuse = |body: &str, status: u16, words: &str| {
            http.put("/v1/catalog/register", body).must_refuse(status, words);
        };
        for body in ["", "{"] {
            http.put("/v1/catalog/register", body).must_not_decode();
        }
        refuse("{}", 500, "Must provide node");
        refuse(
            r#"{"Node": "no-address"}"#,
            500,
            "Must provide address if SkipNodeUpdate is not set",
        );
        let node = http.get("/v1/catalog/node/no-address").ok_json();
        assert_eq!(node, Value::Null);
        http.put("/v1/catalog/deregister", "{}")
            .must_refuse(500, "Must provide node");
        http.put("/v1/catalog/deregister", "{").must_not_decode();
    }

    fn what_is_asked_of_the_catalog_must_be_named(http: &Http) {
        http.get("/v1/catalog/service/")
            .must_refuse(400, "Missing service name");
        http.get("/v1/catalog/node/")
            .must_refuse(400, "Missing node name");
    }

    fn a_name_leaves_with_its_last_instance(http: &Http) {
        let listed = || {
            let names = http.get("/v1/catalog/services").ok_json();
            names.get("lonely").is_some()
        };
        for id in ["lonely-1", "lonely-2"] {
            register(http, json!({"ID": id, "Name": "lonely"}));
        }
        soon_instances(http, "lonely", 2);
        deregister(http, "lonely-1");
        soon_instances(http, "lonely", 1);
        assert!(listed());
        deregister(http, "lonely-2");
        soon("the name is not listed any more", || (!listed()).then_some(()));
    }
}
