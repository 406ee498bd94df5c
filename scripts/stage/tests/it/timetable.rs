//! The open-loop load generator beside the closed one. All bounds hold on a slow machine as well.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use stage::load;
use stage::timetable::{Report, Timetable, run};
use tokio::sync::watch;
use tokio::time::sleep;

const MANY: Timetable = Timetable {
    rate: 200.0,
    requests: 40,
    at_most: 100,
};

/// The last request of the timetable ends the pause of the site: a sender that waits would wait for all time.
#[tokio::test]
async fn a_pause_is_seen_by_all_who_came_in_it() {
    let (end, paused) = watch::channel(true);
    let end = Arc::new(end);
    let report = run(MANY, move |number| {
        let (end, mut paused) = (Arc::clone(&end), paused.clone());
        async move {
            if number + 1 == MANY.requests {
                end.send_replace(false);
            }
            let ended = paused.wait_for(|paused| !paused).await;
            ended.map(drop).map_err(|error| error.to_string())
        }
    })
    .await;
    assert_eq!((report.latencies.len(), report.not_sent), (40, 0));
    // The first one came 195 ms before the last one, and half of them 100 ms before.
    assert!(report.within(1000) >= MANY.due(39), "{report:?}");
    assert!(report.within(500) >= MANY.due(19), "{report:?}");
}

/// The same pause, met by one caller: one of 200 calls is slow, and p99 does not know it.
#[tokio::test]
async fn a_closed_loop_hides_a_pause() {
    let pause = Duration::from_millis(500);
    let call = move |number| async move {
        if number == 100 {
            sleep(pause).await;
        }
        Ok("the site".to_owned())
    };
    let count = load::calls(200, 1, call).await;
    assert!(count.longest() >= pause);
    assert_eq!(count.slow(pause), 1);
}

#[tokio::test]
async fn what_does_not_fit_is_counted() {
    let few = Timetable {
        at_most: 10,
        ..MANY
    };
    let (sent, calls) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let counted = Arc::clone(&calls);
    let (end, paused) = watch::channel(true);
    let paused_run = run(few, move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        let (sent, mut paused) = (Arc::clone(&sent), paused.clone());
        async move {
            let number = sent.fetch_add(1, Ordering::SeqCst);
            let ended = paused.wait_for(|paused| !paused).await;
            ended.map_err(|error| error.to_string())?;
            match number % 2 {
                0 => Ok(()),
                _ => Err("status 503".to_owned()),
            }
        }
    });
    // Ten requests are under way for much longer than the timetable lasts.
    let (report, ()) = tokio::join!(paused_run, async {
        sleep(Duration::from_secs(3)).await;
        end.send_replace(false);
    });
    assert_eq!(calls.load(Ordering::SeqCst), 10);
    assert_eq!(report.not_sent, 30);
    assert_eq!((report.latencies.len(), report.failed.len()), (5, 5));
}

#[test]
fn percentiles_of_few_and_of_none() {
    assert_eq!(Report::default().within(999), Duration::ZERO);
    let report = Report {
        latencies: (1..=1000).map(Duration::from_millis).collect(),
        ..Report::default()
    };
    for (share, millis) in [(0, 1), (500, 500), (990, 990), (999, 999), (1000, 1000)] {
        assert_eq!(report.within(share), Duration::from_millis(millis));
    }
}
