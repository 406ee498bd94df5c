//! `DeregisterCriticalServiceAfter`: a service that is critical for so long is removed. A minute is the
//! least, and the agent looks every 30 s, so this takes a real Consul a minute and a half. The agent of
//! this lesson is given a clock that the case drives.

use std::time::Duration;

use serde_json::json;

use super::common::*;
use crate::support::Http;

/// `pass` lets time pass on the clock of the server.
pub fn a_service_that_stays_critical_is_taken_out(http: &Http, pass: impl Fn(Duration)) {
    let after = |time: &str| json!({"TTL": "10m", "DeregisterCriticalServiceAfter": time});
    // A shorter time counts as a minute.
    register(http, json!({"Name": "reaped", "Check": after("1s")}));
    register(http, json!({"Name": "spared-long", "Check": after("10m")}));
    register(http, json!({"Name": "spared-well", "Check": after("1s")}));
    register(
        http,
        json!({"Name": "spared-without", "Check": {"TTL": "10m"}}),
    );
    // Critical from the start, but no check has ever said so: the clock of this one does not run.
    register(http, json!({"Name": "spared-never", "Check": after("1s")}));
    for (how, id) in [
        ("fail", "reaped"),
        ("fail", "spared-long"),
        ("fail", "spared-well"),
        ("fail", "spared-without"),
        ("pass", "spared-well"),
    ] {
        report(http, how, id);
    }
    soon_instances(http, "reaped", 1);
    let step = Duration::from_secs(5);
    let mut passed = step * 11;
    pass(passed);
    assert_eq!(instances(http, "reaped").len(), 1, "too early");
    while !instances(http, "reaped").is_empty() {
        assert!(passed < step * 30, "it is still there after {passed:?}");
        pass(step);
        passed += step;
    }
    assert_eq!(check(http, "service:reaped"), None);
    let known = http.get("/v1/agent/services").ok_json();
    for name in ["long", "well", "without", "never"] {
        let id = format!("spared-{name}");
        assert!(known.get(&id).is_some(), "{id}");
    }
}
