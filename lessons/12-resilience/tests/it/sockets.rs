//! Calls over real connections, to instances of `Arith` that fail, end, or call others.

use std::time::Duration;

use crate::support::running::{Killable, Running, client, code, refusing};
use crate::support::{PATIENCE, plain, until};
use crate::world::client::Client;
use crate::world::sick::Sick;
use l12_resilience::caller::{How, Settings};
use l12_resilience::fail::FailMode;
use tokio::sync::watch;
use tonic::Code;

#[tokio::test]
async fn the_calculator_calculates() {
    let one = Running::start("one", None, None).await;
    let client = client(&[&one.member], Settings::default());
    let (reply, attempts) = client.mul(How::safe(), 25, 4).await.unwrap();
    assert_eq!(
        (reply.product, &*reply.answered_by, attempts),
        (100, "one", 1)
    );
    let (reply, _) = client.div(How::safe(), 25, 4).await.unwrap();
    assert_eq!((reply.quotient, reply.remainder), (6, 1));
    let none = client.div(How::safe(), 25, 0).await;
    assert_eq!(code(none), (Code::InvalidArgument, 1));
    let big = client.mul(How::safe(), i64::MAX, 2).await;
    assert_eq!(code(big), (Code::OutOfRange, 1));
    let (reply, _) = client.remember(How::once(), 5).await.unwrap();
    assert_eq!(reply.memory, 5);
    one.end().await;
}

#[tokio::test]
async fn calls_go_round_and_over_those_who_fail_or_refuse() {
    let one = Running::start("one", None, None).await;
    let two = Running::start("two", None, None).await;
    let failing = Running::start("failing", Some(Sick::Failing), None).await;
    let (refusing, _held) = refusing();
    let all = [&one.member, &two.member, &failing.member, &refusing];
    let over = client(&all, plain(FailMode::Over));
    let mut by = std::collections::BTreeMap::new();
    for _ in 0..30 {
        let (reply, _) = over.mul(How::safe(), 25, 4).await.unwrap();
        assert_eq!(reply.product, 100);
        *by.entry(reply.answered_by).or_insert(0) += 1;
    }
    assert_eq!(by.len(), 2, "{by:?}");
    assert!(by.values().all(|count| *count >= 5), "{by:?}");
    let fast = client(&all, plain(FailMode::Fast));
    let mut lost = 0;
    for _ in 0..40 {
        lost += usize::from(fast.mul(How::safe(), 25, 4).await.is_err());
    }
    assert_eq!(lost, 20, "fast loses the calls to two of four");
}

#[tokio::test]
async fn the_loser_of_a_race_hears_that_nobody_waits_any_more() {
    let slow = Running::start("slow", Some(Sick::Slow(PATIENCE)), None).await;
    let well = Running::start("well", None, None).await;
    let after = Duration::from_millis(20);
    let backup = FailMode::Backup { after };
    let client = client(&[&slow.member, &well.member], plain(backup));
    for _ in 0..4 {
        let (reply, _) = client.mul(How::safe(), 25, 4).await.unwrap();
        assert_eq!(reply.answered_by, "well");
    }
    let begun = slow.count("Mul begins");
    assert!(begun >= 3, "{:?}", slow.heard());
    until("the losers have ended", async || {
        slow.count("Mul stopped") == begun
    })
    .await;
    // With one who may not run twice there is no race.
    let client = crate::support::running::client(&[&slow.member, &well.member], plain(backup));
    for _ in 0..2 {
        let how = How::once().within(Duration::from_millis(200));
        let _ = client.remember(how, 1).await;
    }
    assert_eq!(slow.count("Remember begins"), 1);
    assert_eq!(well.count("Remember begins"), 1);
}

#[tokio::test]
async fn what_may_have_run_is_not_made_again() {
    let losing = Running::start("losing", Some(Sick::Losing), None).await;
    let well = Running::start("well", None, None).await;
    for mode in [FailMode::Try, FailMode::Over] {
        let client = client(&[&losing.member, &well.member], plain(mode));
        let mut told = 0;
        for _ in 0..4 {
            match client.remember(How::once(), 1).await {
                Ok((reply, _)) => assert_eq!(reply.answered_by, "well"),
                Err(failed) => {
                    assert_eq!(code::<()>(Err(failed)), (Code::Unavailable, 1));
                    told += 1;
                }
            }
        }
        assert_eq!(
            told, 2,
            "{mode}: who asked is told, and not asked to believe"
        );
    }
    assert_eq!(losing.count("Remember begins"), 4);
    assert_eq!(well.count("Remember begins"), 4);
    // What changes nothing is made again by itself.
    let over = client(&[&losing.member, &well.member], plain(FailMode::Over));
    for _ in 0..4 {
        let (reply, _) = over.mul(How::safe(), 25, 4).await.unwrap();
        assert_eq!(reply.answered_by, "well");
    }
}

#[tokio::test]
async fn what_has_certainly_not_run_is_made_elsewhere_even_on_a_line_that_was_good() {
    let well = Running::start("well", None, None).await;
    let ends = Running::start("ends", None, None).await;
    let over = client(&[&well.member, &ends.member], plain(FailMode::Over));
    for _ in 0..4 {
        over.remember(How::once(), 1).await.unwrap();
    }
    ends.end().await;
    // It has sent GOAWAY, and no program listens there any more.
    for _ in 0..6 {
        let (reply, _) = over.remember(How::once(), 1).await.unwrap();
        assert_eq!(reply.answered_by, "well");
    }
    assert_eq!(well.count("Remember begins"), 2 + 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_dies_in_the_middle_of_a_call_may_have_done_it() {
    let well = Running::start("well", None, None).await;
    for safe in [false, true] {
        let dies = Killable::start("dies", Some(Sick::Slow(PATIENCE)));
        let (list, listed) = watch::channel(vec![dies.member.clone()]);
        let over = Client::new(listed, plain(FailMode::Over));
        let call = tokio::spawn(async move {
            match safe {
                true => (over.mul(How::safe(), 25, 4).await).map(|(reply, _)| reply.answered_by),
                false => (over.remember(How::once(), 1).await).map(|(reply, _)| reply.answered_by),
            }
        });
        until("begun", async || !dies.heard.lock().unwrap().is_empty()).await;
        list.send_replace(vec![dies.member.clone(), well.member.clone()]);
        dies.kill();
        let outcome = call.await.unwrap();
        match safe {
            true => assert_eq!(outcome.unwrap(), "well"),
            false => assert_eq!(code(outcome), (Code::Unavailable, 1)),
        }
    }
}

#[tokio::test]
async fn a_deadline_travels_over_two_hops_and_ends_the_work_at_the_end() {
    let b = Running::start("b", Some(Sick::Slow(PATIENCE)), None).await;
    let behind = client(&[&b.member], plain(FailMode::Fast));
    let a = Running::start("a", None, Some(behind)).await;
    let client = client(&[&a.member], plain(FailMode::Fast));
    let given = Duration::from_secs(1);
    let outcome = client.mul(How::safe().within(given), 25, 4).await;
    assert_eq!(code(outcome).0, Code::DeadlineExceeded);
    until("b has stopped", async || b.count("Mul stopped") == 1).await;
    // Each hop sees less than the one before; B's own clock would have been a minute.
    let (at_a, at_b) = (a.time(), b.time());
    assert!(at_b <= at_a && at_a <= 1000, "{at_b} ms, {at_a} ms");
}

#[tokio::test]
async fn who_hangs_up_is_heard_two_hops_further() {
    let b = Running::start("b", Some(Sick::Slow(PATIENCE)), None).await;
    let behind = client(&[&b.member], plain(FailMode::Fast));
    let a = Running::start("a", None, Some(behind)).await;
    let client = client(&[&a.member], plain(FailMode::Fast));
    let call = tokio::spawn(async move { client.mul(How::safe(), 25, 4).await });
    until("b works", async || b.count("Mul begins") == 1).await;
    call.abort();
    until("b has stopped", async || b.count("Mul stopped") == 1).await;
    assert_eq!(a.count("Mul stopped"), 1);
}

#[tokio::test]
async fn a_relay_passes_answers_and_refusals_on() {
    let b = Running::start("b", None, None).await;
    let behind = client(&[&b.member], plain(FailMode::Over));
    let a = Running::start("a", None, Some(behind)).await;
    let client = client(&[&a.member], plain(FailMode::Over));
    let (reply, _) = client.mul(How::safe(), 25, 4).await.unwrap();
    assert_eq!((reply.product, &*reply.answered_by), (100, "b"));
    let refused = client.div(How::safe(), 25, 0).await;
    assert_eq!(code(refused), (Code::InvalidArgument, 1));
    let (reply, _) = client.remember(How::once(), 3).await.unwrap();
    assert_eq!(reply.memory, 3);
}
