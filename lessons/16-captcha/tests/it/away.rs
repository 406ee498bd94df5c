//! Each server that the site needs is killed in turn: what the site does without it, and when it works again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::browser::Browser;
use crate::support::{PATIENCE, answer, look, open, until, visit};
use l16_captcha::service;
use services::Side;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// The same for each side, side by side: most of it is waiting.
async fn on_both<F>(test: impl Fn(Side) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut tests = JoinSet::new();
    for side in Side::to_test().unwrap() {
        tests.spawn(test(side));
    }
    while let Some(done) = tests.join_next().await {
        done.unwrap();
    }
}

/// A visitor that asks for pictures until told to stop; each of them must come.
async fn pictures(web: SocketAddr, seen: Arc<AtomicU64>, stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let mut browser = Browser::new(web);
        let wish = serde_json::json!({});
        let fresh = browser.post("/api/v1.0/imagecode", &wish).await;
        let fresh = fresh.unwrap().json();
        let url = fresh["url"].as_str().expect("a url").to_string();
        let picture = browser.get(&url).await.unwrap();
        assert_eq!(picture.status, 200, "a picture failed: {}", picture.text());
        assert!(picture.body.starts_with(b"\x89PNG"));
        seen.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_is_killed_under_load_and_no_picture_fails() {
    on_both(|side| async move {
        let mut site = open(side).await;
        let (stop, stopped) = watch::channel(false);
        let (seen, mut people) = (Arc::new(AtomicU64::new(0)), JoinSet::new());
        for _ in 0..16 {
            people.spawn(pictures(site.web.addr, Arc::clone(&seen), stopped.clone()));
        }
        let more = async |pictures: u64| {
            let wanted = seen.load(Ordering::SeqCst) + pictures;
            until("more pictures", || async {
                seen.load(Ordering::SeqCst) >= wanted
            })
            .await;
        };
        for index in [0, 1] {
            more(100).await;
            site.kill_service(index).unwrap();
            more(200).await;
            site.start_service(index).await.unwrap();
        }
        more(100).await;
        stop.send_replace(true);
        while let Some(person) = people.join_next().await {
            person.unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_consul_the_site_goes_on() {
    on_both(|side| async move {
        let mut site = open(side).await;
        visit(&site).await;
        site.kill_consul().await;
        let since = Instant::now();
        // Longer than the registry would believe a silent service.
        while since.elapsed() < Duration::from_secs(7) {
            visit(&site).await;
            sleep(Duration::from_millis(100)).await;
        }
        site.start_consul().await.unwrap();
        let registry = site.registry().unwrap();
        until("both are registered again", || async {
            let listed = registry.get_service(service::NAME).await;
            listed.is_ok_and(|listed| listed.len() == 2)
        })
        .await;
        visit(&site).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_nobody_comes_in_and_the_page_says_why() {
    on_both(|side| async move {
        let mut site = open(side).await;
        let mut browser = Browser::new(site.web.addr);
        let before = look(&mut browser, &site).await;
        site.redis.kill().await;

        let since = Instant::now();
        let verdict = answer(&mut browser, &before.id, &before.code).await;
        let took = since.elapsed();
        assert_eq!(
            (verdict.status, verdict.errno().as_deref()),
            (503, Some("4001"))
        );
        let words = verdict.json()["errmsg"].to_string();
        assert!(words.contains("no visitor is let in"), "{words}");
        // The service gives up after two seconds, the web after three; an unpatient person waits so long.
        assert!(took < Duration::from_secs(20), "it took {took:?}");
        for target in ["/api/v1.0/session", "/api/v1.0/imagecode/of-another"] {
            let reply = browser.get(target).await.unwrap();
            assert_eq!(
                (reply.status, reply.errno().as_deref()),
                (503, Some("4001")),
                "{target}"
            );
        }
        let form = format!("id={}&answer={}", before.id, before.code);
        let page = browser.form("/verify", &form).await.unwrap();
        assert_eq!(page.status, 503, "{}", page.text());
        assert!(
            page.text().contains("no visitor is let in"),
            "{}",
            page.text()
        );

        // It comes back empty, and no other process has to be started again.
        site.redis.start_again().await.unwrap();
        let web = site.web.addr;
        until("pictures again", || async {
            let picture = Browser::new(web).get("/api/v1.0/imagecode/again").await;
            picture.is_ok_and(|picture| picture.status == 200)
        })
        .await;
        // What it has forgotten is unknown now, and the right answer to it is none. It may take a moment until
        // both services have noticed that Redis is there.
        let since = Instant::now();
        loop {
            let verdict = answer(&mut browser, &before.id, &before.code).await;
            match verdict.errno().as_deref() {
                Some("4002") => break,
                Some("4001") => assert!(since.elapsed() < PATIENCE, "Redis is there, and not seen"),
                _ => panic!("an old captcha after Redis has lost it: {}", verdict.text()),
            }
            sleep(Duration::from_millis(50)).await;
        }
        let session = browser.get("/api/v1.0/session").await.unwrap();
        assert_eq!(
            session.errno().as_deref(),
            Some("4101"),
            "{}",
            session.text()
        );
        visit(&site).await;
    })
    .await;
}
