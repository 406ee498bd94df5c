// Given in given.rs, beside this file: `Timetable`, `Site`, `Answer` and `Report`.
pub use super::given::*;

/// Measures what the users of a site see. Users do not know each other: each comes at the time of the timetable, whatever
/// became of the others.
///
/// * Request `number` is due `timetable.every * number` after the start. It is sent then, even if older requests have no answer.
/// * A timer may be late. All requests that have become due by then are sent at once, and the later ones keep their times.
/// * If `timetable.at_most` requests are under way when a request is sent, it is left out and counted in `not_sent`.
/// * A latency begins when the request was due, even if it was sent later. It ends with its answer.
/// * An error is counted in `failed`. It has no latency.
/// * The report is complete: `measure` returns when each request that was sent has its answer.
pub async fn measure<S: Site>(site: &S, timetable: &Timetable) -> Report {
    let start = site.now();
    let due = |number: u32| start + timetable.every * number;
    let mut report = Report::default();
    for number in 0..timetable.requests {
        let sent = site.now();
        site.send(number);
        let answer = site.answer().await;
        match answer.good {
            true => report.latencies.push(site.now() - sent),
            false => report.failed += 1,
        }
        site.sleep_until(due(number + 1)).await;
    }
    report
}
