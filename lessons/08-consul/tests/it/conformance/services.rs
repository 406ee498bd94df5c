//! Register and deregister with the agent: `/v1/agent/service...`.

use serde_json::{Value, json};

use super::common::{SERVICE, deregister, instances, register, soon_instances};
use crate::support::{Http, members, soon, texts};

/// What the agent knows about a service it has.
#[track_caller]
fn known(http: &Http, id: &str) -> Value {
    http.get(&format!("/v1/agent/service/{id}")).ok_json()
}

#[track_caller]
fn must_be_unknown(http: &Http, id: &str) {
    http.get(&format!("/v1/agent/service/{id}"))
        .must_refuse(404, &format!("unknown service ID: {id}"));
}

cases! {
    fn a_name_is_enough_to_register(http: &Http) {
        let answer = http.put_json("/v1/agent/service/register", &json!({"Name": "plain"}));
        answer.must_be_empty();
        let answer = http.get("/v1/agent/services");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        // The agent speaks of itself; only the catalog has an index.
        assert_eq!(answer.header("x-consul-index"), None);
        let service = &answer.ok_json()["plain"];
        members(service, SERVICE);
        assert_eq!(service["ID"], "plain", "the ID is the name");
        assert_eq!(service["Service"], "plain");
        assert_eq!(service["Tags"], json!([]));
        assert_eq!(service["Meta"], json!({}));
        assert_eq!(service["Port"], 0);
        assert_eq!(service["Address"], "");
        assert_eq!(service["Weights"], json!({"Passing": 1, "Warning": 1}));
        assert_eq!(service["EnableTagOverride"], false);
    }

    fn all_that_was_registered_is_told_again(http: &Http) {
        register(
            http,
            json!({
                "ID": "rich-1", "Name": "Rich", "Tags": ["grpc", "consul"], "Address": "127.0.0.7",
                "Port": 8080, "Meta": {"version": "2"}, "EnableTagOverride": true,
                "Weights": {"Passing": 3, "Warning": 2},
            }),
        );
        let service = known(http, "rich-1");
        members(
            &service,
            &format!("{SERVICE} TaggedAddresses:object ContentHash:text"),
        );
        assert_eq!(service["Service"], "Rich");
        assert_eq!(service["Tags"], json!(["grpc", "consul"]));
        assert_eq!(service["Address"], "127.0.0.7");
        assert_eq!(service["Port"], 8080);
        assert_eq!(service["Meta"], json!({"version": "2"}));
        assert_eq!(service["EnableTagOverride"], true);
        assert_eq!(service["Weights"], json!({"Passing": 3, "Warning": 2}));
        let address = json!({"Address": "127.0.0.7", "Port": 8080});
        let both = json!({"lan_ipv4": address, "wan_ipv4": address});
        assert_eq!(service["TaggedAddresses"], both);
    }

    fn the_content_hash_follows_the_content(http: &Http) {
        let hash = |port: u16| {
            register(http, json!({"Name": "hashed", "Port": port}));
            let answer = http.get("/v1/agent/service/hashed");
            let hash = answer.ok_json()["ContentHash"].clone();
            assert_eq!(answer.header("x-consul-contenthash"), hash.as_str());
            hash
        };
        let first = hash(1);
        assert_ne!(hash(2), first);
        assert_eq!(hash(1), first);
    }

    fn a_host_name_is_an_address_without_tagged_ones(http: &Http) {
        register(http, json!({"Name": "host", "Address": "localhost", "Port": 1}));
        members(&known(http, "host"), &format!("{SERVICE} ContentHash:text"));
    }

    fn tagged_addresses_may_be_given(http: &Http) {
        let wan = json!({"Address": "192.0.2.1", "Port": 99});
        register(
            http,
            json!({"Name": "tagged", "Address": "127.0.0.1", "Port": 1, "TaggedAddresses": {"wan": wan}}),
        );
        let own = json!({"Address": "127.0.0.1", "Port": 1});
        assert_eq!(
            known(http, "tagged")["TaggedAddresses"],
            json!({"wan": wan, "lan_ipv4": own, "wan_ipv4": own})
        );
    }

    fn member_names_ignore_case(http: &Http) {
        http.put("/v1/agent/service/register", r#"{"name": "lower", "port": 3, "tags": ["t"]}"#)
            .must_be_empty();
        let service = known(http, "lower");
        assert_eq!(service["Port"], 3);
        assert_eq!(service["Tags"], json!(["t"]));
    }

    fn snake_case_names_are_understood(http: &Http) {
        http.put(
            "/v1/agent/service/register",
            r#"{"Name": "snake", "enable_tag_override": true,
                "Check": {"ttl": "1m", "deregister_critical_service_after": "90m"}}"#,
        )
        .must_be_empty();
        assert_eq!(known(http, "snake")["EnableTagOverride"], true);
    }

    fn no_content_type_is_needed(http: &Http) {
        let body = br#"{"Name": "untyped"}"#;
        let request = http.request("PUT", "/v1/agent/service/register");
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        request.body(body).send().must_be_empty();
        known(http, "untyped");
    }

    fn registering_again_replaces(http: &Http) {
        register(http, json!({"ID": "again", "Name": "again", "Port": 1, "Tags": ["old"]}));
        register(http, json!({"ID": "again", "Name": "again", "Port": 2}));
        let service = known(http, "again");
        assert_eq!(service["Port"], 2);
        assert_eq!(service["Tags"], json!([]));
        let list = soon("the catalog has the new port", || {
            let list = instances(http, "again");
            (list.len() == 1 && list[0]["Service"]["Port"] == 2).then_some(list)
        });
        assert_eq!(list[0]["Service"]["Tags"], json!([]));
    }

    fn registering_again_keeps_the_create_index(http: &Http) {
        register(http, json!({"Name": "index-kept", "Port": 1}));
        let first = soon_instances(http, "index-kept", 1)[0]["Service"].clone();
        assert_eq!(first["CreateIndex"], first["ModifyIndex"]);
        register(http, json!({"Name": "index-kept", "Port": 2}));
        soon("the modify index moves", || {
            let second = instances(http, "index-kept")[0]["Service"].clone();
            assert_eq!(second["CreateIndex"], first["CreateIndex"]);
            (second["ModifyIndex"].as_u64() > first["ModifyIndex"].as_u64()).then_some(())
        });
    }

    fn one_id_is_one_instance_whatever_its_name(http: &Http) {
        register(http, json!({"ID": "moving", "Name": "moving-from"}));
        soon_instances(http, "moving-from", 1);
        register(http, json!({"ID": "moving", "Name": "moving-to"}));
        soon_instances(http, "moving-to", 1);
        soon_instances(http, "moving-from", 0);
    }

    fn instances_of_a_name_have_their_own_ids(http: &Http) {
        for n in 1..=3 {
            register(http, json!({"ID": format!("triplet-{n}"), "Name": "triplet", "Port": n}));
        }
        let list = soon_instances(http, "triplet", 3);
        let ids: Vec<_> = list.iter().map(|entry| &entry["Service"]["ID"]).collect();
        assert_eq!(ids, ["triplet-1", "triplet-2", "triplet-3"]);
    }

    fn a_deregistered_service_is_gone_everywhere(http: &Http) {
        register(http, json!({"ID": "leaver-1", "Name": "leaver", "Check": {"TTL": "10m"}}));
        soon_instances(http, "leaver", 1);
        let answer = http.put("/v1/agent/service/deregister/leaver-1", "");
        answer.must_be_empty();
        must_be_unknown(http, "leaver-1");
        assert_eq!(http.get("/v1/agent/services").ok_json()["leaver-1"], Value::Null);
        // Its checks leave with it.
        assert_eq!(http.get("/v1/agent/checks").ok_json()["service:leaver-1"], Value::Null);
        soon_instances(http, "leaver", 0);
        soon("the catalog forgets its checks", || {
            let checks = http.get("/v1/health/checks/leaver").ok_json();
            (checks == json!([])).then_some(())
        });
        soon("the catalog forgets the name", || {
            let names = http.get("/v1/catalog/services").ok_json();
            names.get("leaver").is_none().then_some(())
        });
    }

    fn deregistering_one_leaves_the_others(http: &Http) {
        for id in ["twin-1", "twin-2"] {
            register(http, json!({"ID": id, "Name": "twin"}));
        }
        soon_instances(http, "twin", 2);
        deregister(http, "twin-1");
        let rest = soon_instances(http, "twin", 1);
        assert_eq!(rest[0]["Service"]["ID"], "twin-2");
    }

    fn deregistering_an_unknown_service_is_no_error(http: &Http) {
        deregister(http, "unknown");
    }

    fn deregistering_goes_by_id_and_not_by_name(http: &Http) {
        register(http, json!({"ID": "by-id-1", "Name": "by-id"}));
        deregister(http, "by-id");
        known(http, "by-id-1");
    }

    fn deregistering_needs_an_id(http: &Http) {
        http.put("/v1/agent/service/deregister/", "").must_refuse(500, "ServiceID missing");
    }

    fn an_unknown_id_is_a_404_in_words(http: &Http) {
        must_be_unknown(http, "never-registered");
    }

    fn an_id_may_hold_a_slash(http: &Http) {
        register(http, json!({"ID": "deep/er", "Name": "deep"}));
        assert_eq!(known(http, "deep/er")["ID"], "deep/er");
        deregister(http, "deep/er");
        must_be_unknown(http, "deep/er");
    }

    fn a_name_keeps_its_letters_and_is_found_by_any(http: &Http) {
        register(http, json!({"ID": "face-1", "Name": "Faceid"}));
        for name in ["Faceid", "faceid", "FACEID"] {
            let list = soon_instances(http, name, 1);
            assert_eq!(list[0]["Service"]["Service"], "Faceid");
        }
    }

    fn parallel_registrations_all_arrive(http: &Http) {
        std::thread::scope(|scope| {
            for part in 0..8 {
                scope.spawn(move || {
                    for n in 0..25 {
                        let id = format!("crowd-{part}-{n}");
                        register(http, json!({"ID": id, "Name": "crowd", "Port": n + 1}));
                    }
                });
            }
        });
        soon_instances(http, "crowd", 200);
        let names = http.get("/v1/catalog/services").ok_json();
        assert_eq!(texts(&names["crowd"]), [""; 0]);
    }
}
