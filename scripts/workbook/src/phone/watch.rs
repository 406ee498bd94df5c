//! The thread behind the phone book: finds a Consul, holds its queries, and notices that it has gone.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

use super::consul::{CHECKS, SERVICES, pulse, read};
use super::find::{self, Place};
use super::http::{Trouble, changed};
use super::{Phase, Phone, Tried};
use crate::session::Session;

/// How long until a place that did not answer is asked again.
const AGAIN: Duration = Duration::from_millis(300);
/// How often it is looked whether Consul still answers, and whether another was started.
const PULSE: Duration = Duration::from_secs(2);
/// Between two readings; more, if a reading takes long.
const BETWEEN: Duration = Duration::from_millis(40);
/// The thread ends when no page has looked for so long, in milliseconds.
const NOBODY: u64 = 60_000;
/// For tests, which cannot wait a minute: another time.
const NOBODY_VARIABLE: &str = "WORKBOOK_PHONE_NOBODY_MS";

/// Watches until nobody looks any more.
pub fn run(session: &Arc<Session>) {
    let nobody = std::env::var(NOBODY_VARIABLE).ok();
    let nobody = nobody.and_then(|text| text.parse().ok()).unwrap_or(NOBODY);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let mut watch = Watch {
        session,
        nobody: Duration::from_millis(nobody),
        alone: None,
    };
    match runtime {
        Ok(runtime) => runtime.block_on(watch.run()),
        // No more file descriptors, most likely. The next page that looks tries again.
        Err(_) => session.phone.lock().watching = false,
    }
}

struct Watch<'a> {
    session: &'a Arc<Session>,
    nobody: Duration,
    alone: Option<Instant>,
}

/// Why one Consul is not followed any more.
enum End {
    Lost(Trouble),
    /// Another one is asked for, or was started.
    Turned,
    Nobody,
}

impl Watch<'_> {
    async fn run(&mut self) {
        'places: while !self.nobody() {
            let (turn, places) = self.places();
            let mut tried = Vec::new();
            let mut found = None;
            for place in places {
                let reading = tokio::select! {
                    reading = read(place.addr) => reading,
                    () = self.session.phone.turned.notified() => continue 'places,
                };
                match reading {
                    Ok(reading) => {
                        found = Some((place, reading));
                        break;
                    }
                    Err(trouble) => tried.push(Tried {
                        place,
                        why: trouble.to_string(),
                    }),
                }
            }
            let Some((place, reading)) = found else {
                Phone::not_found(self.session, turn, tried);
                // The error is that the time is over.
                let _ = timeout(AGAIN, self.session.phone.turned.notified()).await;
                continue;
            };
            let indexes = (reading.services_index, reading.checks_index);
            Phone::found(self.session, turn, place.clone(), reading);
            match self.follow(turn, &place, indexes).await {
                End::Lost(trouble) => Phone::lost(self.session, turn, &trouble),
                End::Turned => {}
                End::Nobody => return,
            }
        }
    }

    /// Where to look now. Once found, it stays with that one, also while it is away, until the
    /// learner names another or the services of the workbook have started one.
    fn places(&self) -> (u64, Vec<Place>) {
        let inner = self.session.phone.lock();
        let root = &self.session.course.root;
        let places = match (&inner.place, inner.named) {
            (Some(last), None) => {
                let noted = find::noted(root).filter(|noted| noted.addr != last.addr);
                noted.into_iter().chain([last.clone()]).collect()
            }
            (_, named) => find::places(root, named),
        };
        (inner.turn, places)
    }

    async fn follow(&mut self, turn: u64, place: &Place, indexes: (u64, u64)) -> End {
        let addr = place.addr;
        let (mut known_services, mut known_checks) = indexes;
        let mut services = Box::pin(changed(addr, SERVICES, known_services));
        let mut checks = Box::pin(changed(addr, CHECKS, known_checks));
        let mut tick = interval(PULSE);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut earliest = Instant::now() + BETWEEN;
        loop {
            let (mut ask_services, mut ask_checks) = (false, false);
            let woken = tokio::select! {
                woken = &mut services => { ask_services = true; woken }
                woken = &mut checks => { ask_checks = true; woken }
                _ = tick.tick() => match self.look_around(turn, place).await {
                    None => continue,
                    Some(end) => return end,
                },
                () = self.session.phone.turned.notified() => return End::Turned,
            };
            if let Err(trouble) = woken {
                return End::Lost(trouble);
            }
            // One change is shown at once; of a flood, what there is every now and then.
            sleep_until(earliest).await;
            let began = Instant::now();
            let reading = match read(addr).await {
                Ok(reading) => reading,
                Err(trouble) => return End::Lost(trouble),
            };
            ask_services |= known_services != reading.services_index;
            ask_checks |= known_checks != reading.checks_index;
            (known_services, known_checks) = (reading.services_index, reading.checks_index);
            Phone::read(self.session, turn, reading);
            earliest = Instant::now() + BETWEEN.max(2 * began.elapsed());
            // A query that is held with the old index would be answered at once.
            if ask_services {
                services = Box::pin(changed(addr, SERVICES, known_services));
            }
            if ask_checks {
                checks = Box::pin(changed(addr, CHECKS, known_checks));
            }
        }
    }

    async fn look_around(&mut self, turn: u64, place: &Place) -> Option<End> {
        if self.nobody() {
            return Some(End::Nobody);
        }
        if let Err(trouble) = pulse(place.addr).await {
            return Some(End::Lost(trouble));
        }
        let other = find::noted(&self.session.course.root);
        let ours = other.as_ref().filter(|other| other.addr == place.addr);
        Phone::recognised(self.session, turn, ours);
        if ours.is_some() || self.session.phone.lock().named.is_some() {
            return None;
        }
        pulse(other?.addr).await.ok()?;
        Some(End::Turned)
    }

    /// Whether it is time to end. If so, nothing is watched from now on.
    fn nobody(&mut self) -> bool {
        let inner = self.session.phone.lock();
        let (looked_at, closed) = (inner.lookers > 0, inner.closed);
        drop(inner);
        if looked_at && !closed {
            self.alone = None;
            return false;
        }
        let since = *self.alone.get_or_insert_with(Instant::now);
        (closed || since.elapsed() >= self.nobody) && self.end()
    }

    /// Ends, unless somebody has just begun to look.
    fn end(&self) -> bool {
        let mut inner = self.session.phone.lock();
        if inner.lookers > 0 && !inner.closed {
            return false;
        }
        inner.watching = false;
        inner.to(Phase::Idle);
        inner.forget();
        true
    }
}
