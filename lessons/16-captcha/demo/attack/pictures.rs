//! Attacks on the picture: another visitor's, a kept one, a missing one, too many.

use anyhow::ensure;
use redis::AsyncCommands;

use super::Steps;
use super::site::{Said, Site, answered, draw, picture};
use crate::browser::Browser;

// ANCHOR: overwrite
/// Ann has a picture, and a page asks for another one with the same id.
pub async fn overwrite(site: &mut Site, steps: &mut Steps) -> anyhow::Result<()> {
    for (what, same) in [
        ("Ben's page takes Ann's id", false),
        ("Ann's second tab takes it", true),
    ] {
        let mut ann = site.browser().await?;
        let code = picture(site, &mut ann, "1").await?;
        let mut other = if same {
            ann.in_another_window()
        } else {
            site.browser().await?
        };
        draw_another(site, &mut other, "1", &code).await?;
        let said = answered(&mut ann, "1", &code).await?;
        let outcome = format!("Ann's answer: {said}");
        steps.attempt(what, outcome, said != Said::LetIn);
    }
    Ok(())
}
// ANCHOR_END: overwrite

/// Draws until the digits are others: once in some thousand times they are the same by chance.
async fn draw_another(site: &Site, who: &mut Browser, id: &str, code: &str) -> anyhow::Result<()> {
    while draw(who, id).await?.status == 200 && site.code(who, id).await?.as_deref() == Some(code) {
    }
    Ok(())
}

// ANCHOR: key
/// Another program keeps a shopping cart in the same Redis, under the key `cart-17`.
pub async fn key(site: &mut Site, steps: &mut Steps) -> anyhow::Result<()> {
    let mut store = site.store().await?;
    let () = store.set("cart-17", "three books").await?;
    let mut robot = site.browser().await?;
    let drawn = draw(&mut robot, "cart-17").await?;
    steps.note(
        "ask for a picture with the id cart-17",
        format!("status {}", drawn.status),
    );
    let kept: String = store.get("cart-17").await?;
    steps.attempt("the cart then", &kept, kept != "three books");
    Ok(())
}
// ANCHOR_END: key

// ANCHOR: cache
/// Tries whether a cache between site and browser may keep the picture.
pub async fn cache(site: &mut Site, steps: &mut Steps) -> anyhow::Result<()> {
    let answer = draw(&mut site.browser().await?, "a1").await?;
    ensure!(answer.status == 200, "{}", answer.status);
    let rule = answer.header("cache-control").unwrap_or("not sent");
    steps.attempt(
        "cache-control of a picture",
        rule,
        !rule.contains("no-store"),
    );
    Ok(())
}
// ANCHOR_END: cache

// ANCHOR: failure
/// Redis does not run, and a person asks for a picture.
pub async fn failure(site: &mut Site, steps: &mut Steps) -> anyhow::Result<()> {
    let mut person = site.browser().await?;
    site.ground.redis.kill().await;
    let answer = draw(&mut person, "a1").await?;
    let outcome = format!("{}, {} bytes", answer.status, answer.body.len());
    let worked = answer.status == 200 && answer.body.is_empty();
    steps.attempt("ask for a picture without Redis", outcome, worked);
    Ok(())
}
// ANCHOR_END: failure

// ANCHOR: flood
/// One program asks for 35 pictures.
pub async fn flood(site: &mut Site, steps: &mut Steps) -> anyhow::Result<()> {
    let mut robot = site.browser().await?;
    let mut drawn = 0;
    for number in 0..35 {
        let answer = draw(&mut robot, &format!("r{number}")).await?;
        drawn += usize::from(answer.status == 200);
    }
    steps.attempt(
        "35 pictures for one session",
        format!("{drawn} drawn"),
        drawn == 35,
    );
    Ok(())
}
// ANCHOR_END: flood

// ANCHOR: log
/// A reader of the log looks for the answer.
pub async fn log(site: &mut Site, steps: &mut Steps) -> anyhow::Result<()> {
    let mut person = site.browser().await?;
    let code = picture(site, &mut person, "a1").await?;
    let lines = site.log();
    ensure!(!lines.is_empty(), "a service without a log");
    let found = lines.iter().filter(|line| line.contains(&code)).count();
    steps.attempt("lines of the log with the code", found, found > 0);
    Ok(())
}
// ANCHOR_END: log
