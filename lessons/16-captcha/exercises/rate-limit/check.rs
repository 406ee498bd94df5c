//! The check of `rate-limit`: the site's own store on the readable Redis, whose clock the check moves.

mod exercise;

use std::net::{IpAddr, Ipv4Addr};

use exercise::{Limits, Unavailable, allowed};
use l16_captcha::checks::{World, all, list, situation, within};
use services::testkit::Case;

const LIMITS: Limits = Limits {
    per_session: 3,
    per_address: 20,
    seconds: 60,
};

const fn address(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, last))
}

/// The address of the class.
const HERE: IpAddr = address(7);

/// One attempt; whether it may be made.
async fn attempt(
    case: &Case,
    world: &World,
    session: Option<&str>,
    address: IpAddr,
    limits: &Limits,
) -> bool {
    match within(case, allowed(&world.store, session, address, limits)).await {
        Ok(allowed) => allowed,
        Err(Unavailable) => case.differ(
            "true or false",
            "Err(Unavailable)",
            "The store has answered each time.",
        ),
    }
}

/// How many of these attempts may be made.
async fn attempts<'a>(
    case: &Case,
    world: &World,
    visits: impl IntoIterator<Item = (Option<&'a str>, IpAddr)>,
) -> u64 {
    let mut made = 0;
    for (session, address) in visits {
        made += u64::from(attempt(case, world, session, address, &LIMITS).await);
    }
    made
}

/// Fails unless so many were allowed. `none` is for all, and `beside` for any other number.
async fn expect(
    case: &Case,
    world: &World,
    of: u64,
    right: u64,
    made: u64,
    (none, beside): (&str, &str),
) {
    if made == right {
        return;
    }
    let records = world.records().await;
    let first: Vec<String> = records.iter().take(4).cloned().collect();
    case.fail(
        (case.report())
            .detail("expected", format!("{right} of {of} attempts may be made"))
            .detail("your answer", format!("{made} of {of} may be made"))
            .detail("limits", "3 attempts a session, 20 an address, within 60 s")
            .detail(format!("in Redis, {} records", records.len()), list(&first))
            .advice(if made == of { none } else { beside }),
    );
}

#[test]
fn a_up_to_the_limit() {
    situation(
        "One session from one address makes 10 attempts",
        async |case| {
            let world = World::start().await;
            let made = attempts(case, &world, (0..10).map(|_| (Some("ada"), HERE))).await;
            let records = world.records().await;
            let has = |word: &str| records.iter().any(|record| record.contains(word));
            let all_made = match (has("192.0.2.7"), has("ada")) {
                (true, false) => {
                    "All ten may be made, so the attempts of this session are not limited. A session has a limit of its own, `per_session`."
                }
                (_, true) => {
                    "All ten may be made, although the session is counted. Beyond `per_session` an attempt may not be made."
                }
                (false, false) => "All ten may be made, and none is counted.",
            };
            let advice = (
                all_made,
                "`per_session` attempts may be made, the last of them too; the one after it may not.",
            );
            expect(case, &world, 10, 3, made, advice).await;
        },
    );
}

// The belief of this exercise: a cookie identifies a visitor.
#[test]
fn b_no_cookie() {
    situation(
        "100 attempts from one address, without a cookie",
        async |case| {
            let world = World::start().await;
            let made = attempts(case, &world, (0..100).map(|_| (None, HERE))).await;
            let advice = (
                "Without a cookie the number of attempts is unlimited. A client chooses whether it sends a cookie; it cannot choose \
             its address freely. An attempt without a session counts for its address.",
                match made == LIMITS.per_session {
                    true => {
                        "An attempt without a session counts for its address alone, and `per_address` of them may be made."
                    }
                    false => {
                        "`per_address` attempts may be made, the last of them too; the one after it may not."
                    }
                },
            );
            expect(case, &world, 100, 20, made, advice).await;
        },
    );
    situation(
        "100 attempts from one address, each with a new cookie",
        async |case| {
            let world = World::start().await;
            let cookies: Vec<String> = (0..100).map(|number| format!("s{number}")).collect();
            let visits = cookies.iter().map(|cookie| (Some(cookie.as_str()), HERE));
            let made = attempts(case, &world, visits).await;
            let advice = (
                "A client can invent a new cookie for each attempt. An attempt with a session counts for its address as well.",
                "Each session makes one attempt, so only the limit of the address, `per_address`, counts here.",
            );
            expect(case, &world, 100, 20, made, advice).await;
        },
    );
    situation(
        "25 clients without a cookie, each from an address of its own",
        async |case| {
            let world = World::start().await;
            let made = attempts(case, &world, (0..25).map(|last| (None, address(last)))).await;
            let advice =
                "These are 25 addresses, and each has made one attempt. They share no count.";
            expect(case, &world, 25, 25, made, (advice, advice)).await;
        },
    );
}

#[test]
fn c_one_session_from_many_addresses() {
    situation(
        "10 attempts of one session, each from another address",
        async |case| {
            let world = World::start().await;
            let visits = (0..10).map(|last| (Some("ada"), address(last)));
            let made = attempts(case, &world, visits).await;
            let advice = (
                "Each address has made one attempt, and the session ten. Addresses change as well, on a phone for example: the session has a \
             limit of its own.",
                "The limit of the session, `per_session`, counts here.",
            );
            expect(case, &world, 10, 3, made, advice).await;
        },
    );
}

#[test]
fn d_at_the_same_time() {
    for (name, session, right) in [
        (
            "30 attempts of one session at the same moment",
            Some("ada"),
            3,
        ),
        ("30 attempts of one address at the same moment", None, 20),
    ] {
        situation(name, async |case| {
            let world = World::start().await;
            let calls = (0..30).map(|_| allowed(&world.store, session, HERE, &LIMITS));
            let results = within(case, all(calls)).await;
            let made = results.iter().filter(|result| **result == Ok(true)).count() as u64;
            let race = "All of them have read the count before one has written it: each saw 0, and each wrote 1. `count` reads and \
                        writes in one step.";
            expect(case, &world, 30, right, made, (race, race)).await;
        });
    }
}

#[test]
fn e_the_window() {
    for (seconds, early, late) in [(60, 55, 10), (90, 85, 10), (20, 15, 10)] {
        situation(
            &format!(
                "The window is {seconds} s; 3 attempts use it up, and more follow after {early} s and {} s",
                early + late
            ),
            async |case| {
                let world = World::start().await;
                let limits = Limits { seconds, ..LIMITS };
                for number in 1..=3 {
                    let made = attempt(case, &world, Some("ada"), HERE, &limits).await;
                    require(
                        case,
                        made,
                        true,
                        number,
                        0,
                        "The first three are within `per_session`.",
                    );
                }
                world.pass(early);
                let made = attempt(case, &world, Some("ada"), HERE, &limits).await;
                require(
                    case,
                    made,
                    false,
                    4,
                    early,
                    "The window lasts `seconds`, and is not over.",
                );
                world.pass(late);
                let made = attempt(case, &world, Some("ada"), HERE, &limits).await;
                let advice = "The window began with the first attempt, so it is over. If each attempt begins it anew, a visitor that tries \
                              again too early stays locked out.";
                require(case, made, true, 5, early + late, advice);
            },
        );
    }
}

fn require(case: &Case, made: bool, right: bool, number: u64, after: u64, advice: &str) {
    let words = |made| match made {
        true => "may be made",
        false => "may not be made",
    };
    if made != right {
        let about = format!("attempt {number}, after {after} s");
        case.differ(
            format!("{about}, {}", words(right)),
            format!("{about}, {}", words(made)),
            advice,
        );
    }
}

#[test]
fn f_a_class_behind_one_address() {
    situation(
        "Six pupils behind one address make three attempts each",
        async |case| {
            let world = World::start().await;
            let pupils = ["ada", "bob", "cem", "dee", "eve", "fay"];
            let visits = pupils.iter().flat_map(|pupil| [(Some(*pupil), HERE); 3]);
            let made = attempts(case, &world, visits).await;
            let advice = "18 attempts are within `per_address`, and each pupil is within `per_session`. The two limits are two numbers.";
            expect(case, &world, 18, 18, made, (advice, advice)).await;
        },
    );
    situation(
        "Bob makes 100 attempts, and then Ada one, behind the same address",
        async |case| {
            let world = World::start().await;
            let _ = attempts(case, &world, (0..100).map(|_| (Some("bob"), HERE))).await;
            let made = attempt(case, &world, Some("ada"), HERE, &LIMITS).await;
            let advice = "The limit of Bob's session has refused 97 of his attempts, and they have used up the limit of the address all the \
                      same. An attempt that its session may not make does not count for the address.";
            require(case, made, true, 101, 0, advice);
        },
    );
}

#[test]
fn g_keys_do_not_meet() {
    for name in ["192.0.2.7", "address:192.0.2.7", "ip:192.0.2.7"] {
        situation(
            &format!("From 192.0.2.66 a client makes 30 attempts with the cookie {name:?}"),
            async |case| {
                let world = World::start().await;
                let _ = attempts(case, &world, (0..30).map(|_| (Some(name), address(66)))).await;
                let made = attempts(case, &world, (0..20).map(|_| (None, HERE))).await;
                let advice = "The count of the session stands under the key of the address 192.0.2.7, because a client chooses its cookie. Begin \
                              the two kinds of keys with different words.";
                expect(case, &world, 20, 20, made, (advice, advice)).await;
            },
        );
    }
}

#[test]
fn h_the_store_is_unavailable() {
    for session in [None, Some("ada")] {
        situation(
            &format!("Redis does not run; the session is {session:?}"),
            async |case| {
                let store = World::start().await.stop().await;
                let got = within(case, allowed(&store, session, HERE, &LIMITS)).await;
                unavailable(case, got);
            },
        );
    }
    situation(
        "Redis runs each command, and its replies get lost",
        async |case| {
            let world = World::start().await;
            world.lose_replies();
            let got = within(case, allowed(&world.store, None, HERE, &LIMITS)).await;
            unavailable(case, got);
        },
    );
    situation(
        "The reply to the first command gets lost, and the others arrive; the session is ada",
        async |case| {
            let world = World::start().await;
            world.lose_a_reply();
            let got = within(case, allowed(&world.store, Some("ada"), HERE, &LIMITS)).await;
            unavailable(case, got);
        },
    );
}

fn unavailable(case: &Case, got: Result<bool, Unavailable>) {
    if got != Err(Unavailable) {
        let advice = "The count is unknown. With `true`, a client that keeps the store busy has no limit; with `false`, a visitor \
                      is told of a limit that it has not reached.";
        case.differ("Err(Unavailable)", format!("{got:?}"), advice);
    }
}
