//! One site to attack: the one of the notes, or the one of this lesson. They have the same routes, so one
//! attack is made on both.

use std::fmt;
use std::future::pending;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Context;
use l13_framework::client::{Client, Settings as Calls};
use l13_framework::options::Options;
use l13_framework::registries::consul::Consul as Registry;
use l13_framework::registry::{Options as Where, Registry as _};
use l13_framework::service::Service;
use l16_captcha::extra::naive;
use l16_captcha::pb::get_captcha_server::GetCaptchaServer;
use l16_captcha::{service, store, web};
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use serde_json::json;
use services::Side;
use services::consul::Consul;
use services::redis::Redis;
use stage::log::{Captured, capture};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{Duration, Instant, sleep};

use super::tap::Tap;
use crate::browser::{Browser, Reply};

/// A site with all that it stands on.
pub struct Site {
    design: Design,
    /// What the site writes into its log, from its start on.
    log: Captured,
    pub ground: Ground,
}

enum Design {
    Naive(naive::Site),
    Ours(Ours),
}

/// The site of this lesson, in one process.
struct Ours {
    web: SocketAddr,
    tasks: Vec<JoinHandle<()>>,
}

impl Site {
    /// The naive site. A connection that sends `held` to Redis waits until a second one has sent it as well.
    pub async fn naive(side: Side, held: Option<&'static str>) -> anyhow::Result<Site> {
        let ground = Ground::lay(side, held).await?;
        let log = capture();
        let site = naive::Site::start(naive::Setup {
            consul: ground.consul_tap.addr(),
            redis: ground.redis_tap.addr(),
            advertise: Some(ground.service_tap.addr()),
        });
        let site = site.await?;
        ground.service_tap.lead_to(site.service());
        let _start = log.take();
        Ok(Site {
            design: Design::Naive(site),
            log,
            ground,
        })
    }

    /// The site of this lesson: its service, its store and its web.
    pub async fn ours(side: Side) -> anyhow::Result<Site> {
        let ground = Ground::lay(side, None).await?;
        let log = capture();
        let settings = service::Settings {
            redis: ground.redis_tap.addr(),
            ..service::Settings::default()
        };
        let store = store::Redis::new(ground.redis_tap.addr())?;
        let captchas = service::Captchas::new(store, settings);
        let options = Options {
            server_advertise: Some(ground.service_tap.addr().to_string().parse()?),
            ..Options::default()
        };
        let service = Service::new(service::NAME)
            .registry(Arc::new(registry(ground.consul_tap.addr())?))
            .with(options)?
            .grpc(GetCaptchaServer::new(captchas));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        ground.service_tap.lead_to(listener.local_addr()?);
        let mut tasks = vec![tokio::spawn(async move {
            let _ended = service.run_on(listener, pending()).await;
        })];

        let client = Client::new(
            Arc::new(registry(ground.consul_tap.addr())?),
            Calls::default(),
        );
        let router = web::router(web::ByName(client), web::Settings::default());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let web = listener.local_addr()?;
        tasks.push(tokio::spawn(async move {
            let limits = web::limits();
            let _ended = l13_framework::edge::serve(listener, router, limits, pending()).await;
        }));
        ready(web).await?;
        // From here on: no port of the start is taken for a code.
        let _start = log.take();
        Ok(Site {
            design: Design::Ours(Ours { web, tasks }),
            log,
            ground,
        })
    }

    /// A browser that has just opened the page.
    pub async fn browser(&self) -> anyhow::Result<Browser> {
        let mut browser = Browser::new(self.web());
        browser.get("/api/v1.0/session").await?;
        Ok(browser)
    }

    fn web(&self) -> SocketAddr {
        match &self.design {
            Design::Naive(site) => site.web(),
            Design::Ours(site) => site.web,
        }
    }

    /// A connection of our own to Redis, past the site.
    pub async fn store(&self) -> anyhow::Result<MultiplexedConnection> {
        let client = redis::Client::open(format!("redis://{}", self.ground.redis.addr()))?;
        Ok(client.get_multiplexed_async_connection().await?)
    }

    /// The code of a picture. A person reads it in the picture; a test reads it in Redis.
    pub async fn code(&self, who: &Browser, id: &str) -> anyhow::Result<Option<String>> {
        let kept: Option<String> = self.store().await?.get(self.key(who, id)).await?;
        Ok(kept.map(|kept| self.code_in(&kept)))
    }

    /// Takes the code away, as 300 seconds do.
    pub async fn expire(&self, who: &Browser, id: &str) -> anyhow::Result<()> {
        Ok(self.store().await?.del(self.key(who, id)).await?)
    }

    fn key(&self, who: &Browser, id: &str) -> String {
        match &self.design {
            Design::Naive(_) => id.to_owned(),
            Design::Ours(_) => {
                format!("captcha:{}:{id}", who.session().unwrap_or_default())
            }
        }
    }

    fn code_in(&self, kept: &str) -> String {
        match &self.design {
            Design::Naive(_) => kept.to_owned(),
            // Behind the name of the request that it was made for.
            Design::Ours(_) => kept.rsplit(' ').next().unwrap_or_default().to_owned(),
        }
    }

    /// Returns the log of the site.
    pub fn log(&self) -> Vec<String> {
        self.log.lines()
    }
}

/// The servers that both designs need, with a tap on each wire.
pub struct Ground {
    pub redis: Redis,
    _consul: Consul,
    pub consul_tap: Tap,
    pub redis_tap: Tap,
    pub service_tap: Tap,
}

impl Ground {
    async fn lay(side: Side, held: Option<&'static str>) -> anyhow::Result<Ground> {
        let redis = services::redis::Setup::of(side).start().await?;
        // Which Consul it is makes no difference here, and the embedded one starts at once.
        let consul = services::consul::Setup::of(Side::Embedded).start().await?;
        let consul_tap = Tap::to(Some(consul.addr())).await?;
        let redis_tap = match held {
            Some(word) => Tap::holding(redis.addr(), word, 2).await?,
            None => Tap::to(Some(redis.addr())).await?,
        };
        Ok(Ground {
            redis,
            _consul: consul,
            consul_tap,
            redis_tap,
            service_tap: Tap::to(None).await?,
        })
    }
}

/// Waits until the web has heard of the service.
async fn ready(web: SocketAddr) -> anyhow::Result<()> {
    let until = Instant::now() + Duration::from_secs(30);
    while Browser::new(web).get("/api/v1.0/session").await?.status != 200 {
        anyhow::ensure!(Instant::now() < until, "the web does not find the service");
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

fn registry(consul: SocketAddr) -> anyhow::Result<Registry> {
    let mut registry = Registry::new();
    registry.init(Where {
        addresses: vec![consul],
        ..Where::default()
    })?;
    Ok(registry)
}

impl Drop for Ours {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Asks for the picture `id`.
pub async fn draw(who: &mut Browser, id: &str) -> anyhow::Result<Reply> {
    Ok(who.get(&format!("/api/v1.0/imagecode/{id}")).await?)
}

/// A picture and its code.
pub async fn picture(site: &Site, who: &mut Browser, id: &str) -> anyhow::Result<String> {
    let answer = draw(who, id).await?;
    anyhow::ensure!(answer.status == 200, "{} for {id}", answer.status);
    site.code(who, id).await?.context("no code in Redis")
}

/// Gives an answer, and returns what the site says about it.
pub async fn answered(who: &mut Browser, id: &str, answer: &str) -> anyhow::Result<Said> {
    let json = json!({ "id": id, "answer": answer });
    let answer = who.post("/api/v1.0/verify", &json).await?;
    Ok(match answer.errno().unwrap_or_default().as_str() {
        "0" => Said::LetIn,
        "4002" => Said::Unknown,
        "4004" => Said::Wrong,
        "4202" => Said::TooMany,
        _ => Said::Other(answer.status),
    })
}

/// The reply of a site to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// The answer is right.
    LetIn,
    /// The answer is wrong.
    Wrong,
    /// There is no such captcha any more.
    Unknown,
    /// A limit is reached.
    TooMany,
    /// Another status of HTTP.
    Other(u16),
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Said::LetIn => f.pad("let in"),
            Said::Wrong => f.pad("wrong"),
            Said::Unknown => f.pad("no such captcha"),
            Said::TooMany => f.pad("429, too many"),
            Said::Other(status) => write!(f, "status {status}"),
        }
    }
}
