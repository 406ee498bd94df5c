//! The phone book of a served course: as fresh as a question, over the readable agent and the real
//! Consul, whatever happens to them, and unimpressed by something that only looks like a Consul.

#![cfg(unix)]

use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::support::consul::{Agent, Says, Scripted, says};
use crate::support::served::{Events, Running, json, status};
use crate::support::{AssertHas, Fixture, processes_with, until};
use serde_json::{Value, json};

/// The runner, told where a Consul may be.
fn running(fixture: &Fixture, addr: SocketAddr) -> Running {
    let mut command = fixture.workbook(&["start", "--port", "0", "--no-open", "--poll"]);
    command
        .env("CONSUL_HTTP_ADDR", format!("http://{addr}"))
        .env("WORKBOOK_PHONE_PORT", "2")
        .env_remove("WORKBOOK_SERVICES_STATE");
    Running::of(command)
}

/// The list, of the Consul at `at` or of the one that is found.
fn list(running: &Running, at: &str) -> Value {
    let path = match at {
        "" => "GET /workbook/services".to_owned(),
        at => format!("GET /workbook/services?at={at}"),
    };
    let reply = running.ask(&path, &token(running));
    assert_eq!(status(&reply), 200, "{reply}");
    json(&reply)
}

fn token(running: &Running) -> String {
    format!("X-Workbook-Token: {}\r\n", running.token)
}

/// Asks, as a page does, until the list is as `wanted`.
fn shows(running: &Running, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let mut all = Value::Null;
    until(what, Duration::from_secs(30), || {
        all = list(running, "");
        wanted(&all)
    });
    all
}

fn instance<'a>(all: &'a Value, id: &str) -> &'a Value {
    let services = all["services"].as_array().into_iter().flatten();
    let mut rows = services.flat_map(|service| service["instances"].as_array().unwrap());
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
        let state = |id: &str, state: &str| {
            shows(&running, &format!("{id} is {state}"), |all| {
                instance(all, id)["state"] == state
            })
        };
        let all = state("consul", "passing");
        assert_eq!(all["place"]["source"], "environment");

        agent.put(
            "/v1/agent/service/register",
            r#"{"Name": "bare", "Port": 1}"#,
        );
        let all = state("bare", "passing");
        let asked = Instant::now();
        agent.put("/v1/agent/service/register", WEB);
        let before = all["index"].as_u64().unwrap();
        let all = shows(&running, "w1 is there", |all| {
            !instance(all, "w1").is_null()
        });
        println!("{}: shown after {:?}", program.display(), asked.elapsed());
        assert!(all["index"].as_u64().unwrap() > before, "the index went up");
        let web = instance(&all, "w1");
        assert_eq!((&web["port"], &web["tags"]), (&json!(9000), &json!(["v1"])));
        let check = &web["checks"][0];
        assert_eq!(check["name"], "alive", "never shown without its check");
        assert_eq!(
            (&check["kind"], &web["state"]),
            (&json!("ttl"), &json!("passing"))
        );

        agent.put("/v1/agent/check/fail/service:w1?note=disk%20full", "");
        let all = state("w1", "critical");
        assert_eq!(instance(&all, "w1")["checks"][0]["output"], "disk full");
        agent.put("/v1/agent/check/pass/service:w1", "");
        state("w1", "passing");
        let maintenance = "/v1/agent/service/maintenance/w1?enable";
        agent.put(&format!("{maintenance}=true&reason=lunch"), "");
        let all = state("w1", "maintenance");
        let checks = instance(&all, "w1")["checks"].as_array().unwrap();
        assert!(checks.iter().any(|check| check["output"] == "lunch"));
        agent.put(&format!("{maintenance}=false"), "");
        state("w1", "passing");
        let moved = WEB.replace("9000", "9001");
        agent.put("/v1/agent/service/register", &moved);
        shows(&running, "it has moved", |all| {
            instance(all, "w1")["port"] == 9001
        });
        agent.put("/v1/agent/service/deregister/w1", "");
        shows(&running, "w1 is gone", |all| instance(all, "w1").is_null());
        // A service that was registered past the agent, on a node without any check.
        agent.put(
            "/v1/catalog/register",
            r#"{"Node": "printer/1", "Address": "127.0.0.9", "Service": {"Service": "print/1"}}"#,
        );
        let all = state("print/1", "passing");
        assert_eq!(instance(&all, "print/1")["address"], "127.0.0.9");

        let port = agent.addr.port();
        drop(agent);
        let all = shows(&running, "it is away", |all| all["place"].is_null());
        assert_eq!(all["tried"][0]["source"], "environment");
        let said = all["tried"][0]["why"].as_str().unwrap();
        said.assert_has(&["connection refused"]);
        let _agent = Agent::start(&program, port);
        let all = state("consul", "passing");
        assert!(
            instance(&all, "bare").is_null(),
            "it has forgotten the rest"
        );
    }
}

#[test]
fn what_pages_may_ask_is_narrow() {
    let fixture = Fixture::new();
    let scripted = Scripted::new(|path| says(path, 5, &[("w1", "web", "passing")], "fine"));
    let running = running(&fixture, scripted.addr);
    let token = token(&running);
    let at = format!("GET /workbook/services?at={}", scripted.addr);
    let foreign = "Origin: http://evil.example\r\n";
    let cross = "Sec-Fetch-Site: cross-site\r\n";
    assert_eq!(status(&running.ask(&at, "")), 403, "no token");
    for headers in [foreign, cross] {
        let reply = running.ask(&at, &format!("{token}{headers}"));
        assert_eq!(status(&reply), 403, "{headers}");
        let reply = running.ask("GET /workbook/services", headers);
        assert_eq!(status(&reply), 403, "{headers}");
    }
    for address in [
        "",
        "8.8.8.8:80",
        "10.0.0.1:8500",
        "169.254.169.254:80",
        "0.0.0.0:8500",
        "[::1]:8500",
        "2130706433:8500",
        "evil.example:80",
        "localhost.evil.example:80",
        "127.0.0.1:0",
        "127.0.0.1:70000",
        "127.0.0.1:8500/v1/agent/leave",
        "127.0.0.1:8500%0d%0aX:%20y",
        "127.0.0.1%00:8500",
        "127.0.0.1:8500&at=8.8.8.8:80",
    ] {
        let reply = running.ask(&format!("GET /workbook/services?at={address}"), &token);
        assert_eq!(status(&reply), 400, "{address}: {reply}");
        let words = json(&reply)["error"].as_str().unwrap().to_owned();
        assert!(words.ends_with('.'), "{address}: {words}");
    }
    for order in ["", "register", "up/1"] {
        let reply = running.post(&format!("/workbook/services/{order}"));
        assert_eq!(status(&reply), 404, "{order}: {reply}");
    }

    // Consul is not asked while no page asks.
    let _page = running.events();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(scripted.asked(), Vec::<String>::new());
    assert_eq!(instance(&list(&running, ""), "w1")["state"], "passing");
    assert_eq!(
        scripted.asked(),
        ["/v1/catalog/services", "/v1/health/service/web"]
    );
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
        fs::write(folder.join("consul.json"), text.to_string()).unwrap();
    };
    let running = running(&fixture, named.addr);
    let see = |at: &str, id: &str| {
        let all = list(&running, at);
        assert!(!instance(&all, id).is_null(), "{id}: {all}");
        (
            all["place"]["source"].as_str().unwrap().to_owned(),
            all["place"]["side"].clone(),
        )
    };
    let (environment, embedded) = (("environment".to_owned(), Value::Null), json!("embedded"));
    assert_eq!(see("", "named"), environment);
    // `services up`, while we look at another one.
    note(noted.addr);
    assert_eq!(see("", "noted"), ("services".to_owned(), embedded.clone()));
    // One that the learner names; if it is that of the services, that is seen.
    assert_eq!(
        see(&own.addr.to_string(), "own"),
        ("page".to_owned(), Value::Null)
    );
    let encoded = noted.addr.to_string().replace(':', "%3A");
    assert_eq!(see(&encoded, "noted"), ("page".to_owned(), embedded));
    let all = list(&running, "127.0.0.1:1");
    assert_eq!(all["place"], Value::Null, "no other one is taken for it");
    // What is written down is believed only if something answers there.
    note(([127, 0, 0, 1], 1).into());
    assert_eq!(see("", "named"), environment);
}

/// The runner with the services of the fixture, whose Consul is at `consul`.
fn with_services(fixture: &Fixture, consul: &str) -> Running {
    let mut command = fixture.workbook(&["start", "--port", "0", "--no-open", "--poll"]);
    command
        .env("CONSUL_HTTP_ADDR", "127.0.0.1:1")
        .env("WORKBOOK_PHONE_PORT", "2")
        .env("FIXTURE_CONSUL", consul)
        .env_remove("WORKBOOK_SERVICES_STATE");
    Running::of(command)
}

/// Waits for the end of the services' job: whether it went well, and what it said.
fn ended(events: &mut Events) -> (bool, String) {
    let mut said = String::new();
    let done = events.any(&["output", "done"], |name, data| {
        said += data["text"].as_str().unwrap_or_default();
        name == "done" && data["kind"] == "services"
    });
    (done["ok"] == true, said)
}

#[test]
fn the_buttons_start_and_end_the_consul_of_the_services() {
    let fixture = Fixture::new();
    let scripted = Scripted::new(|path| says(path, 5, &[("w1", "web", "passing")], ""));
    let running = with_services(&fixture, &scripted.addr.to_string());
    let mut events = running.events();
    let (up, down) = ("/workbook/services/up", "/workbook/services/down");
    assert_eq!(
        status(&running.ask(&format!("POST {up}"), "")),
        403,
        "no token"
    );
    assert_eq!(status(&running.post(up)), 202);
    assert_eq!(status(&running.post(up)), 409, "one at a time");
    let (ok, said) = ended(&mut events);
    assert!(ok && said.contains("Starting it.\n"), "{said}");
    let all = list(&running, "");
    assert_eq!(all["place"]["source"], "services");
    assert_eq!(all["place"]["side"], "embedded");
    assert_eq!(status(&running.post(down)), 202);
    assert!(ended(&mut events).0);
    assert!(!fixture.path("target/services/consul.json").exists());
    assert_eq!(list(&running, "")["place"], Value::Null);
    // It is not there a second time.
    assert_eq!(status(&running.post(down)), 202);
    let (ok, said) = ended(&mut events);
    assert!(!ok && said.contains("it is there"), "{said}");
}

#[test]
fn a_command_that_is_under_way_ends_with_the_runner() {
    let fixture = Fixture::new();
    let running = with_services(&fixture, "never");
    let mut events = running.events();
    assert_eq!(status(&running.post("/workbook/services/up")), 202);
    events.next("output", |data| {
        data["text"].to_string().contains("not ready yet")
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
    let good = |path: &str| says(path, 5, &[("w1", "web", "passing")], "fine");
    let scripted = Scripted::new(good);
    let running = running(&fixture, scripted.addr);
    let raw = |text: &str| Says::Raw(text.as_bytes().to_vec());
    let ok = |rest: &str| raw(&format!("HTTP/1.0 200 OK\r\nX-Consul-Index: 9\r\n{rest}"));
    let deep = format!("\r\n{}", "[".repeat(900_000));
    let head = format!("X: {}", "x".repeat(100_000));
    let no_leader = raw("HTTP/1.1 500 Internal Server Error\r\n\r\nNo cluster leader");
    let moved = raw("HTTP/1.1 301 Moved\r\nLocation: http://evil.example/\r\n\r\n");
    let hostile: Vec<(&str, Says, &str)> = vec![
        ("broken JSON", ok("\r\n[{"), "not the JSON"),
        ("another JSON", ok("\r\n{\"a\": 1}"), "not the JSON"),
        ("deep JSON", ok(&deep), "not the JSON"),
        (
            "a web page",
            raw("HTTP/1.1 200 OK\r\n\r\n<html>"),
            "not the JSON",
        ),
        ("cut short", ok("Content-Length: 99\r\n\r\n[]"), "cut short"),
        (
            "too long",
            ok("Content-Length: 99999999999\r\n\r\n[]"),
            "longer than 16 MB",
        ),
        ("no HTTP", raw("SSH-2.0-OpenSSH_9.2\r\n"), "not HTTP"),
        ("a head without end", ok(&head), "not HTTP"),
        ("nothing", raw(""), "without an answer"),
        ("no leader", no_leader, "leader"),
        ("a redirection", moved, "301"),
        ("endless", Says::Endless, "longer than 16 MB"),
    ];
    for (name, says, words) in hostile {
        for at in ["/v1/catalog/services", "/v1/health/service/web"] {
            let says = says.clone();
            scripted.say(move |path| if path == at { says.clone() } else { good(path) });
            let all = list(&running, "");
            let why = all["tried"][0]["why"].as_str().unwrap();
            assert!(why.contains(words), "{name}, {at}: {why}");
        }
        scripted.say(good);
        assert_eq!(
            instance(&list(&running, ""), "w1")["state"],
            "passing",
            "{name}"
        );
    }
    scripted.say(move |path| match good(path) {
        Says::Json(_, body) => Says::Raw(format!("HTTP/1.0 200 OK\r\n\r\n{body}").into_bytes()),
        says => says,
    });
    let why = list(&running, "")["tried"][0]["why"].to_string();
    why.assert_has(&["no X-Consul-Index"]);
    // One that keeps its connections and says nothing, as a stopped process does.
    scripted.say(|_| Says::Nothing);
    let said = list(&running, "")["tried"][0]["why"].to_string();
    said.assert_has(&["within 2 s"]);
}

#[test]
fn very_much_and_very_large_is_bounded() {
    let fixture = Fixture::new();
    let large = "<script>alert(1)</script>\u{1b}[2J".repeat(40_000);
    let scripted =
        Scripted::new(move |path| says(path, 5, &[("w<1>", "<b>web</b>", "critical")], &large));
    let running = running(&fixture, scripted.addr);
    let all = list(&running, "");
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

    // Ten thousand instances of one name, and of ten thousand names.
    let ids: Vec<String> = (0..10_000).map(|n| format!("i{n:05}")).collect();
    let names = ids.clone();
    scripted.say(move |path| {
        let of = ids.iter().map(|id| (id.as_str(), "web", "passing"));
        says(path, 6, &of.collect::<Vec<_>>(), "fine")
    });
    let all = list(&running, "");
    assert_eq!(all["totals"]["instances"], 10_000);
    assert_eq!(all["services"][0]["more"], 9_900);
    assert!(
        all.to_string().len() < 1024 * 1024,
        "{}",
        all.to_string().len()
    );
    scripted.say(move |path| {
        let of = names
            .iter()
            .map(|name| (name.as_str(), name.as_str(), "passing"));
        says(path, 7, &of.collect::<Vec<_>>(), "fine")
    });
    let all = list(&running, "");
    assert_eq!(
        (&all["more"], &all["totals"]["services"]),
        (&json!(9_900), &json!(10_000))
    );
    let memory = fs::read_to_string(format!("/proc/{}/status", running.child.id())).unwrap();
    let most = memory.lines().find(|line| line.starts_with("VmHWM:"));
    println!("10,000 instances: the runner's {}", most.unwrap());
}
