//! The check of `two-registries`: the registry in memory, and the agent of lesson 08 as the registry Consul. All of
//! it runs in this process.

mod exercise;
mod given;

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use exercise::{BREW, BrewReply, BrewRequest, NAME, Stop, run_in_both};
use l08_consul::agent::{Agent, Config};
use l12_resilience::caller::How;
use l13_framework::client::{Client, Settings};
use l13_framework::registries::consul::Consul;
use l13_framework::registries::memory::Memory;
use l13_framework::registry::{Error, Instance, Options, Registry, Watch};
use services::testkit::{Case, View, case};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tonic::{Code, Status};

/// How long a registration, a call or the end may take; each takes milliseconds.
const LIMIT: Duration = Duration::from_secs(2);

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

fn memory() -> Arc<dyn Registry> {
    Arc::new(Memory::new())
}

/// The registry Consul at this address.
fn consul_at(address: SocketAddr) -> Arc<dyn Registry> {
    let mut consul = Consul::new();
    let options = Options {
        addresses: vec![address],
        ..Options::default()
    };
    consul.init(options).expect("an address of Consul");
    Arc::new(consul)
}

/// The learner's program at work in two registries.
struct World<'c> {
    case: &'c Case,
    registries: [Arc<dyn Registry>; 2],
    stop: watch::Sender<bool>,
    program: JoinHandle<anyhow::Result<()>>,
    /// The advice for a program that has ended before `stop`.
    early: &'static str,
}

fn start(case: &Case, registries: [Arc<dyn Registry>; 2]) -> World<'_> {
    let (stop, stopped) = watch::channel(false);
    let [first, second] = registries.clone();
    let program = tokio::spawn(run_in_both(first, second, Stop(stopped)));
    World {
        case,
        registries,
        stop,
        program,
        early: "Both instances run until `stop`.",
    }
}

impl World<'_> {
    /// What both registries list, in words.
    async fn listed(&self) -> String {
        let mut words = Vec::new();
        for registry in &self.registries {
            let name = registry.name();
            words.push(match registry.get_service(NAME).await {
                Ok(list) => format!("{name}: {} of {NAME}", instances(list.len())),
                Err(_) => format!("{name}: unavailable"),
            });
        }
        words.join("; ")
    }

    /// Waits until this registry lists one instance, and returns it.
    async fn one_in(&mut self, at: usize, advice: &str) -> Instance {
        let since = Instant::now();
        loop {
            let list = self.registries[at].get_service(NAME).await;
            if let Ok([one]) = list.as_deref() {
                return one.clone();
            }
            let name = self.registries[at].name();
            if self.program.is_finished() {
                let outcome = (&mut self.program).await;
                let returned = match outcome {
                    Ok(Ok(())) => "`run_in_both` has returned Ok before `stop`".to_string(),
                    Ok(Err(error)) => format!("`run_in_both` has returned Err: {error:#}"),
                    Err(_) => "`run_in_both` has panicked".to_string(),
                };
                self.case
                    .differ("`run_in_both` still runs", returned, self.early);
            }
            if since.elapsed() > LIMIT {
                let expected = format!("one instance of {NAME} in {name}");
                self.case.differ(expected, self.listed().await, advice);
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Calls `BREW` through this registry.
    async fn brew(&self, at: usize, tea: &str) -> Result<String, Status> {
        let registry = Arc::clone(&self.registries[at]);
        let client = Client::new(registry, Settings::default());
        let request = BrewRequest {
            tea: tea.to_string(),
        };
        let call = client.call::<_, BrewReply>(NAME, BREW, &request, How::safe());
        match timeout(LIMIT, call).await {
            Ok(Ok(reply)) => Ok(reply.message),
            Ok(Err(failed)) => Err(failed.status().clone()),
            Err(_) => Err(Status::deadline_exceeded("no reply")),
        }
    }

    /// Tells the program to end, and waits for that.
    async fn end(&mut self) -> anyhow::Result<()> {
        self.stop.send_replace(true);
        match timeout(LIMIT, &mut self.program).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(panicked)) => Err(panicked.into()),
            Err(_) => {
                let still = format!("it has not returned {} after `stop`", LIMIT.view());
                let advice = "Each instance ends by the same `stop`: give each a clone of it.";
                self.case
                    .differ("`run_in_both` returns soon after `stop`", still, advice)
            }
        }
    }
}

fn instances(count: usize) -> String {
    match count {
        0 => "no instance".to_string(),
        1 => "1 instance".to_string(),
        count => format!("{count} instances"),
    }
}

fn words(answer: &Result<String, Status>) -> String {
    match answer {
        Ok(message) => format!("{message:?}"),
        Err(status) => format!("{:?}: {}", status.code(), status.message()),
    }
}

const BOTH: &str = "`run_until` returns when its service has ended. The second service begins only after that: run both \
                    at the same time.";

/// A situation with the registry in memory first, and Consul second.
fn situation(name: &str, body: impl AsyncFnOnce(World<'_>)) {
    case(name, |case| {
        RUNTIME.block_on(async {
            let agent = Agent::start(Config::default()).await.expect("an agent");
            body(start(case, [memory(), consul_at(agent.address())])).await;
            agent.stop().await;
        });
    });
}

#[test]
fn a_registered_in_both() {
    situation(
        "The program runs with two registries: memory and Consul",
        async |mut world| {
            world
                .one_in(0, "`Service::registry` says where a service registers.")
                .await;
            world.one_in(1, BOTH).await;
        },
    );
}

#[test]
fn b_the_version() {
    situation(
        "Both registries show the version of the program",
        async |mut world| {
            for at in [0, 1] {
                let one = world.one_in(at, BOTH).await;
                if one.version != "2.0.0" {
                    let advice = "`Service::version` sets the version that is registered.";
                    let answer =
                        format!("version {} in {}", one.version, world.registries[at].name());
                    world.case.differ("version 2.0.0", answer, advice);
                }
            }
        },
    );
}

#[test]
fn c_a_call_through_each() {
    situation(
        "A client of each registry brews green tea",
        async |mut world| {
            for at in [0, 1] {
                let one = world.one_in(at, BOTH).await;
                let answer = world.brew(at, "green").await;
                let expected = format!("green, brewed by {}", one.id);
                if !matches!(&answer, Ok(message) if *message == expected) {
                    let advice = match &answer {
                        Err(status) if status.code() == Code::Unimplemented => {
                            "The service has no such method: `Service::handle` takes its name and the handler."
                        }
                        Err(_) => "The call has failed. This tea has a name.",
                        Ok(message) if message.starts_with("green, brewed by") => {
                            "The id in the reply is not the one in the registry. Each `Service::new` makes another id: \
                         ask the service that is run."
                        }
                        Ok(_) => "`brew` writes the message.",
                    };
                    let expected = format!("{expected:?} through {}", world.registries[at].name());
                    world.case.differ(expected, words(&answer), advice);
                }
            }
        },
    );
}

#[test]
fn d_an_empty_name() {
    situation("A client calls with an empty `tea`", async |mut world| {
        world.one_in(0, BOTH).await;
        let answer = world.brew(0, "").await;
        if !matches!(&answer, Err(status) if status.code() == Code::InvalidArgument) {
            let advice = match &answer {
                Ok(_) => {
                    "A request without a tea is wrong. A message of the right type may still have a wrong value."
                }
                Err(_) => {
                    "The status says what a caller can do. INVALID_ARGUMENT: this request fails at every instance, so do \
                     not repeat it."
                }
            };
            world.case.differ("InvalidArgument", words(&answer), advice);
        }
        let answer = world.brew(0, " ").await;
        if !matches!(&answer, Ok(message) if message.starts_with(" , brewed by")) {
            let advice = "A name of one blank is not empty.";
            world
                .case
                .differ("a reply for \" \"", words(&answer), advice);
        }
    });
}

#[test]
fn e_the_end() {
    for (what, slow) in [("first", 0), ("second", 1)] {
        let name = format!("`stop` comes; the {what} registry takes 0.3 s for a deregistration");
        case(&name, |case| {
            RUNTIME.block_on(async {
                let mut registries = [memory(), memory()];
                registries[slow] = Arc::new(Odd::IsSlow(Memory::new()));
                let mut world = start(case, registries);
                world.one_in(0, BOTH).await;
                world.one_in(1, BOTH).await;
                let outcome = world.end().await;
                for registry in &world.registries {
                    let list = registry.get_service(NAME).await.expect("it is there");
                    if !list.is_empty() {
                        let answer = world.listed().await;
                        let advice = "`run_in_both` has returned while an instance was still registered. It returns when \
                                      both have ended, because each deregisters first.";
                        case.differ("no instance in either registry", answer, advice);
                    }
                }
                if let Err(error) = outcome {
                    let advice = "Both instances have deregistered and ended.";
                    case.differ("Ok", format!("Err: {error:#}"), advice);
                }
            });
        });
    }
}

/// An address at which nothing listens.
fn nothing_there() -> SocketAddr {
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    port.local_addr().expect("an address")
}

#[test]
fn f_one_registry_is_unavailable() {
    for (what, dead) in [("first", 0), ("second", 1)] {
        case(&format!("The {what} registry is unavailable"), |case| {
            RUNTIME.block_on(async {
                let mut registries = [memory(), memory()];
                registries[dead] = consul_at(nothing_there());
                let mut world = start(case, registries);
                let advice = "The instance of the registry that answers does not depend on the other registry.";
                world.one_in(1 - dead, advice).await;
                let _ = world.end().await;
            });
        });
    }
}

#[test]
fn g_one_cannot_start() {
    for (what, wrong) in [("first", 0), ("second", 1)] {
        case(
            &format!("The {what} registry refuses the instance"),
            |case| {
                RUNTIME.block_on(async {
                let mut registries = [memory(), memory()];
                registries[wrong] = Arc::new(Odd::Refuses(Memory::new()));
                let mut world = start(case, registries);
                let advice =
                    "The start of one instance has failed. The other instance still runs until `stop`.";
                world.early = advice;
                world.one_in(1 - wrong, advice).await;
                sleep(Duration::from_millis(100)).await;
                let list = world.registries[1 - wrong].get_service(NAME).await;
                if world.program.is_finished() || list.is_ok_and(|list| list.is_empty()) {
                    let answer = "`run_in_both` has returned before `stop`";
                    case.differ("one instance runs until `stop`", answer, advice);
                }
                let outcome = world.end().await;
                if outcome.is_ok() {
                    let advice = "One of the two has returned Err, and the caller of `run_in_both` must see it.";
                    case.differ("Err: the registry refuses", "Ok", advice);
                }
                let list = world.registries[1 - wrong].get_service(NAME).await;
                if !list.is_ok_and(|list| list.is_empty()) {
                    let answer = world.listed().await;
                    let advice = "The instance that ran must deregister before `run_in_both` returns.";
                    case.differ("no instance in either registry", answer, advice);
                }
            });
            },
        );
    }
}

/// A registry in memory with one fault.
#[derive(Debug)]
enum Odd {
    /// It takes no instance.
    Refuses(Memory),
    /// A deregistration takes 0.3 s.
    IsSlow(Memory),
}

impl Odd {
    fn inner(&self) -> &Memory {
        match self {
            Odd::Refuses(memory) | Odd::IsSlow(memory) => memory,
        }
    }
}

#[tonic::async_trait]
impl Registry for Odd {
    fn init(&mut self, _: Options) -> Result<(), Error> {
        Ok(())
    }

    fn options(&self) -> &Options {
        self.inner().options()
    }

    fn name(&self) -> &'static str {
        match self {
            Odd::Refuses(_) => "read-only",
            Odd::IsSlow(_) => "slow",
        }
    }

    async fn register(&self, instance: &Instance, ttl: Duration) -> Result<(), Error> {
        match self {
            Odd::Refuses(_) => Err(Error::Invalid("this registry is read-only".to_string())),
            Odd::IsSlow(memory) => memory.register(instance, ttl).await,
        }
    }

    async fn deregister(&self, instance: &Instance) -> Result<(), Error> {
        if let Odd::IsSlow(_) = self {
            sleep(Duration::from_millis(300)).await;
        }
        self.inner().deregister(instance).await
    }

    async fn get_service(&self, name: &str) -> Result<Vec<Instance>, Error> {
        self.inner().get_service(name).await
    }

    async fn list_services(&self) -> Result<Vec<String>, Error> {
        self.inner().list_services().await
    }

    async fn watch(&self, name: Option<&str>) -> Result<Watch, Error> {
        self.inner().watch(name).await
    }
}
