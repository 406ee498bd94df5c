//! The cache without a registry, in all situations that the registries of the course bring about.

use std::time::Duration;

use l10_discover::cache::{Change, Freshness, InstanceCache};
use tokio::time::Instant;

const RETENTION: Duration = Duration::from_secs(30);

type Cache = InstanceCache<&'static str, u8>;

/// A cache that has taken over one list, and the time of that.
fn holding(list: &[(&'static str, u8)]) -> (Cache, Instant) {
    let (mut cache, now) = (Cache::new(RETENTION), Instant::now());
    cache.replace(list.iter().copied(), now);
    (cache, now)
}

fn all(cache: &Cache) -> Vec<(&'static str, u8)> {
    cache.iter().map(|(key, value)| (*key, *value)).collect()
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn an_empty_cache_is_unknown_until_the_first_list_even_if_that_is_empty() {
    let (mut cache, now) = (Cache::new(RETENTION), Instant::now());
    cache.mark_stale(now);
    assert_eq!(cache.freshness(), Freshness::Unknown);
    assert_eq!(cache.replace([], now), []);
    assert_eq!(cache.freshness(), Freshness::Current);
    assert!(cache.is_empty());
}

#[test]
fn only_differences_are_reported() {
    let (mut cache, now) = (Cache::new(RETENTION), Instant::now());
    let changes = cache.replace([("a", 1), ("b", 1)], now);
    assert_eq!(changes, [Change::Added("a", 1), Change::Added("b", 1)]);
    let changes = cache.replace([("a", 1), ("c", 2)], now);
    assert_eq!(changes, [Change::Removed("b", 1), Change::Added("c", 2)]);
    assert_eq!(cache.insert("c", 2, None), None);
    assert_eq!(cache.insert("c", 3, None), Some(Change::Added("c", 3)));
    assert_eq!(cache.remove(&"x"), None);
    assert_eq!(cache.remove(&"c"), Some(Change::Removed("c", 3)));
    assert_eq!((cache.get(&"a"), cache.len()), (Some(&1), 1));
}

#[test]
fn a_registry_that_is_away_takes_no_instance_away() {
    let (mut cache, now) = holding(&[("a", 1)]);
    cache.mark_stale(now + secs(1));
    cache.mark_stale(now + secs(2));
    let since = now + secs(1);
    assert_eq!(cache.freshness(), Freshness::Stale { since });
    assert_eq!(cache.expire(now + secs(999)), []);
    assert_eq!(all(&cache), [("a", 1)]);
}

#[test]
fn a_registry_that_has_lost_its_memory_is_given_time() {
    let (mut cache, now) = holding(&[("a", 1), ("b", 1), ("c", 1)]);
    cache.mark_stale(now);
    assert_eq!(cache.replace([], now), []);
    assert_eq!(cache.freshness(), Freshness::Current);
    assert_eq!(
        (cache.confirmed().count(), cache.unconfirmed().count()),
        (0, 3)
    );
    // `a` comes back, which is no news. Ordinary lists without `b` follow; `c` is reported as gone.
    let later = now + secs(20);
    assert_eq!(cache.replace([("a", 1)], later), []);
    assert_eq!(cache.remove(&"c"), Some(Change::Removed("c", 1)));
    assert_eq!(
        (cache.confirmed().count(), cache.unconfirmed().count()),
        (1, 1)
    );
    assert_eq!(cache.next_expiry(), Some(now + RETENTION));
    assert_eq!(cache.expire(now + RETENTION - secs(1)), []);
    assert_eq!(cache.expire(now + RETENTION), [Change::Removed("b", 1)]);
    assert_eq!((cache.next_expiry(), all(&cache)), (None, vec![("a", 1)]));
}

#[test]
fn a_registry_that_fails_again_is_given_the_time_again() {
    let (mut cache, now) = holding(&[("a", 1)]);
    cache.mark_stale(now);
    cache.replace([], now);
    let again = now + secs(29);
    cache.mark_stale(again);
    assert_eq!(cache.next_expiry(), None);
    // It was away for longer than the first retention time, in which nothing could register.
    let back = now + secs(100);
    assert_eq!(cache.expire(back), []);
    assert_eq!(cache.replace([], back), []);
    assert_eq!(cache.next_expiry(), Some(back + RETENTION));
}

/// The list that was asked for while events came may be older than they are.
#[test]
fn instances_that_were_reported_before_the_first_list_are_kept() {
    let (mut cache, now) = (Cache::new(RETENTION), Instant::now());
    cache.insert("a", 1, None);
    assert_eq!(cache.replace([("b", 1)], now), [Change::Added("b", 1)]);
    assert_eq!(all(&cache), [("a", 1), ("b", 1)]);
    assert_eq!(cache.expire(now + RETENTION), [Change::Removed("a", 1)]);
}

#[test]
fn an_instance_with_a_lease_goes_when_it_is_not_inserted_again() {
    let (mut cache, now) = (Cache::new(RETENTION), Instant::now());
    cache.insert("late", 1, Some(now + secs(9)));
    cache.insert("early", 1, Some(now + secs(5)));
    cache.insert("stays", 1, None);
    assert_eq!(cache.next_expiry(), Some(now + secs(5)));
    let changes = cache.expire(now + secs(60));
    assert_eq!(
        changes,
        [Change::Removed("early", 1), Change::Removed("late", 1)]
    );
    assert_eq!(all(&cache), [("stays", 1)]);
    // The same value again is no news, and a longer lease.
    cache.insert("early", 1, Some(now + secs(70)));
    assert_eq!(cache.insert("early", 1, Some(now + secs(99))), None);
    assert_eq!(cache.expire(now + secs(70)), []);
}

#[test]
fn a_listener_that_begins_anew_doubts_all_without_a_lease() {
    let (mut cache, now) = (Cache::new(RETENTION), Instant::now());
    cache.insert("lease", 1, Some(now + secs(60)));
    cache.insert("stays", 1, None);
    cache.insert("goes", 1, None);
    cache.doubt_all(now);
    assert_eq!(cache.unconfirmed().count(), 2);
    assert_eq!(cache.insert("stays", 1, None), None);
    assert_eq!(cache.expire(now + RETENTION), [Change::Removed("goes", 1)]);
    assert_eq!(all(&cache), [("lease", 1), ("stays", 1)]);
}
