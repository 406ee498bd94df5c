//! The agent in process, with a thousand watchers: one is woken by what is its own and by nothing else.

use std::time::{Duration, Instant};

use l08_consul::agent::{Agent, Config};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// A connection that is kept.
struct Client(BufReader<TcpStream>);

impl Client {
    async fn to(agent: &Agent) -> Client {
        Client(BufReader::new(
            TcpStream::connect(agent.address()).await.unwrap(),
        ))
    }

    async fn call(&mut self, method: &str, path: &str, body: &str) -> (u16, u64, Value) {
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        self.0
            .get_mut()
            .write_all(request.as_bytes())
            .await
            .unwrap();
        let (mut status, mut length, mut index) = (0, 0, 0);
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).await.unwrap();
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(rest) = line.strip_prefix("http/1.1 ") {
                status = rest[..3].parse().unwrap();
            }
            match line.split_once(": ") {
                Some(("content-length", value)) => length = value.parse().unwrap(),
                Some(("x-consul-index", value)) => index = value.parse().unwrap(),
                _ if line.is_empty() => break,
                _ => {}
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.unwrap();
        (
            status,
            index,
            serde_json::from_slice(&body).unwrap_or_default(),
        )
    }
}

async fn register(agent: &Agent, count: usize, name: impl Fn(usize) -> String) {
    let mut tasks = JoinSet::new();
    let bodies: Vec<_> = (0..count)
        .map(|n| {
            let check = json!({"TTL": "1h", "Status": "passing"});
            json!({"ID": format!("{}-{n}", name(n)), "Name": name(n), "Port": n, "Check": check})
                .to_string()
        })
        .collect();
    for part in bodies.chunks(count.div_ceil(8)) {
        let (part, mut client) = (part.to_owned(), Client::to(agent).await);
        tasks.spawn(async move {
            for body in part {
                let (status, ..) = client
                    .call("PUT", "/v1/agent/service/register", &body)
                    .await;
                assert_eq!(status, 200);
            }
        });
    }
    tasks.join_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_watchers_are_woken_by_one_change() {
    let agent = Agent::start(Config::default()).await.unwrap();
    register(&agent, 10, |_| "watched".into()).await;
    let mut client = Client::to(&agent).await;
    let path = "/v1/health/service/watched?passing";
    let (_, index, _) = client.call("GET", path, "").await;
    let mut watchers = JoinSet::new();
    for _ in 0..1000 {
        let mut watcher = Client::to(&agent).await;
        watchers.spawn(async move {
            let asked = format!("{path}&index={index}&wait=5m");
            let (_, new, list) = watcher.call("GET", &asked, "").await;
            assert!(new > index);
            assert_eq!(list.as_array().unwrap().len(), 9);
            Instant::now()
        });
    }
    // Changes of others in between: a caller that is woken by them goes back to waiting.
    register(&agent, 100, |n| format!("other-{n}")).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(
        watchers.try_join_next().is_none(),
        "woken by what is not theirs"
    );
    let start = Instant::now();
    client
        .call("PUT", "/v1/agent/check/fail/service:watched-3", "")
        .await;
    let mut taken = Vec::new();
    let all = async {
        while let Some(woken) = watchers.join_next().await {
            taken.push(woken.unwrap() - start);
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all)
        .await
        .expect("a watcher was forgotten");
    taken.sort();
    println!(
        "1,000 watchers: median {:.1?}, worst {:.1?}",
        taken[500], taken[999]
    );
}
