//! The check of `server-stream`. It runs your service in a tonic server on a port of this machine, and calls it
//! with a tonic client. The store is the check's own: it counts what it is asked.

mod exercise;
mod given;

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use exercise::{Catalog, ListItemsRequest, ListItemsResponse, Store};
use l07_streaming::pb::catalog::catalog_service_client::CatalogServiceClient;
use l07_streaming::pb::catalog::catalog_service_server::CatalogServiceServer;
use testkit::{Case, case};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Status, Streaming};

/// A right answer needs some milliseconds; this is for machines that are busy.
const SOON: Duration = Duration::from_millis(800);
/// The pages of the store have these sizes, in turn.
const SIZES: [usize; 5] = [4, 1, 7, 7, 2];

/// A store whose items have the numbers 3, 6, 9 ... up to a last one.
struct TestStore {
    last: u32,
    /// The page after this number fails.
    fails_after: Option<u32>,
    /// A page is returned when there is a permit.
    may_return: Semaphore,
    /// The arguments of all calls of `page`.
    asked: Mutex<Vec<u32>>,
    /// How many calls of `page` are waiting or running.
    running: AtomicUsize,
}

/// Counts a call of `page` as running while it lives.
struct Running<'s>(&'s TestStore);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl TestStore {
    fn new(last: u32, pages: usize) -> Arc<Self> {
        TestStore::failing(last, pages, None)
    }

    fn failing(last: u32, pages: usize, fails_after: Option<u32>) -> Arc<Self> {
        Arc::new(TestStore {
            last,
            fails_after,
            may_return: Semaphore::new(pages),
            asked: Mutex::default(),
            running: AtomicUsize::new(0),
        })
    }

    fn asked(&self) -> Vec<u32> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.clone()
    }

    fn running(&self) -> usize {
        self.running.load(Ordering::SeqCst)
    }
}

impl Store for TestStore {
    async fn page(&self, after: u32) -> Result<Vec<ListItemsResponse>, Status> {
        let number = {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            asked.push(after);
            asked.len() - 1
        };
        self.running.fetch_add(1, Ordering::SeqCst);
        let _running = Running(self);
        // A database is never ready at once.
        yield_now().await;
        if let Ok(permit) = self.may_return.acquire().await {
            permit.forget();
        }
        if self.fails_after == Some(after) {
            return Err(Status::unavailable("the database is restarting"));
        }
        let first = after / 3 * 3 + 3;
        let numbers = (first..=self.last).step_by(3);
        let items = numbers.map(|number| ListItemsResponse {
            number,
            name: format!("item {number}"),
        });
        Ok(items.take(SIZES[number % SIZES.len()]).collect())
    }
}

/// Runs the body on one thread.
fn play(body: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(body);
}

/// What comes next: an item, a status, the end, or nothing in time.
type Next = Option<Result<Option<ListItemsResponse>, Status>>;

fn view(next: &Next) -> String {
    match next {
        None => format!("nothing came within {} ms", SOON.as_millis()),
        Some(Ok(None)) => "the stream ended with OK".to_string(),
        Some(Ok(Some(item))) => format!("item {}", item.number),
        Some(Err(status)) => format!("{:?}: {}", status.code(), status.message()),
    }
}

/// A call of the learner's service.
struct Call<'c> {
    case: &'c Case,
    store: Arc<TestStore>,
    replies: Streaming<ListItemsResponse>,
    /// The number of the last item that came.
    last: u32,
}

impl<'c> Call<'c> {
    /// Starts a server, connects, and calls `ListItems`.
    async fn begin(case: &'c Case, store: &Arc<TestStore>, after: u32) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port on 127.0.0.1");
        let addr = listener.local_addr().expect("a bound listener's address");
        let store = Arc::clone(store);
        let service = CatalogServiceServer::new(Catalog {
            store: Arc::clone(&store),
        });
        let server = Server::builder().add_service(service);
        tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
        let client = CatalogServiceClient::connect(format!("http://{addr}")).await;
        let mut client = client.expect("a connection to our own server");
        let call = client.list_items(ListItemsRequest { after });
        let came = match timeout(SOON, call).await {
            Ok(Ok(replies)) => {
                let replies = replies.into_inner();
                return Call {
                    case,
                    store,
                    replies,
                    last: after,
                };
            }
            Ok(Err(status)) => view(&Some(Err(status))),
            Err(_) => view(&None),
        };
        let advice = "The method must return the stream, and a task must fill it. Until the method has \
                      returned, the client gets no headers and no items.";
        case.differ("a call that begins", came, advice)
    }

    async fn next(&mut self) -> Next {
        timeout(SOON, self.replies.message()).await.ok()
    }

    /// Fails unless the next thing is the item with this number.
    async fn expect(&mut self, number: u32) {
        let came = self.next().await;
        if matches!(&came, Some(Ok(Some(item))) if item.number == number) {
            self.last = number;
            return;
        }
        let asked = self.store.asked();
        let from = asked.first().copied().unwrap_or_default();
        // How many items of how many the client has got.
        let got = (self.last / 3 - from / 3) as usize;
        let sizes = &SIZES[..asked.len().min(SIZES.len())];
        let short = sizes.split_last();
        let short = short.is_some_and(|(last, before)| before.iter().any(|size| size > last));
        let advice = match &came {
            None => {
                "The page with this item was returned by the store, and the item did not reach the \
                 client. Send every item of a page before you fetch the next page."
            }
            Some(Ok(None)) if asked.is_empty() => {
                "The stream ended, and the store was not asked: call `page`, and send its items."
            }
            Some(Ok(None)) if got < sizes.iter().sum() => {
                "The stream ended, and not all items of the pages that the store returned were sent."
            }
            Some(Ok(None)) if !short => {
                "The stream ended, and the store has more items. Fetch pages until one is empty."
            }
            Some(Ok(None)) => {
                "The stream ended, and the store has more items. Only an empty page is the end: a \
                 page that is smaller than another one is not."
            }
            Some(Ok(Some(item)))
                if item.number <= self.last
                    && asked.get(1).is_none_or(|after| *after as usize != sizes[0]) =>
            {
                "The client already has this item. Pass the number of the last item of a page to `page`."
            }
            Some(Ok(Some(item))) if item.number <= self.last => {
                "The client already has this item. Pass the number of the last item to `page`: the \
                 numbers have gaps, so a count of items is something else."
            }
            Some(Ok(Some(_))) => {
                "An item is missing, or the order is wrong. Send all items in order."
            }
            Some(Err(_)) => {
                "The store has returned this item. An error is sent after the items before it."
            }
        };
        let latest = format!("{:?}", &asked[asked.len().saturating_sub(6)..]);
        let report = self.case.report();
        self.case.fail(
            report
                .detail("expected", format!("item {number}"))
                .detail("the client got", view(&came))
                .detail("last calls of `page`", latest)
                .advice(advice),
        )
    }

    /// Fails unless the stream ends here, with OK.
    async fn expect_end(&mut self, advice: &str) {
        let end = self.next().await;
        if !matches!(end, Some(Ok(None))) {
            self.case
                .differ("the end of the stream, with OK", view(&end), advice);
        }
    }
}

/// The numbers of all items after `after`.
fn items(after: u32, last: u32) -> impl Iterator<Item = u32> {
    (after / 3 * 3 + 3..=last).step_by(3)
}

// The end, wherever it lies.
#[test]
fn all_items_arrive_once_and_in_order() {
    for (situation, after, last) in [
        ("A store with 19 items in pages of 4, 1, 7, 7 and 0", 0, 57),
        ("A store with 4 items: one page", 0, 12),
        (
            "The client has the items up to number 30, the last one is 57",
            30,
            57,
        ),
        ("An empty store", 0, 0),
    ] {
        case(situation, |case| {
            play(async {
                let store = TestStore::new(last, 1000);
                let mut call = Call::begin(case, &store, after).await;
                for number in items(after, last) {
                    call.expect(number).await;
                }
                call.expect_end(
                    "The store has returned an empty page: there are no more items, so the stream \
                     ends. That there are none at all is not an error.",
                )
                .await;
            });
        });
    }
}

// The belief of this exercise. A stream begins before its end is known.
#[test]
fn each_item_is_sent_when_its_page_is_there() {
    case("The store has returned page 1 of 5, not page 2", |case| {
        play(async {
            let store = TestStore::new(57, 1);
            let mut call = Call::begin(case, &store, 0).await;
            let first = call.next().await;
            if first.is_none() && store.asked().len() > 1 {
                // Let the store return everything, and see when item 3 comes.
                store.may_return.add_permits(100);
                let late = call.next().await;
                let pages = store.asked().len();
                let advice = "Your code collects items before it sends them. The client could have \
                              had the first one while the other pages were fetched; and what is \
                              collected lies in memory all at once.";
                let came = format!("{}, after `page` was called {pages} times", view(&late));
                case.differ("item 3, before page 2 is there", came, advice);
            }
            if !matches!(&first, Some(Ok(Some(item))) if item.number == 3) {
                let advice = "The store has returned page 1, so its first item can be sent.";
                case.differ("item 3", view(&first), advice);
            }
            for number in [6, 9, 12] {
                call.expect(number).await;
            }
        });
    });
}

// A task does not end with the stream that it fills.
#[test]
fn the_task_stops_when_the_call_is_cancelled() {
    case(
        "The client cancels after two items of a very long list",
        |case| {
            play(async {
                let store = TestStore::new(u32::MAX / 2, 1_000_000_000);
                let mut call = Call::begin(case, &store, 0).await;
                call.expect(3).await;
                call.expect(6).await;
                drop(call);
                let since = Instant::now();
                let mut before = store.asked().len();
                loop {
                    sleep(Duration::from_millis(60)).await;
                    let asked = store.asked().len();
                    if asked == before {
                        break;
                    }
                    if since.elapsed() > SOON {
                        let advice = "Your task goes on for a client that has cancelled: it does not end \
                                  with the stream of replies. `send` returns an error when the \
                                  stream is dropped.";
                        case.differ(
                            "no further call of `page`",
                            format!("{} in the last 60 ms", asked - before),
                            advice,
                        );
                    }
                    before = asked;
                }
            });
        },
    );
    case("The client cancels while page 2 is being fetched", |case| {
        play(async {
            let store = TestStore::new(57, 1);
            let mut call = Call::begin(case, &store, 0).await;
            for number in [3, 6, 9, 12] {
                call.expect(number).await;
            }
            let since = Instant::now();
            while store.running() == 0 && since.elapsed() < SOON {
                sleep(Duration::from_millis(2)).await;
            }
            drop(call);
            let since = Instant::now();
            while store.running() > 0 {
                if since.elapsed() > SOON {
                    let advice = "Your code waits for a page that is no longer needed. While a page \
                                  is fetched, your task does not call `send`, so it does not notice. \
                                  `closed()` of the sender is ready then: wait for both.";
                    case.differ(
                        "the future of page 2 is dropped",
                        format!("it still waits {} ms later", SOON.as_millis()),
                        advice,
                    );
                }
                sleep(Duration::from_millis(2)).await;
            }
        });
    });
}

// The status comes after the items, and is the last thing of the call.
#[test]
fn errors_come_after_the_items_before_them() {
    for (situation, fails_after) in [
        ("Page 3 fails with UNAVAILABLE", 15),
        ("Page 1 fails with UNAVAILABLE", 0),
    ] {
        case(situation, |case| {
            play(async {
                let store = TestStore::failing(57, 1000, Some(fails_after));
                let mut call = Call::begin(case, &store, 0).await;
                for number in items(0, fails_after) {
                    call.expect(number).await;
                }
                let failed = call.next().await;
                let told = matches!(
                    &failed,
                    Some(Err(status)) if status.code() == Code::Unavailable
                );
                if !told {
                    let advice = match &failed {
                        Some(Ok(None)) => {
                            "The stream ended with OK, so the client takes what it has for the whole \
                             list. Send the status of the store as the last item."
                        }
                        _ => "Send the status of the store as the last item of the stream.",
                    };
                    case.differ(
                        "Unavailable: the database is restarting",
                        view(&failed),
                        advice,
                    );
                }
                sleep(Duration::from_millis(20)).await;
                let asked = store.asked();
                if asked.iter().position(|after| *after == fails_after) != Some(asked.len() - 1) {
                    let advice = "After the status the call is over. Fetch no further page.";
                    case.differ(
                        "no call of `page` after the failed one",
                        format!("calls with {asked:?}"),
                        advice,
                    );
                }
            });
        });
    }
}
