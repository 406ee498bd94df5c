//! The check of `hedge`. It plays a taxi company, and counts who is on the road in the end.

mod exercise;
mod given;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use exercise::{Company, NoTaxi, Ride, taxi};
use testkit::{Case, PATIENCE, View, case};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

/// What becomes of a taxi, and when.
#[derive(Clone, Copy)]
enum Fate {
    /// It is there so soon.
    There(Duration),
    /// It breaks down so soon.
    Breaks(Duration),
    /// It is there when nothing else can happen any more, and drives until then.
    Slow,
    /// It is there so soon after the next one has been ordered.
    ThereAfterNext(Duration),
    /// It breaks down so soon after the next one has been ordered.
    BreaksAfterNext(Duration),
    /// It is there when the one before it has broken down.
    ThereAfterBreak,
}

/// What has become of each taxi so far.
#[derive(Clone, Copy, PartialEq, Debug)]
enum State {
    Driving,
    There,
    Broken,
    CalledOff,
}

/// The company. Its taxis are tasks of the scene's runtime.
#[derive(Clone)]
struct Taxis(Rc<RefCell<Book>>);

struct Book {
    fates: Vec<Fate>,
    states: Vec<State>,
    ordered: Vec<Instant>,
    /// Called off although it was at the door or had broken down.
    in_vain: Vec<u32>,
}

impl Taxis {
    fn new(fates: &[Fate]) -> Self {
        Taxis(Rc::new(RefCell::new(Book {
            fates: fates.to_vec(),
            states: Vec::new(),
            ordered: Vec::new(),
            in_vain: Vec::new(),
        })))
    }

    /// The state of a taxi, as soon as it has been ordered.
    fn state(&self, taxi: u32) -> Option<State> {
        self.0.borrow().states.get(index(taxi)).copied()
    }

    fn ordered(&self) -> usize {
        self.0.borrow().states.len()
    }

    /// Those that are still on the road, in words.
    fn driving(&self) -> Vec<u32> {
        let book = self.0.borrow();
        let driving = (1..).zip(&book.states);
        let driving = driving.filter(|(_, state)| **state == State::Driving);
        driving.map(|(taxi, _)| taxi).collect()
    }
}

fn index(taxi: u32) -> usize {
    usize::try_from(taxi).map_or(usize::MAX, |taxi| taxi.wrapping_sub(1))
}

impl Company for Taxis {
    fn order(&self) -> Ride {
        let (arrived, arrives) = oneshot::channel();
        let mut book = self.0.borrow_mut();
        book.states.push(State::Driving);
        book.ordered.push(Instant::now());
        let taxi = u32::try_from(book.states.len()).unwrap_or(u32::MAX);
        let fate = book.fates.get(index(taxi)).copied().unwrap_or(Fate::Slow);
        drop(book);
        tokio::task::spawn_local(drive(self.clone(), taxi, fate, arrived));
        Ride { taxi, arrives }
    }

    fn call_off(&self, taxi: u32) {
        let mut book = self.0.borrow_mut();
        match book.states.get_mut(index(taxi)) {
            Some(state @ State::Driving) => *state = State::CalledOff,
            Some(State::CalledOff) => {}
            _ => book.in_vain.push(taxi),
        }
    }
}

async fn drive(all: Taxis, taxi: u32, fate: Fate, arrived: oneshot::Sender<()>) {
    let is_ordered = |taxi| {
        let all = all.clone();
        async move {
            while all.state(taxi).is_none() {
                sleep(Duration::from_millis(1)).await;
            }
        }
    };
    let end = match fate {
        Fate::There(soon) => {
            sleep(soon).await;
            State::There
        }
        Fate::Breaks(soon) => {
            sleep(soon).await;
            State::Broken
        }
        Fate::Slow => std::future::pending().await,
        Fate::ThereAfterNext(soon) => {
            is_ordered(taxi + 1).await;
            sleep(soon).await;
            State::There
        }
        Fate::BreaksAfterNext(soon) => {
            is_ordered(taxi + 1).await;
            sleep(soon).await;
            State::Broken
        }
        Fate::ThereAfterBreak => {
            while all.state(taxi - 1) == Some(State::Driving) {
                sleep(Duration::from_millis(1)).await;
            }
            // Whoever takes the breakdown for an answer has time to do so.
            sleep(Duration::from_millis(10)).await;
            State::There
        }
    };
    if all.state(taxi) == Some(State::Driving) {
        all.0.borrow_mut().states[index(taxi)] = end;
    }
    if all.state(taxi) == Some(State::There) {
        // Nobody may be at the door to hear it.
        let _ = arrived.send(());
    }
}

/// How a scene ended: what the learner's function returned, if it did, and the company afterwards.
struct Scene {
    outcome: Option<Result<u32, NoTaxi>>,
    driving: Vec<u32>,
    ordered: usize,
    in_vain: Vec<u32>,
    /// From the first order to the second.
    between: Option<Duration>,
}

const SOON: Duration = Duration::from_millis(5);
const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(30);

/// When the caller leaves.
#[derive(Clone, Copy)]
enum Bus {
    /// When nothing has come of it for long.
    Never,
    /// When so many taxis have been ordered.
    AfterOrders(usize),
}

/// Plays one scene.
fn scene(case: &Case, fates: &[Fate], patience: Duration, bus: Bus) -> Scene {
    let fates = fates.to_vec();
    let advice = "A taxi was on its way, and nobody noticed that it came.";
    case.run_within(PATIENCE * 6, "taxi", advice, move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        tokio::task::LocalSet::new().block_on(&runtime, play(fates, patience, bus))
    })
}

async fn play(fates: Vec<Fate>, patience: Duration, bus: Bus) -> Scene {
    let all = Taxis::new(&fates);
    let outcome = {
        let taxi = taxi(&all, patience);
        let leaves = async {
            match bus {
                Bus::Never => sleep(PATIENCE * 2).await,
                Bus::AfterOrders(count) => {
                    let orders = async {
                        while all.ordered() < count {
                            sleep(Duration::from_millis(1)).await;
                        }
                        sleep(SOON).await;
                    };
                    // A second one that is never ordered is waited for in vain.
                    let _ = timeout(PATIENCE, orders).await;
                }
            }
        };
        tokio::select! {
            outcome = taxi => Some(outcome),
            () = leaves => None,
        }
    };
    let (driving, ordered) = (all.driving(), all.ordered());
    // It is late, and the company goes home.
    driving.iter().for_each(|taxi| all.call_off(*taxi));
    let book = all.0.borrow();
    let between = match book.ordered.as_slice() {
        [first, second, ..] => Some(*second - *first),
        _ => None,
    };
    Scene {
        outcome,
        driving,
        ordered,
        in_vain: book.in_vain.clone(),
        between,
    }
}

/// The taxi that came, or what came instead.
fn came(scene: &Scene) -> String {
    match scene.outcome {
        Some(Ok(taxi)) => format!("taxi {taxi}"),
        Some(Err(NoTaxi)) => "NoTaxi".to_string(),
        None => format!("nobody after {}", (PATIENCE * 2).view()),
    }
}

#[track_caller]
fn expect_came(case: &Case, scene: &Scene, taxi: u32, advice: &str) {
    if scene.outcome != Some(Ok(taxi)) {
        case.differ(format!("taxi {taxi}"), came(scene), advice);
    }
}

#[track_caller]
fn expect_nobody_drives(case: &Case, scene: &Scene, advice: &str) {
    if let [first, ..] = scene.driving.as_slice() {
        let answer = format!("{}; and taxi {first} is still on its way", came(scene));
        case.differ("one taxi, and one to pay", answer, advice);
    }
}

// The belief of this exercise. Whoever is asked second does not know the first.
#[test]
fn a_both_drive() {
    case("Taxi 1 is late; taxi 2 is there at once", |case| {
        let fates = [Fate::Slow, Fate::There(SOON)];
        let scene = scene(case, &fates, SHORT, Bus::Never);
        let advice = "It was late, a second one was ordered, and that is at the door.";
        expect_came(case, &scene, 2, advice);
        let advice = "Taxi 1 will come as well, and wants to be paid: both ran. Cancel the loser.";
        expect_nobody_drives(case, &scene, advice);
    });
}

#[test]
fn b_the_first_is_nearly_there() {
    case("Taxi 2 is ordered, and then taxi 1 is there", |case| {
        let fates = [Fate::ThereAfterNext(SOON), Fate::Slow];
        let scene = scene(case, &fates, SHORT, Bus::Never);
        let advice = "Taxi 1 was nearly there. It had a start, and nobody knows which one will win: wait for both.";
        expect_came(case, &scene, 1, advice);
        let advice = "Taxi 2 will come as well: cancel the loser, whichever it is.";
        expect_nobody_drives(case, &scene, advice);
    });
}

#[test]
fn c_one_breaks_down() {
    case("Both drive, and one of them breaks down", |case| {
        let fates = [Fate::BreaksAfterNext(SOON), Fate::ThereAfterBreak];
        let first = scene(case, &fates, SHORT, Bus::Never);
        let advice = "Taxi 1 has broken down, and taxi 2 is still on its way: wait for it. Not every news is the \
                      answer.";
        expect_came(case, &first, 2, advice);

        let fates = [Fate::ThereAfterNext(SHORT), Fate::Breaks(Duration::ZERO)];
        let second = scene(case, &fates, SHORT, Bus::Never);
        let advice = "Taxi 2 has broken down, and taxi 1 is still on its way: wait for it.";
        expect_came(case, &second, 1, advice);
    });
}

#[test]
fn d_the_first_is_in_time() {
    case("Taxi 1 is there in time", |case| {
        let fates = [Fate::There(SHORT), Fate::Slow];
        let scene = scene(case, &fates, LONG, Bus::Never);
        let advice = "It was there long before `patience` was over.";
        expect_came(case, &scene, 1, advice);
        if scene.ordered != 1 {
            let advice = "Only one was needed. Whoever always orders two doubles the traffic, and then all of them \
                          are late.";
            case.differ("1 ordered", format!("{} ordered", scene.ordered), advice);
        }
        if let [taxi, ..] = scene.in_vain.as_slice() {
            let advice = "It was at the door. Only what is on its way can be called off.";
            case.differ(
                "nothing called off",
                format!("taxi {taxi} called off"),
                advice,
            );
        }
    });
    case("How long taxi 1 has to arrive", |case| {
        let fates = [Fate::Slow, Fate::There(SOON)];
        let scene = scene(case, &fates, SHORT, Bus::Never);
        if scene.between.is_some_and(|between| between < SHORT) {
            let between = scene.between.unwrap_or_default().view();
            let advice = "The first has `patience` to arrive, before anybody else is troubled.";
            case.differ(SHORT.view(), format!("the second after {between}"), advice);
        }
    });
}

#[test]
fn e_the_first_breaks_down_at_once() {
    case("Taxi 1 breaks down at once; the patience is long", |case| {
        let fates = [Fate::Breaks(Duration::ZERO), Fate::There(Duration::ZERO)];
        let scene = scene(case, &fates, LONG, Bus::Never);
        let advice =
            "There was nobody to wait for any more. `patience` is for one that may still come.";
        expect_came(case, &scene, 2, advice);
    });
}

#[test]
fn f_somebody_takes_the_bus() {
    case("The caller takes the bus", |case| {
        let why = "Who orders a taxi and takes the bus has a taxi at the door. The future was dropped in the middle \
                   of its waiting: which code runs then? `Drop` does.";
        let one = scene(case, &[Fate::Slow], LONG, Bus::AfterOrders(1));
        if one.ordered != 1 || !one.driving.is_empty() {
            let answer = format!("{} of {} still on the way", one.driving.len(), one.ordered);
            case.differ("0 of 1 still on the way", answer, why);
        }
        let two = scene(case, &[Fate::Slow, Fate::Slow], SHORT, Bus::AfterOrders(2));
        if two.ordered != 2 || !two.driving.is_empty() {
            let answer = format!("{} of {} still on the way", two.driving.len(), two.ordered);
            case.differ("0 of 2 still on the way", answer, why);
        }
    });
}

#[test]
fn g_both_break_down() {
    case("Both break down", |case| {
        for fates in [
            [Fate::Breaks(Duration::ZERO), Fate::Breaks(Duration::ZERO)],
            [Fate::BreaksAfterNext(SOON), Fate::Breaks(Duration::ZERO)],
        ] {
            let scene = scene(case, &fates, SHORT, Bus::Never);
            if scene.outcome != Some(Err(NoTaxi)) {
                let advice = "Nobody is on the way any more: say so.";
                case.differ("NoTaxi", came(&scene), advice);
            }
            if scene.ordered != 2 {
                let advice = "One, and a second one, and then it has failed.";
                case.differ("2 ordered", format!("{} ordered", scene.ordered), advice);
            }
            if let [taxi, ..] = scene.in_vain.as_slice() {
                let advice = "It had broken down. Only what is on its way can be called off.";
                case.differ(
                    "nothing called off",
                    format!("taxi {taxi} called off"),
                    advice,
                );
            }
        }
    });
}
