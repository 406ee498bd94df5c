//! Accepted: two loops at the same time, one that sends and one that reads answers, in place of one loop with `select!`.

use std::cell::Cell;

// Given in given.rs, beside this file: `Timetable`, `Site`, `Answer` and `Report`.
pub use super::given::*;

/// Measures what the users of a site see.
pub async fn measure<S: Site>(site: &S, timetable: &Timetable) -> Report {
    let start = site.now();
    let (under_way, not_sent) = (Cell::new(0), Cell::new(0));
    let send = async {
        for number in 0..timetable.requests {
            site.sleep_until(start + timetable.every * number).await;
            if under_way.get() == timetable.at_most {
                not_sent.set(not_sent.get() + 1);
                continue;
            }
            under_way.set(under_way.get() + 1);
            site.send(number);
        }
    };
    let read = async {
        let (mut latencies, mut failed) = (Vec::new(), 0);
        let mut answered = 0;
        // The last request is left out only while others are under way, so one more answer comes after it.
        while answered + not_sent.get() < timetable.requests {
            let answer = site.answer().await;
            answered += 1;
            under_way.set(under_way.get() - 1);
            if answer.good {
                latencies.push(site.now() - start - timetable.every * answer.number);
            } else {
                failed += 1;
            }
        }
        (latencies, failed)
    };
    let ((), (latencies, failed)) = tokio::join!(send, read);
    Report {
        latencies,
        failed,
        not_sent: not_sent.get(),
    }
}
