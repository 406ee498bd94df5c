//! Maintenance mode: out of the list of the healthy, and still registered.

use serde_json::json;

use super::common::*;
use crate::support::{Http, members};

const NO_REASON_SERVICE: &str = "Maintenance mode is enabled for this service, but no reason was \
                                 provided. This is a default message.";
const NO_REASON_NODE: &str = "Maintenance mode is enabled for this node, but no reason was \
                              provided. This is a default message.";

cases! {
    fn a_service_in_maintenance_is_not_passing_and_still_there(http: &Http) {
        with_ttl(http, "maintained", "passing");
        soon_passing(http, "maintained", 1);
        http.put(
            "/v1/agent/service/maintenance/maintained?enable=true&reason=new%20wheels",
            "",
        )
        .must_be_empty();
        let found = check(http, "_service_maintenance:maintained").expect("a check of its own");
        members(&found, CHECK);
        assert_eq!(found["Name"], "Service Maintenance Mode");
        assert_eq!(found["Status"], "critical");
        assert_eq!(found["Notes"], "new wheels");
        assert_eq!(found["Type"], "maintenance");
        assert_eq!(found["ServiceID"], "maintained");
        soon_passing(http, "maintained", 0);
        soon_instances(http, "maintained", 1);
        let answer = http.get("/v1/agent/health/service/id/maintained?format=text");
        answer.must_be(503);
        assert_eq!(answer.text(), "maintenance", "not just critical");
        http.put("/v1/agent/service/maintenance/maintained?enable=false", "")
            .must_be_empty();
        assert_eq!(check(http, "_service_maintenance:maintained"), None);
        soon_passing(http, "maintained", 1);
    }

    fn maintenance_wakes_watchers(http: &Http) {
        register(http, json!({"Name": "maintained-watched"}));
        soon_passing(http, "maintained-watched", 1);
        let path = "/v1/health/service/maintained-watched?passing";
        let index = http.get(path).index();
        std::thread::scope(|scope| {
            let watch = scope.spawn(|| http.get(&format!("{path}&index={index}&wait=50s")));
            http.put("/v1/agent/service/maintenance/maintained-watched?enable=true", "")
                .must_be_empty();
            let answer = watch.join().expect("an answer");
            assert_eq!(answer.ok_json(), json!([]));
            assert!(answer.index() > index);
        });
    }

    fn without_a_reason_there_is_a_default_one(http: &Http) {
        register(http, json!({"Name": "maintained-why"}));
        http.put("/v1/agent/service/maintenance/maintained-why?enable=true", "")
            .must_be_empty();
        let found = check(http, "_service_maintenance:maintained-why").expect("a check");
        assert_eq!(found["Notes"], NO_REASON_SERVICE);
    }

    fn maintenance_twice_is_once(http: &Http) {
        register(http, json!({"Name": "maintained-twice"}));
        let set = |enable: bool| {
            let path = format!("/v1/agent/service/maintenance/maintained-twice?enable={enable}");
            http.put(&path, "").must_be_empty();
        };
        set(false);
        set(true);
        set(true);
        set(false);
        assert_eq!(check(http, "_service_maintenance:maintained-twice"), None);
    }

    fn maintenance_needs_a_service_and_a_yes_or_no(http: &Http) {
        register(http, json!({"Name": "maintained-bad"}));
        for (path, status, words) in [
            ("maintained-bad", 400, "Missing value for enable"),
            ("maintained-bad?enable=maybe", 400, "Invalid value for enable: \"maybe\""),
            ("?enable=true", 400, "Missing service ID"),
            (
                "maintained-unknown?enable=true",
                404,
                "No service registered with ID \"maintained-unknown\"",
            ),
        ] {
            http.put(&format!("/v1/agent/service/maintenance/{path}"), "")
                .must_refuse(status, words);
        }
        assert_eq!(check(http, "_service_maintenance:maintained-bad"), None);
        http.get("/v1/agent/service/maintenance/maintained-bad?enable=true")
            .must_refuse(405, "method GET not allowed");
        let path = "/v1/agent/maintenance";
        http.put(path, "").must_refuse(400, "Missing value for enable");
        http.put(&format!("{path}?enable=maybe"), "")
            .must_refuse(400, "Invalid value for enable: \"maybe\"");
    }

    fn a_node_in_maintenance_takes_all_its_services_along(http: &Http) {
        let http = &http.alone(None, None);
        for name in ["one", "two"] {
            register(http, json!({"Name": name}));
            soon_passing(http, name, 1);
        }
        http.put("/v1/agent/maintenance?enable=true", "").must_be_empty();
        let found = check(http, "_node_maintenance").expect("a check of the node");
        members(&found, CHECK);
        assert_eq!(found["Name"], "Node Maintenance Mode");
        assert_eq!(found["Status"], "critical");
        assert_eq!(found["Notes"], NO_REASON_NODE);
        assert_eq!(found["ServiceID"], "");
        soon_passing(http, "one", 0);
        soon_passing(http, "two", 0);
        let answer = http.get("/v1/agent/health/service/name/one?format=text");
        answer.must_be(503);
        assert_eq!(answer.text(), "maintenance");
        http.put("/v1/agent/maintenance?enable=false", "").must_be_empty();
        assert_eq!(check(http, "_node_maintenance"), None);
        soon_passing(http, "one", 1);
        soon_passing(http, "two", 1);
    }
}
