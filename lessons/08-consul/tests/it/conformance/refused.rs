//! Requests that are wrong: the error has Consul's text, and nothing is registered.

use serde_json::{Value, json};

use super::common::*;
use crate::support::Http;

const SERVICE_PATH: &str = "/v1/agent/service/register";
/// How a refusal of what is no JSON, or of another shape, begins.
const DECODE: &str = "Request decode failed: ";
const CHECK_PATH: &str = "/v1/agent/check/register";

/// Puts each body, with `name` for `@`, and looks at the refusal: its status, and the words with which it
/// begins. What a decoder says of JSON differs from one to the next, so of that only the beginning is asked
/// for. In the end no service is registered.
#[track_caller]
fn refused(http: &Http, path: &str, name: &str, bodies: &[(&str, u16, &str)]) {
    for (body, status, words) in bodies {
        let body = body.replace('@', name);
        let answer = http.put(path, &body);
        assert!(
            answer.status == *status && answer.text().starts_with(words),
            "{body} is refused with {} {:?}, expected {status} {words:?}",
            answer.status,
            answer.text()
        );
        let kind = answer.header("content-type");
        assert_eq!(kind, Some("text/plain; charset=utf-8"), "{body}");
    }
    let known = http.get("/v1/agent/services").ok_json();
    assert_eq!(known.get(name), None, "nothing was registered");
    let checks = http.get("/v1/agent/checks").ok_json();
    assert_eq!(checks.get(name), None, "no check either");
    assert_eq!(checks.get(format!("service:{name}")), None);
    assert_eq!(instances(http, name).len(), 0);
}

cases! {
    fn what_is_no_json(http: &Http) {
        for path in [SERVICE_PATH, CHECK_PATH] {
            refused(http, path, "refused-what-is-no-json", &[
                ("", 400, DECODE),
                ("{", 400, DECODE),
                (r#"{"Name": "@""#, 400, DECODE),
                (
                    r#"{"Name": "@",}"#,
                    400,
                    DECODE,
                ),
                (
                    "hello",
                    400,
                    DECODE,
                ),
                (
                    r#"{"Name": '@'}"#,
                    400,
                    DECODE,
                ),
            ]);
        }
    }

    fn json_that_is_no_object(http: &Http) {
        for body in ["[]", "\"x\"", "5", "true"] {
            for path in [SERVICE_PATH, CHECK_PATH] {
                let answer = http.put(path, body);
                answer.must_be(400);
                assert!(answer.text().starts_with(DECODE), "{answer}");
            }
        }
    }

    fn a_service_without_a_name(http: &Http) {
        refused(http, SERVICE_PATH, "refused-a-service-without-a-name", &[
            ("{}", 400, "Missing service name"),
            ("null", 400, "Missing service name"),
            (r#"{"Name": ""}"#, 400, "Missing service name"),
            (r#"{"Name": null, "ID": "@"}"#, 400, "Missing service name"),
            (r#"{"ID": "@", "Port": 1}"#, 400, "Missing service name"),
        ]);
    }

    fn a_member_of_the_wrong_type(http: &Http) {
        for body in [
            r#"{"Name": 5}"#,
            r#"{"Name": "@", "Port": "80"}"#,
            r#"{"Name": "@", "Port": 1.5}"#,
            r#"{"Name": "@", "Tags": "a"}"#,
            r#"{"Name": "@", "Tags": [1]}"#,
            r#"{"Name": "@", "Meta": {"k": 1}}"#,
            r#"{"Name": "@", "EnableTagOverride": "yes"}"#,
            r#"{"Name": "@", "enable_tag_override": 1}"#,
            r#"{"Name": "@", "Weights": 5}"#,
            r#"{"Name": "@", "Weights": {"Passing": "1"}}"#,
            r#"{"Name": "@", "TaggedAddresses": {"lan": "127.0.0.1"}}"#,
            r#"{"Name": "@", "Checks": 5}"#,
            r#"{"Name": "@", "Check": {"TTL": "1m", "HTTP": 5}}"#,
        ] {
            refused(http, SERVICE_PATH, "refused-a-member-of-the-wrong-type", &[(body, 400, DECODE)]);
        }
    }

    fn an_unknown_member(http: &Http) {
        let unknown = |name: &str| format!("Request decode failed: json: unknown field {name:?}");
        for (body, name) in [
            (r#"{"Name": "@", "Colour": 1}"#, "Colour"),
            (r#"{"Name": "@", "Check": {"Ping": "x"}}"#, "Ping"),
            (r#"{"Name": "@", "Checks": [{"UDP": "x", "Interval": "1s"}]}"#, "UDP"),
            // The old way to name a script; since 1.1 it is `Args`.
            (r#"{"Name": "@", "Check": {"Script": "true", "Interval": "1s"}}"#, "Script"),
        ] {
            refused(http, SERVICE_PATH, "refused-an-unknown-member", &[(body, 400, &unknown(name))]);
        }
        for (body, name) in [
            (r#"{"Name": "@", "TTL": "1m", "Colour": 1}"#, "Colour"),
            (r#"{"Name": "@", "UDP": "127.0.0.1:1", "Interval": "1s"}"#, "UDP"),
            (r#"{"Name": "@", "CheckID": "@", "TTL": "1m"}"#, "CheckID"),
        ] {
            refused(http, CHECK_PATH, "refused-an-unknown-member", &[(body, 400, &unknown(name))]);
        }
    }

    fn a_duration_that_is_none(http: &Http) {
        for check in [
            r#"{"TTL": "abc"}"#,
            r#"{"TTL": "10"}"#,
            r#"{"TCP": "127.0.0.1:1", "Interval": "soon"}"#,
            r#"{"TTL": "1m", "DeregisterCriticalServiceAfter": "x"}"#,
        ] {
            let body = format!(r#"{{"Name": "@", "Check": {check}}}"#);
            let words = "Request decode failed: time: ";
            refused(http, SERVICE_PATH, "refused-a-duration-that-is-none", &[(&body, 400, words)]);
        }
    }

    fn a_check_of_no_kind(http: &Http) {
        let no_ttl = "Invalid check: TTL must be > 0 for TTL checks";
        let no_interval = "Invalid check: Interval must be > 0 for Script, HTTP, or TCP checks";
        refused(http, SERVICE_PATH, "refused-a-check-of-no-kind", &[
            (r#"{"Name": "@", "Check": {"Interval": "10s"}}"#, 400, no_ttl),
            (r#"{"Name": "@", "Check": {"Timeout": "10s"}}"#, 400, no_ttl),
            (r#"{"Name": "@", "Check": {"TTL": "-5s"}}"#, 400, no_ttl),
            (r#"{"Name": "@", "Checks": [{"TTL": "10s"}, {}]}"#, 400, no_ttl),
            (r#"{"Name": "@", "Check": {"TCP": "127.0.0.1:1"}}"#, 400, no_interval),
            (r#"{"Name": "@", "Check": {"HTTP": "http://127.0.0.1:1"}}"#, 400, no_interval),
            (r#"{"Name": "@", "Check": {"GRPC": "127.0.0.1:1"}}"#, 400, no_interval),
            (
                r#"{"Name": "@", "Check": {"TTL": "10s", "TCP": "127.0.0.1:1", "Interval": "10s"}}"#,
                400,
                "Invalid check: Interval and TTL cannot both be specified",
            ),
        ]);
        refused(http, CHECK_PATH, "refused-a-check-of-no-kind", &[
            (r#"{"Name": "@"}"#, 400, no_ttl),
            (r#"{"Name": "@", "TCP": "127.0.0.1:1"}"#, 400, no_interval),
        ]);
    }

    fn a_status_that_is_none(http: &Http) {
        refused(http, SERVICE_PATH, "refused-a-status-that-is-none", &[(
            r#"{"Name": "@", "Check": {"TTL": "10s", "Status": "fine"}}"#,
            400,
            "",
        )]);
        refused(http, CHECK_PATH, "refused-a-status-that-is-none", &[(
            r#"{"Name": "@", "TTL": "10s", "Status": "fine"}"#,
            400,
            "Bad check status",
        )]);
    }

    fn a_script_from_afar(http: &Http) {
        let words = "Scripts are disabled on this agent from remote calls; to enable, configure \
                     'enable_script_checks' to true";
        refused(http, SERVICE_PATH, "refused-a-script-from-afar", &[(
            r#"{"Name": "@", "Check": {"Args": ["true"], "Interval": "10s"}}"#,
            500,
            words,
        )]);
        refused(http, CHECK_PATH, "refused-a-script-from-afar", &[(
            r#"{"Name": "@", "Args": ["true"], "Interval": "10s"}"#,
            500,
            words,
        )]);
    }

    fn a_check_without_a_name_or_service(http: &Http) {
        refused(http, CHECK_PATH, "refused-a-check-without-a-name-or-service", &[
            ("{}", 400, "Missing check name"),
            (r#"{"TTL": "10s"}"#, 400, "Missing check name"),
            (
                r#"{"Name": "@", "TTL": "10s", "ServiceID": "refused-unknown"}"#,
                500,
                "ServiceID \"refused-unknown\" does not exist",
            ),
            (
                r#"{"Name": 5}"#,
                400,
                DECODE,
            ),
        ]);
    }

    fn weights_meta_and_address_out_of_range(http: &Http) {
        refused(http, SERVICE_PATH, "refused-weights-meta-and-address-out-of-range", &[
            (
                r#"{"Name": "@", "Weights": {"Passing": -1}}"#,
                400,
                "Invalid Weights: Passing must be greater than 0",
            ),
            (
                r#"{"Name": "@", "Weights": {"Passing": 0, "Warning": 0}}"#,
                400,
                "Invalid Weights: Passing must be greater than 0",
            ),
            (
                r#"{"Name": "@", "Meta": {"": "1"}}"#,
                400,
                "Invalid Service Meta: Couldn't load metadata pair ('', '1'): Key cannot be blank",
            ),
            (
                r#"{"Name": "@", "Meta": {"a b": "1"}}"#,
                400,
                "Invalid Service Meta: Couldn't load metadata pair ('a b', '1'): Key contains invalid \
                 characters",
            ),
            (r#"{"Name": "@", "Address": "0.0.0.0"}"#, 400, "Invalid service address"),
        ]);
    }

    fn a_second_bad_registration_leaves_the_first(http: &Http) {
        register(http, json!({"Name": "survivor", "Port": 1}));
        http.put(SERVICE_PATH, r#"{"Name": "survivor", "Port": "two"}"#)
            .must_be(400);
        http.put(SERVICE_PATH, r#"{"Name": "survivor", "Port": 2, "Check": {"Interval": "1s"}}"#)
            .must_be(400);
        let found = http.get("/v1/agent/service/survivor").ok_json();
        assert_eq!(found["Port"], 1);
    }

    fn what_consul_lets_through(http: &Http) {
        // Not everything that looks wrong is refused; a reader of the catalog has to look again.
        for (id, body) in [
            ("loose-minus", r#"{"Name": "loose-minus", "Port": -1}"#),
            ("loose-high", r#"{"Name": "loose-high", "Port": 99999}"#),
            ("loose name!", r#"{"Name": "loose name!"}"#),
            ("loose-address", r#"{"Name": "loose-address", "Address": "no address"}"#),
            ("loose-empty", r#"{"Name": "loose-empty", "Check": {}}"#),
            ("loose-null", r#"{"Name": "loose-null", "Check": null, "Checks": null, "Tags": null}"#),
            ("loose-zero", r#"{"Name": "loose-zero", "Check": {"TTL": "0s"}}"#),
            ("loose-more", r#"{"Name": "loose-more"} and more"#),
        ] {
            http.put(SERVICE_PATH, body).must_be_empty();
            let known = http.get("/v1/agent/services").ok_json();
            assert_eq!(known[id]["Service"], id);
        }
        let checks = http.get("/v1/agent/checks").ok_json();
        for id in ["loose-empty", "loose-null", "loose-zero"] {
            assert_eq!(checks.get(format!("service:{id}")), None, "no check");
        }
    }

    fn a_duration_may_be_a_number_of_nanoseconds(http: &Http) {
        let ten_minutes = 600_000_000_000_u64;
        register(http, json!({"Name": "nanos", "Check": {"TTL": ten_minutes, "Status": "passing"}}));
        soon_passing(http, "nanos", 1);
    }

    fn a_hundred_megabytes_are_refused_and_not_kept(http: &Http) {
        let body = format!(r#"{{"Name": "fat", "Colour": "{}"}}"#, "x".repeat(100 << 20));
        let request = http.request("PUT", SERVICE_PATH);
        // A connection that breaks is a refusal as well: it need not be read to the end.
        if let Ok(answer) = request.body(body.as_bytes()).try_send() {
            assert!(answer.status >= 400, "{}", answer.status);
        }
        let known = http.get("/v1/agent/services").ok_json();
        assert_eq!(known.get("fat"), None);
    }

    fn a_path_registers_nothing_but_at_its_own_place(http: &Http) {
        let body = r#"{"Name": "sneaked"}"#;
        let clean = Some(SERVICE_PATH);
        for (path, status, location) in [
            ("/v1/kv/../agent/service/register", 301, clean),
            ("/v1/kv/%2e%2e/agent/service/register", 301, clean),
            ("/v1/kv/..%2fagent/service/register", 301, clean),
            ("//v1//agent/service/register", 301, clean),
            ("/v1/agent/service/./register", 301, clean),
            ("/v1/agent/service/register%00", 400, None),
            ("/v1/agent/service/register%zz", 400, None),
            ("/v1/agent/service/register/", 405, None),
            ("/v1/agent/service/register;x", 405, None),
            ("/V1/agent/service/register", 404, None),
        ] {
            let answer = http.put(path, body);
            answer.must_be(status);
            assert_eq!(answer.header("location"), location, "{path}");
        }
        let known = http.get("/v1/agent/services").ok_json();
        assert_eq!(known.get("sneaked"), None);
    }

    fn a_deep_nest_is_refused(http: &Http) {
        let nest = |open: &str, close: &str| {
            format!("{}{}", open.repeat(20_000), close.repeat(20_000))
        };
        for body in [nest("[", "]"), nest("{\"a\":", "}")] {
            let answer = http.put(SERVICE_PATH, format!(r#"{{"Name": "nest", "Meta": {body}}}"#));
            answer.must_be(400);
        }
        let known = http.get("/v1/agent/services").ok_json();
        assert_eq!(known.get("nest"), None);
    }

    fn bytes_that_are_no_http_do_no_harm(http: &Http) {
        use std::io::{Read, Write};
        for noise in [
            &b"\x00\x01\x02\x03\xff\xfe\r\n\r\n"[..],
            b"GET\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"PUT /v1/kv/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: nine\r\n\r\n",
            b"PUT /v1/kv/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        ] {
            let mut stream = std::net::TcpStream::connect(http.addr).unwrap();
            let limit = Some(crate::support::PATIENCE);
            stream.set_read_timeout(limit).unwrap();
            stream.write_all(noise).unwrap();
            let mut answer = Vec::new();
            // Closed or reset: both are fine, as long as it ends.
            let _ = stream.read_to_end(&mut answer);
            let answer = String::from_utf8_lossy(&answer);
            assert!(
                answer.is_empty() || answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.1 5"),
                "{answer}"
            );
        }
        let leader: Value = http.get("/v1/status/leader").ok_json();
        assert!(leader.is_string());
    }
}
