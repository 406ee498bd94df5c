//! The check of `backpressure`. It plays a source that is always ready and counts, and a reader that takes its
//! time. It waits for a clock only when an answer is wrong.

mod exercise;
mod given;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use exercise::{Chunk, MAX_BYTES, MAX_CHUNKS, Source, download};
use testkit::{Case, case};
use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout};
use tokio_stream::{Stream, StreamExt};

/// A right answer needs no time; this is for machines that are busy.
const SOON: Duration = Duration::from_millis(600);

/// The file that is read, as the check sees it.
struct File {
    /// The sizes of the chunks, one after the other.
    sizes: Vec<usize>,
    /// How many were read.
    read: AtomicUsize,
    /// Every chunk that was read, without keeping it.
    chunks: Mutex<Vec<Weak<[u8]>>>,
    /// A chunk is read when there is a permit.
    may_read: Semaphore,
}

impl File {
    fn new(sizes: Vec<usize>) -> Arc<Self> {
        File::stopping(sizes, Semaphore::MAX_PERMITS)
    }

    /// Its `read` waits after so many chunks.
    fn stopping(sizes: Vec<usize>, chunks: usize) -> Arc<Self> {
        Arc::new(File {
            sizes,
            read: AtomicUsize::new(0),
            chunks: Mutex::default(),
            may_read: Semaphore::new(chunks),
        })
    }

    fn read(&self) -> usize {
        self.read.load(Ordering::SeqCst)
    }

    fn chunks(&self) -> std::sync::MutexGuard<'_, Vec<Weak<[u8]>>> {
        self.chunks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sizes of the chunks that still exist somewhere, in their order.
    fn held(&self) -> Vec<usize> {
        let chunks = self.chunks();
        let held = chunks.iter().filter_map(Weak::upgrade);
        held.map(|bytes| bytes.len()).collect()
    }

    /// Lets the learner's task run until it waits.
    async fn settle(&self) {
        let mut quiet = 0;
        while quiet < 20 {
            let before = self.read();
            yield_now().await;
            quiet = if before == self.read() { quiet + 1 } else { 0 };
        }
    }
}

/// The source in the learner's hands.
struct Owned(Arc<File>);

impl Source for Owned {
    fn read(&mut self) -> impl Future<Output = Option<Chunk>> + Send {
        let file = Arc::clone(&self.0);
        async move {
            file.may_read.acquire().await.ok()?.forget();
            let read = file.read();
            let size = *file.sizes.get(read)?;
            file.read.store(read + 1, Ordering::SeqCst);
            let bytes: Arc<[u8]> = vec![0; size].into();
            file.chunks().push(Arc::downgrade(&bytes));
            let number = u32::try_from(read + 1).unwrap_or(u32::MAX);
            Some(Chunk { number, bytes })
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

type Chunks = Pin<Box<dyn Stream<Item = Chunk> + Send>>;

fn open(file: &Arc<File>) -> Chunks {
    Box::pin(download(Owned(Arc::clone(file))))
}

/// Reads one chunk.
async fn take(case: &Case, chunks: &mut Chunks, wanted: u32, size: usize, advice: &str) {
    let came = match timeout(SOON, chunks.next()).await {
        Ok(Some(chunk)) if chunk.number == wanted && chunk.bytes.len() == size => return,
        Ok(Some(chunk)) => format!("chunk {} with {} bytes", chunk.number, chunk.bytes.len()),
        Ok(None) => "the end of the stream".to_string(),
        Err(_) => format!("nothing within {} ms", SOON.as_millis()),
    };
    let report = case.report();
    case.fail(
        report
            .detail("expected", format!("chunk {wanted} with {size} bytes"))
            .detail("the reader got", came)
            .advice(advice),
    )
}

/// Fails if more waits for the reader than may wait.
fn not_too_much(case: &Case, file: &File, taken: usize) {
    let held = file.held();
    let Some((_, waiting)) = held.split_last() else {
        return;
    };
    let bytes: usize = waiting.iter().sum();
    let advice = if file.read() == file.sizes.len() && waiting.len() > MAX_CHUNKS {
        "The source was read to its end, and the reader had taken almost nothing: your `send` never waits, \
         and everything lies in memory. Use a bounded channel, whose `send` waits while it is full."
    } else if bytes > MAX_BYTES && waiting.len() > 1 && waiting.len() < MAX_CHUNKS - 1 {
        "More bytes wait than `MAX_BYTES`. A chunk that is larger than that waits alone; two chunks wait together \
         only if both fit."
    } else if bytes > MAX_BYTES && waiting.len() > 1 {
        "Your code limits how many chunks wait, and these chunks are large. `MAX_BYTES` limits their bytes: \
         a `Semaphore` with a permit for each byte does that, if a chunk takes its permits along and the \
         reader gives them back."
    } else if waiting.len() > MAX_CHUNKS {
        "Your code limits the bytes that wait, and these chunks are small. `MAX_CHUNKS` limits their number."
    } else {
        return;
    };
    let report = case.report();
    case.fail(
        report
            .detail(
                "may wait",
                format!("{MAX_BYTES} bytes, {MAX_CHUNKS} chunks"),
            )
            .detail("wait", format!("{bytes} bytes, {} chunks", waiting.len()))
            .detail("the reader took", format!("{taken} chunks"))
            .advice(advice),
    )
}

/// Fails if the source could have been read further.
fn not_too_little(case: &Case, file: &File, taken: usize) {
    let held = file.held();
    let bytes: usize = held.iter().sum();
    // The last one may be in the task's hand because it does not fit.
    if file.read() == file.sizes.len() || held.len() > MAX_CHUNKS || bytes > MAX_BYTES {
        return;
    }
    let advice = match (taken, held.len()) {
        (0, 0) => {
            "Your code reads the source only when the reader asks. Read ahead in a task, so that the \
             next chunk is ready."
        }
        (0, 1) => {
            "Your task has read one chunk, and reads no further. There is space for more: read ahead until one of \
             the two limits is reached."
        }
        // One in the channel, and one in the hand of the task.
        (0, 2) => {
            "The source is ready, and there is space for more, but your task waits. Read ahead until one \
             of the two limits is reached."
        }
        (0, _) => {
            "There is space for more, in chunks and in bytes: both limits themselves are allowed."
        }
        _ if file.sizes[..file.read()].iter().sum::<usize>() > 2 * MAX_BYTES => {
            "There is space for the next chunk, and your task waits: exactly `MAX_BYTES` bytes and `MAX_CHUNKS` \
             chunks may wait."
        }
        _ => {
            "The reader has taken chunks, and their space was not used again: permits or places must \
             come back when a chunk is taken."
        }
    };
    let report = case.report();
    case.fail(
        report
            .detail(
                "may wait",
                format!("{MAX_BYTES} bytes, {MAX_CHUNKS} chunks"),
            )
            .detail("wait", format!("{bytes} bytes, {} chunks", held.len()))
            .detail("the reader took", format!("{taken} chunks"))
            .advice(advice),
    )
}

/// Reads slowly, and looks at what waits before each chunk.
fn slow_reader(situation: &str, sizes: Vec<usize>, reads: usize) {
    case(situation, |case| {
        play(async {
            let file = File::new(sizes);
            let mut chunks = open(&file);
            for taken in 0..reads {
                file.settle().await;
                not_too_much(case, &file, taken);
                not_too_little(case, &file, taken);
                // Which chunk it is, and whether it comes at all, is the question of another test.
                if timeout(SOON / 4, chunks.next()).await.is_err() {
                    break;
                }
            }
        });
    });
}

// The belief of this exercise: a channel takes everything. A slow reader is enough to fill the memory.
#[test]
fn a_slow_reader_slows_the_source() {
    slow_reader(
        "10,000 chunks of 700 bytes, and a reader that takes one now and then",
        vec![700; 10_000],
        5,
    );
}

// A limit on messages limits the bytes only if all messages are small.
#[test]
fn bytes_are_limited_too() {
    slow_reader("1,000 chunks of 9,700 bytes", vec![9_700; 1_000], 23);
    let mixed = [300, 41_000, 100, 0, 22_901, 64_000, 64_001, 1, 63_999];
    slow_reader(
        "Chunks of 0 to 64,001 bytes, in turn",
        mixed.into_iter().cycle().take(900).collect(),
        50,
    );
    slow_reader("1,000 empty chunks", vec![0; 1_000], 5);
}

// Slow does not mean lossy, and what was taken makes space for the next chunk.
#[test]
fn every_chunk_arrives() {
    case(
        "300 chunks of 1,100 bytes, one of 200,000, and an empty one",
        |case| {
            play(async {
                let mut sizes = vec![1_100; 300];
                sizes.extend([200_000, 0, 1_100, 200_000]);
                let (count, file) = (sizes.len(), File::new(sizes.clone()));
                let mut chunks = open(&file);
                // By the first read everything is full.
                file.settle().await;
                for (number, size) in (1..).zip(sizes) {
                    let advice = match size {
                        0 => "An empty chunk is a chunk. Send it, too.",
                        size if size > MAX_BYTES => {
                            "This chunk is larger than `MAX_BYTES`, so it can never get a permit for \
                             each byte. Let it wait alone."
                        }
                        _ => {
                            "All chunks arrive, in order. While there is no space, wait; leave none \
                             out. And every chunk that the reader takes makes space for another one."
                        }
                    };
                    take(case, &mut chunks, number, size, advice).await;
                }
                let came = match timeout(SOON, chunks.next()).await {
                    Ok(None) => return,
                    Ok(Some(chunk)) => format!("chunk {}", chunk.number),
                    Err(_) => format!("nothing within {} ms", SOON.as_millis()),
                };
                case.differ(
                    format!("the end of the stream after {count} chunks"),
                    came,
                    "`read` returned `None`: there are no more chunks, so end the stream.",
                );
            });
        },
    );
}

// A source without a reader is not read.
#[test]
fn the_source_is_dropped_with_the_stream() {
    for (situation, size, chunks) in [
        (
            "The reader leaves while the next chunk waits for space in bytes",
            8_100,
            1000,
        ),
        (
            "The reader leaves while the next chunk waits for a place",
            10,
            1000,
        ),
        (
            "The reader leaves while the source is in the middle of a `read`",
            8_100,
            3,
        ),
    ] {
        case(situation, |case| {
            play(async {
                let file = File::stopping(vec![size; 1000], chunks);
                let mut reader = open(&file);
                for number in 1..=2 {
                    let advice = "All chunks arrive, in order.";
                    take(case, &mut reader, number, size, advice).await;
                }
                file.settle().await;
                drop(reader);
                let since = Instant::now();
                while Arc::strong_count(&file) > 1 {
                    if since.elapsed() > SOON {
                        let advice = "The stream is dropped, and your task still waits: for space, or \
                                      for the source. Whatever it waits for, it must also wait for \
                                      `closed()` of the sender.";
                        case.differ(
                            "the source is dropped",
                            format!("your code holds it after {} ms", SOON.as_millis()),
                            advice,
                        );
                    }
                    sleep(Duration::from_millis(2)).await;
                }
            });
        });
    }
}
