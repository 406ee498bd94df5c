//! A service of the learner's on three machines: here the reference answer of the stages, built and started by its `own.toml`.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use l08_consul::ask;
use serde_json::{Value, json};
use stage::http::Request;

use crate::machines::{LIMIT, Site};

/// `own.toml` for the reference, which this repository builds.
fn order() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
    let program = Path::new(env!("CARGO_BIN_EXE_l17-production")).with_file_name("own-reference");
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let manifest = root.to_str().unwrap();
    // All of the workspace, so that the features of the dependencies are those of other builds.
    let build = [
        cargo.as_str(),
        "build",
        "--quiet",
        "--manifest-path",
        manifest,
        "--workspace",
        "--bin",
        "own-reference",
    ];
    format!("build = {build:?}\nstart = [{program:?}]\n")
}

async fn greet(proxy: SocketAddr, name: &str) -> Result<String, String> {
    let request = Request::post_json("/greet", json!({ "name": name }).to_string());
    let answer = request.within(LIMIT).send(proxy).await;
    let answer = answer.map_err(|error| error.to_string())?;
    let text = answer.text();
    match answer.status {
        200 => Ok(answer.json()["message"].as_str().unwrap().to_owned()),
        status => Err(format!("{status} {text}")),
    }
}

/// The addresses of the healthy instances, from Consul of machine two without TLS and without a token; or the
/// error that Consul answers with while it elects a leader, as the only element.
async fn healthy(consul: SocketAddr) -> Vec<String> {
    let answer = ask::get(consul, "/v1/health/service/greeter?passing").await;
    let answer = answer.unwrap();
    if answer.status == 500 {
        return vec![answer.body];
    }
    let list: Value = serde_json::from_str(&answer.body).unwrap();
    let address = |entry: &Value| entry["Service"]["Address"].as_str().unwrap().to_owned();
    let mut all: Vec<String> = list.as_array().unwrap().iter().map(address).collect();
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn an_own_service_survives_a_machine_on_the_real_consul_and_the_real_redis() {
    let own = tempfile::tempdir().unwrap();
    std::fs::write(own.path().join("own.toml"), order()).unwrap();
    let site = Site::up(&["--own", own.path().to_str().unwrap()]);
    let at = |machine: u8, port: u16| {
        SocketAddr::from(([127, site.net.parse().unwrap(), machine, 1], port))
    };
    let (proxy, consul) = (at(4, 8081), at(2, 8500));
    let [one, two, three] = [1, 2, 3].map(|machine| at(machine, 7003).ip().to_string());
    let wait = async |expected: &[&String]| {
        let since = Instant::now();
        while healthy(consul).await.iter().ne(expected.iter().copied()) {
            assert!(since.elapsed() < LIMIT, "{:?}", healthy(consul).await);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    wait(&[&one, &two, &three]).await;
    assert_eq!(greet(proxy, "Ali").await.unwrap(), "hello Ali");
    assert_eq!(greet(proxy, "count").await.unwrap(), "hello 1");
    // What is given to the service opens nothing else.
    let captcha = json!({ "Name": l16_captcha::service::NAME, "Port": 9 }).to_string();
    let refused = ask::put(consul, "/v1/agent/service/register", &captcha).await;
    assert_eq!(refused.unwrap().status, 403);

    site.order(&["kill", "one"]);
    for number in 0..60 {
        let name = format!("visitor {number}");
        assert_eq!(greet(proxy, &name).await.unwrap(), format!("hello {name}"));
    }
    wait(&[&two, &three]).await;
    // The machine had the primary of Redis: another one takes over.
    let since = Instant::now();
    while greet(proxy, "count").await.is_err() {
        assert!(since.elapsed() < LIMIT);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    site.order(&["start", "one"]);
    wait(&[&one, &two, &three]).await;

    site.order(&["down"]);
    let since = Instant::now();
    while std::net::TcpStream::connect(at(3, 7004)).is_ok() {
        assert!(since.elapsed() < LIMIT, "the service runs on");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[test]
fn what_is_wrong_with_an_own_service_is_said() {
    let own = tempfile::tempdir().unwrap();
    let file = own.path().join("own.toml");
    let up = |said: &str| {
        let mut up = crate::machines::program(&own.path().join("site"), "up");
        let wrong = up.arg("--own").arg(own.path()).output().unwrap();
        let told = String::from_utf8_lossy(&wrong.stderr);
        assert!(!wrong.status.success() && told.contains(said), "{told}");
    };
    up("`cargo workbook own` makes a service");
    for (text, said) in [
        ("start = []", "`start` names no program"),
        ("begin = ['x']", "unknown field"),
        ("build = ['false']\nstart = ['x']", "has failed"),
    ] {
        std::fs::write(&file, text).unwrap();
        up(said);
    }
}
