//! The check of `consul-later`. It plays Consul and the time; a minute costs nothing.

mod exercise;
mod given;

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::time::Duration;

use exercise::{Keeper, Outcome, Step};
use services::testkit::{Case, View, case, schedules};

const SECOND: Duration = Duration::from_secs(1);

/// When Consul is there (from, to), and whether it knows nothing each time it comes.
struct Consul {
    there: Vec<(Duration, Duration)>,
    /// What it answers to the first registrations, in place of taking them.
    refuses: Vec<u16>,
}

impl Consul {
    /// Which of its lives it is in.
    fn life(&self, now: Duration) -> Option<usize> {
        let within = |life: &(Duration, Duration)| life.0 <= now && now < life.1;
        self.there.iter().position(within)
    }
}

/// What one service has lived through.
#[derive(Default)]
struct Story {
    /// When it was taken into the list, and in which life of Consul.
    registered: Vec<(usize, Duration)>,
    /// When it asked anything, and was not answered.
    in_vain: Vec<Duration>,
    /// When it asked anything.
    asked: Vec<Duration>,
    gave_up: Option<(Duration, Outcome)>,
}

/// Numbers that look random, and are the same in each run.
fn random(service: u64) -> impl FnMut() -> f64 {
    let mut count = 0_u64;
    move || {
        count += 1;
        let mut hasher = DefaultHasher::new();
        (service, count).hash(&mut hasher);
        f64::from(u32::try_from(hasher.finish() >> 32).unwrap_or(0)) / (f64::from(u32::MAX) + 1.0)
    }
}

/// Lets one service live from 0 to `end`. `answers` is how long Consul takes to answer.
fn live(case: &Case, service: u64, consul: &mut Consul, end: Duration) -> Story {
    let mut keeper = Keeper::new(random(service));
    let (mut now, mut outcome) = (Duration::ZERO, Outcome::Started);
    let mut story = Story::default();
    let mut known_in = None;
    loop {
        let step = keeper.next(outcome);
        let (Step::Register(pause) | Step::Look(pause)) = step else {
            story.gave_up = Some((now, outcome));
            return story;
        };
        // An answer takes a millisecond.
        now = now.saturating_add(pause).saturating_add(SECOND / 1000);
        if now >= end {
            return story;
        }
        story.asked.push(now);
        if story.asked.len() > 100_000 {
            let advice =
                "Attempts without a pause keep Consul busy, so that it answers no other service.";
            let answer = format!("100000 within {}", now.view());
            case.differ("some attempts", answer, advice);
        }
        let life = consul.life(now);
        outcome = match (step, life) {
            (_, None) => {
                story.in_vain.push(now);
                Outcome::Away
            }
            (Step::Look(_), Some(life)) if known_in == Some(life) => Outcome::Known,
            (Step::Look(_), Some(_)) => Outcome::Unknown,
            (_, Some(_)) if !consul.refuses.is_empty() => {
                Outcome::Refused(consul.refuses.remove(0))
            }
            (_, Some(life)) => {
                known_in = Some(life);
                story.registered.push((life, now));
                Outcome::Registered
            }
        };
    }
}

fn consul(there: &[(u64, u64)]) -> Consul {
    let seconds = |&(from, to): &(u64, u64)| (SECOND * small(from), SECOND * small(to));
    Consul {
        there: there.iter().map(seconds).collect(),
        refuses: Vec::new(),
    }
}

fn small(seconds: u64) -> u32 {
    u32::try_from(seconds).expect("hours, not centuries")
}

/// Fails unless the service is in the list `within` after this life of Consul began.
fn is_back(
    case: &Case,
    story: &Story,
    consul: &Consul,
    life: usize,
    within: Duration,
    advice: &str,
) {
    let from = consul.there[life].0;
    let back = story.registered.iter().find(|(of, _)| *of == life);
    let late = match back {
        Some((_, at)) if *at <= from + within => return,
        Some((_, at)) => {
            let after = *at - from;
            // A little too late must not look like the limit.
            match after.view() == within.view() {
                true => format!("{:.3} s later", after.as_secs_f64()),
                false => format!("{} later", after.view()),
            }
        }
        None => match story.gave_up {
            Some((at, outcome)) => format!(
                "the service had given up at {}, after {outcome:?}",
                at.view()
            ),
            None => "never".to_string(),
        },
    };
    let report = case
        .report()
        .detail(
            "Consul is there",
            format!("from second {} on", from.as_secs()),
        )
        .detail("expected", format!("registered within {}", within.view()))
        .detail("your answer", late)
        .advice(advice);
    case.fail(report);
}

// The belief of this exercise. Machines start in any order.
#[test]
fn a_the_service_is_first() {
    case("Consul comes 2 s later", |case| {
        let mut consul = consul(&[(2, 1000)]);
        for service in 0..20 {
            let story = live(case, service, &mut consul, SECOND * 60);
            let advice = match story.in_vain.len() {
                1 if story.gave_up.is_some() => {
                    "The first attempt failed, because Consul was not there yet. A later attempt succeeds."
                }
                _ if story.gave_up.is_some() => {
                    "Consul came after the last attempt. The number of attempts has no limit, because an absence \
                     may take hours."
                }
                _ => "Consul came 2 s later. The first pauses are short.",
            };
            is_back(case, &story, &consul, 0, SECOND * 5, advice);
        }
    });
}

#[test]
fn b_an_hour_is_long_but_not_for_ever() {
    case("Consul is away for three hours", |case| {
        let mut consul = consul(&[(10_800, 20_000)]);
        for service in 0..20 {
            let story = live(case, service, &mut consul, SECOND * 11_000);
            let pauses = story.in_vain.windows(2).map(|two| two[1] - two[0]);
            let longest = pauses.clone().max().unwrap_or_default();
            let advice = match longest > SECOND * 60 {
                true => {
                    "A pause that grows needs an end: else it is as long as the absence was, and the service stays \
                     away for as long again."
                }
                false => {
                    "Your pauses stop growing too late: Consul is there, and the service still waits."
                }
            };
            is_back(case, &story, &consul, 0, SECOND * 10, advice);
            let asked = story.in_vain.len() / 3;
            if asked > 1000 {
                let advice = match longest > pauses.min().unwrap_or_default() * 3 {
                    true => {
                        "Consul was away in that hour. Your pauses grow, and their longest is too short."
                    }
                    false => {
                        "Consul was away in that hour. Longer and longer pauses make fewer attempts."
                    }
                };
                let answer = format!("{asked} attempts in an hour");
                case.differ("1,000 attempts in an hour at most", answer, advice);
            }
        }
    });
}

#[test]
fn c_forgotten_and_found_again() {
    case("Consul is restarted twice, with nothing in it", |case| {
        let mut consul = consul(&[(20, 100), (400, 500), (500, 900)]);
        for service in 0..20 {
            let story = live(case, service, &mut consul, SECOND * 900);
            let late = story.registered.iter().any(|(life, _)| *life == 1);
            let advice = match late {
                true => {
                    "The restarted Consul has an empty list, and your next `Look` comes too late."
                }
                false => {
                    "A registration can be lost: the restarted Consul has an empty list, and it informs no service. A \
                     regular `Look` notices that."
                }
            };
            is_back(case, &story, &consul, 0, SECOND * 10, advice);
            is_back(case, &story, &consul, 1, SECOND * 10, advice);
            is_back(case, &story, &consul, 2, SECOND * 15, advice);
            let calm = |at: &&Duration| (SECOND * 540..SECOND * 840).contains(*at);
            let asked = story.asked.iter().filter(calm).count() / 5;
            if asked > 60 {
                let advice =
                    "Nothing has happened in this minute. Five hundred services look as you do.";
                let answer = format!("{asked} looks");
                case.differ("60 looks a minute at most", answer, advice);
            }
        }
    });
}

#[test]
fn d_a_success_is_a_new_beginning() {
    case("After a long absence, a short one", |case| {
        let mut consul = consul(&[(3600, 4000), (4020, 5000)]);
        let mut late = 0;
        for service in 0..40 {
            let story = live(case, service, &mut consul, SECOND * 5000);
            let first = |life: usize| story.registered.iter().find(|(of, _)| *of == life);
            let gap = story
                .in_vain
                .iter()
                .filter(|at| **at > SECOND * 4000)
                .take(2)
                .collect::<Vec<_>>();
            let long = matches!(gap[..], [one, two] if *two - *one > SECOND * 3);
            if first(1).is_none() || long {
                late += 1;
            }
        }
        if late > 4 {
            let advice = "The first pause of the second absence was as long as the last one of the first. A \
                          success ends the story: begin again with short pauses.";
            let answer = format!("{late} of 40 services waited seconds after one failure");
            case.differ("short pauses at first", answer, advice);
        }
    });
}

#[test]
fn e_some_answers_never_change() {
    case("Consul answers, and does not do it", |case| {
        for (code, passes) in [
            (500, true),
            (503, true),
            (429, true),
            (400, false),
            (403, false),
            (499, false),
        ] {
            let mut consul = consul(&[(0, 1000)]);
            consul.refuses = vec![code; 2];
            let story = live(case, 1, &mut consul, SECOND * 60);
            if passes && story.registered.is_empty() {
                let advice = "There is no leader for a moment, or too many ask at once: that passes. Try \
                              again.";
                case.differ("registered in the end", format!("{code}: given up"), advice);
            }
            if !passes && story.gave_up.is_none() {
                let advice = "Consul has read the request and refused it. The same request will be refused again, until it is \
                              changed.";
                case.differ("GiveUp", format!("{code}: tried again"), advice);
            }
        }
    });
}

#[test]
fn f_five_hundred_come_back() {
    case(
        "500 services lose Consul in the same moment, for 100 s",
        |case| {
            let mut consul = consul(&[(0, 300), (400, 1000)]);
            let mut back: Vec<Duration> = (0..500)
                .flat_map(|service| {
                    let story = live(case, service, &mut consul, SECOND * 500);
                    let of_life = story.registered.into_iter().find(|(life, _)| *life == 1);
                    of_life.map(|(_, at)| at)
                })
                .collect();
            back.sort();
            let within = Duration::from_millis(200);
            let most = (0..back.len())
                .map(|first| {
                    let together = |at: &&Duration| **at - back[first] < within;
                    back[first..].iter().take_while(together).count()
                })
                .max()
                .unwrap_or(0);
            if most > 100 {
                let advice = "They lost it together, they count together, and they come back together. A \
                          random part of each pause spreads them.";
                let answer = format!("{most} within 0.2 s");
                case.differ("100 within 0.2 s at most", answer, advice);
            }
        },
    );
}

// The check decides how long Consul is away each time, and how long it stays.
#[test]
fn g_away_and_back_in_any_order() {
    schedules(
        "Consul goes and comes five times, each time with an empty list",
        |case, schedule| {
            let (mut second, mut lives) = (0, Vec::new());
            for _ in 0..5 {
                let away = [2, 0, 40, 600, 7_200][schedule.pick(5)];
                let stays = [60, 20, 300][schedule.pick(3)];
                schedule.does(
                    "Consul",
                    format!("away for {away} s, then there for {stays} s"),
                );
                lives.push((second + away, second + away + stays));
                second += away + stays;
            }
            let mut consul = consul(&lives);
            let story = live(case, 1, &mut consul, SECOND * small(second));
            for life in 0..lives.len() {
                let advice = "Consul is back with an empty list. Whatever was before, a service is registered within 15 s: a pause \
                          has an end, and a regular `Look` notices an empty list.";
                is_back(case, &story, &consul, life, SECOND * 15, advice);
            }
        },
    );
}
