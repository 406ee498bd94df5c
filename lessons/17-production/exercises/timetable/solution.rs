//! Two things happen independently: a request becomes due, or an answer comes. `select!` waits for both, so a pause of the site
//! does not stop the timetable. The latency begins at the time of the timetable. What the sender itself was late is part of
//! it: users would have waited that long as well. The limit protects the sender, and the count says what it has left out.

// Given in given.rs, beside this file: `Timetable`, `Site`, `Answer` and `Report`.
pub use super::given::*;

/// Measures what the users of a site see.
pub async fn measure<S: Site>(site: &S, timetable: &Timetable) -> Report {
    let start = site.now();
    let due = |number: u32| start + timetable.every * number;
    let mut report = Report::default();
    let (mut next, mut under_way) = (0, 0);
    while next < timetable.requests || under_way > 0 {
        tokio::select! {
            answer = site.answer(), if under_way > 0 => {
                under_way -= 1;
                match answer.good {
                    true => report.latencies.push(site.now() - due(answer.number)),
                    false => report.failed += 1,
                }
            }
            () = site.sleep_until(due(next)), if next < timetable.requests => {
                if under_way < timetable.at_most {
                    site.send(next);
                    under_way += 1;
                } else {
                    report.not_sent += 1;
                }
                next += 1;
            }
        }
    }
    report
}
