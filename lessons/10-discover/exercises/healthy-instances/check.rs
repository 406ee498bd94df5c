//! The check of `healthy-instances`: the agent of lesson 08 and gRPC greeters, all in this process.

mod exercise;
mod given;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use exercise::{DiscoverError, greet, healthy};
use l06_grpc::pb::greeter::greeter_server::{Greeter, GreeterServer};
use l06_grpc::pb::greeter::{HelloReply, HelloRequest};
use l08_consul::agent::{Agent, Config};
use l08_consul::ask::put;
use l09_register::registry::Registry;
use services::testkit::{Case, View, case};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::time::timeout;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

/// How long a query or a greeting may take; it takes milliseconds.
const LIMIT: Duration = Duration::from_secs(3);

/// A Consul, and a client of it.
struct Consul {
    agent: Agent,
    registry: Registry,
}

impl Consul {
    async fn start() -> Consul {
        let agent = Agent::start(Config::default()).await.expect("an agent");
        let registry = Registry::at(agent.address()).expect("a client of Consul");
        Consul { agent, registry }
    }
}

/// The Consul of all situations that do not stop it. Each has a service name of its own.
static SHARED: LazyLock<(Runtime, Consul)> = LazyLock::new(|| {
    let runtime = Runtime::new().expect("a runtime");
    let consul = runtime.block_on(Consul::start());
    (runtime, consul)
});

/// One situation.
struct World<'c> {
    case: &'c Case,
    consul: SocketAddr,
    registry: Registry,
    service: String,
    /// The registered instances in words, for the report.
    registered: Vec<String>,
}

impl World<'_> {
    async fn put(&self, path: &str, body: String) {
        let answer = put(self.consul, path, &body).await;
        let answer = answer.expect("the agent answers");
        assert_eq!(answer.status, 200, "{body}: {}", answer.body);
    }

    /// Registers an instance with one check that has this status.
    async fn register(&mut self, id: &str, host: &str, port: u16, status: &str) {
        let check = format!(r#"{{"TTL": "10m", "Status": "{status}"}}"#);
        let service = &self.service;
        let body = format!(
            r#"{{"Name": "{service}", "ID": "{service}-{id}", "Address": "{host}", "Port": {port}, "Check": {check}}}"#
        );
        self.put("/v1/agent/service/register", body).await;
        let host = if host.is_empty() {
            "(no address)"
        } else {
            host
        };
        self.registered.push(format!("{id} {host}:{port} {status}"));
    }

    /// The learner's list of healthy instances.
    async fn healthy(&self) -> Result<Vec<SocketAddr>, DiscoverError> {
        self.healthy_of(&self.service).await
    }

    async fn healthy_of(&self, service: &str) -> Result<Vec<SocketAddr>, DiscoverError> {
        let list = healthy(self.registry.client(), service);
        self.within("healthy", list).await
    }

    async fn greet(&self, name: &str) -> Result<String, DiscoverError> {
        let greeting = greet(self.registry.client(), &self.service, name);
        self.within("greet", greeting).await
    }

    async fn within<T>(&self, what: &str, future: impl Future<Output = T>) -> T {
        match timeout(LIMIT, future).await {
            Ok(outcome) => outcome,
            Err(_) => self.case.fail(
                (self.case.report())
                    .detail("expected", format!("`{what}` returns within milliseconds"))
                    .detail(
                        "what happened",
                        format!("`{what}` has not returned after {}", LIMIT.view()),
                    )
                    .advice("What does it wait for?"),
            ),
        }
    }

    /// Fails unless the list is this one.
    #[track_caller]
    fn expect(&self, listed: &Result<Vec<SocketAddr>, DiscoverError>, ports: &[u16], advice: &str) {
        let expected: Vec<SocketAddr> = ports.iter().map(|port| at(*port)).collect();
        if !matches!(listed, Ok(addrs) if *addrs == expected) {
            let expected = expected.iter().map(ToString::to_string).collect::<Vec<_>>();
            self.differ(&expected.join(", "), &list_words(listed), advice);
        }
    }

    #[track_caller]
    fn differ(&self, expected: &str, happened: &str, advice: &str) -> ! {
        let mut report = self.case.report();
        if !self.registered.is_empty() {
            report = report.detail("registered in Consul", self.registered.join(", "));
        }
        let report = report.detail("expected", expected);
        self.case
            .fail(report.detail("your answer", happened).advice(advice));
    }
}

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn list_words(listed: &Result<Vec<SocketAddr>, DiscoverError>) -> String {
    match listed {
        Ok(addrs) if addrs.is_empty() => "Ok with an empty list".to_string(),
        Ok(addrs) => {
            let addrs = addrs.iter().map(ToString::to_string);
            addrs.collect::<Vec<_>>().join(", ")
        }
        Err(error) => error_words(error),
    }
}

fn error_words(error: &DiscoverError) -> String {
    match error {
        DiscoverError::Call(status) => format!("Call({:?}: {})", status.code(), status.message()),
        other => format!("{other:?}"),
    }
}

fn greeting_words(outcome: &Result<String, DiscoverError>) -> String {
    match outcome {
        Ok(message) => format!("{message:?}"),
        Err(error) => error_words(error),
    }
}

/// A greeter that counts its calls. It refuses the empty name, and closes its port when it is dropped.
struct Instance {
    port: u16,
    calls: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

struct Counting(Arc<AtomicUsize>, u16);

#[tonic::async_trait]
impl Greeter for Counting {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        self.0.fetch_add(1, Ordering::SeqCst);
        let name = request.into_inner().name;
        if name.is_empty() {
            return Err(Status::invalid_argument("the name is empty"));
        }
        let message = format!("hello {name}, from port {}", self.1);
        Ok(Response::new(HelloReply { message }))
    }
}

impl Instance {
    async fn start() -> Instance {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let calls = Arc::new(AtomicUsize::new(0));
        let service = GreeterServer::new(Counting(Arc::clone(&calls), port));
        let task = tokio::spawn(async move {
            let incoming = TcpListenerStream::new(listener);
            let _ = Server::builder()
                .add_service(service)
                .serve_with_incoming(incoming)
                .await;
        });
        Instance { port, calls, task }
    }

    /// Three of them in the order of their ports.
    async fn three() -> [Instance; 3] {
        let mut three = [
            Self::start().await,
            Self::start().await,
            Self::start().await,
        ];
        three.sort_by_key(|instance| instance.port);
        three
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Ends it, as a crash does: its port refuses connections, and Consul has not noticed.
    async fn kill(&mut self) {
        self.task.abort();
        while tokio::net::TcpStream::connect(at(self.port)).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Runs a situation on the shared Consul.
fn situation(name: &str, body: impl AsyncFnOnce(World<'_>)) {
    case(name, |case| {
        let (runtime, consul) = &*SHARED;
        runtime.block_on(body(world(case, consul)));
    });
}

/// Runs a situation on a Consul of its own, which it may stop.
fn situation_alone(name: &str, body: impl AsyncFnOnce(World<'_>, Agent)) {
    case(name, |case| {
        SHARED.0.block_on(async {
            let consul = Consul::start().await;
            body(world(case, &consul), consul.agent).await;
        });
    });
}

fn world<'c>(case: &'c Case, consul: &Consul) -> World<'c> {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    let number = NEXT.fetch_add(1, Ordering::SeqCst);
    World {
        case,
        consul: consul.agent.address(),
        registry: consul.registry.clone(),
        service: format!("greeter-{number}"),
        registered: Vec::new(),
    }
}

#[test]
fn a_all_healthy_instances() {
    situation(
        "Three instances pass their checks, and one is critical",
        async |mut world| {
            world.register("m", "127.0.0.1", 8803, "passing").await;
            world.register("sick", "127.0.0.1", 8801, "critical").await;
            world.register("z", "127.0.0.1", 8802, "passing").await;
            world.register("a", "127.0.0.1", 8804, "passing").await;
            let listed = world.healthy().await;
            let addrs = listed.as_deref().unwrap_or_default();
            let advice = match addrs {
                addrs if addrs.contains(&at(8801)) => {
                    "The instance on port 8801 is registered and critical. Without `passing` Consul lists \
                 instances in every state."
                }
                [_] => "Consul lists three healthy instances, and your list has one of them.",
                addrs if addrs.len() == 3 => {
                    "All three are there. Their order is the ascending one."
                }
                _ => "The healthy instances, all of them, in ascending order.",
            };
            world.expect(&listed, &[8802, 8803, 8804], advice);
        },
    );
}

#[test]
fn b_a_warning_is_not_passing() {
    situation("One instance is in state warning", async |mut world| {
        world.register("a", "127.0.0.1", 8801, "warning").await;
        world.register("b", "127.0.0.1", 8802, "passing").await;
        let listed = world.healthy().await;
        let advice =
            "The instance on port 8801 is in state warning. `passing` means that all checks pass.";
        world.expect(&listed, &[8802], advice);
    });
}

#[test]
fn c_no_instance_at_all() {
    situation("No instance has this name", async |mut world| {
        world.register("a", "127.0.0.1", 8801, "passing").await;
        let listed = world.healthy_of("motto").await;
        if !matches!(listed, Err(DiscoverError::NoHealthyInstance)) {
            let advice = "Consul's answer for the name `motto` is an empty list. That is an answer, with an \
                          error of its own.";
            world.differ("NoHealthyInstance", &list_words(&listed), advice);
        }
    });
}

#[test]
fn d_all_are_critical() {
    situation(
        "Two instances are registered, both critical",
        async |mut world| {
            world.register("a", "127.0.0.1", 8801, "critical").await;
            world.register("b", "127.0.0.1", 8802, "critical").await;
            let outcome = world.greet("Ada").await;
            if !matches!(outcome, Err(DiscoverError::NoHealthyInstance)) {
                let advice = "No healthy instance is left, so no instance is called.";
                world.differ("NoHealthyInstance", &greeting_words(&outcome), advice);
            }
        },
    );
}

#[test]
fn e_the_node_is_critical() {
    situation_alone(
        "The check of the instance passes, the check of its node fails",
        async |mut world, _agent| {
            world.register("a", "127.0.0.1", 8801, "passing").await;
            let check = r#"{"Name": "disk", "TTL": "10m", "Status": "critical"}"#;
            world
                .put("/v1/agent/check/register", check.to_string())
                .await;
            world
                .registered
                .push("the node's check `disk` critical".to_string());
            let listed = world.healthy().await;
            if !matches!(listed, Err(DiscoverError::NoHealthyInstance)) {
                let advice = "A critical check of the node counts for each instance on it. Consul applies this \
                          rule itself when a query says `passing`.";
                world.differ("NoHealthyInstance", &list_words(&listed), advice);
            }
        },
    );
}

#[test]
fn f_addresses() {
    situation(
        "One address is a host name, and one is empty",
        async |mut world| {
            world.register("a", "myhost", 8801, "passing").await;
            world.register("b", "", 8802, "passing").await;
            world.register("c", "127.0.0.1", 8803, "passing").await;
            let listed = world.healthy().await;
            let advice = match &listed {
                Ok(addrs) if !addrs.contains(&at(8802)) => {
                    "An instance without an address of its own has the address of its node. \
                 `HealthyInstance::try_from` knows that."
                }
                Ok(_) => "The addresses that can be called, in ascending order.",
                Err(_) => {
                    "`myhost` is not an IP address, so this one entry is left out. The other two can be \
                 called."
                }
            };
            world.expect(&listed, &[8802, 8803], advice);
        },
    );
}

#[test]
fn g_consul_is_away() {
    situation_alone("Consul does not run", async |world, agent| {
        agent.stop().await;
        let listed = world.healthy().await;
        if !matches!(listed, Err(DiscoverError::RegistryUnavailable)) {
            let advice = "The connection to Consul was refused, so the instances are unknown. A caller may \
                          wait for Consul; it need not wait for an empty list.";
            world.differ("RegistryUnavailable", &list_words(&listed), advice);
        }
    });
}

#[test]
fn h_a_greeting_by_name() {
    situation("Three greeters are healthy", async |mut world| {
        let three = Instance::three().await;
        for (id, instance) in ["a", "b", "c"].iter().zip(&three) {
            world
                .register(id, "127.0.0.1", instance.port, "passing")
                .await;
        }
        let outcome = world.greet("Ada").await;
        let expected = format!("hello Ada, from port {}", three[0].port);
        if !matches!(&outcome, Ok(message) if *message == expected) {
            let advice = "The first address of `healthy` accepts connections, so it gets the call.";
            world.differ(&format!("{expected:?}"), &greeting_words(&outcome), advice);
        }
        let calls = three.iter().map(Instance::calls).sum::<usize>();
        if calls != 1 {
            let advice = "One greeting is one call.";
            world.differ("1 call", &format!("{calls} calls"), advice);
        }
    });
}

#[test]
fn i_killed_a_moment_ago() {
    situation(
        "Two of three greeters were killed; Consul still lists them as passing",
        async |mut world| {
            let mut three = Instance::three().await;
            for (id, instance) in ["a", "b", "c"].iter().zip(&three) {
                world
                    .register(id, "127.0.0.1", instance.port, "passing")
                    .await;
            }
            three[0].kill().await;
            three[1].kill().await;
            let outcome = world.greet("Ada").await;
            let expected = format!("hello Ada, from port {}", three[2].port);
            if !matches!(&outcome, Ok(message) if *message == expected) {
                let advice = "Consul finds out about a killed process with its next check. Until then it is listed, and its \
                          port refuses connections: the next instance of the list can answer.";
                world.differ(&format!("{expected:?}"), &greeting_words(&outcome), advice);
            }
        },
    );
}

#[test]
fn j_all_refuse() {
    situation(
        "All three greeters were killed; Consul still lists them as passing",
        async |mut world| {
            let mut three = Instance::three().await;
            for (id, instance) in ["a", "b", "c"].iter().zip(&mut three) {
                world
                    .register(id, "127.0.0.1", instance.port, "passing")
                    .await;
                instance.kill().await;
            }
            let outcome = world.greet("Ada").await;
            if !matches!(outcome, Err(DiscoverError::AllRefuse)) {
                let advice = "Consul lists three instances, and none accepts a connection: that is an error of its \
                          own, because Consul did answer.";
                world.differ("AllRefuse", &greeting_words(&outcome), advice);
            }
        },
    );
}

#[test]
fn k_the_status_of_a_call() {
    situation(
        "The first greeter answers INVALID_ARGUMENT",
        async |mut world| {
            let three = Instance::three().await;
            for (id, instance) in ["a", "b", "c"].iter().zip(&three) {
                world
                    .register(id, "127.0.0.1", instance.port, "passing")
                    .await;
            }
            let outcome = world.greet("").await;
            let calls = three.iter().map(Instance::calls).sum::<usize>();
            if calls > 1 {
                let advice = "The first instance accepted the connection and answered. Its error is an answer: a \
                          second instance would refuse the same call, and a call that has run is not \
                          repeated without thought.";
                world.differ("1 call", &format!("{calls} calls"), advice);
            }
            let refused = matches!(&outcome, Err(DiscoverError::Call(status))
            if status.code() == tonic::Code::InvalidArgument);
            if !refused {
                let advice = "The result carries the status of the server.";
                world.differ(
                    "Call(InvalidArgument: the name is empty)",
                    &greeting_words(&outcome),
                    advice,
                );
            }
        },
    );
}
