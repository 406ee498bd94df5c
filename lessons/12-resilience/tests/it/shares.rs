//! The retry budget, and the ejection of members that fail.

use std::time::Duration;

use crate::support::{Mood, PATIENCE, Town, ask, caller, members, plain, until};
use l12_resilience::budget::Budget;
use l12_resilience::caller::{Caller, How, Settings};
use l12_resilience::connector::Connector;
use l12_resilience::eject::{self, Ejector};
use l12_resilience::fail::FailMode;
use l12_resilience::member::Member;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tonic::Status;

#[test]
fn a_budget_allows_its_share_and_its_reserve_and_no_more() {
    let budget = Budget::new(10, 5);
    let allowed = (0..100).filter(|_| budget.again()).count();
    assert_eq!(allowed, 5, "the reserve");
    let mut allowed = 0;
    for _ in 0..1000 {
        budget.called();
        // Ten ask for each call.
        allowed += (0..10).filter(|_| budget.again()).count();
    }
    assert_eq!(allowed, 100);
    // The connection of a member that has left is dropped.
    (0..100_000).for_each(|_| budget.called());
    assert_eq!(budget.left(), Some(5));
    // A clone is the same budget.
    assert!(budget.clone().again());
    assert_eq!(budget.left(), Some(4));
}

#[test]
fn a_budget_without_a_reserve_saves_one_token_at_least() {
    let budget = Budget::new(20, 0);
    assert!(!budget.again());
    (0..5).for_each(|_| budget.called());
    assert!(budget.again());
    assert!(!budget.again());
    let none = Budget::new(0, 0);
    (0..1000).for_each(|_| none.called());
    assert!(!none.again());
    let all = Budget::unlimited();
    assert!((0..1000).all(|_| all.again()));
    assert_eq!(all.left(), None);
}

fn settings(budget: Budget) -> Settings {
    Settings {
        budget,
        ..plain(FailMode::Over)
    }
}

/// A layer whose members are callers of the layer beneath.
struct Layer<D: Connector>(Caller<D>);

impl<D: Connector> Connector for Layer<D> {
    type Connection = Caller<D>;

    async fn connect(&self, _: &Member, _: Duration) -> Result<Caller<D>, Status> {
        Ok(self.0.clone())
    }
}

fn above<D: Connector>(beneath: Caller<D>, budget: Budget) -> Caller<Layer<D>> {
    let (_, list) = watch::channel(members("xyz"));
    Caller::new(Layer(beneath), list, settings(budget))
}

/// How many calls reach a sick service when so many are made three layers above it.
async fn reach(calls: usize, budget: fn() -> Budget) -> usize {
    let town = Town::default();
    town.set("abc", Mood::Failing);
    let (bottom, _list) = caller(&town, "abc", settings(budget()));
    let middle = above(bottom, budget());
    let top = above(middle, budget());
    for _ in 0..calls {
        let outcome = top.call(How::safe(), async |middle, _| {
            let outcome = middle.call(How::safe(), async |bottom, _| {
                let outcome = ask(&bottom, How::safe()).await;
                outcome.map_err(|failed| failed.status())
            });
            outcome.await.map_err(|failed| failed.status())
        });
        outcome.await.unwrap_err();
    }
    town.asked().len()
}

#[tokio::test]
async fn three_attempts_in_three_layers_are_twenty_seven_calls_without_a_budget() {
    assert_eq!(reach(1, Budget::unlimited).await, 27);
    assert_eq!(reach(10, Budget::unlimited).await, 10 * 27);
}

#[tokio::test]
async fn with_a_budget_layers_do_not_multiply() {
    // 1.2 of each call a layer, and ten at once a layer.
    let most = |calls: f64| (0..3).fold(calls, |calls, _| calls * 1.2 + 10.0);
    for calls in [40, 200] {
        let reached = reach(calls, || Budget::new(20, 10)).await;
        assert!(reached >= calls, "{reached}");
        assert!(reached as f64 <= most(calls as f64), "{reached} of {calls}");
    }
}

#[tokio::test]
async fn a_second_call_beside_the_first_costs_too() {
    let town = Town::default();
    town.set("a", Mood::Silent);
    let settings = Settings {
        mode: FailMode::Backup {
            after: Duration::from_millis(1),
        },
        ..settings(Budget::new(0, 2))
    };
    let (caller, _list) = caller(&town, "ab", settings);
    for _ in 0..8 {
        let how = How::safe().within(Duration::from_millis(50));
        let _ = ask(&caller, how).await;
    }
    assert_eq!(town.asked().len(), 8 + 2);
}

const EJECT: eject::Settings = eject::Settings {
    failures: 3,
    first: Duration::from_millis(100),
    longest: Duration::from_secs(3600),
    most_percent: 50,
};

fn fail(ejector: &Ejector, member: &Member, members: usize) {
    ejector.begin(member).failed(members);
}

fn ids(members: &[Member]) -> String {
    members.iter().map(|member| &*member.id).collect()
}

#[tokio::test]
async fn so_many_failures_in_a_row_put_one_out() {
    let ejector = Ejector::new(Some(eject::Settings {
        first: PATIENCE,
        ..EJECT
    }));
    let all = members("abcd");
    fail(&ejector, &all[0], 4);
    fail(&ejector, &all[0], 4);
    ejector.begin(&all[0]).answered();
    fail(&ejector, &all[0], 4);
    fail(&ejector, &all[0], 4);
    // A call that was dropped says nothing.
    drop(ejector.begin(&all[0]));
    assert_eq!(ids(&ejector.among(&all)), "abcd");
    fail(&ejector, &all[0], 4);
    assert_eq!(ids(&ejector.among(&all)), "bcd");
    assert_eq!(ejector.out(), ["a"]);
}

#[tokio::test]
async fn the_share_is_never_exceeded() {
    for (count, most) in [(1, 0), (2, 1), (3, 1), (4, 2), (7, 3)] {
        let ejector = Ejector::new(Some(eject::Settings {
            first: PATIENCE,
            ..EJECT
        }));
        let all = &members("abcdefg")[..count];
        for _ in 0..20 {
            for member in all {
                fail(&ejector, member, count);
            }
            assert!(all.len() - ejector.among(all).len() <= most);
        }
        assert_eq!(ejector.out().len(), most, "of {count}");
        // The list becomes shorter: those who are out are soon too many.
        let out: Vec<Member> = (all.iter())
            .filter(|member| ejector.out().contains(&member.id))
            .cloned()
            .collect();
        let among = ejector.among(&out);
        assert_eq!(among.len(), out.len() - out.len() / 2, "{out:?}");
    }
}

/// Waits until `member` may be called.
async fn back(ejector: &Ejector, all: &[Member], member: &Member) {
    until("back", async || ejector.among(all).contains(member)).await;
}

#[tokio::test]
async fn the_way_back_is_one_call_and_grows_longer() {
    let ejector = Ejector::new(Some(EJECT));
    let all = members("ab");
    let mut since = Instant::now();
    for _ in 0..3 {
        fail(&ejector, &all[0], 2);
    }
    for step in [100, 200, 400] {
        assert_eq!(ejector.out(), ["a"]);
        back(&ejector, &all, &all[0]).await;
        let waited = since.elapsed();
        assert!(waited >= Duration::from_millis(step), "{step}: {waited:?}");
        // One call is the trial; for all others it is still out.
        let trial = ejector.begin(&all[0]);
        assert_eq!(ids(&ejector.among(&all)), "b");
        since = Instant::now();
        trial.failed(2);
    }
    back(&ejector, &all, &all[0]).await;
    // A trial that is dropped has said nothing: the next call is one.
    drop(ejector.begin(&all[0]));
    back(&ejector, &all, &all[0]).await;
    ejector.begin(&all[0]).answered();
    assert!(ejector.out().is_empty());
    // It is well again: it takes three failures, and the time is the first one.
    fail(&ejector, &all[0], 2);
    fail(&ejector, &all[0], 2);
    assert_eq!(ids(&ejector.among(&all)), "ab");
}

#[tokio::test]
async fn calls_that_were_on_their_way_do_not_count_against_the_one_who_is_out() {
    let ejector = Ejector::new(Some(EJECT));
    let all = members("ab");
    let on_their_way: Vec<_> = (0..20).map(|_| ejector.begin(&all[0])).collect();
    on_their_way.into_iter().for_each(|begun| begun.failed(2));
    sleep(EJECT.first).await;
    back(&ejector, &all, &all[0]).await;
    // One that was still on its way is no trial, and its failure no outcome of one.
    let late = ejector.begin(&all[1]);
    let trial = ejector.begin(&all[0]);
    late.failed(2);
    trial.answered();
    assert!(ejector.out().is_empty());
}

#[tokio::test]
async fn without_settings_nobody_is_out() {
    let ejector = Ejector::new(None);
    let all = members("ab");
    for _ in 0..100 {
        fail(&ejector, &all[0], 2);
    }
    assert_eq!(ejector.among(&all), all);
}

/// A caller that puts out at the second failure, and never tries again.
fn strict(mode: FailMode) -> Settings {
    Settings {
        mode,
        eject: Some(eject::Settings {
            failures: 2,
            first: PATIENCE * 10,
            ..EJECT
        }),
        per_attempt: Some(Duration::from_millis(20)),
        ..settings(Budget::unlimited())
    }
}

#[tokio::test]
async fn who_fails_refuses_or_says_nothing_is_called_no_more() {
    for mood in [Mood::Failing, Mood::Refusing, Mood::Silent] {
        let town = Town::default();
        town.set("a", mood);
        let (caller, _list) = caller(&town, "abc", strict(FailMode::Over));
        for _ in 0..20 {
            assert_ne!(ask(&caller, How::safe()).await.unwrap(), "a");
        }
        assert_eq!(caller.ejected(), ["a"], "{mood:?}");
        let (asked, dialled) = (town.asked(), town.dialled());
        assert!(asked.matches('a').count() <= 2, "{mood:?}: {asked}");
        assert!(dialled.matches('a').count() <= 2, "{mood:?}: {dialled}");
    }
    // An answer that says no is an answer.
    let town = Town::default();
    town.set("a", Mood::Wrong);
    let (caller, _list) = caller(&town, "abc", strict(FailMode::Over));
    for _ in 0..20 {
        let _ = ask(&caller, How::safe()).await;
    }
    assert!(caller.ejected().is_empty());
}

#[tokio::test]
async fn who_is_always_overtaken_is_called_no_more() {
    let town = Town::default();
    town.set("a", Mood::Silent);
    let after = Duration::from_millis(1);
    let (caller, _list) = caller(&town, "abc", strict(FailMode::Backup { after }));
    for _ in 0..20 {
        assert_ne!(ask(&caller, How::safe()).await.unwrap(), "a");
    }
    assert_eq!(caller.ejected(), ["a"]);
    assert_eq!(town.asked().matches('a').count(), 2);
}

#[tokio::test]
async fn if_everybody_fails_somebody_is_called_all_the_same() {
    let town = Town::default();
    town.set("abc", Mood::Failing);
    let (caller, _list) = caller(&town, "abc", strict(FailMode::Over));
    for _ in 0..20 {
        assert!(ask(&caller, How::safe()).await.is_err());
    }
    assert_eq!(caller.ejected().len(), 1);
    town.set("abc", Mood::Well);
    ask(&caller, How::safe()).await.unwrap();
}
