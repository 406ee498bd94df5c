//! The phone book of a served course: live over the readable agent and the real Consul, whatever
//! happens to them, and unimpressed by something that only looks like a Consul.

#![cfg(unix)]

use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::support::consul::{Agent, Says, Scripted, says};
use crate::support::served::{Events, Running, json, status};
use crate::support::{Fixture, processes_with, until};
use serde_json::{Value, json};

/// The runner, told where a Consul may be.
fn running(fixture: &Fixture, addr: SocketAddr) -> Running {
    let mut command = fixture.workbook(&["start", "--port", "0", "--no-open", "--poll"]);
    command
        .env("CONSUL_HTTP_ADDR", format!("http://{addr}"))
        .env_remove("WORKBOOK_SERVICES_STATE")
        .env("WORKBOOK_PHONE_NOBODY_MS", "1500");
    Running::of(command)
}

fn looking(running: &Running) -> Events {
    running.events_at("/workbook/events?phone")
}

/// Waits, as a page does, until what there is to show is as `wanted`.
fn shows(running: &Running, events: &mut Events, wanted: impl Fn(&Value) -> bool) -> Value {
    loop {
        let all = json(&running.get("/workbook/phone"));
        if wanted(&all) {
            return all;
        }
        events.next("phone", |_| true);
    }
}

fn phase(running: &Running, events: &mut Events, phase: &str) -> Value {
    shows(running, events, |all| all["phase"] == phase)
}

/// The last event about `id`.
fn last<'a>(all: &'a Value, id: &str) -> &'a Value {
    let events = all["events"].as_array().unwrap();
    let of = events.iter().rev().find(|event| event["id"] == id);
    of.unwrap_or(&Value::Null)
}

fn instance<'a>(all: &'a Value, id: &str) -> &'a Value {
    let services = all["list"]["services"].as_array().unwrap();
    let mut rows = services
        .iter()
        .flat_map(|service| service["instances"].as_array().unwrap());
    rows.find(|row| row["id"] == id).unwrap_or(&Value::Null)
}

const WEB: &str = r#"{"ID": "w1", "Name": "web", "Port": 9000, "Tags": ["v1"],
    "Check": {"Name": "alive", "TTL": "600s", "Status": "passing"}}"#;

#[test]
fn every_change_shows_and_a_consul_may_go_and_come_back() {
    for program in Agent::all() {
        let fixture = Fixture::new();
        let agent = Agent::start(&program, 0);
        let running = running(&fixture, agent.addr);
        let mut events = looking(&running);
        let all = phase(&running, &mut events, "live");
        assert_eq!(all["place"]["source"], "environment");
        assert_eq!(instance(&all, "consul")["state"], "passing");

        // Without a check: only the services change. With one: both do.
        agent.put(
            "/v1/agent/service/register",
            r#"{"Name": "bare", "Port": 1}"#,
        );
        let all = shows(&running, &mut events, |all| {
            last(all, "bare")["kind"] == "registered"
        });
        assert_eq!(instance(&all, "bare")["state"], "passing");
        let asked = Instant::now();
        agent.put("/v1/agent/service/register", WEB);
        let all = shows(&running, &mut events, |all| {
            last(all, "w1")["kind"] == "registered"
        });
        println!(
            "{}: a registration was shown after {:?}",
            program.display(),
            asked.elapsed()
        );
        let web = instance(&all, "w1");
        assert_eq!((&web["port"], &web["tags"]), (&json!(9000), &json!(["v1"])));
        assert_eq!(web["checks"][0]["name"], "alive");
        assert_eq!(web["checks"][0]["kind"], "ttl");
        assert_eq!(
            last(&all, "w1")["to"],
            "passing",
            "never shown without its check"
        );

        agent.put("/v1/agent/check/fail/service:w1?note=disk%20full", "");
        let all = shows(&running, &mut events, |all| {
            last(all, "w1")["to"] == "critical"
        });
        let event = last(&all, "w1");
        assert_eq!(
            (&event["kind"], &event["from"]),
            (&json!("state"), &json!("passing"))
        );
        assert_eq!(event["words"], "disk full");
        assert_eq!(instance(&all, "w1")["since"]["seen"], true);
        agent.put("/v1/agent/check/pass/service:w1", "");
        shows(&running, &mut events, |all| {
            last(all, "w1")["to"] == "passing"
        });
        agent.put(
            "/v1/agent/service/maintenance/w1?enable=true&reason=lunch",
            "",
        );
        let all = shows(&running, &mut events, |all| {
            last(all, "w1")["to"] == "maintenance"
        });
        assert_eq!(last(&all, "w1")["words"], "lunch");
        agent.put("/v1/agent/service/maintenance/w1?enable=false", "");
        shows(&running, &mut events, |all| {
            last(all, "w1")["to"] == "passing"
        });
        let moved = WEB.replace("9000", "9001");
        agent.put("/v1/agent/service/register", &moved);
        shows(&running, &mut events, |all| {
            last(all, "w1")["kind"] == "changed"
        });
        agent.put("/v1/agent/service/deregister/w1", "");
        let all = shows(&running, &mut events, |all| {
            last(all, "w1")["kind"] == "gone"
        });
        assert_eq!(instance(&all, "w1"), &Value::Null);
        // A service that was registered past the agent, on a node without any check.
        agent.put(
            "/v1/catalog/register",
            r#"{"Node": "printer/1", "Address": "127.0.0.9", "Service": {"Service": "print"}}"#,
        );
        let all = shows(&running, &mut events, |all| {
            last(all, "print")["kind"] == "registered"
        });
        assert_eq!(instance(&all, "print")["address"], "127.0.0.9");

        let port = agent.addr.port();
        drop(agent);
        let all = phase(&running, &mut events, "away");
        assert_eq!(
            instance(&all, "bare")["state"],
            "passing",
            "the last list stays"
        );
        assert!(
            !last(&all, &format!("127.0.0.1:{port}"))["words"]
                .as_str()
                .unwrap()
                .is_empty()
        );
        let _agent = Agent::start(&program, port);
        let all = shows(&running, &mut events, |all| {
            all["phase"] == "live" && last(all, "bare")["kind"] == "gone"
        });
        assert_eq!(
            instance(&all, "consul")["state"],
            "passing",
            "it has forgotten the rest"
        );
    }
}

#[test]
fn what_pages_may_ask_is_narrow() {
    let fixture = Fixture::new();
    let scripted = Scripted::new(|path| says(path, 5, &[("w1", "web", "passing")], "fine"));
    let running = running(&fixture, scripted.addr);
    let at = format!("POST /workbook/phone/at/{}", scripted.addr);
    let token = format!("X-Workbook-Token: {}\r\n", running.token);
    assert_eq!(status(&running.ask(&at, "")), 403, "no token");
    let foreign = format!("{token}Origin: http://evil.example\r\n");
    assert_eq!(status(&running.ask(&at, &foreign)), 403);
    let cross = format!("{token}Sec-Fetch-Site: cross-site\r\n");
    assert_eq!(status(&running.ask(&at, &cross)), 403);
    let cross = "Sec-Fetch-Site: cross-site\r\n";
    for path in ["/workbook/phone", "/workbook/events?phone"] {
        assert_eq!(status(&running.ask(&format!("GET {path}"), cross)), 403);
    }
    for (path, code) in [
        ("at/", 400),
        ("at/8.8.8.8:80", 400),
        ("at/10.0.0.1:8500", 400),
        ("at/169.254.169.254:80", 400),
        ("at/0.0.0.0:8500", 400),
        ("at/[::1]:8500", 400),
        ("at/2130706433:8500", 400),
        ("at/evil.example:80", 400),
        ("at/localhost.evil.example:80", 400),
        ("at/127.0.0.1:0", 400),
        ("at/127.0.0.1:70000", 400),
        ("at/127.0.0.1:8500/v1/agent/leave", 400),
        ("at/127.0.0.1:8500%0d%0aX:%20y", 400),
        ("at/127.0.0.1%00:8500", 400),
        ("at", 400),
        ("auto/1", 404),
        ("register", 404),
        ("", 404),
    ] {
        let reply = running.post(&format!("/workbook/phone/{path}"));
        assert_eq!(status(&reply), code, "{path}: {reply}");
        let words = json(&reply)["error"].as_str().unwrap().to_owned();
        assert!(words.ends_with('.'), "{path}: {words}");
    }
    assert_eq!(json(&running.get("/workbook/phone"))["named"], Value::Null);

    // Nobody is asked while no page shows the list, and nobody any more when none does.
    let other = running.events();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(scripted.asked(), Vec::<String>::new());
    let mut events = looking(&running);
    phase(&running, &mut events, "live");
    let is_known = |path: &String| {
        let known = ["/v1/catalog/", "/v1/health/state/any", "/v1/status/leader"];
        known.iter().any(|start| path.starts_with(start))
    };
    assert!(
        scripted.asked().iter().all(is_known),
        "{:?}",
        scripted.asked()
    );
    drop(events);
    until("nobody looks", Duration::from_secs(20), || {
        json(&running.get("/workbook/phone"))["phase"] == "idle"
    });
    let asked = scripted.asked().len();
    std::thread::sleep(Duration::from_millis(2_500));
    assert_eq!(scripted.asked().len(), asked, "it is quiet");
    drop(other);
    // And again.
    phase(&running, &mut looking(&running), "live");
}

#[test]
fn which_consul_is_looked_at() {
    let fixture = Fixture::new();
    let of =
        |id: &'static str| Scripted::new(move |path| says(path, 5, &[(id, "web", "passing")], ""));
    let (named, noted, own) = (of("named"), of("noted"), of("own"));
    let folder = fixture.path("target/services");
    fs::create_dir_all(&folder).unwrap();
    let note = |addr: SocketAddr| {
        let text = json!({ "addr": addr, "side": "embedded", "pid": 1, "version": "1.8.7" });
        fs::write(folder.join("new"), text.to_string()).unwrap();
        fs::rename(folder.join("new"), folder.join("consul.json")).unwrap();
    };
    let running = running(&fixture, named.addr);
    let mut events = looking(&running);
    let there = |all: &Value, id: &str| all["phase"] == "live" && !instance(all, id).is_null();
    let mut see = |id: &str| {
        let all = shows(&running, &mut events, |all| {
            all["list"] != Value::Null && there(all, id)
        });
        all["place"]["source"].as_str().unwrap().to_owned()
    };
    assert_eq!(see("named"), "environment");
    // `services up`, while we look at another one.
    note(noted.addr);
    assert_eq!(see("noted"), "services");
    // One that the learner names wins, until it is taken back.
    let at = format!("/workbook/phone/at/{}", own.addr);
    assert_eq!(status(&running.post(&at)), 202);
    assert_eq!(see("own"), "page");
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(see("own"), "page", "it stays there");
    assert_eq!(status(&running.post("/workbook/phone/auto")), 202);
    assert_eq!(see("noted"), "services");
    // What is written down is believed only if somebody answers there.
    note(([127, 0, 0, 1], 1).into());
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(see("noted"), "services");
}

#[test]
fn the_buttons_start_and_end_the_consul_of_the_services() {
    let fixture = Fixture::new();
    let scripted = Scripted::new(|path| says(path, 5, &[("w1", "web", "passing")], ""));
    let mut command = fixture.workbook(&["start", "--port", "0", "--no-open", "--poll"]);
    command
        .env("CONSUL_HTTP_ADDR", "127.0.0.1:1")
        .env("FIXTURE_CONSUL", scripted.addr.to_string())
        .env_remove("WORKBOOK_SERVICES_STATE");
    let running = Running::of(command);
    let mut events = looking(&running);
    // One that the learner has named and that is not there: the new one is shown all the same.
    running.post("/workbook/phone/at/127.0.0.1:1");
    phase(&running, &mut events, "searching");
    let up = "/workbook/phone/up";
    assert_eq!(
        status(&running.ask(&format!("POST {up}"), "")),
        403,
        "no token"
    );
    assert_eq!(status(&running.post(up)), 202);
    assert_eq!(status(&running.post(up)), 409, "one at a time");
    let all = phase(&running, &mut events, "live");
    assert_eq!(all["place"]["source"], "services");
    let all = shows(&running, &mut events, |all| {
        all["services"]["doing"].is_null()
    });
    assert_eq!(all["services"]["failed"], false);
    let lines = all["services"]["lines"].as_array().unwrap();
    assert!(lines.contains(&json!("Starting it.")), "{lines:?}");
    assert_eq!(status(&running.post("/workbook/phone/down")), 202);
    until("it is forgotten", Duration::from_secs(60), || {
        !fixture.path("target/services/consul.json").exists()
    });
    shows(&running, &mut events, |all| {
        all["services"]["doing"].is_null()
    });
    // One that was found before it was written down is recognised, and only then.
    running.post(&format!("/workbook/phone/at/{}", scripted.addr));
    let all = phase(&running, &mut events, "live");
    assert_eq!(all["place"]["side"], Value::Null);
    assert_eq!(status(&running.post(up)), 202);
    shows(&running, &mut events, |all| {
        all["place"]["side"] == "embedded"
    });
    running.post("/workbook/phone/down");
    shows(&running, &mut events, |all| {
        all["place"]["side"].is_null() && all["services"]["doing"].is_null()
    });
    // It is not there a second time.
    assert_eq!(status(&running.post("/workbook/phone/down")), 202);
    let all = shows(&running, &mut events, |all| {
        all["services"]["failed"] == true
    });
    let lines = all["services"]["lines"].to_string();
    assert!(lines.contains("it is there"), "{lines}");
}

#[test]
fn a_command_that_is_under_way_ends_with_the_runner() {
    let fixture = Fixture::new();
    let mut command = fixture.workbook(&["start", "--port", "0", "--no-open", "--poll"]);
    command
        .env("CONSUL_HTTP_ADDR", "127.0.0.1:1")
        .env("FIXTURE_CONSUL", "never")
        .env_remove("WORKBOOK_SERVICES_STATE");
    let running = Running::of(command);
    let mut events = looking(&running);
    assert_eq!(status(&running.post("/workbook/phone/up")), 202);
    shows(&running, &mut events, |all| {
        all["services"]["lines"]
            .to_string()
            .contains("not ready yet")
    });
    let program = fixture.path("target/debug/services");
    let programs = || processes_with(&program.display().to_string());
    assert_eq!(programs().len(), 1);
    running.signal(rustix::process::Signal::TERM);
    until("nothing is left", Duration::from_secs(20), || {
        programs().is_empty()
    });
}

#[test]
fn what_only_looks_like_a_consul_is_told_and_does_no_harm() {
    let fixture = Fixture::new();
    let good = |path: &str, index| says(path, index, &[("w1", "web", "passing")], "fine");
    let scripted = Scripted::new(move |path| good(path, 5));
    let running = running(&fixture, scripted.addr);
    let mut events = looking(&running);
    let raw = |text: &str| Says::Raw(text.as_bytes().to_vec());
    let ok = "HTTP/1.0 200 OK\r\nX-Consul-Index: 9\r\n";
    let hostile: Vec<(&str, Says, &str)> = vec![
        ("broken JSON", raw(&format!("{ok}\r\n[{{")), "not the JSON"),
        (
            "another JSON",
            raw(&format!("{ok}\r\n{{\"a\": 1}}")),
            "not the JSON",
        ),
        (
            "deep JSON",
            raw(&format!("{ok}\r\n{}", "[".repeat(900_000))),
            "not the JSON",
        ),
        (
            "a web page",
            raw("HTTP/1.1 200 OK\r\n\r\n<html>"),
            // Which of the two it fails by depends on who meets it first: the held query or the reading.
            "not the JSON|no X-Consul-Index",
        ),
        (
            "cut short",
            raw(&format!("{ok}Content-Length: 99\r\n\r\n[]")),
            "cut short",
        ),
        (
            "chunks",
            raw(&format!(
                "{ok}Transfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n"
            )),
            "chunks",
        ),
        (
            "too long",
            raw(&format!("{ok}Content-Length: 99999999999\r\n\r\n[]")),
            "longer than 64 MB",
        ),
        ("no HTTP", raw("SSH-2.0-OpenSSH_9.2\r\n"), "not HTTP"),
        (
            "a head without end",
            raw(&"x".repeat(100_000)),
            "does not end",
        ),
        ("nothing", raw(""), "without an answer"),
        (
            "no leader",
            raw("HTTP/1.1 500 Internal Server Error\r\n\r\nNo cluster leader"),
            "leader",
        ),
        (
            "a redirection",
            raw("HTTP/1.1 301 Moved\r\nLocation: http://evil.example/\r\n\r\n"),
            "301",
        ),
        ("endless", Says::Endless, "longer than 64 MB"),
    ];
    let mut index = 5;
    for (name, says, words) in hostile {
        index += 2;
        scripted.say(move |path| good(path, index));
        phase(&running, &mut events, "live");
        scripted.say(move |path| match path {
            "/v1/health/state/any" => says.clone(),
            path => good(path, index + 1),
        });
        let all = phase(&running, &mut events, "away");
        let why = all["tried"][0]["why"].as_str().unwrap();
        let told = words.split('|').any(|words| why.contains(words));
        assert!(told, "{name}: {why}");
        assert_eq!(
            instance(&all, "w1")["state"],
            "passing",
            "{name}: the last list stays"
        );
    }
    // One that keeps its connections and says nothing, as a stopped process does.
    scripted.say(move |path| good(path, 99));
    phase(&running, &mut events, "live");
    scripted.say(|_| Says::Nothing);
    let all = phase(&running, &mut events, "away");
    assert!(
        all["tried"][0]["why"]
            .as_str()
            .unwrap()
            .contains("within 2 s")
    );
}

#[test]
fn very_much_and_very_large_is_bounded() {
    let fixture = Fixture::new();
    let large = "<script>alert(1)</script>\u{1b}[2J".repeat(40_000);
    let scripted =
        Scripted::new(move |path| says(path, 5, &[("w<1>", "<b>web</b>", "critical")], &large));
    let running = running(&fixture, scripted.addr);
    let mut events = looking(&running);
    let all = phase(&running, &mut events, "live");
    let row = instance(&all, "w<1>");
    let output = row["checks"][0]["output"].as_str().unwrap();
    assert!(
        output.len() < 8_100 && !output.contains('\u{1b}'),
        "{}",
        output.len()
    );
    assert_eq!(
        (&row["port"], &row["tags"]),
        (&json!(-1), &json!(["<i>t</i>"]))
    );

    let ids: Vec<String> = (0..10_000).map(|n| format!("i{n:05}")).collect();
    scripted.say(move |path| {
        let of: Vec<(&str, &str, &str)> = ids
            .iter()
            .map(|id| (id.as_str(), "web", "passing"))
            .collect();
        says(path, 6, &of, "fine")
    });
    let all = shows(&running, &mut events, |all| {
        all["totals"]["instances"] == 10_000
    });
    assert_eq!(all["list"]["services"][0]["more"], 9_900);
    assert!(
        all.to_string().len() < 1024 * 1024,
        "{}",
        all.to_string().len()
    );
    assert_eq!(last(&all, "")["count"], 10_001 - 60, "the flood is counted");
    let memory = fs::read_to_string(format!("/proc/{}/status", running.child.id())).unwrap();
    let most = memory
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    println!("10,000 instances: the runner's {most}");
}
