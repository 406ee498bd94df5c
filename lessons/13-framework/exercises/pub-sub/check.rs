//! The check of `pub-sub`. The broker is a list of subscribers, and the clock is driven by the check.

mod exercise;
mod given;

use std::cell::{Cell, RefCell};
use std::time::Duration;

use exercise::{Broker, Message, NotAcknowledged, Topic, deliver, subscribe};
use services::testkit::driven::{self, Clock, Stuck};
use services::testkit::{Case, Schedule, View, case, schedules};
use tokio::sync::mpsc;

const SECOND: Duration = Duration::from_secs(1);

/// How many messages wait for a subscriber.
const HELD: usize = 16;

/// Whether the message with this number (on its topic, counted from 1) is delivered.
type Delivered = fn(Topic, usize) -> bool;

struct TheBroker {
    clock: Clock,
    delivered: Delivered,
    /// A subscriber acknowledges at once, before `publish` has returned.
    quick: bool,
    published: RefCell<Vec<(Duration, Topic, Message)>>,
    subscribers: RefCell<Vec<(Topic, mpsc::Sender<Message>)>>,
    /// What becomes of each message, where the schedule decides that.
    schedule: Option<Schedule>,
    /// How many messages may still have another fate than to be delivered once.
    troubles: Cell<usize>,
    /// A message that is delivered after the next one.
    held: RefCell<Option<(Topic, Message)>>,
}

/// What becomes of a message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Delivered,
    Lost,
    Twice,
    Late,
}

impl TheBroker {
    fn new(delivered: Delivered) -> Self {
        TheBroker {
            clock: Clock::new(),
            delivered,
            quick: false,
            published: RefCell::default(),
            subscribers: RefCell::default(),
            schedule: None,
            troubles: Cell::new(6),
            held: RefCell::default(),
        }
    }

    /// The fate of `message`: from the schedule, else by its number.
    fn fate(&self, topic: Topic, message: &Message) -> Fate {
        let Some(schedule) = &self.schedule else {
            return match (self.delivered)(topic, self.published(topic).len()) {
                true => Fate::Delivered,
                false => Fate::Lost,
            };
        };
        let chosen = match self.troubles.get() {
            0 => 0,
            _ => schedule.pick(4),
        };
        self.troubles
            .set(self.troubles.get() - usize::from(chosen > 0));
        let (fate, words) = [
            (Fate::Delivered, ""),
            (Fate::Lost, ", which is lost"),
            (Fate::Twice, ", which arrives twice"),
            (Fate::Late, ", which arrives after the next message"),
        ][chosen];
        let (from, to, what) = match topic {
            Topic::Orders => ("producer", "subscriber", "order"),
            Topic::Acks => ("subscriber", "producer", "acknowledgement of order"),
        };
        schedule.sends(from, to, format!("{what} {}{words}", message.id));
        fate
    }

    fn deliver(&self, topic: Topic, message: &Message) {
        for (its, subscriber) in self.subscribers.borrow().iter() {
            if *its == topic {
                // A full queue loses the message.
                let _ = subscriber.try_send(message.clone());
            }
        }
    }

    fn published(&self, topic: Topic) -> Vec<(Duration, Message)> {
        let published = self.published.borrow();
        let on_topic = published.iter().filter(|(_, its, _)| *its == topic);
        on_topic
            .map(|(at, _, message)| (*at, message.clone()))
            .collect()
    }
}

impl Broker for TheBroker {
    fn publish(&self, topic: Topic, message: Message) {
        let now = self.clock.now();
        self.published
            .borrow_mut()
            .push((now, topic, message.clone()));
        let fate = self.fate(topic, &message);
        if matches!(fate, Fate::Delivered | Fate::Twice) {
            self.deliver(topic, &message);
        }
        if fate == Fate::Twice {
            self.deliver(topic, &message);
        }
        let late = (fate == Fate::Late).then(|| (topic, message.clone()));
        if let Some((topic, message)) = self.held.replace(late) {
            self.deliver(topic, &message);
        }
        if self.quick && topic == Topic::Orders {
            self.publish(Topic::Acks, message);
        }
    }

    fn subscribe(&self, topic: Topic) -> mpsc::Receiver<Message> {
        let (subscriber, messages) = mpsc::channel(HELD);
        self.subscribers.borrow_mut().push((topic, subscriber));
        messages
    }

    async fn sleep(&self, time: Duration) {
        self.clock.sleep(time).await;
    }
}

/// What has happened.
struct Run {
    /// What `deliver` has returned for each order, and when.
    outcomes: Vec<(Result<(), NotAcknowledged>, Duration)>,
    /// The ids of the orders that were handled, in this order.
    handled: Vec<u64>,
}

/// Delivers `orders` one after the other, to a subscriber that starts at `from`, if at all. The subscriber runs ten seconds
/// longer than the last delivery.
#[track_caller]
fn run(
    case: &Case,
    broker: &TheBroker,
    orders: &[(u64, &str, Duration)],
    from: Option<Duration>,
) -> Run {
    let mut handled = Vec::new();
    let ended = driven::run(&broker.clock, SECOND * 600, async {
        let producer = async {
            let mut outcomes = Vec::new();
            for (id, text, timeout) in orders {
                let outcome = deliver(broker, *id, text, *timeout).await;
                outcomes.push((outcome, broker.clock.now()));
            }
            broker.clock.sleep(SECOND * 10).await;
            outcomes
        };
        let subscriber = async {
            if let Some(from) = from {
                broker.clock.sleep(from).await;
                let handle = |order: &Message| {
                    handled.push(order.id);
                    if let Some(schedule) = &broker.schedule {
                        schedule.does("subscriber", format!("handles order {}", order.id));
                    }
                };
                subscribe(broker, handle).await;
            }
            std::future::pending().await
        };
        tokio::select! {
            outcomes = producer => outcomes,
            () = subscriber => Vec::new(),
        }
    });
    let outcomes = ended.unwrap_or_else(|stuck| {
        let advice = match stuck {
            Stuck::Late => "After `timeout` the result is `NotAcknowledged`.",
            Stuck::Forever => {
                "It waits for something that does not come: an acknowledgement may be lost. A clock of your own does not \
                 run here: use `broker.sleep`."
            }
            Stuck::Busy => "It loops without `sleep`, so time does not pass.",
        };
        let times = broker.published(Topic::Orders).len();
        let answer = format!("`deliver` still runs; orders published: {times}");
        case.differ("`deliver` returns", answer, advice)
    });
    Run { outcomes, handled }
}

#[track_caller]
fn expect_handled(case: &Case, handled: &[u64], expected: &[u64], advice: &str) {
    let words = |ids: &[u64]| match ids {
        [] => "no order was handled".to_string(),
        ids => {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            format!("handled: order {}", ids.join(", order "))
        }
    };
    if handled != expected {
        case.differ(words(expected), words(handled), advice);
    }
}

const ORDER: &[(u64, &str, Duration)] = &[(8, "green tea", Duration::from_secs(60))];

#[test]
fn a_subscribed_late() {
    case(
        "The order is published at 0 s; the subscriber starts at 3.5 s",
        |case| {
            let broker = TheBroker::new(|_, _| true);
            let run = run(case, &broker, ORDER, Some(SECOND * 7 / 2));
            let times = broker.published(Topic::Orders).len();
            let advice = match times {
                1 => {
                    "It joined late: the message is gone. It was published at 0 s to no subscriber, and no broker keeps it. \
                 Publish again until it is acknowledged."
                }
                _ => "The order was published again, and it is one order.",
            };
            expect_handled(case, &run.handled, &[8], advice);
            if let Some((Err(NotAcknowledged), at)) = run.outcomes.first() {
                let acks = broker.published(Topic::Acks).len();
                let answer = format!(
                    "`NotAcknowledged` at {}; acknowledgements published: {acks}",
                    at.view()
                );
                let advice = "The order was handled, and the producer does not know it: the subscriber acknowledges with the id of \
                          the order.";
                case.differ("Ok", answer, advice);
            }
        },
    );
}

#[test]
fn b_no_subscriber() {
    case("No subscriber at all", |case| {
        let broker = TheBroker::new(|_, _| true);
        let timeout = SECOND * 61 / 2;
        let run = run(case, &broker, &[(8, "green tea", timeout)], None);
        let Some((outcome, at)) = run.outcomes.first() else {
            return;
        };
        let answer = format!("{outcome:?} at {}", at.view());
        if outcome.is_ok() {
            let advice = "No subscriber has received the order, and the result says that one has acknowledged it.";
            case.differ("NotAcknowledged", answer, advice);
        }
        if !(timeout..=timeout + SECOND).contains(at) {
            let advice = "`timeout` is how long the delivery is attempted.";
            case.differ(
                format!("NotAcknowledged at {}", timeout.view()),
                answer,
                advice,
            );
        }
        let published = broker.published(Topic::Orders);
        let quick = published.windows(2).any(|two| two[1].0 - two[0].0 < SECOND);
        if quick || published.len() < 30 {
            let answer = format!("{} times in {}", published.len(), timeout.view());
            let advice = "The order is published each second: no more often, and no less.";
            case.differ("31 times", answer, advice);
        }
    });
}

#[test]
fn c_another_acknowledgement() {
    for other in [7, 9] {
        case(
            &format!(
                "Order 8 is lost each time; order {other} of another producer is acknowledged"
            ),
            |case| {
                let broker = TheBroker::new(|topic, _| topic == Topic::Acks);
                let ours = deliver(&broker, 8, "green tea", SECOND * 20);
                let theirs = async {
                    broker.clock.sleep(SECOND * 2).await;
                    let text = String::from("green tea");
                    broker.publish(Topic::Acks, Message { id: other, text });
                    broker.clock.sleep(SECOND * 60).await;
                };
                let outcome = driven::run(&broker.clock, SECOND * 50, async {
                    tokio::select! {
                        outcome = ours => outcome.is_ok(),
                        () = theirs => false,
                    }
                });
                if outcome == Ok(true) {
                    let advice = match other < 8 {
                        true => {
                            "All producers receive all acknowledgements. Yours is the one with the id of your order."
                        }
                        false => {
                            "An acknowledgement is for one order. That of a later order says nothing about an earlier one, \
                             which may have been lost."
                        }
                    };
                    case.differ("NotAcknowledged", "Ok", advice);
                }
            },
        );
    }
}

#[test]
fn d_acknowledgements_are_lost() {
    case("The first two acknowledgements are lost", |case| {
        let broker = TheBroker::new(|topic, number| topic == Topic::Orders || number > 2);
        let run = run(case, &broker, ORDER, Some(Duration::ZERO));
        let advice = "The producer received no acknowledgement, so it published the same order again, with the same id. \
                      Handle an id once.";
        expect_handled(case, &run.handled, &[8], advice);
        if let Some((Err(NotAcknowledged), at)) = run.outcomes.first() {
            let acks = broker.published(Topic::Acks).len();
            let answer = format!(
                "`NotAcknowledged` at {}; acknowledgements published: {acks}",
                at.view()
            );
            let advice = "An order that comes again says that its acknowledgement was lost: acknowledge it each time.";
            case.differ("Ok", answer, advice);
        }
    });
}

#[test]
fn e_the_same_text_twice() {
    case(
        "Order 8 and order 9 have the same text; every second message is lost",
        |case| {
            let broker = TheBroker::new(|_, number| number % 2 == 0);
            let minute = SECOND * 60;
            let orders = [(8, "green tea", minute), (9, "green tea", minute)];
            let run = run(case, &broker, &orders, Some(Duration::ZERO));
            let advice = "Two orders, two ids, the same text. The id says whether an order was handled before.";
            expect_handled(case, &run.handled, &[8, 9], advice);
        },
    );
}

#[test]
fn f_an_old_order_comes_again() {
    case(
        "The subscriber receives order 8, then order 9, then order 8 again",
        |case| {
            let broker = TheBroker::new(|_, _| true);
            let mut handled = Vec::new();
            let before = RefCell::new(Vec::new());
            let producer = async {
                for id in [8, 9, 8] {
                    broker.clock.sleep(SECOND).await;
                    let text = format!("tea {id}");
                    broker.publish(Topic::Orders, Message { id, text });
                }
                broker.clock.sleep(SECOND).await;
            };
            let subscriber = subscribe(&broker, |order| {
                handled.push(order.id);
                before
                    .borrow_mut()
                    .push(broker.published(Topic::Acks).len());
            });
            let ended = driven::run(&broker.clock, SECOND * 30, async {
                tokio::select! {
                    () = subscriber => {}
                    () = producer => {}
                }
            });
            if let Err(stuck) = ended {
                let advice = "It waits for what is published, and for nothing else.";
                case.differ("a subscriber that receives", format!("{stuck:?}"), advice);
            }
            let advice =
                "Two producers publish in turn, so an order may come again after another one.";
            expect_handled(case, &handled, &[8, 9], advice);
            let acks: Vec<u64> = broker
                .published(Topic::Acks)
                .iter()
                .map(|(_, ack)| ack.id)
                .collect();
            if acks != [8, 9, 8] {
                let advice = "An acknowledgement for each message, each time, with its id.";
                case.differ("acknowledgements of 8, 9, 8", format!("{acks:?}"), advice);
            }
            if before.into_inner() != [0, 1] {
                let advice =
                    "An acknowledgement says that the order was handled, so it comes after that.";
                case.differ(
                    "handled, then acknowledged",
                    "acknowledged, then handled",
                    advice,
                );
            }
        },
    );
}

#[test]
fn g_the_answer_comes_at_once() {
    case(
        "The acknowledgement comes before `publish` has returned",
        |case| {
            let mut broker = TheBroker::new(|_, _| true);
            broker.quick = true;
            let run = run(case, &broker, ORDER, None);
            let published = broker.published(Topic::Orders).len();
            let outcome = run.outcomes.first().map(|(outcome, _)| *outcome);
            if published != 1 || outcome != Some(Ok(())) {
                let outcome =
                    outcome.map_or("no result".to_string(), |outcome| format!("{outcome:?}"));
                let answer = format!("published {published} times; {outcome}");
                let advice = "The acknowledgement came before the producer was subscribed, so it was lost. Subscribe first, then \
                          publish. After the acknowledgement the order is not published again.";
                case.differ("published once; Ok(())", answer, advice);
            }
        },
    );
}

// The check decides what becomes of each message: delivered, lost, delivered twice, or late.
#[test]
fn h_whatever_becomes_of_a_message() {
    schedules(
        "Two orders, one after the other, through a broker that loses, repeats and delays six messages at most",
        |case, schedule| {
            let broker = TheBroker {
                schedule: Some(schedule.clone()),
                ..TheBroker::new(|_, _| true)
            };
            let minute = SECOND * 60;
            let orders = [(8, "green tea", minute), (9, "black tea", minute)];
            let run = run(case, &broker, &orders, Some(Duration::ZERO));
            let twice = run.handled.len() > 2;
            let advice = match twice {
                true => "An order may arrive again, also after another one. Handle an id once.",
                false => {
                    "A message may be lost. Publish the order again until its own acknowledgement comes."
                }
            };
            expect_handled(case, &run.handled, &[8, 9], advice);
            for ((id, ..), (outcome, at)) in orders.iter().zip(&run.outcomes) {
                if outcome.is_err() {
                    let advice = "The order was handled. Each time that it arrives the subscriber acknowledges it, and the producer \
                                  waits for the acknowledgement with its id.";
                    let answer = format!("`NotAcknowledged` for order {id} at {}", at.view());
                    case.differ(format!("Ok for order {id}"), answer, advice);
                }
            }
        },
    );
}

// Not about your answer: that the broker of this check keeps to what it promises.
#[test]
fn z_the_broker_itself() {
    let broker = TheBroker::new(|_, number| number != 2);
    let message = |id| Message {
        id,
        text: String::new(),
    };
    let received = driven::run(&broker.clock, SECOND * 9, async {
        broker.publish(Topic::Orders, message(1));
        let mut orders = broker.subscribe(Topic::Orders);
        broker.publish(Topic::Orders, message(2));
        broker.publish(Topic::Acks, message(3));
        broker.sleep(SECOND).await;
        broker.publish(Topic::Orders, message(4));
        orders.recv().await
    });
    // The first was too early, the second is lost, the third is on another topic.
    assert_eq!(received, Ok(Some(message(4))));
}
