//! The checks themselves: TTL, HTTP, TCP, gRPC; how they turn, what they say, how they come and go.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tonic_health::ServingStatus;

use super::common::*;
use crate::support::subject::{Grpc, Port, Web};
use crate::support::{Http, members, soon, within};

/// Registers a service with one check of an interval of a second, the shortest there is.
#[track_caller]
fn with_check(http: &Http, name: &str, mut check: Value) {
    check["Interval"] = json!("1s");
    register(http, json!({"Name": name, "Check": check}));
}

/// Waits until a check has run and said something.
#[track_caller]
fn soon_output(http: &Http, id: &str) -> Value {
    soon("it has run", || {
        check(http, id).filter(|check| check["Output"] != "")
    })
}

cases! {
    // ---- TTL

    fn a_ttl_check_starts_critical(http: &Http) {
        register(http, json!({"Name": "ttl-start", "Check": {"TTL": "10m"}}));
        let found = check(http, "service:ttl-start").expect("a check");
        members(&found, CHECK);
        assert_eq!(found["Status"], "critical");
        assert_eq!(found["Type"], "ttl");
        assert_eq!(found["Output"], "");
        assert_eq!(found["CreateIndex"], 0, "the agent has no index");
    }

    fn a_check_may_start_with_another_status(http: &Http) {
        for status in ["passing", "warning", "critical"] {
            let id = format!("ttl-start-{status}");
            with_ttl(http, &id, status);
            let found = check(http, &format!("service:{id}")).expect("a check");
            assert_eq!(found["Status"], status);
        }
    }

    fn pass_warn_and_fail_set_the_status_and_the_note(http: &Http) {
        with_ttl(http, "ttl-set", "critical");
        for (how, status) in [
            ("pass", "passing"),
            ("warn", "warning"),
            ("fail", "critical"),
        ] {
            http.put(
                &format!("/v1/agent/check/{how}/service:ttl-set?note=because%20{how}"),
                "",
            )
            .must_be_empty();
            let found = check(http, "service:ttl-set").expect("a check");
            assert_eq!(found["Status"], status);
            assert_eq!(found["Output"], format!("because {how}"));
            soon("the catalog learns it", || {
                let list = list(http, "/v1/health/checks/ttl-set");
                (list[0]["Status"] == status).then_some(())
            });
        }
    }

    fn update_sets_status_and_output_from_json(http: &Http) {
        with_ttl(http, "ttl-update", "critical");
        for status in ["passing", "warning", "critical"] {
            let body = json!({"Status": status, "Output": format!("it is {status}")});
            http.put_json("/v1/agent/check/update/service:ttl-update", &body)
                .must_be_empty();
            let found = check(http, "service:ttl-update").expect("a check");
            assert_eq!(found["Status"], status);
            assert_eq!(found["Output"], format!("it is {status}"));
        }
    }

    fn update_cuts_a_long_output(http: &Http) {
        with_ttl(http, "ttl-long", "passing");
        let body = json!({"Status": "passing", "Output": "x".repeat(10_000)});
        http.put_json("/v1/agent/check/update/service:ttl-long", &body)
            .must_be_empty();
        let found = check(http, "service:ttl-long").expect("a check");
        let output = found["Output"].as_str().unwrap();
        assert!(output.len() < 5_000, "{} bytes are kept", output.len());
        assert!(output.contains("10000"), "and it says how long it was");
    }

    fn update_refuses_other_statuses(http: &Http) {
        with_ttl(http, "ttl-bad", "passing");
        let path = "/v1/agent/check/update/service:ttl-bad";
        for (body, words) in [
            (r#"{"Status": "bogus"}"#, "Invalid check status: 'bogus'"),
            ("{}", "Invalid check status: ''"),
        ] {
            http.put(path, body).must_refuse(400, words);
        }
        for body in ["{", "", r#"{"Status": 1}"#] {
            http.put(path, body).must_not_decode();
        }
        let found = check(http, "service:ttl-bad").expect("a check");
        assert_eq!(found["Status"], "passing", "nothing has changed");
    }

    fn only_a_ttl_check_that_is_there_can_be_set(http: &Http) {
        for how in ["pass", "warn", "fail"] {
            http.put(&format!("/v1/agent/check/{how}/unknown"), "")
                .must_refuse(500, "CheckID \"unknown\" does not have associated TTL");
        }
        http.put("/v1/agent/check/update/unknown", r#"{"Status": "passing"}"#)
            .must_refuse(500, "CheckID \"unknown\" does not have associated TTL");
        let port = Port::open();
        with_check(http, "ttl-not", json!({"TCP": port.addr.to_string()}));
        let words = "CheckID \"service:ttl-not\" does not have associated TTL";
        http.put("/v1/agent/check/pass/service:ttl-not", "")
            .must_refuse(500, words);
    }

    fn a_ttl_that_is_not_renewed_turns_critical(http: &Http) {
        let since = Instant::now();
        register(
            http,
            json!({"Name": "ttl-ends", "Check": {"TTL": "1s", "Status": "passing"}}),
        );
        let found = soon_status(http, "service:ttl-ends", "critical");
        assert!(since.elapsed() > Duration::from_millis(800), "too early");
        assert_eq!(found["Output"], "TTL expired");
        soon_passing(http, "ttl-ends", 0);
        // It can come back.
        report(http, "pass", "ttl-ends");
        soon_passing(http, "ttl-ends", 1);
        soon_status(http, "service:ttl-ends", "critical");
    }

    fn the_note_is_kept_when_a_ttl_ends(http: &Http) {
        register(http, json!({"Name": "ttl-note", "Check": {"TTL": "1s"}}));
        http.put("/v1/agent/check/pass/service:ttl-note?note=last%20words", "")
            .must_be_empty();
        let found = soon_status(http, "service:ttl-note", "critical");
        assert_eq!(
            found["Output"],
            "TTL expired (last output before timeout follows): last words"
        );
    }

    fn a_ttl_that_is_renewed_stays(http: &Http) {
        register(http, json!({"Name": "ttl-kept", "Check": {"TTL": "5s"}}));
        for _ in 0..14 {
            report(http, "pass", "ttl-kept");
            std::thread::sleep(Duration::from_millis(500));
            let found = check(http, "service:ttl-kept").expect("a check");
            assert_eq!(found["Status"], "passing");
        }
    }

    // ---- HTTP

    fn an_http_check_goes_by_the_status_code(http: &Http) {
        let web = Web::start();
        let name = "http-codes";
        with_check(http, name, json!({"HTTP": web.url("/health")}));
        let id = format!("service:{name}");
        assert_eq!(check(http, &id).expect("a check")["Type"], "http");
        for (code, status) in [
            (200, "passing"),
            (429, "warning"),
            (500, "critical"),
            (204, "passing"),
            (404, "critical"),
        ] {
            web.answer(code, if code == 204 { "" } else { "body" });
            let found = soon_status(http, &id, status);
            let words = format!("HTTP GET {}: {code} ", web.url("/health"));
            let output = found["Output"].as_str().unwrap();
            assert!(output.starts_with(&words), "{output}");
        }
    }

    fn an_http_check_keeps_what_the_page_said(http: &Http) {
        let web = Web::start();
        web.answer(200, "all is well");
        with_check(http, "http-said", json!({"HTTP": web.url("/")}));
        let found = soon_status(http, "service:http-said", "passing");
        let output = found["Output"].as_str().unwrap();
        assert!(output.ends_with(" Output: all is well"), "{output}");
    }

    fn an_http_check_keeps_no_more_than_4_kib(http: &Http) {
        let web = Web::start();
        web.answer(200, &"x".repeat(100_000));
        with_check(http, "http-long", json!({"HTTP": web.url("/")}));
        let found = soon_status(http, "service:http-long", "passing");
        let output = found["Output"].as_str().unwrap();
        assert!(output.len() < 5_000, "{} bytes are kept", output.len());
    }

    fn an_http_check_asks_as_it_was_told(http: &Http) {
        let web = Web::start();
        with_check(
            http,
            "http-asks",
            json!({
                "HTTP": web.url("/deep/path?q=1"), "Method": "POST", "Body": "are you well?",
                "Header": {"X-Probe": ["one"], "Accept": ["text/x-health"]},
            }),
        );
        soon_status(http, "service:http-asks", "passing");
        let request = web.requests()[0].clone();
        assert!(
            request.starts_with("POST /deep/path?q=1 HTTP/1.1\r\n"),
            "{request}"
        );
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, "are you well?");
        let head = head.to_ascii_lowercase();
        for line in [
            "x-probe: one",
            "accept: text/x-health",
            "user-agent: consul health check",
        ] {
            assert!(head.lines().any(|found| found == line), "{line} in {head}");
        }
    }

    fn an_http_check_without_a_server_is_critical_and_says_why(http: &Http) {
        let addr = Port::open().addr;
        let url = format!("http://{addr}/");
        with_check(http, "http-unknown", json!({"HTTP": url}));
        let found = soon_output(http, "service:http-unknown");
        assert_eq!(found["Status"], "critical");
        assert_eq!(
            found["Output"],
            format!("Get {url:?}: dial tcp {addr}: connect: connection refused")
        );
    }

    fn an_http_check_does_not_wait_for_ever(http: &Http) {
        // It takes connections and never says a word.
        let port = Port::open();
        let url = format!("http://{}/", port.addr);
        with_check(http, "http-slow", json!({"HTTP": url, "Timeout": "500ms"}));
        let found = soon_output(http, "service:http-slow");
        assert_eq!(found["Status"], "critical");
        let output = found["Output"].as_str().unwrap();
        assert!(output.contains("Client.Timeout exceeded"), "{output}");
    }

    fn a_check_goes_on_asking(http: &Http) {
        let web = Web::start();
        with_check(http, "http-again", json!({"HTTP": web.url("/")}));
        soon("three questions", || {
            (web.requests().len() >= 3).then_some(())
        });
    }

    fn an_interval_under_a_second_becomes_one(http: &Http) {
        let web = Web::start();
        let since = Instant::now();
        register(
            http,
            json!({"Name": "http-often", "Check": {"HTTP": web.url("/"), "Interval": "1ms"}}),
        );
        soon("three questions", || {
            (web.requests().len() >= 3).then_some(())
        });
        assert!(since.elapsed() > Duration::from_millis(1800));
    }

    fn a_deregistered_check_asks_no_more(http: &Http) {
        let web = Web::start();
        with_check(http, "http-gone", json!({"HTTP": web.url("/")}));
        soon("a question", || (!web.requests().is_empty()).then_some(()));
        deregister(http, "http-gone");
        // One may be on its way.
        std::thread::sleep(Duration::from_millis(300));
        let so_far = web.requests().len();
        std::thread::sleep(Duration::from_millis(2500));
        assert_eq!(web.requests().len(), so_far);
    }

    // ---- TCP

    fn a_tcp_check_needs_only_a_connection(http: &Http) {
        let port = Port::open();
        let addr = port.addr;
        with_check(http, "tcp", json!({"TCP": addr.to_string()}));
        let found = soon_status(http, "service:tcp", "passing");
        assert_eq!(found["Type"], "tcp");
        assert_eq!(found["Output"], format!("TCP connect {addr}: Success"));
        drop(port);
        let found = soon_status(http, "service:tcp", "critical");
        assert_eq!(
            found["Output"],
            format!("dial tcp {addr}: connect: connection refused")
        );
        soon_passing(http, "tcp", 0);
        let _port = Port::open_at(addr);
        soon_status(http, "service:tcp", "passing");
        soon_passing(http, "tcp", 1);
    }

    // ---- gRPC

    fn a_grpc_check_asks_the_health_service(http: &Http) {
        let server = Grpc::start();
        with_check(http, "grpc", json!({"GRPC": server.addr.to_string()}));
        let found = soon_status(http, "service:grpc", "passing");
        assert_eq!(found["Type"], "grpc");
        let words = format!("gRPC check {}: success", server.addr);
        assert_eq!(found["Output"], words);
        server.set("", ServingStatus::NotServing);
        soon_status(http, "service:grpc", "critical");
        server.set("", ServingStatus::Serving);
        soon_status(http, "service:grpc", "passing");
        drop(server);
        soon_status(http, "service:grpc", "critical");
    }

    fn a_grpc_check_can_ask_for_one_service(http: &Http) {
        let server = Grpc::start();
        server.set("course.Clock", ServingStatus::NotServing);
        let target = format!("{}/course.Clock", server.addr);
        with_check(http, "grpc-one", json!({"GRPC": target}));
        let found = soon_output(http, "service:grpc-one");
        assert_eq!(found["Status"], "critical");
        server.set("course.Clock", ServingStatus::Serving);
        soon_status(http, "service:grpc-one", "passing");
    }

    fn a_grpc_check_of_an_unknown_service_is_critical(http: &Http) {
        let server = Grpc::start();
        let target = format!("{}/course.Unknown", server.addr);
        with_check(http, "grpc-unknown", json!({"GRPC": target}));
        let found = soon_output(http, "service:grpc-unknown");
        assert_eq!(found["Status"], "critical");
        let output = found["Output"].as_str().unwrap();
        assert!(output.contains("NotFound"), "{output}");
    }

    fn a_grpc_check_of_something_else_is_critical(http: &Http) {
        let web = Web::start();
        with_check(http, "grpc-not", json!({"GRPC": web.addr.to_string()}));
        let found = soon_output(http, "service:grpc-not");
        assert_eq!(found["Status"], "critical");
    }

    // ---- several, named, added, removed

    fn several_checks_are_numbered_unless_named(http: &Http) {
        register(
            http,
            json!({
                "Name": "many",
                "Check": {"TTL": "10m"},
                "Checks": [
                    {"TTL": "10m"},
                    {"TTL": "10m", "Name": "a name", "Notes": "a note"},
                    {"TTL": "10m", "CheckID": "many-own"},
                ],
            }),
        );
        let checks = http.get("/v1/agent/checks").ok_json();
        let ours = checks.as_object().unwrap().values();
        let ours: Vec<_> = ours.filter(|check| check["ServiceID"] == "many").collect();
        let mut ids: Vec<_> = ours.iter().map(|c| c["CheckID"].as_str().unwrap()).collect();
        ids.sort_unstable();
        assert_eq!(ids.len(), 4);
        assert_eq!(ids[0], "many-own");
        assert!(ids[1..].iter().all(|id| id.starts_with("service:many:")));
        let named = ours.iter().find(|check| check["Name"] == "a name");
        assert_eq!(named.expect("the named one")["Notes"], "a note");
    }

    fn a_check_can_be_added_to_a_service(http: &Http) {
        register(http, json!({"Name": "added-to", "Tags": ["t"]}));
        soon_passing(http, "added-to", 1);
        let body = json!({"ID": "added", "Name": "Added", "ServiceID": "added-to", "TTL": "10m"});
        http.put_json("/v1/agent/check/register", &body)
            .must_be_empty();
        let found = check(http, "added").expect("a check");
        members(&found, CHECK);
        assert_eq!(found["ServiceID"], "added-to");
        assert_eq!(found["ServiceName"], "added-to");
        assert_eq!(found["ServiceTags"], json!(["t"]));
        soon_passing(http, "added-to", 0);
        http.put("/v1/agent/check/deregister/added", "")
            .must_be_empty();
        assert_eq!(check(http, "added"), None);
        soon_passing(http, "added-to", 1);
    }

    fn a_check_of_the_node_concerns_all_its_services(http: &Http) {
        let http = &http.alone(None, None);
        register(http, json!({"Name": "any"}));
        soon_passing(http, "any", 1);
        let body = json!({"Name": "disk", "TTL": "10m", "Notes": "is there room?"});
        http.put_json("/v1/agent/check/register", &body)
            .must_be_empty();
        let found = check(http, "disk").expect("the ID is the name");
        assert_eq!(found["ServiceID"], "");
        assert_eq!(found["Status"], "critical");
        assert_eq!(found["Notes"], "is there room?");
        soon_passing(http, "any", 0);
        http.put("/v1/agent/check/pass/disk", "").must_be_empty();
        soon_passing(http, "any", 1);
    }

    fn registering_a_check_again_replaces_it(http: &Http) {
        register(http, json!({"Name": "replaced"}));
        let put = |notes: &str| {
            let body = json!({
                "ID": "replaced-check", "Name": "R", "ServiceID": "replaced", "TTL": "10m",
                "Status": "passing", "Notes": notes,
            });
            http.put_json("/v1/agent/check/register", &body)
                .must_be_empty();
        };
        put("first");
        put("second");
        let found = check(http, "replaced-check").expect("a check");
        assert_eq!(found["Notes"], "second");
        soon("the catalog has it once", || {
            let list = list(http, "/v1/health/checks/replaced");
            (list.len() == 1 && list[0]["Notes"] == "second").then_some(())
        });
    }

    fn a_check_keeps_its_state_when_its_service_is_registered_again(http: &Http) {
        with_ttl(http, "state-kept", "critical");
        report(http, "pass", "state-kept");
        register(
            http,
            json!({"ID": "state-kept", "Name": "state-kept", "Port": 7, "Check": {"TTL": "10m"}}),
        );
        let found = check(http, "service:state-kept").expect("a check");
        assert_eq!(found["Status"], "passing");
    }

    fn checks_left_out_of_a_second_registration_stay(http: &Http) {
        with_ttl(http, "left-out", "passing");
        register(http, json!({"ID": "left-out", "Name": "left-out"}));
        assert!(check(http, "service:left-out").is_some());
        let path = "/v1/agent/service/register?replace-existing-checks=true";
        http.put_json(path, &json!({"ID": "left-out", "Name": "left-out"}))
            .must_be_empty();
        assert_eq!(check(http, "service:left-out"), None);
    }

    fn deregistering_a_check_that_is_not_there_is_no_error(http: &Http) {
        http.put("/v1/agent/check/deregister/unknown", "")
            .must_be_empty();
        http.put("/v1/agent/check/deregister/", "")
            .must_refuse(500, "CheckID missing");
    }

    fn a_quick_flip_of_states_ends_in_the_last(http: &Http) {
        with_ttl(http, "flip", "critical");
        for _ in 0..20 {
            report(http, "pass", "flip");
            report(http, "warn", "flip");
        }
        report(http, "pass", "flip");
        within(Duration::from_secs(10), "the catalog has the last", || {
            let list = list(http, "/v1/health/checks/flip");
            (list[0]["Status"] == "passing").then_some(())
        });
    }
}
