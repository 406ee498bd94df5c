//! What the agent says about itself and its cluster, and how it answers requests that it does not know.

use serde_json::json;

use super::common::{register, soon_instances};
use crate::support::{Http, members, texts};

const MEMBER: &str = "Name:text Addr:text Port:number Tags:object Status:number \
                      ProtocolMin:number ProtocolMax:number ProtocolCur:number DelegateMin:number \
                      DelegateMax:number DelegateCur:number";

cases! {
    fn self_names_node_datacenter_and_version(http: &Http) {
        let answer = http.get("/v1/agent/self");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let own = answer.ok_json();
        let config = &own["Config"];
        members(
            config,
            "Datacenter:text NodeName:text NodeID:text Revision:text Server:bool Version:text",
        );
        assert_eq!(config["Datacenter"], "dc1");
        assert_eq!(config["Server"], true);
        let id = config["NodeID"].as_str().unwrap();
        assert_eq!(id.len(), 36, "a UUID");
        assert!(config["Version"].as_str().unwrap().starts_with("1."));
        // `DebugConfig`, some 200 settings of the real one, is for people and not promised.
        for part in ["Coord", "Member", "Stats", "Meta"] {
            assert!(own[part].is_object(), "{part}");
        }
        members(&own["Member"], MEMBER);
        assert_eq!(own["Member"]["Name"], config["NodeName"]);
        assert_eq!(own["Member"]["Addr"], "127.0.0.1");
    }

    fn members_has_the_agent_alive(http: &Http) {
        let list = http.get("/v1/agent/members").ok_json();
        let list = list.as_array().unwrap();
        assert_eq!(list.len(), 1, "it is alone");
        let member = &list[0];
        members(member, MEMBER);
        let own = http.get("/v1/agent/self").ok_json()["Config"].clone();
        assert_eq!(member["Name"], own["NodeName"]);
        assert_eq!(member["Status"], 1, "alive");
        assert_eq!(member["Tags"]["role"], "consul");
        assert_eq!(member["Tags"]["dc"], "dc1");
        assert_eq!(member["Tags"]["id"], own["NodeID"]);
    }

    fn the_node_is_the_same_everywhere(http: &Http) {
        register(http, json!({"Name": "whose"}));
        let node = soon_instances(http, "whose", 1)[0]["Node"].clone();
        let own = http.get("/v1/agent/self").ok_json()["Config"].clone();
        assert_eq!(node["Node"], own["NodeName"]);
        assert_eq!(node["ID"], own["NodeID"]);
    }

    fn there_is_a_leader_and_it_is_a_peer(http: &Http) {
        let answer = http.get("/v1/status/leader");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let leader = answer.ok_json();
        let leader = leader.as_str().expect("an address");
        let addr: std::net::SocketAddr = leader.parse().expect("IP:PORT");
        assert!(addr.ip().is_loopback());
        assert_eq!(texts(&http.get("/v1/status/peers").ok_json()), [leader]);
    }

    fn the_server_itself_is_a_service(http: &Http) {
        let list = soon_instances(http, "consul", 1);
        assert_eq!(list[0]["Service"]["ID"], "consul");
        let leader = http.get("/v1/status/leader").ok_json();
        let port = leader.as_str().unwrap().rsplit_once(':').unwrap().1;
        assert_eq!(list[0]["Service"]["Port"].to_string(), port);
        // The agent registered it nowhere else: it is only in the catalog.
        http.get("/v1/agent/service/consul")
            .must_refuse(404, "unknown service ID: consul");
    }

    fn other_methods_are_refused_with_the_list_of_allowed_ones(http: &Http) {
        for (allowed, methods, paths) in [
            ("OPTIONS,GET,PUT,DELETE", "POST PATCH", "kv/methods"),
            (
                "OPTIONS,PUT",
                "GET POST DELETE",
                "agent/service/register agent/service/deregister/x agent/check/register \
                 agent/check/deregister/x agent/check/pass/x agent/check/warn/x agent/check/fail/x \
                 agent/check/update/x agent/reload catalog/register catalog/deregister",
            ),
            (
                "OPTIONS,GET",
                "PUT DELETE",
                "status/leader status/peers agent/self agent/members agent/services agent/checks \
                 health/service/x health/state/any catalog/services catalog/service/x",
            ),
        ] {
            for path in paths.split(' ').map(|path| format!("/v1/{path}")) {
                for method in methods.split(' ') {
                    let answer = http.request(method, &path).body(b"x").send();
                    answer.must_refuse(405, &format!("method {method} not allowed"));
                    assert_eq!(answer.header("allow"), Some(allowed), "{answer}");
                }
                http.request("HEAD", &path).send().must_be(405);
            }
        }
        http.get("/v1/kv/methods").must_be(404);
    }

    fn an_unknown_path_is_a_404(http: &Http) {
        for path in ["/v1/nothing", "/v2/kv/x", "/v1/", "/v1/agent/nothing"] {
            http.get(path).must_be(404);
            http.put(path, "{}").must_be(404);
        }
    }

    fn pretty_is_understood(http: &Http) {
        let plain = http.get("/v1/agent/self").ok_json();
        let pretty = http.get("/v1/agent/self?pretty");
        assert_eq!(pretty.ok_json()["Config"], plain["Config"]);
        assert!(pretty.text().contains("\n    \"Config\": {\n"));
    }

    fn a_token_that_is_not_needed_does_no_harm(http: &Http) {
        let request = http.request("GET", "/v1/agent/self");
        let answer = request.header("X-Consul-Token", "secret").send();
        answer.must_be(200);
        http.get("/v1/catalog/services?token=secret").must_be(200);
    }

    fn names_in_a_path_are_decoded(http: &Http) {
        register(
            http,
            json!({"ID": "odd:id/1 \u{fc}", "Name": "odd name", "Check": {"TTL": "10m"}}),
        );
        let found = http.get("/v1/agent/service/odd%3Aid%2F1%20%C3%BC");
        assert_eq!(found.ok_json()["Service"], "odd name");
        soon_instances(http, "odd%20name", 1);
        http.put("/v1/agent/check/pass/service%3Aodd%3Aid%2F1%20%C3%BC", "")
            .must_be_empty();
        let health = http.get("/v1/agent/health/service/name/odd%20name?format=text");
        assert_eq!(health.text(), "passing");
        http.put("/v1/agent/service/deregister/odd:id/1%20%C3%BC", "")
            .must_be_empty();
        soon_instances(http, "odd%20name", 0);
    }

    fn one_connection_serves_many_requests(http: &Http) {
        use std::io::{BufRead, BufReader, Read, Write};
        let mut stream = std::net::TcpStream::connect(http.addr).unwrap();
        stream
            .set_read_timeout(Some(crate::support::PATIENCE))
            .unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        for _ in 0..3 {
            write!(stream, "GET /v1/status/leader HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
            let mut length = 0;
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                assert!(!line.is_empty(), "the connection was closed");
                let line = line.trim_end().to_ascii_lowercase();
                if let Some(value) = line.strip_prefix("content-length: ") {
                    length = value.parse().unwrap();
                }
                if line.is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            assert_eq!(body.first(), Some(&b'"'));
        }
    }
}
