//! Attacks on the answer: to come in without having read the picture.

use std::time::Duration;

use anyhow::{Context, ensure};
use l16_captcha::extra::naive as notes;
use services::Side;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::site::{Site, accepted, draw, mended, picture};

// ANCHOR: counting
#[tokio::test]
async fn a_program_counts_until_it_is_in() -> anyhow::Result<()> {
    mended(async |site| {
        let mut robot = site.browser().await?;
        let code: u32 = picture(site, &mut robot, "a1").await?.parse()?;
        // It would begin at 0000. So that the test is short, it begins five before the right one.
        for guess in (code + 9_995)..=(code + 10_000) {
            let guess = format!("{:04}", guess % 10_000);
            if accepted(&mut robot, "a1", &guess).await? {
                return Ok(true);
            }
        }
        Ok(false)
    })
    .await
}
// ANCHOR_END: counting

// ANCHOR: both
#[tokio::test]
async fn one_answer_opens_two_doors() -> anyhow::Result<()> {
    for side in Side::to_test()? {
        // Whoever sends DEL waits on the way until a second DEL is there.
        let site = Site::notes_with(side, Some("DEL")).await?;
        let (mut one, mut two) = (site.browser().await?, site.browser().await?);
        let code = picture(&site, &mut one, "a1").await?;
        let (one, two) = tokio::join!(
            accepted(&mut one, "a1", &code),
            accepted(&mut two, "a1", &code),
        );
        assert!(
            one? && two?,
            "{side}: both have read the code before it was gone"
        );

        // There is no DEL to wait for here: reading and taking away is one step. So: eight at once.
        let site = Site::of_this_lesson(side).await?;
        let mut person = site.browser().await?;
        let code = picture(&site, &mut person, "a1").await?;
        let mut doors = JoinSet::new();
        for _ in 0..8 {
            let (mut same, code) = (person.clone(), code.clone());
            doors.spawn(async move { accepted(&mut same, "a1", &code).await });
        }
        let opened = doors.join_all().await;
        let opened = opened.into_iter().collect::<anyhow::Result<Vec<bool>>>()?;
        let opened = opened.into_iter().filter(|open| *open).count();
        assert_eq!(opened, 1, "{side}: one answer, one door");
    }
    Ok(())
}
// ANCHOR_END: both

// ANCHOR: nothing
#[tokio::test]
async fn nothing_is_right_when_the_time_is_over() -> anyhow::Result<()> {
    mended(async |site| {
        let mut robot = site.browser().await?;
        picture(site, &mut robot, "a1").await?;
        site.expire(&robot, "a1").await?;
        accepted(&mut robot, "a1", "").await
    })
    .await
}

#[tokio::test]
async fn nothing_is_right_for_a_picture_that_never_was() -> anyhow::Result<()> {
    mended(async |site| {
        let mut robot = site.browser().await?;
        accepted(&mut robot, "never-drawn", "").await
    })
    .await
}

#[tokio::test]
async fn one_picture_lets_a_program_in_for_ever() -> anyhow::Result<()> {
    mended(async |site| {
        let mut robot = site.browser().await?;
        let code = picture(site, &mut robot, "a1").await?;
        ensure!(accepted(&mut robot, "a1", &code).await?, "the right answer");
        let again = accepted(&mut robot, "a1", &code).await?;
        Ok(again || accepted(&mut robot, "a1", "").await?)
    })
    .await
}

#[tokio::test]
async fn everybody_is_let_in_while_redis_is_away() -> anyhow::Result<()> {
    mended(async |site| {
        let mut robot = site.browser().await?;
        picture(site, &mut robot, "a1").await?;
        site.redis.kill().await;
        accepted(&mut robot, "a1", "").await
    })
    .await
}
// ANCHOR_END: nothing

// ANCHOR: silent
#[tokio::test]
async fn a_redis_that_says_nothing_holds_the_browser_for_ever() -> anyhow::Result<()> {
    mended(async |site| {
        let mut person = site.browser().await?;
        picture(site, &mut person, "a1").await?;
        site.redis_tap.fall_silent();
        // Longer than anybody waits for a picture.
        let answer = timeout(Duration::from_secs(8), draw(&mut person, "a2")).await;
        Ok(answer.is_err())
    })
    .await
}
// ANCHOR_END: silent

// ANCHOR: farm
#[tokio::test]
async fn somebody_else_reads_it_for_the_program() -> anyhow::Result<()> {
    mended(async |site| {
        let (mut worker, mut robot) = (site.browser().await?, site.browser().await?);
        let code = picture(site, &mut worker, "a1").await?;
        let robot_is_in = accepted(&mut robot, "a1", &code).await?;
        // And if not, the one who was asked has lost nothing by it.
        ensure!(robot_is_in || accepted(&mut worker, "a1", &code).await?);
        Ok(robot_is_in)
    })
    .await
}
// ANCHOR_END: farm

// ANCHOR: seed
#[tokio::test]
async fn whoever_knows_when_it_was_started_knows_all_codes() -> anyhow::Result<()> {
    mended(async |site| {
        // Three pictures, read as a person reads them.
        let mut thief = site.browser().await?;
        let mut seen = Vec::new();
        for id in ["a1", "a2", "a3"] {
            seen.push(picture(site, &mut thief, id).await?);
        }
        // A generator that begins in each second of the last hour: which one draws these three?
        let now = notes::seconds();
        let begun = (now - 3600..=now).find(|&second| {
            let mut luck = notes::luck::Lottery::new(second);
            seen.iter().all(|code| luck.draw().0 == *code)
        });
        let Some(second) = begun else {
            return Ok(false);
        };
        // The fourth is somebody else's.
        let mut victim = site.browser().await?;
        let code = picture(site, &mut victim, "b1").await?;
        let mut luck = notes::luck::Lottery::new(second);
        let told = (0..4).map(|_| luck.draw().0).last().context("no code")?;
        Ok(told == code)
    })
    .await
}
// ANCHOR_END: seed
