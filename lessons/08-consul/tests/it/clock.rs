//! The agent in process, with a clock that the test moves: minutes pass in milliseconds.

use std::time::Duration;

use l08_consul::agent::{Agent, Config};
use l08_consul::ask::ask;
use l08_consul::clock::Clock;
use serde_json::{Value, json};

const SECOND: Duration = Duration::from_secs(1);

async fn start(config: Config) -> Agent {
    let clock = Clock::manual();
    Agent::start(Config { clock, ..config }).await.unwrap()
}

/// One request in one connection; the status and the body.
async fn call(agent: &Agent, method: &str, path: &str, body: &str) -> (u16, String) {
    let answer = ask(agent.address(), method, path, body).await.unwrap();
    (answer.status, answer.body)
}

async fn register(agent: &Agent, service: Value) {
    let path = "/v1/agent/service/register";
    let answer = call(agent, "PUT", path, &service.to_string()).await;
    assert_eq!(answer, (200, String::new()));
}

async fn get(agent: &Agent, path: &str) -> Value {
    let (status, body) = call(agent, "GET", path, "").await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

async fn check(agent: &Agent, id: &str) -> Value {
    get(agent, "/v1/agent/checks").await[id].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ttl_that_is_not_renewed_runs_out_and_a_heartbeat_starts_it_again() {
    let agent = start(Config::default()).await;
    register(
        &agent,
        json!({"Name": "web", "Check": {"TTL": "10s", "Status": "passing"}}),
    )
    .await;
    agent.clock().advance(SECOND * 9).await;
    assert_eq!(check(&agent, "service:web").await["Status"], "passing");
    call(
        &agent,
        "PUT",
        "/v1/agent/check/pass/service:web?note=well",
        "",
    )
    .await;
    agent.clock().advance(SECOND * 9).await;
    assert_eq!(check(&agent, "service:web").await["Status"], "passing");
    agent.clock().advance(SECOND).await;
    let late = check(&agent, "service:web").await;
    assert_eq!(late["Status"], "critical");
    assert_eq!(
        late["Output"],
        "TTL expired (last output before timeout follows): well"
    );
    call(&agent, "PUT", "/v1/agent/check/pass/service:web", "").await;
    assert_eq!(check(&agent, "service:web").await["Status"], "passing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_is_tried_once_in_its_interval_and_the_first_time_half_way() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let agent = start(Config::default()).await;
    let tcp = json!({"TCP": address, "Interval": "10s"});
    register(&agent, json!({"Name": "web", "Check": tcp})).await;
    assert_eq!(
        check(&agent, "service:web").await["Status"],
        "critical",
        "no check has run"
    );
    agent.clock().advance(SECOND * 5).await;
    assert_eq!(check(&agent, "service:web").await["Status"], "passing");
    drop(listener);
    agent.clock().advance(SECOND * 9).await;
    assert_eq!(
        check(&agent, "service:web").await["Status"],
        "passing",
        "no check has run again"
    );
    agent.clock().advance(SECOND).await;
    assert_eq!(check(&agent, "service:web").await["Status"], "critical");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocking_query_ends_when_its_time_is_over() {
    let agent = std::sync::Arc::new(start(Config::default()).await);
    let waiting = tokio::spawn({
        let agent = agent.clone();
        async move { get(&agent, "/v1/catalog/services?index=1000&wait=1m").await }
    });
    // The request is on its way; only when it waits does the clock mean anything to it.
    while !waiting.is_finished() {
        agent.clock().advance(SECOND * 10).await;
        tokio::task::yield_now().await;
    }
    assert!(waiting.await.unwrap().get("consul").is_some());
    assert!(agent.clock().now() >= SECOND * 60);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_speaks_by_its_exit_code_where_that_is_allowed() {
    let agent = start(Config {
        enable_script_checks: true,
        ..Config::default()
    })
    .await;
    for (id, script) in [("good", "echo fine"), ("soso", "exit 1"), ("bad", "exit 2")] {
        let args = json!({"Args": ["sh", "-c", script], "Interval": "10s", "CheckID": id});
        register(&agent, json!({"Name": id, "Check": args})).await;
    }
    agent.clock().advance(SECOND * 5).await;
    let good = check(&agent, "good").await;
    assert_eq!(
        (&good["Status"], &good["Output"]),
        (&json!("passing"), &json!("fine\n"))
    );
    assert_eq!(check(&agent, "soso").await["Status"], "warning");
    assert_eq!(check(&agent, "bad").await["Status"], "critical");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_past_the_agent_is_put_right() {
    let agent = start(Config::default()).await;
    register(
        &agent,
        json!({"Name": "web", "Check": {"TTL": "10m", "Status": "passing"}}),
    )
    .await;
    let node = json!({"Node": "agent-one"}).to_string();
    call(&agent, "PUT", "/v1/catalog/deregister", &node).await;
    assert_eq!(get(&agent, "/v1/health/service/web").await, json!([]));
    agent.clock().advance(SECOND * 30).await;
    let back = get(&agent, "/v1/health/service/web?passing").await;
    assert_eq!(back[0]["Checks"].as_array().unwrap().len(), 2);
    let stray =
        json!({"Node": "agent-one", "Address": "127.0.0.1", "Service": {"Service": "stray"}});
    call(&agent, "PUT", "/v1/catalog/register", &stray.to_string()).await;
    agent.clock().advance(SECOND * 30).await;
    assert_eq!(get(&agent, "/v1/catalog/service/stray").await, json!([]));
}
