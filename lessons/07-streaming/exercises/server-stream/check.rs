//! The check of `server-stream`. It plays a store whose pages come when the check lets them, and a
//! caller who counts. Nothing here waits for a clock unless an answer is wrong.

mod exercise;

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use exercise::{Pages, reply};
use testkit::{Case, case};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_stream::{Stream, StreamExt};
use tonic::Status;

/// Items on a page.
const PAGE: usize = 10;
/// A right answer needs no time at all; this is for machines that are busy.
const SOON: Duration = Duration::from_millis(600);

/// What the check knows about the store.
struct Store {
    items: usize,
    /// The page behind so many items fails.
    fails_at: Option<usize>,
    /// A page is fetched when there is a permit.
    may_fetch: Semaphore,
    made: AtomicUsize,
}

/// The store as the learner's code has it. The check sees when it is dropped.
struct Held(Arc<Store>);

impl Store {
    fn new(items: usize, pages_at_once: usize) -> Arc<Self> {
        Store::failing(items, pages_at_once, None)
    }

    fn failing(items: usize, pages_at_once: usize, fails_at: Option<usize>) -> Arc<Self> {
        Arc::new(Store {
            items,
            fails_at,
            may_fetch: Semaphore::new(pages_at_once),
            made: AtomicUsize::new(0),
        })
    }
}

impl Pages<usize> for Held {
    fn page(&mut self, after: usize) -> impl Future<Output = Result<Vec<usize>, Status>> + Send {
        let store = Arc::clone(&self.0);
        async move {
            let Ok(permit) = store.may_fetch.acquire().await else {
                return pending().await;
            };
            permit.forget();
            if store.fails_at == Some(after) {
                return Err(Status::unavailable("the store is away"));
            }
            let page: Vec<usize> = (after + 1..=store.items).take(PAGE).collect();
            store.made.fetch_add(page.len(), Ordering::SeqCst);
            Ok(page)
        }
    }
}

/// Runs the body on one thread, so that the order of things is the same each time.
fn play(body: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    runtime.block_on(body);
}

type Replies = Pin<Box<dyn Stream<Item = Result<usize, Status>> + Send>>;

fn begin(store: &Arc<Store>) -> Replies {
    Box::pin(reply(Held(Arc::clone(store))))
}

/// What comes next: an item, a status, the end, or nothing in time.
async fn next(replies: &mut Replies) -> Option<Option<Result<usize, Status>>> {
    timeout(SOON, replies.next()).await.ok()
}

fn view(next: &Option<Option<Result<usize, Status>>>) -> String {
    match next {
        None => "nothing came".to_string(),
        Some(None) => "the stream ended".to_string(),
        Some(Some(Ok(item))) => format!("item {item}"),
        Some(Some(Err(status))) => format!("{:?}: {}", status.code(), status.message()),
    }
}

/// The items from 1 on, one after the other.
async fn expect_items(case: &Case, replies: &mut Replies, upto: usize, advice: &str) {
    for wanted in 1..=upto {
        let came = next(replies).await;
        if !matches!(came, Some(Some(Ok(item))) if item == wanted) {
            case.differ(format!("item {wanted}"), view(&came), advice);
        }
    }
}

// The belief of this exercise. A stream begins before anybody knows how it ends.
#[test]
fn an_item_goes_out_when_it_is_there() {
    case(
        "The first of ten pages is there, the second one is not",
        |case| {
            play(async {
                let store = Store::new(100, 1);
                let mut replies = begin(&store);
                let first = next(&mut replies).await;
                if first.is_none() {
                    // Let the store give everything, and see when item 1 comes.
                    store.may_fetch.add_permits(100);
                    let late = next(&mut replies).await;
                    let made = store.made.load(Ordering::SeqCst);
                    let advice = "A stream is not a list: item 1 could have been with the caller while \
                              the other pages were still being fetched. And what is collected first \
                              lies in memory all at once.";
                    let came = match late {
                        Some(Some(Ok(item))) => {
                            format!("item {item} arrived after item {made} was made")
                        }
                        other => format!("{}, and {made} items were made", view(&other)),
                    };
                    case.differ("item 1, as soon as page 1 is there", came, advice);
                }
                let advice = "All items of page 1 are there. They come in their order, and none of them \
                          waits for page 2.";
                if !matches!(first, Some(Some(Ok(1)))) {
                    case.differ("item 1", view(&first), advice);
                }
                for wanted in 2..=PAGE {
                    let came = next(&mut replies).await;
                    if !matches!(came, Some(Some(Ok(item))) if item == wanted) {
                        case.differ(format!("item {wanted}"), view(&came), advice);
                    }
                }
            });
        },
    );
}

// Whoever makes must hear that nobody wants it any more.
#[test]
fn nobody_reads_any_more() {
    let gone = async |case: &Case, held: Weak<Store>, what: &str| {
        let since = tokio::time::Instant::now();
        // One of the two is the check's own.
        while held.strong_count() > 1 {
            if since.elapsed() > SOON {
                let advice = "The caller has left, and somebody still fetches for it, perhaps for \
                              ever. A task that you have spawned does not end with the stream: it \
                              has to ask. `send` fails when nobody reads, and `closed()` of the \
                              sender is ready then, also in the middle of a page.";
                case.differ("`pages` is dropped", what, advice);
            }
            sleep(Duration::from_millis(2)).await;
        }
    };
    case("The caller reads two items and leaves", |case| {
        play(async {
            let store = Store::new(1_000_000, 1_000_000);
            let mut replies = begin(&store);
            let advice = "Nothing is special about the first two items.";
            expect_items(case, &mut replies, 2, advice).await;
            drop(replies);
            let still = "your code still holds it";
            gone(case, Arc::downgrade(&store), still).await;
        });
    });
    case("The caller leaves while page 2 is being fetched", |case| {
        play(async {
            let store = Store::new(100, 1);
            let mut replies = begin(&store);
            let advice = "Page 1 is there.";
            expect_items(case, &mut replies, PAGE, advice).await;
            let _ = timeout(Duration::from_millis(20), replies.next()).await;
            drop(replies);
            let still = "your code still waits for page 2";
            gone(case, Arc::downgrade(&store), still).await;
        });
    });
}

// The end, wherever it lies.
#[test]
fn the_end_is_an_empty_page() {
    for (items, situation) in [
        (0, "There is nothing at all"),
        (PAGE, "Exactly one page"),
        (25, "Two pages and a half"),
    ] {
        case(situation, |case| {
            play(async {
                let store = Store::new(items, 1000);
                let mut replies = begin(&store);
                let advice = "Every item once, in order, and none is left out at the border of two \
                              pages: `after` is how many you have had.";
                expect_items(case, &mut replies, items, advice).await;
                let end = next(&mut replies).await;
                let advice = "A page without items means that there are no more: the stream ends. \
                              A page that is not full means nothing.";
                if !matches!(end, Some(None)) {
                    case.differ("the end of the stream", view(&end), advice);
                }
            });
        });
    }
}

// A status in the middle is the last thing that comes, and not the only one.
#[test]
fn what_came_before_an_error_counts() {
    case("Page 3 fails: UNAVAILABLE", |case| {
        play(async {
            let store = Store::failing(100, 1000, Some(2 * PAGE));
            let mut replies = begin(&store);
            let advice = "These items were fetched before anything failed. The caller gets them: a \
                          stream may have gone well for a while.";
            expect_items(case, &mut replies, 2 * PAGE, advice).await;
            let failed = next(&mut replies).await;
            let told = matches!(
                &failed,
                Some(Some(Err(status))) if status.code() == tonic::Code::Unavailable
            );
            if !told {
                let advice = "Without the status the caller takes what it has for all there is. Pass \
                              it on as the last item.";
                case.differ("Unavailable: the store is away", view(&failed), advice);
            }
            let end = next(&mut replies).await;
            if !matches!(end, Some(None)) {
                let advice =
                    "After a status a call is over. Nobody fetches again, and nothing follows.";
                case.differ("the end of the stream", view(&end), advice);
            }
        });
    });
}
