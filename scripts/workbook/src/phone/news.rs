//! What has happened: the difference of two lists, as events with a time, and the last of them kept.

use std::collections::VecDeque;

use serde::Serialize;

use super::list::{Instance, Key, List, State};

/// Events that are kept.
const KEPT: usize = 200;
/// Events that one change may make; the rest of them is counted in one.
const AT_ONCE: usize = 60;

/// What kind of thing has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A Consul was found, or is back.
    Found,
    /// It does not answer.
    Lost,
    /// An instance is new.
    Registered,
    /// An instance is not there any more.
    Gone,
    /// The state of an instance turned.
    State,
    /// One of its checks turned, and the whole did not.
    Check,
    /// It is somewhere else, or has other tags.
    Changed,
    /// There were more than are told.
    More,
}

/// One thing that has happened. What does not apply is empty.
#[derive(Debug, Clone, Serialize)]
pub struct Event {
    /// Counts from 1, over all.
    pub n: u64,
    /// When it was noticed, in milliseconds since 1970.
    pub at: u64,
    /// What.
    pub kind: Kind,
    /// The name of the service.
    pub service: String,
    /// The id of the instance, or the address of the Consul.
    pub id: String,
    /// Where the instance is.
    pub node: String,
    /// The name of the check.
    pub check: String,
    /// The state before.
    pub from: Option<State>,
    /// The state now.
    pub to: Option<State>,
    /// What there is to say, in words of the peers or of [`crate::words::phone`].
    pub words: String,
    /// How many, of [`Kind::More`].
    pub count: usize,
}

impl Event {
    fn new(kind: Kind) -> Self {
        Self {
            n: 0,
            at: 0,
            kind,
            service: String::new(),
            id: String::new(),
            node: String::new(),
            check: String::new(),
            from: None,
            to: None,
            words: String::new(),
            count: 0,
        }
    }

    /// Something about a Consul.
    pub fn consul(kind: Kind, addr: &str, words: String) -> Self {
        Self {
            id: addr.to_owned(),
            words,
            ..Self::new(kind)
        }
    }

    fn of(kind: Kind, key: &Key, instance: &Instance) -> Self {
        Self {
            service: instance.name.clone(),
            node: key.0.clone(),
            id: key.1.clone(),
            ..Self::new(kind)
        }
    }
}

/// The last events.
#[derive(Debug, Default)]
pub struct News {
    last: u64,
    kept: VecDeque<Event>,
}

impl News {
    /// Adds them, noticed at `now`.
    pub fn add(&mut self, events: Vec<Event>, now: u64) {
        for event in events {
            self.last += 1;
            self.kept.push_back(Event {
                n: self.last,
                at: now,
                ..event
            });
        }
        let over = self.kept.len().saturating_sub(KEPT);
        self.kept.drain(..over);
    }

    /// Forgets what was: another Consul is looked at. The numbers go on.
    pub fn clear(&mut self) {
        self.kept.clear();
    }

    /// The last events, the oldest first.
    pub fn kept(&self) -> &VecDeque<Event> {
        &self.kept
    }
}

/// What is different in `now`.
pub fn difference(before: &List, now: &List) -> Vec<Event> {
    let mut events = Vec::new();
    for (key, old) in &before.instances {
        // A reaped one and one that was deregistered look the same: it is not in the list any more.
        if now
            .instances
            .get(key)
            .is_none_or(|new| new.name != old.name)
        {
            events.push(Event {
                from: Some(old.state),
                ..Event::of(Kind::Gone, key, old)
            });
        }
    }
    for (key, new) in &now.instances {
        match before.instances.get(key).filter(|old| old.name == new.name) {
            Some(old) => compare(key, old, new, &mut events),
            None => events.push(Event {
                to: Some(new.state),
                words: new.why(),
                ..Event::of(Kind::Registered, key, new)
            }),
        }
    }
    if events.len() > AT_ONCE {
        let count = events.len() - AT_ONCE;
        events.truncate(AT_ONCE);
        events.push(Event {
            count,
            ..Event::new(Kind::More)
        });
    }
    events
}

fn compare(key: &Key, old: &Instance, new: &Instance, events: &mut Vec<Event>) {
    let place = |i: &Instance| format!("{}:{}", i.address, i.port);
    if place(old) != place(new) {
        events.push(Event {
            words: format!("{} → {}", place(old), place(new)),
            ..Event::of(Kind::Changed, key, new)
        });
    }
    if old.tags != new.tags {
        events.push(Event {
            words: format!("[{}] → [{}]", old.tags.join(", "), new.tags.join(", ")),
            ..Event::of(Kind::Changed, key, new)
        });
    }
    if old.state != new.state {
        events.push(Event {
            from: Some(old.state),
            to: Some(new.state),
            words: new.why(),
            ..Event::of(Kind::State, key, new)
        });
        return;
    }
    for check in &new.checks {
        let was = old.checks.iter().find(|was| was.id == check.id);
        if let Some(was) = was.filter(|was| was.state != check.state) {
            events.push(Event {
                check: check.name.clone(),
                from: Some(was.state),
                to: Some(check.state),
                ..Event::of(Kind::Check, key, new)
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phone::list::tests::reading;

    fn list(services: &[(&str, &str, &[&str])]) -> List {
        List::new(reading(services), None, 1)
    }

    fn told(before: &List, now: &List) -> Vec<(Kind, String, Option<State>, Option<State>)> {
        let of = |event: Event| (event.kind, event.id, event.from, event.to);
        difference(before, now).into_iter().map(of).collect()
    }

    #[test]
    fn each_difference_is_one_event() {
        use State::{Critical, Passing};
        let before = list(&[
            ("a", "web", &["passing"]),
            ("b", "web", &["passing"]),
            ("c", "web", &["critical", "passing"]),
            ("d", "web", &["passing"]),
        ]);
        assert!(told(&before, &before).is_empty());
        let now = list(&[
            ("a", "web", &["critical"]),
            ("c", "web", &["critical", "critical"]),
            ("d", "api", &["passing"]),
            ("e", "web", &[]),
        ]);
        let told = told(&before, &now);
        let id = |id: &str| id.to_owned();
        assert_eq!(
            told,
            [
                (Kind::Gone, id("b"), Some(Passing), None),
                (Kind::Gone, id("d"), Some(Passing), None),
                (Kind::State, id("a"), Some(Passing), Some(Critical)),
                (Kind::Check, id("c"), Some(Passing), Some(Critical)),
                (Kind::Registered, id("d"), None, Some(Passing)),
                (Kind::Registered, id("e"), None, Some(Passing)),
            ]
        );
        assert_eq!(difference(&before, &now)[2].words, "refused");
    }

    #[test]
    fn a_flood_is_counted_and_the_last_are_kept() {
        let ids: Vec<String> = (0..1_000).map(|n| format!("i{n}")).collect();
        let of: Vec<(&str, &str, &[&str])> = ids
            .iter()
            .map(|id| (id.as_str(), "web", &[] as &[&str]))
            .collect();
        let (few, many) = (list(&[]), list(&of));
        let mut news = News::default();
        for now in 0..10 {
            let events = difference(&few, &many);
            assert_eq!(events.len(), AT_ONCE + 1);
            assert_eq!(events[AT_ONCE].count, 1_000 - AT_ONCE);
            news.add(events, now);
        }
        assert_eq!(news.kept().len(), KEPT);
        assert_eq!(news.kept().back().expect("one").n, 610);
    }
}
