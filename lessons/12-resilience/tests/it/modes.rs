//! Each fail mode with calls that fail, against members without sockets.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::{Mood, PATIENCE, Town, ask, caller, members, plain, until};
use l06_grpc::retry::Repeat;
use l12_resilience::caller::{Failed, How, Settings};
use l12_resilience::fail::FailMode;
use l12_resilience::select::Select;
use l12_resilience::{deadline, eject};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tonic::Code;

/// As late as makes no difference.
const SOON: Duration = Duration::from_millis(1);
const BACKUP: FailMode = FailMode::Backup { after: SOON };
const MODES: [FailMode; 4] = [FailMode::Fast, FailMode::Try, FailMode::Over, BACKUP];

/// The code, and how many attempts there were.
fn failed(outcome: Result<String, Failed>) -> (Code, u32) {
    match outcome.unwrap_err() {
        Failed::Call { status, attempts } => (status.code(), attempts),
        Failed::NoMember => panic!("there was a member"),
    }
}

#[tokio::test]
async fn each_mode_makes_so_many_attempts_when_all_fail() {
    for (mode, ids, attempts) in [
        (FailMode::Fast, "abc", "one"),
        (FailMode::Try, "abc", "the same one three times"),
        (FailMode::Over, "abc", "three different ones"),
        // With no other member the same one is called.
        (FailMode::Over, "a", "the same one three times"),
        (BACKUP, "abc", "two different ones"),
        // Without another member there is no second call.
        (BACKUP, "a", "one"),
    ] {
        let town = Town::default();
        town.set("abc", Mood::Failing);
        let (caller, _list) = caller(&town, ids, plain(mode));
        let (code, number) = failed(ask(&caller, How::safe()).await);
        assert_eq!(code, Code::Unavailable, "{mode} {ids}");
        let asked: Vec<char> = town.asked().chars().collect();
        assert_eq!(asked.len(), number as usize, "{mode} {ids}");
        let made = match (number, BTreeSet::from_iter(asked).len()) {
            (1, 1) => "one",
            (2, 2) => "two different ones",
            (3, 3) => "three different ones",
            (3, 1) => "the same one three times",
            other => panic!("{mode} {ids}: {other:?}"),
        };
        assert_eq!(made, attempts, "{mode} {ids}");
    }
}

#[tokio::test]
async fn try_asks_the_same_one_again_though_others_are_well() {
    let town = Town::default();
    town.set("a", Mood::Failing);
    let (caller, _list) = caller(&town, "abc", plain(FailMode::Try));
    let outcomes = [
        ask(&caller, How::safe()).await,
        ask(&caller, How::safe()).await,
        ask(&caller, How::safe()).await,
    ];
    let asked = town.asked();
    assert_eq!(asked.matches("aaa").count(), 1, "{asked}");
    assert_eq!(asked.len(), 5, "{asked}");
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 2);
}

#[tokio::test]
async fn try_asks_somebody_else_when_the_same_one_has_left() {
    let town = Town::default();
    town.set("a", Mood::Failing);
    let (caller, list) = caller(&town, "a", plain(FailMode::Try));
    let asking = ask(&caller, How::safe());
    let leaving = async {
        until("a is asked", async || {
            !town.notes(|notes| notes.asked.is_empty())
        })
        .await;
        list.send_replace(members("b"));
    };
    let (outcome, ()) = tokio::join!(asking, leaving);
    assert_eq!(outcome.unwrap(), "b");
}

#[tokio::test]
async fn over_asks_another_one_each_time() {
    let town = Town::default();
    town.set("ab", Mood::Failing);
    let (caller, _list) = caller(&town, "abc", plain(FailMode::Over));
    for _ in 0..6 {
        assert_eq!(ask(&caller, How::safe()).await.unwrap(), "c");
        let asked = town.asked();
        assert!(
            ["abc", "bac", "bc", "ac", "c"].contains(&&*asked),
            "{asked}"
        );
    }
}

#[tokio::test]
async fn over_and_backup_leave_a_silent_one_and_its_work_ends() {
    // Over waits until the attempt is over, backup asks a second one beside it.
    let over = Settings {
        per_attempt: Some(SOON),
        ..plain(FailMode::Over)
    };
    for settings in [over, plain(BACKUP)] {
        let (town, mode) = (Town::default(), settings.mode);
        town.set("a", Mood::Silent);
        let (caller, _list) = caller(&town, "ab", settings);
        for _ in 0..4 {
            assert_eq!(ask(&caller, How::safe()).await.unwrap(), "b", "{mode}");
        }
        // b was the last each time, so a is the next; only the first call may have begun with b.
        let asked = town.asked();
        assert!(
            ["abababab", "bababab"].contains(&&*asked),
            "{mode}: {asked}"
        );
        assert_eq!(town.stopped(), asked.replace('b', ""), "{mode}");
    }
}

#[tokio::test]
async fn backup_asks_nobody_else_when_the_first_is_in_time() {
    let town = Town::default();
    let after = FailMode::Backup { after: PATIENCE };
    let (caller, _list) = caller(&town, "ab", plain(after));
    for _ in 0..4 {
        ask(&caller, How::safe()).await.unwrap();
    }
    assert_eq!(town.asked().len(), 4);
    // A failure is no answer: the second is asked at once, and not when the first would be late.
    town.set("a", Mood::Failing);
    for _ in 0..4 {
        assert_eq!(ask(&caller, How::safe()).await.unwrap(), "b");
    }
}

#[tokio::test]
async fn what_may_have_run_is_not_repeated_in_any_mode_unless_it_is_safe() {
    for mode in MODES {
        let town = Town::default();
        town.set("abc", Mood::Failing);
        let (caller, _list) = caller(&town, "abc", plain(mode));
        let outcome = ask(&caller, How::once()).await;
        assert_eq!(failed(outcome), (Code::Unavailable, 1), "{mode}");
        assert_eq!(town.asked().len(), 1, "{mode}");
    }
    // Not even when it is late: backup has no second one, and no attempt ends early.
    let town = Town::default();
    town.set("ab", Mood::Silent);
    for mode in [FailMode::Over, BACKUP] {
        let settings = Settings {
            per_attempt: Some(SOON),
            ..plain(mode)
        };
        let (caller, _list) = caller(&town, "ab", settings);
        let how = How::once().within(Duration::from_millis(50));
        assert_eq!(failed(ask(&caller, how).await), (Code::DeadlineExceeded, 1));
        assert_eq!(town.asked().len(), 1, "{mode}");
    }
}

#[tokio::test]
async fn what_has_certainly_not_run_may_be_repeated_in_any_case() {
    for repeat in [Repeat::Safe, Repeat::Never] {
        for mode in [FailMode::Over, BACKUP] {
            let town = Town::default();
            town.set("a", Mood::Refusing);
            let (caller, _list) = caller(&town, "ab", plain(mode));
            for _ in 0..4 {
                let how = How {
                    repeat,
                    ..How::safe()
                };
                assert_eq!(ask(&caller, how).await.unwrap(), "b", "{mode}, {repeat:?}");
            }
            assert_eq!(town.asked(), "bbbb", "each ran once");
        }
    }
}

#[tokio::test]
async fn what_was_answered_is_over_in_every_mode() {
    for mode in MODES {
        for (mood, code) in [
            (Mood::Wrong, Code::InvalidArgument),
            (Mood::Broken, Code::Internal),
        ] {
            let town = Town::default();
            town.set("abc", mood);
            let (caller, _list) = caller(&town, "abc", plain(mode));
            assert_eq!(failed(ask(&caller, How::safe()).await), (code, 1), "{mode}");
        }
    }
}

/// That of the call, and that of the caller that waits for this program.
#[tokio::test]
async fn a_call_ends_with_the_shorter_deadline_in_every_mode() {
    for mode in MODES {
        let town = Town::default();
        town.set("abc", Mood::Silent);
        let (caller, _list) = caller(&town, "abc", plain(mode));
        let (short, since) = (Duration::from_millis(50), Instant::now());
        let own = ask(&caller, How::safe().within(short)).await;
        assert_eq!(failed(own).0, Code::DeadlineExceeded, "{mode}");
        let patient = ask(&caller, How::safe().within(PATIENCE));
        let scoped = deadline::scope(Instant::now() + short, patient).await;
        assert_eq!(failed(scoped).0, Code::DeadlineExceeded, "{mode}");
        assert!(since.elapsed() < PATIENCE / 2, "{mode}");
    }
}

#[tokio::test]
async fn scopes_only_become_shorter() {
    assert_eq!(deadline::until(), None);
    let (soon, late) = (Instant::now() + SOON, Instant::now() + PATIENCE);
    let inner = deadline::scope(soon, deadline::scope(late, async { deadline::until() }));
    assert_eq!(inner.await, Some(soon));
    let inner = deadline::scope(late, deadline::scope(soon, async { deadline::until() }));
    assert_eq!(inner.await, Some(soon));
    let left = deadline::scope(late, async { deadline::remaining() }).await;
    assert!(left.is_some_and(|left| left <= PATIENCE && left > PATIENCE / 2));
    let over = deadline::scope(Instant::now(), async { deadline::remaining() });
    assert_eq!(over.await, Some(Duration::ZERO));
}

#[tokio::test]
async fn no_instance_is_said_at_once() {
    for mode in MODES {
        let (caller, list) = caller(&Town::default(), "", plain(mode));
        let outcome = ask(&caller, How::safe()).await;
        assert!(matches!(outcome, Err(Failed::NoMember)), "{mode}");
        assert_eq!(outcome.unwrap_err().status().code(), Code::Unavailable);
        list.send_replace(members("a"));
        assert_eq!(ask(&caller, How::safe()).await.unwrap(), "a");
        // The writer of the list is gone. It is still the list.
        drop(list);
        assert_eq!(ask(&caller, How::safe()).await.unwrap(), "a");
    }
}

#[tokio::test]
async fn a_key_stays_with_its_member_and_comes_back_to_it() {
    let town = Town::default();
    let settings = Settings {
        select: Select::ConsistentHash,
        ..plain(FailMode::Over)
    };
    let (caller, _list) = caller(&town, "abcd", settings);
    let key = || How::safe().key("Ada");
    let its = ask(&caller, key()).await.unwrap();
    for _ in 0..10 {
        assert_eq!(ask(&caller, key()).await.unwrap(), its);
    }
    town.set(&its, Mood::Failing);
    let second = ask(&caller, key()).await.unwrap();
    assert_ne!(second, its);
    for _ in 0..10 {
        assert_eq!(
            ask(&caller, key()).await.unwrap(),
            second,
            "always the same one"
        );
    }
    town.set(&its, Mood::Well);
    assert_eq!(ask(&caller, key()).await.unwrap(), its);
}

#[tokio::test]
async fn lines_are_shared_kept_and_forgotten() {
    let town = Town::default();
    let (caller, list) = caller(&town, "a", plain(FailMode::Fast));
    let mut calls = JoinSet::new();
    for _ in 0..100 {
        let caller = caller.clone();
        calls.spawn(async move { ask(&caller, How::safe()).await.unwrap() });
    }
    while let Some(answered) = calls.join_next().await {
        assert_eq!(answered.unwrap(), "a");
    }
    assert_eq!(town.dialled(), "a", "a hundred calls share one line");
    // An answer that says no is no reason to dial, a broken line is.
    for (mood, dialled) in [(Mood::Wrong, ""), (Mood::Failing, "")] {
        town.set("a", mood);
        assert!(ask(&caller, How::safe()).await.is_err());
        assert_eq!(town.dialled(), dialled);
    }
    town.set("a", Mood::Well);
    ask(&caller, How::safe()).await.unwrap();
    assert_eq!(town.dialled(), "a");
    // A member that leaves and comes back begins anew.
    for (list_now, dialled, lines) in [("ab", "b", 2), ("b", "", 1), ("ab", "a", 2)] {
        list.send_replace(members(list_now));
        for _ in 0..4 {
            ask(&caller, How::safe()).await.unwrap();
        }
        assert_eq!(town.dialled(), dialled, "{list_now}");
        assert_eq!(caller.connections(), lines, "{list_now}");
    }
    // The same id at another address is another line.
    let mut moved = members("ab");
    moved[0].addr.set_port(10);
    list.send_replace(moved);
    for _ in 0..4 {
        ask(&caller, How::safe()).await.unwrap();
    }
    assert_eq!(town.dialled(), "a");
}

#[test]
fn the_modes_have_names() {
    for mode in FailMode::ALL {
        assert_eq!(mode.to_string().parse(), Ok(mode));
    }
    assert!("overs".parse::<FailMode>().is_err());
    assert_eq!(Settings::default().mode, FailMode::Try);
    assert_eq!(Settings::default().select, Select::Random);
    assert!(eject::Settings::default().most_percent < 100);
}
