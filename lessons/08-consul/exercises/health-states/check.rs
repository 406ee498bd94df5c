//! The check of `health-states`: lists as Consul gives them, unsorted, with several checks an instance.

mod exercise;
mod given;

use exercise::Health::{Critical, Passing, Warning};
use exercise::{Health, Instance, choose};
use testkit::{Case, case};

/// The instance whose address ends in this number.
fn instance(last: u8, checks: &[Health]) -> Instance {
    Instance {
        addr: ([10, 0, 0, last], 80).into(),
        checks: checks.to_vec(),
    }
}

fn view<'a>(lasts: impl IntoIterator<Item = &'a str>) -> String {
    let lasts: Vec<_> = lasts.into_iter().collect();
    match lasts.is_empty() {
        true => "no instance".to_string(),
        false => lasts.join(", "),
    }
}

fn expect_chosen(case: &Case, list: &[Instance], wanted: &[u8], advice: &str) {
    let text = |instance: &Instance| instance.addr.ip().to_string();
    let chosen: Vec<_> = choose(list)
        .iter()
        .map(|addr| addr.ip().to_string())
        .collect();
    let wanted: Vec<_> = wanted.iter().map(|last| format!("10.0.0.{last}")).collect();
    if chosen != wanted {
        let listed = list.iter().map(|it| match it.checks.is_empty() {
            true => format!("{} without a check", text(it)),
            false => format!("{} {:?}", text(it), it.checks),
        });
        let listed: Vec<_> = listed.collect();
        let report = case.report().detail("listed", listed.join(", "));
        let report = report.detail("expected", view(wanted.iter().map(String::as_str)));
        let report = report.detail("your answer", view(chosen.iter().map(String::as_str)));
        case.fail(report.advice(advice));
    }
}

// The belief of this exercise. A warning is no refusal.
#[test]
fn a_all_are_busy() {
    case("Two instances are in warning, one is critical", |case| {
        let list = [
            instance(2, &[Warning]),
            instance(3, &[Critical]),
            instance(1, &[Warning]),
        ];
        let passing = instance(4, &[]).addr;
        let only_passing = choose(&[instance(2, &[Warning]), instance(4, &[Passing])]) == [passing];
        let advice = match choose(&list).is_empty() && only_passing {
            true => {
                "No instance passes, and two of them are in warning: they still answer. Without a passing instance they \
                 are the ones to call."
            }
            false => {
                "No instance passes, so the result is all instances in warning, in the order of the list."
            }
        };
        expect_chosen(case, &list, &[2, 1], advice);
    });
}

// A warning is a request to call others, where there are others.
#[test]
fn b_passing_comes_first() {
    case(
        "Two pass, one of them without a check; one is in warning, one critical",
        |case| {
            let list = [
                instance(1, &[Warning]),
                instance(4, &[Passing]),
                instance(3, &[Critical]),
                instance(2, &[]),
            ];
            let busy = choose(&list).contains(&list[0].addr) && choose(&list).len() == 3;
            let advice = match busy {
                true => "There are passing instances, so those in warning are not called.",
                false if choose(&list) == [list[1].addr] => {
                    "There are passing instances, so the result is all of them, in the order of the list. An \
                     instance without a check is passing."
                }
                false => {
                    "There are passing instances: the result is all of them, in the order of the list."
                }
            };
            expect_chosen(case, &list, &[4, 2], advice);
        },
    );
}

// All checks count, those of the node as well.
#[test]
fn c_the_worst_check_counts() {
    case("An instance passes, and its node has a full disk", |case| {
        let list = [
            instance(1, &[Passing, Critical]),
            instance(2, &[Warning, Passing, Passing]),
        ];
        let advice = "The health of an instance is the worst of its checks. One check of the first instance is \
                      critical, so the instance is critical. The second one is in warning.";
        expect_chosen(case, &list, &[2], advice);
    });
    case(
        "One instance passes one check and warns in another",
        |case| {
            let list = [
                instance(1, &[Passing, Warning]),
                instance(2, &[Passing, Passing]),
            ];
            let advice = "The health of an instance is the worst of its checks: the first one is in warning, and \
                      the second one passes.";
            expect_chosen(case, &list, &[2], advice);
        },
    );
}

// An empty list is an answer.
#[test]
fn d_all_are_critical() {
    case("All instances are critical", |case| {
        let list = [instance(1, &[Critical]), instance(2, &[Warning, Critical])];
        let advice = "A call to a critical instance is expected to fail. An empty result lets the caller report \
                      at once that no instance is healthy.";
        expect_chosen(case, &list, &[], advice);
    });
    case("The list is empty", |case| {
        expect_chosen(case, &[], &[], "No instance is listed, so none is chosen.");
    });
}
