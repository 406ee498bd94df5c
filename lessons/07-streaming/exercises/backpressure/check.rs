//! The check of `backpressure`. It plays a camera that is always ready and counts, and a reader that
//! takes its time. Nothing here waits for a clock unless an answer is wrong.

mod exercise;
mod given;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use exercise::{Camera, Picture, ROOM, album};
use testkit::{Case, case};
use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout};
use tokio_stream::{Stream, StreamExt};

/// A right answer needs no time at all; this is for machines that are busy.
const SOON: Duration = Duration::from_millis(600);
const KB: usize = 1000;

/// What the check knows about the camera.
struct Shop {
    /// The sizes of the pictures, one after the other.
    sizes: Vec<usize>,
    made: AtomicUsize,
    /// Every picture, without keeping it.
    pictures: Mutex<Vec<Weak<[u8]>>>,
    /// A picture is shot when there is a permit.
    may_shoot: Semaphore,
}

impl Shop {
    fn new(sizes: Vec<usize>) -> Arc<Self> {
        Shop::shooting(sizes, Semaphore::MAX_PERMITS)
    }

    fn shooting(sizes: Vec<usize>, pictures: usize) -> Arc<Self> {
        Arc::new(Shop {
            sizes,
            made: AtomicUsize::new(0),
            pictures: Mutex::default(),
            may_shoot: Semaphore::new(pictures),
        })
    }

    fn pictures(&self) -> std::sync::MutexGuard<'_, Vec<Weak<[u8]>>> {
        self.pictures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many bytes of pictures somebody still has.
    fn held(&self) -> usize {
        let pictures = self.pictures();
        let held = pictures.iter().filter_map(Weak::upgrade);
        held.map(|bytes| bytes.len()).sum()
    }
}

/// The camera as the learner's code has it.
struct Owned(Arc<Shop>);

impl Camera for Owned {
    fn shoot(&mut self) -> impl Future<Output = Option<Picture>> + Send {
        let shop = Arc::clone(&self.0);
        async move {
            shop.may_shoot.acquire().await.ok()?.forget();
            let made = shop.made.load(Ordering::SeqCst);
            let size = *shop.sizes.get(made)?;
            shop.made.store(made + 1, Ordering::SeqCst);
            let bytes: Arc<[u8]> = vec![0; size].into();
            shop.pictures().push(Arc::downgrade(&bytes));
            let number = u32::try_from(made + 1).unwrap_or(u32::MAX);
            Some(Picture { number, bytes })
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

type Pictures = Pin<Box<dyn Stream<Item = Picture> + Send>>;

fn open(shop: &Arc<Shop>) -> Pictures {
    Box::pin(album(Owned(Arc::clone(shop))))
}

/// Lets the camera work until it has stopped by itself.
async fn settle(shop: &Shop) {
    let mut quiet = 0;
    while quiet < 20 {
        let before = shop.made.load(Ordering::SeqCst);
        yield_now().await;
        let after = shop.made.load(Ordering::SeqCst);
        quiet = if before == after { quiet + 1 } else { 0 };
    }
}

fn readable(bytes: usize) -> String {
    match bytes {
        0..KB => format!("{bytes} bytes"),
        KB..1_000_000 => format!("{} KB", bytes / KB),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

/// Reads one picture.
async fn take(case: &Case, pictures: &mut Pictures, wanted: u32, advice: &str) -> usize {
    match timeout(SOON, pictures.next()).await {
        Ok(Some(picture)) if picture.number == wanted => picture.bytes.len(),
        other => {
            let came = match other {
                Ok(Some(picture)) => format!("picture {}", picture.number),
                Ok(None) => "the stream ended".to_string(),
                Err(_) => "nothing came".to_string(),
            };
            case.differ(format!("picture {wanted}"), came, advice)
        }
    }
}

/// Reads slowly, and looks at how much is held before each picture.
fn slow_reader(situation: &str, sizes: Vec<usize>, reads: usize, advice: &str) {
    case(situation, |case| {
        play(async {
            let largest = sizes.iter().copied().max().unwrap_or(0);
            let shop = Shop::new(sizes);
            let mut pictures = open(&shop);
            for read in 0..reads {
                settle(&shop).await;
                let held = shop.held();
                // The one that was just made is not known before.
                if held > ROOM + largest {
                    case.differ(
                        format!(
                            "{} held, and the picture that was just made",
                            readable(ROOM)
                        ),
                        format!(
                            "slow reader, {} held ({read} pictures read)",
                            readable(held)
                        ),
                        advice,
                    );
                }
                // Which picture it is, and whether it comes at all, is not the question here.
                let _ = timeout(SOON / 4, pictures.next()).await;
            }
        });
    });
}

// The belief of this exercise. A reader that is slow is enough, no attacker is needed.
#[test]
fn a_slow_reader_holds_little() {
    slow_reader(
        "10,000 pictures of 8 KB, and a reader who has read none of them yet",
        vec![8_000; 10_000],
        5,
        "A channel that never says \"full\" is a list that grows: the camera is fast, the reader is \
         not, and everything between them lies in your memory. Let `send` wait until there is room.",
    );
}

// A bound on messages is a bound on bytes only if all messages are small.
#[test]
fn big_pictures_count_more() {
    slow_reader(
        "1,000 pictures of 60 KB",
        vec![60 * KB; 1000],
        5,
        "You have bounded how many pictures are held, and these are large. `ROOM` is a number of \
         bytes: count those. A `Semaphore` with a permit for each byte does, if every picture brings \
         its permits along and gives them back when it is taken.",
    );
    let mixed = (0..500).map(|n| if n % 10 == 9 { 60 * KB } else { 100 });
    slow_reader(
        "Nine small pictures, a large one, and so on",
        mixed.collect(),
        12,
        "The bound is on bytes: large pictures need more room than small ones.",
    );
}

// Slow does not mean lossy, and what was taken makes room for the next.
#[test]
fn every_picture_arrives() {
    case(
        "300 pictures of 1 KB, one larger than everything, and an empty one",
        |case| {
            play(async {
                let mut sizes = vec![KB; 300];
                sizes.push(3 * ROOM);
                sizes.extend([0, KB, KB]);
                let (count, shop) = (sizes.len(), Shop::new(sizes.clone()));
                let mut pictures = open(&shop);
                for (number, size) in (1..).zip(&sizes) {
                    let advice = match size {
                        0 => "An empty picture is a picture.",
                        &size if size > ROOM => {
                            "It is larger than `ROOM`, and it would wait for ever for so much room. It \
                         may go when nothing else is held."
                        }
                        _ => {
                            "All of them arrive. Waiting is the answer to a full channel, and not leaving \
                         out; and every picture that is taken makes room for another one."
                        }
                    };
                    let taken = take(case, &mut pictures, number, advice).await;
                    assert_eq!(
                        taken, *size,
                        "picture {number} has other bytes than the camera made"
                    );
                }
                match timeout(SOON, pictures.next()).await {
                    Ok(None) => {}
                    other => {
                        let came = other.map(|picture| picture.map(|picture| picture.number));
                        case.differ(
                            format!("the end, after {count} pictures"),
                            format!("{came:?}"),
                            "`shoot` has said `None`: there are no more.",
                        );
                    }
                }
            });
        },
    );
}

// Nobody photographs for an empty chair.
#[test]
fn the_reader_leaves() {
    for (situation, pictures) in [
        (
            "The reader leaves while a thousand pictures wait for room",
            1000,
        ),
        (
            "The reader leaves while the camera is in the middle of a picture",
            3,
        ),
    ] {
        case(situation, |case| {
            play(async {
                let shop = Shop::shooting(vec![8 * KB; 1000], pictures);
                let mut reader = open(&shop);
                for number in 1..=2 {
                    take(case, &mut reader, number, "Nothing is special about it.").await;
                }
                settle(&shop).await;
                drop(reader);
                let since = Instant::now();
                while Arc::strong_count(&shop) > 1 {
                    if since.elapsed() > SOON {
                        let advice = "Nobody will take a picture any more, and your task still waits, \
                                      for room or for the camera. Whatever it waits for, it must also \
                                      wait for `closed()` of the sender.";
                        case.differ("the camera is dropped", "your code still holds it", advice);
                    }
                    sleep(Duration::from_millis(2)).await;
                }
            });
        });
    }
}
