//! One site to attack: the one of the notes, or the one of this lesson. They have the same routes, so one
//! attack is made on both.

use std::net::SocketAddr;

use anyhow::Context;
use l16_captcha::notes;
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use serde_json::json;
use services::Side;
use services::consul::Consul;
use services::redis::Redis;

use crate::http::{Answer, Browser};
use crate::tap::Tap;

/// A site with all that it stands on.
pub struct Site {
    design: Design,
    pub redis: Redis,
    pub consul_tap: Tap,
    pub redis_tap: Tap,
    pub service_tap: Tap,
    _consul: Consul,
}

enum Design {
    Notes(notes::Site),
}

impl Site {
    /// The design of the notes.
    pub async fn of_the_notes(side: Side) -> anyhow::Result<Site> {
        Site::notes_with(side, None, None).await
    }

    /// The same, with chance beginning at `seed`, and whoever sends `held` to Redis waits for another one.
    pub async fn notes_with(
        side: Side,
        seed: Option<u64>,
        held: Option<&'static str>,
    ) -> anyhow::Result<Site> {
        let redis = services::redis::Setup {
            side: Some(side),
            ..services::redis::Setup::default()
        };
        let redis = redis.start().await?;
        // Which Consul it is makes no difference here, and the embedded one starts at once.
        let consul = services::consul::Setup {
            side: Some(Side::Embedded),
            ..services::consul::Setup::default()
        };
        let consul = consul.start().await?;
        let consul_tap = Tap::to(Some(consul.addr())).await?;
        let redis_tap = match held {
            Some(word) => Tap::holding(redis.addr(), word, 2).await?,
            None => Tap::to(Some(redis.addr())).await?,
        };
        let service_tap = Tap::to(None).await?;
        let site = notes::Site::start(notes::Setup {
            consul: consul_tap.addr(),
            redis: redis_tap.addr(),
            advertise: Some(service_tap.addr()),
            seed,
        });
        let site = site.await?;
        service_tap.lead_to(site.service());
        Ok(Site {
            design: Design::Notes(site),
            redis,
            consul_tap,
            redis_tap,
            service_tap,
            _consul: consul,
        })
    }

    /// Somebody who has just opened the page.
    pub async fn browser(&self) -> anyhow::Result<Browser> {
        let mut browser = Browser::new(self.web());
        browser.get("/api/v1.0/session").await?;
        Ok(browser)
    }

    fn web(&self) -> SocketAddr {
        match &self.design {
            Design::Notes(site) => site.web(),
        }
    }

    /// A connection of our own to Redis, past the site.
    pub async fn store(&self) -> anyhow::Result<MultiplexedConnection> {
        let client = redis::Client::open(format!("redis://{}", self.redis.addr()))?;
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

    fn key(&self, _who: &Browser, id: &str) -> String {
        match &self.design {
            Design::Notes(_) => id.to_owned(),
        }
    }

    fn code_in(&self, kept: &str) -> String {
        match &self.design {
            Design::Notes(_) => kept.to_owned(),
        }
    }

    /// What the service has written into its log.
    pub fn log(&self) -> Vec<String> {
        match &self.design {
            Design::Notes(site) => site.log().lines(),
        }
    }
}

// ANCHOR: mended
/// This attack works on the site of the notes, and does not on the site of this lesson.
pub async fn mended(attack: impl AsyncFn(&mut Site) -> anyhow::Result<bool>) -> anyhow::Result<()> {
    for side in Side::to_test()? {
        let mut notes = Site::of_the_notes(side).await?;
        assert!(attack(&mut notes).await?, "{side}: the notes stood it");
    }
    Ok(())
}
// ANCHOR_END: mended

/// Asks for the picture `id`.
pub async fn draw(who: &mut Browser, id: &str) -> anyhow::Result<Answer> {
    who.get(&format!("/api/v1.0/imagecode/{id}")).await
}

/// A picture and its code.
pub async fn picture(site: &Site, who: &mut Browser, id: &str) -> anyhow::Result<String> {
    let answer = draw(who, id).await?;
    anyhow::ensure!(answer.status == 200, "{} for {id}", answer.status);
    site.code(who, id).await?.context("no code in Redis")
}

/// Whether this answer is taken.
pub async fn accepted(who: &mut Browser, id: &str, answer: &str) -> anyhow::Result<bool> {
    let json = json!({ "id": id, "answer": answer });
    let answer = who.post("/api/v1.0/verify", &json).await?;
    Ok(answer.json()["errno"] == "0")
}
