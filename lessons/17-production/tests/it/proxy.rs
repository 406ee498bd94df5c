//! The real Envoy in front of instances in this process.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use l17_production::bootstrap::bootstrap;
use l17_production::instance::{Instance, Settings};
use l17_production::plane::ControlPlane;
use l17_production::resources::{Instances, Plan};
use services::Side;
use services::consul::{Consul, Setup};
use stage::http::Request;
use stage::load::{Count, Load, calls};
use testkit::envoy::Envoy;
use tokio::time::{sleep, timeout};

const LIMIT: Duration = Duration::from_secs(60);

struct World {
    consul: Consul,
    plane: ControlPlane,
    proxy: SocketAddr,
    // Ends with this value.
    _envoy: Envoy,
}

impl World {
    async fn new(side: Side) -> World {
        let consul = Setup::of(side).start().await.unwrap();
        let proxy = SocketAddr::from(([127, 0, 0, 1], testkit::free_port().unwrap()));
        let plan = Plan {
            listen: proxy,
            weights: BTreeMap::from([("v1".to_owned(), 1)]),
            port: None,
        };
        let plane = ControlPlane::start(consul.addr(), "site", plan)
            .await
            .unwrap();
        let bootstrap = bootstrap(plane.addr()).to_string();
        let envoy = tokio::task::spawn_blocking(move || Envoy::start(&bootstrap));
        World {
            consul,
            plane,
            proxy,
            _envoy: envoy.await.unwrap().unwrap(),
        }
    }

    async fn instance(&self, version: &str, redis: Option<SocketAddr>) -> Instance {
        let settings = Settings {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            consul: self.consul.addr(),
            service: "site".to_owned(),
            version: version.to_owned(),
            redis,
            check_every: Duration::from_millis(200),
            drain: Duration::from_millis(1000),
        };
        Instance::start(settings).await.unwrap()
    }

    /// Waits until Envoy was told such a list.
    async fn until(&self, right: impl Fn(&Instances) -> bool) {
        let mut instances = self.plane.instances();
        let list = timeout(LIMIT, instances.wait_for(right)).await;
        list.expect("such a list").unwrap();
        sleep(Duration::from_millis(200)).await;
    }

    async fn weights(&self, weights: &[(&str, u32)]) -> Option<String> {
        let weights = weights.iter();
        let weights: BTreeMap<String, u32> = weights.map(|(v, n)| ((*v).to_owned(), *n)).collect();
        let applied = self.plane.apply(|plan| plan.weights = weights);
        // A control plane that waits for the wrong answer waits 15 s: as long as Envoy does.
        let report = timeout(Duration::from_secs(10), applied).await;
        report.expect("an answer of Envoy").rejected
    }

    async fn ask(&self, requests: usize) -> Count {
        let proxy = self.proxy;
        calls(requests, 4, move |_| page(proxy)).await
    }
}

async fn page(proxy: SocketAddr) -> Result<String, String> {
    match Request::get("/").within(LIMIT).send(proxy).await {
        Ok(answer) if answer.status == 200 => Ok(answer.text()),
        Ok(answer) => Err(format!("{} {}", answer.status, answer.text())),
        Err(error) => Err(error.to_string()),
    }
}

fn of(instances: &Instances, version: &str) -> usize {
    instances
        .get(version)
        .map_or(0, std::collections::BTreeSet::len)
}

/// How many answers came from a version; no request may have failed.
#[track_caller]
fn answers(count: &Count, version: &str) -> u64 {
    assert!(count.failed.is_empty(), "{:?}", count.failures());
    let by = count.by.iter();
    by.filter(|(name, _)| name.starts_with(version))
        .map(|(_, answers)| *answers)
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_port_a_canary_and_a_rejection() {
    for side in Side::to_test().unwrap() {
        let world = World::new(side).await;
        let error = page(world.proxy).await.unwrap_err();
        assert!(error.contains("no healthy upstream"), "{error}");
        let one = world.instance("v1", None).await;
        let two = world.instance("v1", None).await;
        world.until(|list| of(list, "v1") == 2).await;
        assert_eq!(answers(&world.ask(40).await, "v1"), 40);

        // It closes its port, and no request sees it: first by Envoy's retries, then because it is off the list.
        one.close_port();
        assert_eq!(answers(&world.ask(40).await, "v1"), 40);
        world.until(|list| of(list, "v1") == 1).await;
        let count = world.ask(20).await;
        assert_eq!((count.by.len(), answers(&count, "v1")), (1, 20));

        // A new version gets nothing before it has a weight.
        let canary = world.instance("v2", None).await;
        world.until(|list| of(list, "v2") == 1).await;
        assert_eq!(answers(&world.ask(50).await, "v2"), 0);
        assert_eq!(world.weights(&[("v1", 3), ("v2", 1)]).await, None);
        let share = answers(&world.ask(400).await, "v2");
        assert!((50..=160).contains(&share), "{side}: {share} of 400");

        let words = world.weights(&[("v1", 0), ("v2", 0)]).await.unwrap();
        assert!(words.contains("weights"), "{words}");
        assert!(answers(&world.ask(100).await, "v1") > 50);
        assert_eq!(world.weights(&[("v2", 1)]).await, None);
        assert_eq!(answers(&world.ask(20).await, "v2"), 20);
        two.leave().await.unwrap();
        canary.leave().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_under_load_loses_nothing() {
    for side in Side::to_test().unwrap() {
        let world = World::new(side).await;
        let old = [
            world.instance("v1", None).await,
            world.instance("v1", None).await,
        ];
        world.until(|list| of(list, "v1") == 2).await;
        let proxy = world.proxy;
        let load = Load::start(4, Duration::from_millis(5), move || page(proxy));
        let new = [
            world.instance("v2", None).await,
            world.instance("v2", None).await,
        ];
        world.until(|list| of(list, "v2") == 2).await;
        assert_eq!(world.weights(&[("v2", 1)]).await, None);
        for one in old {
            one.leave().await.unwrap();
        }
        let count = load.stop().await;
        assert!(
            answers(&count, "v1") > 0 && answers(&count, "v2") > 0,
            "{side}"
        );
        for one in new {
            one.leave().await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_without_its_redis_gets_no_request() {
    for side in Side::to_test().unwrap() {
        let world = World::new(side).await;
        let redis = services::redis::Setup::of(Side::Embedded);
        let mut redis = redis.start().await.unwrap();
        let needs = world.instance("v1", Some(redis.addr())).await;
        world.until(|list| of(list, "v1") == 1).await;
        redis.kill().await;
        world.until(|list| of(list, "v1") == 0).await;
        assert_eq!(
            Request::get("/livez")
                .send(needs.addr)
                .await
                .unwrap()
                .status,
            200
        );
        assert_eq!(
            Request::get("/readyz")
                .send(needs.addr)
                .await
                .unwrap()
                .text(),
            "redis"
        );
        redis.start_again().await.unwrap();
        world.until(|list| of(list, "v1") == 1).await;
        assert_eq!(answers(&world.ask(10).await, "v1"), 10);
        needs.leave().await.unwrap();
    }
}
