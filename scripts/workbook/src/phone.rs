//! The phone book: what a Consul on this machine knows, as the page "The phone book" shows it, live.
//!
//! While a page of it is open, a thread holds two blocking queries against Consul's HTTP API. When one
//! of them is answered, something has changed: everything is read, compared with what was there
//! before, and the pages are told that there is something new. They fetch it once. Nobody polls.
//! There is one list for all pages. Nothing is ever changed in Consul: this only reads. It can start
//! and end one, as `cargo workbook services` does.
//!
//! Layout: `find` says which Consul, `http` asks it within limits, `consul` reads what it says, `list`
//! joins and bounds it, `news` is what has happened, `watch` is the thread, `services` are the
//! two buttons. This file is what pages ask for.

mod consul;
mod find;
pub mod http;
mod list;
mod news;
mod services;
mod watch;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::session::{self, Session};
use consul::Reading;
use find::{Place, Source};
use http::Trouble;
use list::List;
use news::{Event, Kind, News, difference};
use services::Services;

pub use find::local;
pub use services::{Order, begin};

/// How often, and how many times, it is looked whether a command has ended.
const CLOSE: (Duration, u32) = (Duration::from_millis(20), 150);

/// How it stands with Consul.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Phase {
    /// Nobody looks.
    #[default]
    Idle,
    /// None was found yet.
    Searching,
    /// The list is as it is now.
    Live,
    /// The list is from before: Consul does not answer any more.
    Away,
}

/// A place without a Consul.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Tried {
    #[serde(flatten)]
    place: Place,
    why: String,
}

/// See the file.
#[derive(Default)]
pub struct Phone {
    inner: Mutex<Inner>,
    turned: Notify,
}

#[derive(Default)]
struct Inner {
    lookers: usize,
    watching: bool,
    closed: bool,
    version: u64,
    // Counts the changes of `named`: what was asked for before the last is of no interest.
    turn: u64,
    named: Option<SocketAddr>,
    phase: Phase,
    since: u64,
    place: Option<Place>,
    tried: Vec<Tried>,
    list: Option<List>,
    news: News,
    services: Services,
}

/// A page that looks. It looks until this is dropped.
pub struct Looker(Arc<Session>);

impl Drop for Looker {
    fn drop(&mut self) {
        self.0.phone.lock().lookers -= 1;
    }
}

impl Phone {
    /// One more page looks; the first one makes the thread begin.
    #[must_use]
    pub fn look(session: &Arc<Session>) -> Looker {
        let mut inner = session.phone.lock();
        inner.lookers += 1;
        if !inner.watching && !inner.closed {
            inner.watching = true;
            inner.to(Phase::Searching);
            let session = Arc::clone(session);
            std::thread::spawn(move || watch::run(&session));
        }
        drop(inner);
        Looker(Arc::clone(session))
    }

    /// Looks at this Consul from now on; `None`: at the one that is found.
    pub fn choose(session: &Session, named: Option<SocketAddr>) {
        let phone = &session.phone;
        let mut inner = phone.lock();
        inner.turn += 1;
        inner.named = named;
        inner.forget();
        if inner.watching {
            inner.to(Phase::Searching);
        }
        drop(inner);
        phone.turned.notify_one();
        session.tell(&session::Event::Phone);
    }

    /// Takes no more. The thread ends by itself; a command that is under way is ended.
    pub fn close(&self) {
        self.lock().closed = true;
        self.turned.notify_one();
        for _ in 0..CLOSE.1 {
            if self.lock().services.doing.is_none() {
                break;
            }
            std::thread::sleep(CLOSE.0);
        }
    }

    /// Changes with everything that a page could show.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.lock().version
    }

    /// All that a page shows, bounded.
    #[must_use]
    pub fn everything(&self) -> Value {
        let inner = self.lock();
        let list = inner.list.as_ref();
        json!({
            "version": inner.version,
            "phase": inner.phase,
            "since": inner.since,
            "now": now(),
            "named": inner.named,
            "place": inner.place,
            "tried": inner.tried,
            "indexes": list.map(|list| json!({ "services": list.indexes.0, "checks": list.indexes.1 })),
            "totals": list.map(List::totals),
            "list": list.map(List::shown),
            "events": inner.news.kept(),
            "services": inner.services,
        })
    }

    // -------------------------------------------------------- what the thread has seen

    /// A Consul answered, first or again.
    fn found(session: &Session, turn: u64, place: Place, reading: Reading) {
        Self::change(session, turn, |inner| {
            let now = now();
            let same = inner.place.as_ref().is_some_and(|p| p.addr == place.addr);
            if !same {
                inner.forget();
            }
            let addr = place.addr.to_string();
            inner.place = Some(place);
            inner.tried.clear();
            inner.to(Phase::Live);
            let found = Event::consul(Kind::Found, &addr, String::new());
            inner.news.add(vec![found], now);
            inner.read(reading, now);
            true
        });
    }

    /// It answered again, while it was there all the time.
    fn read(session: &Session, turn: u64, reading: Reading) {
        Self::change(session, turn, |inner| inner.read(reading, now()));
    }

    /// The Consul that is followed is `ours`, the one that the services have started, or it is not. One
    /// on Consul's own port is often found before the services have written it down.
    fn recognised(session: &Session, turn: u64, ours: Option<&Place>) {
        Self::change(session, turn, |inner| {
            let Some(place) = &mut inner.place else {
                return false;
            };
            let side = ours.and_then(|ours| ours.side);
            let changed = place.side != side;
            place.side = side;
            if ours.is_some() && place.source != Source::Page {
                place.source = Source::Services;
            }
            changed
        });
    }

    /// It does not answer any more.
    fn lost(session: &Session, turn: u64, why: &Trouble) {
        Self::change(session, turn, |inner| {
            inner.to(Phase::Away);
            let place = inner.place.clone();
            let addr = place.as_ref().map_or(String::new(), |p| p.addr.to_string());
            let lost = Event::consul(Kind::Lost, &addr, why.to_string());
            inner.news.add(vec![lost], now());
            let why = why.to_string();
            inner.tried = place
                .map(|place| Tried { place, why })
                .into_iter()
                .collect();
            true
        });
    }

    /// Nobody answered at any of these places.
    fn not_found(session: &Session, turn: u64, tried: Vec<Tried>) {
        Self::change(session, turn, |inner| {
            let changed = inner.tried != tried;
            inner.tried = tried;
            changed
        });
    }

    /// Changes what there is to show and tells the pages, if `change` says that it did.
    fn change(session: &Session, turn: u64, change: impl FnOnce(&mut Inner) -> bool) {
        let mut inner = session.phone.lock();
        if inner.turn != turn || !change(&mut inner) {
            return;
        }
        inner.version += 1;
        drop(inner);
        session.tell(&session::Event::Phone);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every change leaves it whole; a panic elsewhere does not change that.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn to(&mut self, phase: Phase) {
        self.phase = phase;
        self.since = now();
        self.version += 1;
    }

    fn forget(&mut self) {
        self.place = None;
        self.list = None;
        self.tried.clear();
        self.news.clear();
    }

    fn read(&mut self, reading: Reading, now: u64) -> bool {
        let list = List::new(reading, self.list.as_ref(), now);
        let same = self.list.as_ref().map(|old| old.indexes) == Some(list.indexes);
        if let Some(old) = &self.list {
            self.news.add(difference(old, &list), now);
        }
        self.list = Some(list);
        !same
    }
}

/// Milliseconds since 1970: pages show it as the time of day.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
