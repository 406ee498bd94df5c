//! The check of `issue`: the site's own store on the readable Redis, whose clock the check moves.

mod exercise;

use exercise::{IssueRequest, Issued, Unavailable, issue};
use l16_captcha::checks::{World, all, list, situation, within};
use services::testkit::Case;

fn request(session: &str, id: &str, request: &str) -> IssueRequest {
    IssueRequest {
        id: id.to_string(),
        session: session.to_string(),
        request: request.to_string(),
    }
}

fn draw(code: &str) -> Result<Issued, Unavailable> {
    Ok(Issued::Draw(code.to_string()))
}

/// One call, and what it returned.
async fn issued(
    case: &Case,
    world: &World,
    (session, id, name): (&str, &str, &str),
    code: &str,
    seconds: u64,
) -> Result<Issued, Unavailable> {
    let request = request(session, id, name);
    within(case, issue(&world.store, &request, code, seconds)).await
}

/// Fails unless this was returned and these records are stored.
async fn expect(
    case: &Case,
    world: &World,
    got: &Result<Issued, Unavailable>,
    right: &Result<Issued, Unavailable>,
    records: &[&str],
    advice: (&str, &str),
) {
    let stored = world.records().await;
    let words = if stored != records {
        advice.0
    } else if got != right {
        advice.1
    } else {
        return;
    };
    let records: Vec<String> = records.iter().map(ToString::to_string).collect();
    case.fail(
        (case.report())
            .detail("expected", format!("{right:?}"))
            .detail("your answer", format!("{got:?}"))
            .detail("expected in Redis", list(&records))
            .detail("found in Redis", list(&stored))
            .detail("commands sent", list(&world.sent()))
            .advice(words),
    );
}

const ADA: (&str, &str, &str) = ("ada", "7f", "a1");

#[test]
fn a_the_first_request() {
    for (code, seconds) in [("4711", 300), ("0823", 45)] {
        situation(
            &format!("Nothing is stored; code {code}, to be kept for {seconds} s"),
            async |case| {
                let world = World::start().await;
                let got = issued(case, &world, ADA, code, seconds).await;
                let record = format!("captcha:ada:7f = a1 {code}, {seconds} s left");
                let stored = world.records().await;
                let kept =
                    |found: &String| found.starts_with(&format!("captcha:ada:7f = a1 {code}"));
                let advice = (
                    match stored.iter().any(kept) {
                        true => "The record is right, and it expires after `seconds`.",
                        false => {
                            "The record is `REQUEST CODE`, under the key `captcha_key(session, id)`."
                        }
                    },
                    "Nothing was stored under this key, so the fresh code is the one to draw.",
                );
                expect(case, &world, &got, &draw(code), &[&record], advice).await;
            },
        );
    }
}

// The belief of this exercise: the client may choose ids.
#[test]
fn b_a_waiting_captcha_stays() {
    situation(
        "Page A has its picture, and 40 s later page B asks with the same id",
        async |case| {
            let world = World::start().await;
            world.put("captcha:ada:7f", "a1 4711", 300).await;
            world.pass(40);
            let got = issued(case, &world, ("ada", "7f", "b1"), "2938", 300).await;
            let stored = world.records().await;
            let advice = if stored.iter().any(|record| record.contains("4711")) {
                "The record of A's captcha has changed: what waits there stays as it is, the seconds that are left as well."
            } else if stored.iter().any(|record| record.contains("2938")) {
                "B's code has overwritten A's. Page A still shows 4711, and its answer would be wrong. A client can choose \
                 any id, also one that is taken: store the code only if the key is free."
            } else {
                "A's captcha is gone, although it waits for its answer."
            };
            let pending = "A captcha with this id waits for its answer. Any code that B drew now would be stored nowhere.";
            let records = ["captcha:ada:7f = a1 4711, 260 s left"];
            let right = Ok(Issued::Pending);
            expect(case, &world, &got, &right, &records, (advice, pending)).await;
        },
    );
}

#[test]
fn c_the_same_request_again() {
    situation(
        "The reply to request a1 got lost, and 40 s later a1 is sent again",
        async |case| {
            let world = World::start().await;
            world.put("captcha:ada:7f", "a1 4711", 300).await;
            world.pass(40);
            for fresh in ["2938", "5550"] {
                let got = issued(case, &world, ADA, fresh, 300).await;
                let advice = (
                    "A request that is sent twice is one request. The first picture may have arrived after all, and a person \
                     reads it: the record must stay as it is.",
                    "The record was made for this very request, because it has its name: `split_once(' ')` takes it apart. The \
                     client needs the picture that it never got, with the code of the record.",
                );
                let records = ["captcha:ada:7f = a1 4711, 260 s left"];
                expect(case, &world, &got, &draw("4711"), &records, advice).await;
            }
        },
    );
    for name in ["a", "a12", "4711", ""] {
        situation(
            &format!("The record is `a1 4711`, and the request is named {name:?}"),
            async |case| {
                let world = World::start().await;
                world.put("captcha:ada:7f", "a1 4711", 300).await;
                let got = issued(case, &world, ("ada", "7f", name), "2938", 300).await;
                let advice = (
                    "The captcha that waits there was issued for another request, and stays.",
                    "The name in the record is `a1`, the whole of it. Another name is another request.",
                );
                let records = ["captcha:ada:7f = a1 4711, 300 s left"];
                let right = Ok(Issued::Pending);
                expect(case, &world, &got, &right, &records, advice).await;
            },
        );
    }
}

/// Two at the same moment.
async fn both(case: &Case, world: &World, names: [&str; 2]) -> Vec<Result<Issued, Unavailable>> {
    let [one, two] = names.map(|name| request("ada", "7f", name));
    let calls = [(&one, "4711"), (&two, "2938")];
    let calls = calls.map(|(request, code)| issue(&world.store, request, code, 300));
    within(case, all(calls)).await
}

/// The code that is stored.
async fn stored(world: &World) -> Option<String> {
    let record = world.get("captcha:ada:7f").await?;
    Some(record.split_once(' ')?.1.to_string())
}

#[test]
fn d_at_the_same_time() {
    situation(
        "Requests a1 and b1 ask for one id at the same moment",
        async |case| {
            let world = World::start().await;
            let results = both(case, &world, ["a1", "b1"]).await;
            let stored = stored(&world).await;
            let drawn: Vec<&String> = (results.iter())
                .filter_map(|result| match result {
                    Ok(Issued::Draw(code)) => Some(code),
                    _ => None,
                })
                .collect();
            if drawn.len() != 1 || drawn.first().copied() != stored.as_ref() {
                let advice = "Between a look and a write, the other service can look as well: both saw that the key was free. To look and \
                          to store has to be one step of the store.";
                different(
                    case,
                    &world,
                    "one Draw with the stored code, and one Pending",
                    &results,
                    stored,
                    advice,
                );
            }
        },
    );
    situation(
        "Request a1 reaches two services at the same moment",
        async |case| {
            let world = World::start().await;
            let results = both(case, &world, ["a1", "a1"]).await;
            let stored = stored(&world).await;
            let right = |code: &String| results.iter().all(|result| *result == draw(code));
            if !stored.as_ref().is_some_and(right) {
                let advice = "Either picture may reach the person. Both have to show the code that is stored.";
                different(
                    case,
                    &world,
                    "twice Draw with the stored code",
                    &results,
                    stored,
                    advice,
                );
            }
        },
    );
}

fn different(
    case: &Case,
    world: &World,
    right: &str,
    results: &[Result<Issued, Unavailable>],
    stored: Option<String>,
    advice: &str,
) -> ! {
    case.fail(
        (case.report())
            .detail("expected", right)
            .detail("your answers", format!("{results:?}"))
            .detail("stored code", stored.unwrap_or("none".to_string()))
            .detail("commands sent", list(&world.sent()))
            .advice(advice),
    )
}

#[test]
fn e_two_sessions() {
    situation("The sessions ada and bob use the same id", async |case| {
        let world = World::start().await;
        world.put("captcha:ada:7f", "a1 4711", 300).await;
        let got = issued(case, &world, ("bob", "7f", "b1"), "2938", 300).await;
        let records = [
            "captcha:ada:7f = a1 4711, 300 s left",
            "captcha:bob:7f = b1 2938, 300 s left",
        ];
        let advice = "A key has the session and the id in it, so that two visitors cannot meet: captcha_key(session, id).";
        expect(
            case,
            &world,
            &got,
            &draw("2938"),
            &records,
            (advice, advice),
        )
        .await;
    });
}

#[test]
fn f_the_id_is_free_again() {
    situation(
        "299 s and 301 s after a captcha was issued for 300 s",
        async |case| {
            let world = World::start().await;
            let _ = issued(case, &world, ADA, "4711", 300).await;
            world.pass(299);
            let early = issued(case, &world, ("ada", "7f", "b1"), "2938", 300).await;
            let advice = "The 300 s are not over, so the captcha still waits.";
            let records = ["captcha:ada:7f = a1 4711, 1 s left"];
            expect(
                case,
                &world,
                &early,
                &Ok(Issued::Pending),
                &records,
                (advice, advice),
            )
            .await;
            world.pass(2);
            let later = issued(case, &world, ("ada", "7f", "c1"), "5550", 300).await;
            let advice = "The 300 s are over, so the captcha has expired and its id is free.";
            let records = ["captcha:ada:7f = c1 5550, 300 s left"];
            expect(
                case,
                &world,
                &later,
                &draw("5550"),
                &records,
                (advice, advice),
            )
            .await;
        },
    );
    situation(
        "The captcha was answered, and its id is used again",
        async |case| {
            let world = World::start().await;
            let _ = issued(case, &world, ADA, "4711", 300).await;
            // An answer takes the record away.
            world.delete("captcha:ada:7f").await;
            let again = issued(case, &world, ("ada", "7f", "b1"), "2938", 300).await;
            let advice = "The answer has removed the record, so nothing waits under this id.";
            let records = ["captcha:ada:7f = b1 2938, 300 s left"];
            expect(
                case,
                &world,
                &again,
                &draw("2938"),
                &records,
                (advice, advice),
            )
            .await;
        },
    );
}

#[test]
fn g_the_store_is_unavailable() {
    situation("Redis does not run", async |case| {
        let store = World::start().await.stop().await;
        let request = request("ada", "7f", "a1");
        let got = within(case, issue(&store, &request, "4711", 300)).await;
        unavailable(
            case,
            &got,
            "No record was stored, so a right answer would be refused later.",
        );
    });
    situation(
        "Redis runs each command, and its replies get lost",
        async |case| {
            let world = World::start().await;
            world.lose_replies();
            let got = issued(case, &world, ADA, "4711", 300).await;
            unavailable(
                case,
                &got,
                "It is unknown whether the record was stored, and what it is.",
            );
        },
    );
}

fn unavailable(case: &Case, got: &Result<Issued, Unavailable>, why: &str) {
    if *got != Err(Unavailable) {
        let advice = format!("{why} The caller needs the error of the store.");
        case.differ("Err(Unavailable)", format!("{got:?}"), &advice);
    }
}
