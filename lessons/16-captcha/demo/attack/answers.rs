//! Attacks on the answer: to be let in without reading the picture.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use l16_captcha::extra::naive;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::Steps;
use super::site::{Said, Site, answered, draw, picture};
use crate::browser::Browser;

/// So many connections guess at the same time.
const WORKERS: usize = 16;

// ANCHOR: guess
/// One picture, and all answers from 0000 on, until one of them fits.
pub async fn guess(site: &mut Site, steps: &mut Steps) -> anyhow::Result<()> {
    let mut robot = site.browser().await?;
    let drawn = draw(&mut robot, "a1").await?;
    steps.note("ask for one picture", format!("status {}", drawn.status));
    // A test begins shortly before the code, so that it is short.
    let first = match cfg!(test) {
        true => near(site, &robot).await?,
        false => 0,
    };
    let (next, done) = (
        Arc::new(AtomicUsize::new(first)),
        Arc::new(AtomicBool::new(false)),
    );
    let begun = Instant::now();
    let mut workers = JoinSet::new();
    for _ in 0..WORKERS {
        let (mut robot, next, done) = (
            robot.in_another_window(),
            Arc::clone(&next),
            Arc::clone(&done),
        );
        workers.spawn(async move {
            let mut last = Said::Wrong;
            while !done.load(Ordering::SeqCst) {
                let guess = next.fetch_add(1, Ordering::SeqCst);
                last = answered(&mut robot, "a1", &format!("{guess:04}")).await?;
                if guess >= 9_999 || matches!(last, Said::LetIn | Said::TooMany) {
                    done.store(true, Ordering::SeqCst);
                }
            }
            anyhow::Ok(last)
        });
    }
    let last = workers.join_all().await;
    let last = last.into_iter().collect::<anyhow::Result<Vec<Said>>>()?;
    let (guesses, seconds) = (next.load(Ordering::SeqCst), begun.elapsed().as_secs_f64());
    steps.note(
        "answers sent: 0000, 0001, 0002 ...",
        format!("{guesses} in {seconds:.1} s"),
    );
    let let_in = last.contains(&Said::LetIn);
    let end = if let_in { Said::LetIn } else { Said::TooMany };
    steps.attempt("the last answer", end, let_in);
    Ok(())
}
// ANCHOR_END: guess

async fn near(site: &Site, robot: &Browser) -> anyhow::Result<usize> {
    let code = site.code(robot, "a1").await?.context("no code in Redis")?;
    Ok(code.parse::<usize>()?.saturating_sub(50))
}

// ANCHOR: race
/// The right answer, from two clients at the same moment.
pub async fn race(site: &mut Site, steps: &mut Steps) -> anyhow::Result<()> {
    let mut one = site.browser().await?;
    let code = picture(site, &mut one, "a1").await?;
    let mut two = one.in_another_window();
    let (one, two) = tokio::join!(
        answered(&mut one, "a1", &code),
        answered(&mut two, "a1", &code),
    );
    let said = [one?, two?];
    let let_in = said.iter().filter(|said| **said == Said::LetIn).count();
    steps.attempt(
        "one right answer, sent twice at once",
        format!("{let_in} of 2 let in"),
        let_in > 1,
    );
    Ok(())
}
// ANCHOR_END: race

// ANCHOR: empty
/// An empty answer, wherever the store may have no code.
pub async fn empty(site: &mut Site, steps: &mut Steps) -> anyhow::Result<()> {
    let mut robot = site.browser().await?;
    let said = answered(&mut robot, "never-drawn", "").await?;
    steps.attempt(
        "\"\" for a picture that never was",
        said,
        said == Said::LetIn,
    );

    picture(site, &mut robot, "a1").await?;
    site.expire(&robot, "a1").await?;
    let said = answered(&mut robot, "a1", "").await?;
    steps.attempt("\"\" for an expired one", said, said == Said::LetIn);

    let code = picture(site, &mut robot, "a2").await?;
    ensure!(
        answered(&mut robot, "a2", &code).await? == Said::LetIn,
        "the right answer"
    );
    let said = answered(&mut robot, "a2", "").await?;
    steps.attempt("\"\" for one that was answered", said, said == Said::LetIn);

    picture(site, &mut robot, "a3").await?;
    site.ground.redis.kill().await;
    let said = answered(&mut robot, "a3", "").await?;
    steps.attempt("\"\" while Redis does not run", said, said == Said::LetIn);
    Ok(())
}
// ANCHOR_END: empty

// ANCHOR: relay
/// A person reads the picture in one session, and a program answers it in another one.
pub async fn relay(site: &mut Site, steps: &mut Steps) -> anyhow::Result<()> {
    let (mut person, mut robot) = (site.browser().await?, site.browser().await?);
    let code = picture(site, &mut person, "a1").await?;
    let said = answered(&mut robot, "a1", &code).await?;
    steps.attempt(
        "the program sends the person's answer",
        said,
        said == Said::LetIn,
    );
    let said = answered(&mut person, "a1", &code).await?;
    steps.note("then the person sends it", said);
    Ok(())
}
// ANCHOR_END: relay

// ANCHOR: seed
/// Three codes that were read tell the seed, and the seed tells the next code.
pub async fn seed(site: &mut Site, steps: &mut Steps) -> anyhow::Result<()> {
    let mut thief = site.browser().await?;
    let mut seen = Vec::new();
    for id in ["a1", "a2", "a3"] {
        seen.push(picture(site, &mut thief, id).await?);
    }
    // A generator for each second of the last hour: which one draws these three?
    let now = naive::seconds();
    let seed = (now - 3600..=now).find(|&second| {
        let mut lottery = naive::luck::Lottery::new(second);
        seen.iter().all(|code| lottery.draw().0 == *code)
    });
    let found = seed.map_or("none of 3,601".to_owned(), |seed| {
        format!("{} s ago", now - seed)
    });
    steps.note("the seed that draws the three codes", found);
    // The fourth picture is another visitor's.
    let mut victim = site.browser().await?;
    let code = picture(site, &mut victim, "b1").await?;
    let guess = seed.map(naive::luck::Lottery::new).map(|mut lottery| {
        let codes = (0..4).map(|_| lottery.draw().0);
        codes.last().unwrap_or_default()
    });
    let guess = guess.unwrap_or("0000".to_owned());
    let said = answered(&mut victim, "b1", &guess).await?;
    steps.attempt(
        "the fourth code, unread",
        said,
        said == Said::LetIn && guess == code,
    );
    Ok(())
}
// ANCHOR_END: seed

// ANCHOR: silence
/// Redis accepts connections and says nothing: for how long does a browser wait?
pub async fn silence(site: &mut Site, steps: &mut Steps) -> anyhow::Result<()> {
    let mut person = site.browser().await?;
    picture(site, &mut person, "a1")
        .await
        .context("before the silence")?;
    site.ground.redis_tap.fall_silent();
    let begun = Instant::now();
    let answer = timeout(Duration::from_secs(8), draw(&mut person, "a2")).await;
    let outcome = match &answer {
        Ok(answer) => {
            let status = answer.as_ref().map_or(0, |answer| answer.status);
            format!("{status} after {:.1} s", begun.elapsed().as_secs_f64())
        }
        Err(_) => "nothing after 8 s".to_owned(),
    };
    steps.attempt("ask for a picture", outcome, answer.is_err());
    Ok(())
}
// ANCHOR_END: silence
