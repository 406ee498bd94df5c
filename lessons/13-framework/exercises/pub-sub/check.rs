//! The check of `pub-sub`. The air is a list of who listens, and the clock is driven by the check: a minute
//! takes no time.

mod exercise;
mod given;

use std::cell::RefCell;
use std::time::Duration;

use exercise::{Air, Channel, Message, Unheard, keep_watch, warn};
use services::testkit::driven::{self, Clock, Stuck};
use services::testkit::{Case, View, case};
use tokio::sync::mpsc;

const SECOND: Duration = Duration::from_secs(1);

/// How many messages a radio holds that nobody has listened to yet.
const HELD: usize = 16;

/// Whether the message with this number (on its channel, counted from 1) is heard.
type Noise = fn(Channel, usize) -> bool;

struct TheAir {
    clock: Clock,
    heard: Noise,
    /// A ship whose radio confirms by itself, before the lighthouse has put its microphone down.
    quick: bool,
    said: RefCell<Vec<(Duration, Channel, Message)>>,
    listeners: RefCell<Vec<(Channel, mpsc::Sender<Message>)>>,
}

impl TheAir {
    fn new(heard: Noise) -> Self {
        TheAir {
            clock: Clock::new(),
            heard,
            quick: false,
            said: RefCell::default(),
            listeners: RefCell::default(),
        }
    }

    fn said(&self, channel: Channel) -> Vec<(Duration, Message)> {
        let said = self.said.borrow();
        let of_channel = said.iter().filter(|(_, its, _)| *its == channel);
        of_channel
            .map(|(at, _, message)| (*at, message.clone()))
            .collect()
    }
}

impl Air for TheAir {
    fn say(&self, channel: Channel, message: Message) {
        let now = self.clock.now();
        self.said.borrow_mut().push((now, channel, message.clone()));
        if (self.heard)(channel, self.said(channel).len()) {
            for (_, listener) in self
                .listeners
                .borrow()
                .iter()
                .filter(|(its, _)| *its == channel)
            {
                // A radio whose memory is full has not heard it.
                let _ = listener.try_send(message.clone());
            }
        }
        if self.quick && channel == Channel::Warnings {
            self.say(Channel::Confirmations, message);
        }
    }

    fn listen(&self, channel: Channel) -> mpsc::Receiver<Message> {
        let (listener, heard) = mpsc::channel(HELD);
        self.listeners.borrow_mut().push((channel, listener));
        heard
    }

    async fn sleep(&self, time: Duration) {
        self.clock.sleep(time).await;
    }
}

/// What has come of it.
struct Night {
    /// What `warn` has returned, for each warning, and when.
    outcomes: Vec<(Result<(), Unheard>, Duration)>,
    /// The numbers on which the ship has acted.
    acted: Vec<u64>,
}

/// One night: `warnings` after each other, and a ship whose radio is switched on at `from`, if ever. The radio is on for
/// ten seconds more when all has been said.
#[track_caller]
fn night(
    case: &Case,
    air: &TheAir,
    warnings: &[(u64, &str, Duration)],
    from: Option<Duration>,
) -> Night {
    let mut acted = Vec::new();
    let ended = driven::run(&air.clock, SECOND * 600, async {
        let lighthouse = async {
            let mut outcomes = Vec::new();
            for (number, text, patience) in warnings {
                let outcome = warn(air, *number, text, *patience).await;
                outcomes.push((outcome, air.clock.now()));
            }
            air.clock.sleep(SECOND * 10).await;
            outcomes
        };
        let ship = async {
            if let Some(from) = from {
                air.clock.sleep(from).await;
                keep_watch(air, |warning| acted.push(warning.number)).await;
            }
            std::future::pending().await
        };
        tokio::select! {
            outcomes = lighthouse => outcomes,
            () = ship => Vec::new(),
        }
    });
    let outcomes = ended.unwrap_or_else(|stuck| {
        let advice = match stuck {
            Stuck::Late => "After `patience` nobody waits any more: the answer is `Unheard`.",
            Stuck::Forever => {
                "It waits for something that never comes: a confirmation may be lost, and then the warning has to be \
                 said again. (tokio's own clock does not run here: use `air.sleep`.)"
            }
            Stuck::Busy => "It goes round and round, and never sleeps.",
        };
        case.differ("`warn` returns", "it still runs", advice)
    });
    Night { outcomes, acted }
}

#[track_caller]
fn expect_acted(case: &Case, acted: &[u64], expected: &[u64], advice: &str) {
    let words = |numbers: &[u64]| match numbers {
        [] => "the ship has not acted".to_string(),
        numbers => {
            let numbers: Vec<String> = numbers
                .iter()
                .map(|number| format!("no. {number}"))
                .collect();
            format!("the ship has acted on {}", numbers.join(", "))
        }
    };
    if acted != expected {
        case.differ(words(expected), words(acted), advice);
    }
}

const STORM: &[(u64, &str, Duration)] = &[(8, "storm from the west", Duration::from_secs(60))];

// The belief of this exercise. It is true for those who listen already, on a quiet day.
#[test]
fn a_joined_late() {
    case(
        "The warning is at 0 s; the ship's radio is switched on at 3 s",
        |case| {
            let air = TheAir::new(|_, _| true);
            let night = night(case, &air, STORM, Some(SECOND * 3));
            let advice = "It joined late: the message is gone. It was said at 0 s, to nobody, and nobody keeps it. If it matters \
                      that it is heard, say it again until the ship confirms it.";
            expect_acted(case, &night.acted, &[8], advice);
            if let Some((Err(Unheard), at)) = night.outcomes.first() {
                let answer = format!("`Unheard` at {}", at.view());
                let advice =
                    "The ship has acted, and the lighthouse does not know. Somebody has to say so.";
                case.differ("Ok", answer, advice);
            }
        },
    );
}

#[test]
fn b_nobody_is_there() {
    case("No ship at all", |case| {
        let air = TheAir::new(|_, _| true);
        let night = night(case, &air, &[(8, "storm", SECOND * 30)], None);
        if let Some((Ok(()), _)) = night.outcomes.first() {
            let advice = "Nobody has heard it, and you say that somebody has acted on it. Saying is not delivering.";
            case.differ("Unheard", "Ok", advice);
        }
        let late = night
            .outcomes
            .first()
            .map(|(_, at)| *at)
            .unwrap_or_default();
        if !(SECOND * 30..=SECOND * 31).contains(&late) {
            let answer = format!("`Unheard` at {}", late.view());
            case.differ(
                "Unheard at 30 s",
                answer,
                "`patience` is how long it is tried.",
            );
        }
        let said = air.said(Channel::Warnings);
        let quick = said.windows(2).any(|two| two[1].0 - two[0].0 < SECOND);
        if quick || said.len() < 10 {
            let answer = format!("{} times in 30 s", said.len());
            let advice = "Others need the air, too: at least a second between two times. And not much more, since somebody \
                          may be waiting for it.";
            case.differ("10 to 31 times in 30 s", answer, advice);
        }
    });
}

#[test]
fn c_somebody_elses_confirmation() {
    case(
        "Nobody hears no. 8; another lighthouse's no. 7 is confirmed",
        |case| {
            let air = TheAir::new(|channel, _| channel == Channel::Confirmations);
            let ours = warn(&air, 8, "storm", SECOND * 20);
            let theirs = async {
                air.clock.sleep(SECOND * 2).await;
                let text = String::from("storm");
                air.say(Channel::Confirmations, Message { number: 7, text });
                air.clock.sleep(SECOND * 60).await;
            };
            let outcome = driven::run(&air.clock, SECOND * 50, async {
                tokio::select! {
                    outcome = ours => Some(outcome),
                    () = theirs => None,
                }
            });
            if outcome != Ok(Some(Err(Unheard))) {
                let advice =
                    "Everybody hears all confirmations. Yours is the one with your number.";
                case.differ("Unheard", format!("{outcome:?}"), advice);
            }
        },
    );
}

// The ship cannot know why a warning comes again.
#[test]
fn d_the_confirmation_is_lost() {
    case(
        "The first two confirmations are lost in the noise",
        |case| {
            let air = TheAir::new(|channel, number| channel == Channel::Warnings || number > 2);
            let night = night(case, &air, STORM, Some(Duration::ZERO));
            let advice = "The lighthouse has heard no confirmation, so it has said the same warning again: it is one warning, as its \
                      number says. Act on it once.";
            expect_acted(case, &night.acted, &[8], advice);
            if let Some((Err(Unheard), at)) = night.outcomes.first() {
                let answer = format!("`Unheard` at {}", at.view());
                let advice = "A warning that comes again means that its confirmation was lost: confirm it again, each time.";
                case.differ("Ok", answer, advice);
            }
        },
    );
}

#[test]
fn e_the_same_words_twice() {
    case(
        "No. 8 and no. 9 have the same words; every second message is lost",
        |case| {
            let air = TheAir::new(|_, number| number % 2 == 0);
            let minute = SECOND * 60;
            let warnings = [(8, "storm", minute), (9, "storm", minute)];
            let night = night(case, &air, &warnings, Some(Duration::ZERO));
            let advice = "Two storms, two warnings, the same words. It is the number that says whether you have heard one before.";
            expect_acted(case, &night.acted, &[8, 9], advice);
        },
    );
}

#[test]
fn f_an_old_one_comes_again() {
    case(
        "The ship hears no. 8, then no. 9, then no. 8 once more",
        |case| {
            let air = TheAir::new(|_, _| true);
            let mut acted = Vec::new();
            let lighthouse = async {
                for number in [8, 9, 8] {
                    air.clock.sleep(SECOND).await;
                    let text = format!("storm {number}");
                    air.say(Channel::Warnings, Message { number, text });
                }
                air.clock.sleep(SECOND).await;
            };
            let watch = keep_watch(&air, |warning| acted.push(warning.number));
            let ended = driven::run(&air.clock, SECOND * 30, async {
                tokio::select! {
                    () = watch => {}
                    () = lighthouse => {}
                }
            });
            if ended.is_err() {
                case.differ(
                    "a ship that listens",
                    format!("{ended:?}"),
                    "Wait for what is said, and for nothing else.",
                );
            }
            let advice =
                "Two lighthouses speak in turn. What was done before is more than the last number.";
            expect_acted(case, &acted, &[8, 9], advice);
            if air.said(Channel::Confirmations).len() != 3 {
                let answer = format!("{} confirmations", air.said(Channel::Confirmations).len());
                case.differ(
                    "3 confirmations",
                    answer,
                    "Confirm what you hear, each time.",
                );
            }
        },
    );
}

#[test]
fn g_the_answer_comes_at_once() {
    case(
        "The ship confirms in the moment in which it is warned",
        |case| {
            let mut air = TheAir::new(|_, _| true);
            air.quick = true;
            let night = night(case, &air, STORM, None);
            let said = air.said(Channel::Warnings).len();
            if said != 1 {
                let advice = "The confirmation was there before you listened: it joined nobody, and it is gone. Listen first, then \
                          speak. And once it is confirmed, not a word more.";
                case.differ("said once", format!("said {said} times"), advice);
            }
            if night
                .outcomes
                .first()
                .is_none_or(|(outcome, _)| outcome.is_err())
            {
                case.differ("Ok", "Unheard", "It was confirmed.");
            }
        },
    );
}

// Not about your answer: that the air of this check keeps to what it promises.
#[test]
fn z_the_air_itself() {
    let air = TheAir::new(|_, number| number != 2);
    let message = |number| Message {
        number,
        text: String::new(),
    };
    let heard = driven::run(&air.clock, SECOND * 9, async {
        air.say(Channel::Warnings, message(1));
        let mut warnings = air.listen(Channel::Warnings);
        air.say(Channel::Warnings, message(2));
        air.say(Channel::Confirmations, message(3));
        air.sleep(SECOND).await;
        air.say(Channel::Warnings, message(4));
        warnings.recv().await
    });
    // The first was too early, the second is lost in the noise, the third is on another channel.
    assert_eq!(heard, Ok(Some(message(4))));
}
