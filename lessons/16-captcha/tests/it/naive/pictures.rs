//! Attacks on the picture: somebody else's, a kept one, one that is none, too many.

use anyhow::ensure;
use redis::AsyncCommands;

use super::http::Browser;
use super::site::{Site, accepted, draw, mended, picture};

// ANCHOR: over
#[tokio::test]
async fn somebody_draws_over_my_picture() -> anyhow::Result<()> {
    mended(async |site| {
        let (mut ann, mut ben) = (site.browser().await?, site.browser().await?);
        let code = picture(site, &mut ann, "1").await?;
        // Ben's page has thought of the same name.
        draw_another(site, &mut ben, "1", &code).await?;
        Ok(!accepted(&mut ann, "1", &code).await?)
    })
    .await
}

#[tokio::test]
async fn my_second_tab_draws_over_my_first() -> anyhow::Result<()> {
    mended(async |site| {
        let mut ann = site.browser().await?;
        let code = picture(site, &mut ann, "1").await?;
        draw_another(site, &mut ann, "1", &code).await?;
        Ok(!accepted(&mut ann, "1", &code).await?)
    })
    .await
}
// ANCHOR_END: over

/// Draws until the digits are others: once in some thousand times they are the same by chance.
async fn draw_another(site: &Site, who: &mut Browser, id: &str, code: &str) -> anyhow::Result<()> {
    while draw(who, id).await?.status == 200 && site.code(who, id).await?.as_deref() == Some(code) {
    }
    Ok(())
}

// ANCHOR: keys
#[tokio::test]
async fn a_picture_overwrites_what_another_program_keeps() -> anyhow::Result<()> {
    mended(async |site| {
        let mut store = site.store().await?;
        let () = store.set("cart-17", "three books").await?;
        let mut stranger = site.browser().await?;
        draw(&mut stranger, "cart-17").await?;
        let kept: String = store.get("cart-17").await?;
        Ok(kept != "three books")
    })
    .await
}
// ANCHOR_END: keys

// ANCHOR: cache
#[tokio::test]
async fn a_cache_may_hand_my_picture_to_somebody_else() -> anyhow::Result<()> {
    mended(async |site| {
        let answer = draw(&mut site.browser().await?, "a1").await?;
        ensure!(answer.status == 200, "{}", answer.status);
        let rule = answer.header("cache-control").unwrap_or_default();
        Ok(!rule.contains("no-store"))
    })
    .await
}
// ANCHOR_END: cache

// ANCHOR: empty
#[tokio::test]
async fn a_failure_looks_like_a_picture() -> anyhow::Result<()> {
    mended(async |site| {
        let mut person = site.browser().await?;
        site.redis.kill().await;
        let answer = draw(&mut person, "a1").await?;
        Ok(answer.status == 200 && answer.body.is_empty())
    })
    .await
}
// ANCHOR_END: empty

// ANCHOR: many
#[tokio::test]
async fn a_program_has_pictures_drawn_without_end() -> anyhow::Result<()> {
    mended(async |site| {
        let mut robot = site.browser().await?;
        for number in 0..35 {
            if draw(&mut robot, &format!("r{number}")).await?.status != 200 {
                return Ok(false);
            }
        }
        Ok(true)
    })
    .await
}
// ANCHOR_END: many

// ANCHOR: log
#[tokio::test]
async fn the_log_knows_the_answers() -> anyhow::Result<()> {
    mended(async |site| {
        let mut person = site.browser().await?;
        let code = picture(site, &mut person, "a1").await?;
        let lines = site.log();
        ensure!(!lines.is_empty(), "a service without a log");
        Ok(lines.iter().any(|line| line.contains(&code)))
    })
    .await
}
// ANCHOR_END: log
