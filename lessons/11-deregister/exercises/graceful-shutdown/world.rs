// The world of the check: the learner's greeter in this process, and a Consul that notes what it is asked. check.rs
// includes it, because a check is compiled at more than one place.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use l06_grpc::pb::greeter::greeter_server::Greeter;
use l06_grpc::pb::greeter::{HelloReply, HelloRequest};
use l08_consul::agent::{Agent, Config};
use l08_consul::ask::ask;
use l09_register::registry::Registry;
use serde_json::{Value, json};
use services::testkit::{Case, View};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tonic::{Request, Response, Status};

use super::exercise::{Limits, ShutdownReport, run};

/// A caller uses a list for so long.
pub const CACHED: Duration = Duration::from_millis(100);

pub const LIMITS: Limits = Limits {
    goodbye: Duration::from_millis(1500),
    notice: Duration::from_millis(350),
    grace: Duration::from_millis(2500),
};

pub const ID: &str = "greeter-1";

/// A greeter that takes some time for each answer, and counts its calls.
struct Slow {
    time: Duration,
    begun: Arc<AtomicUsize>,
    answered: Arc<AtomicUsize>,
}

#[tonic::async_trait]
impl Greeter for Slow {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        sleep(self.time).await;
        self.answered.fetch_add(1, Ordering::SeqCst);
        let message = format!("hello {}", request.into_inner().name);
        Ok(Response::new(HelloReply { message }))
    }
}

/// The learner's server, registered, and the way to send it a SIGTERM.
pub struct Running {
    pub addr: SocketAddr,
    pub begun: Arc<AtomicUsize>,
    pub answered: Arc<AtomicUsize>,
    sigterm: Option<oneshot::Sender<()>>,
    ended: JoinHandle<(ShutdownReport, Instant)>,
}

impl Running {
    pub async fn start(consul: SocketAddr, time: Duration, limits: Limits) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("a bound listener");
        let (begun, answered) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let greeter = Slow {
            time,
            begun: Arc::clone(&begun),
            answered: Arc::clone(&answered),
        };
        let registry = Registry::at(consul).expect("a client of Consul");
        let (sigterm, asked) = oneshot::channel();
        // On a thread of its own: `run` may hold what cannot move between threads.
        let ended = tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            let report = runtime.block_on(async {
                let listener = listener.into_std().expect("our own socket");
                let listener = TcpListener::from_std(listener).expect("our own socket");
                let sigterm = async {
                    let _ = asked.await;
                };
                run(greeter, listener, &registry, ID, sigterm, limits).await
            });
            let ended = Instant::now();
            // The end of the program.
            runtime.shutdown_background();
            (report, ended)
        });
        Running {
            addr,
            begun,
            answered,
            sigterm: Some(sigterm),
            ended,
        }
    }

    pub fn sigterm(&mut self) {
        if let Some(sigterm) = self.sigterm.take() {
            let _ = sigterm.send(());
        }
    }

    /// Waits until so many calls were begun.
    pub async fn begun(&self, calls: usize) {
        let since = Instant::now();
        while self.begun.load(Ordering::SeqCst) < calls && since.elapsed() < CACHED * 20 {
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// Its report, and when it ended; the learner has so much time for it.
    pub async fn ended(self, case: &Case, limit: Duration, advice: &str) -> (ShutdownReport, Instant) {
        match timeout(limit, self.ended).await {
            Ok(Ok(ended)) => ended,
            Ok(Err(panicked)) => std::panic::resume_unwind(panicked.into_panic()),
            Err(_) => case.differ(
                "`run` returns",
                format!("`run` has not returned {} after SIGTERM", limit.view()),
                advice,
            ),
        }
    }
}

/// A Consul, and what the learner's server asks it.
pub struct Consul {
    agent: Agent,
    /// Where the learner's server calls it.
    pub front: SocketAddr,
    /// The first lines of its requests.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Consul {
    pub async fn start() -> Consul {
        let agent = Agent::start(Config::default()).await.expect("an agent");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let front = listener.local_addr().expect("a bound listener");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (back, lines) = (agent.address(), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(forward(client, back, Arc::clone(&lines)));
            }
        });
        Consul {
            agent,
            front,
            asked,
        }
    }

    /// What was asked, in words.
    pub fn asked(&self) -> String {
        let asked = self.asked.lock().expect("no panic meanwhile");
        match asked.is_empty() {
            true => "nothing".to_string(),
            false => asked.join(", "),
        }
    }

    pub fn addr(&self) -> SocketAddr {
        self.agent.address()
    }

    pub async fn register(&self, id: &str, addr: SocketAddr) {
        let body = json!({
            "Name": "greeter", "ID": id, "Address": addr.ip().to_string(), "Port": addr.port(),
            "Check": {"TTL": "10m", "Status": "passing"},
        });
        let path = "/v1/agent/service/register";
        let answer = ask(self.addr(), "PUT", path, &body.to_string()).await;
        assert_eq!(answer.expect("the agent answers").status, 200);
    }

    pub async fn ids(&self) -> Vec<String> {
        ids(self.addr()).await
    }
}

/// A deregistration takes so long.
pub const DEREGISTERS: Duration = Duration::from_millis(150);

/// Forwards one connection to the agent, and notes the first line of each request. consulrs sends a request at once.
async fn forward(
    client: TcpStream,
    agent: SocketAddr,
    lines: Arc<Mutex<Vec<String>>>,
) -> std::io::Result<()> {
    let agent = TcpStream::connect(agent).await?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_agent, mut to_agent) = agent.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut from_agent, &mut to_client).await });
    let mut bytes = vec![0; 65_536];
    loop {
        let count = from_client.read(&mut bytes).await?;
        if count == 0 {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&bytes[..count]);
        if let Some((line, _)) = text.split_once(" HTTP/1.1") {
            let line = line.trim_end_matches('?').to_string();
            let slow = line.contains("/deregister/");
            lines.lock().expect("no panic meanwhile").push(line);
            if slow {
                sleep(DEREGISTERS).await;
            }
        }
        to_agent.write_all(&bytes[..count]).await?;
    }
}

/// The ids of all healthy greeters.
pub async fn ids(consul: SocketAddr) -> Vec<String> {
    let path = "/v1/health/service/greeter?passing";
    let answer = ask(consul, "GET", path, "").await;
    let entries: Value = answer.expect("the agent answers").json();
    let entries = entries.as_array().into_iter().flatten();
    let ids = entries.filter_map(|entry| entry["Service"]["ID"].as_str().map(str::to_string));
    ids.collect()
}
