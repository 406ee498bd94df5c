//! The check of `shutdown`. When `serve` returns, it does what the end of a program does: everything
//! that still runs is gone in the same moment.

mod exercise;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use exercise::{Kitchen, serve};
use services::testkit::{Case, PATIENCE, Running, View, case};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

/// A grace that no check waits for.
const LONG: Duration = Duration::from_secs(60);

/// A kitchen that takes the same time for everything, and can be looked into.
struct Pot {
    time: Duration,
    begun: AtomicUsize,
    done: AtomicUsize,
}

impl Pot {
    fn of(millis: u64) -> Arc<Self> {
        Arc::new(Pot {
            time: Duration::from_millis(millis),
            begun: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
        })
    }

    /// Waits until so many orders have been begun.
    async fn begun(&self, orders: usize) {
        while self.begun.load(Ordering::SeqCst) < orders {
            sleep(Duration::from_millis(1)).await;
        }
    }
}

impl Kitchen for Pot {
    async fn cook(&self, order: &str) -> String {
        self.begun.fetch_add(1, Ordering::SeqCst);
        sleep(self.time).await;
        self.done.fetch_add(1, Ordering::SeqCst);
        format!("here is {order}")
    }
}

/// The learner's restaurant as a program of its own: it ends with `serve`.
struct House<'c> {
    addr: SocketAddr,
    close: oneshot::Sender<()>,
    ended: Running<'c, usize>,
}

fn open<'c, K: Kitchen>(case: &'c Case, kitchen: &Arc<K>, grace: Duration) -> House<'c> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("our own socket");
    let addr = listener.local_addr().expect("a bound listener");
    let (close, closed) = oneshot::channel();
    let kitchen = Arc::clone(kitchen);
    let ended = case.start("serve", move || {
        let runtime = runtime();
        let cut = runtime.block_on(async {
            let listener = TcpListener::from_std(listener).expect("our own socket");
            let close = async {
                // A check that has ended closes the house as well.
                let _ = closed.await;
            };
            serve(listener, kitchen, close, grace).await
        });
        // The end of the program: nothing that was spawned goes on, or says another word.
        runtime.shutdown_background();
        cut
    });
    House { addr, close, ended }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

/// The guests, on a runtime of their own: they outlive the house.
fn guests<T>(body: impl Future<Output = T>) -> T {
    runtime().block_on(async {
        timeout(PATIENCE * 3, body)
            .await
            .expect("every step of a guest has a deadline of its own")
    })
}

/// A guest who has ordered.
async fn order(addr: SocketAddr, what: &str) -> BufReader<TcpStream> {
    let mut guest = TcpStream::connect(addr).await.expect("the house is open");
    let sent = guest.write_all(format!("{what}\n").as_bytes()).await;
    sent.expect("the house is open");
    BufReader::new(guest)
}

/// The next line a guest gets; `None` if the connection ends without one, or nothing comes.
async fn served(guest: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    let read = timeout(PATIENCE, guest.read_line(&mut line)).await;
    matches!(read, Ok(Ok(_)) if line.ends_with('\n')).then(|| line.trim_end().to_string())
}

const HANGS: &str = "The evening is over, and the program does not end.";

// The belief of this exercise. Whoever asked last gets half of an answer, or none.
#[test]
fn a_orders_under_way_are_finished() {
    case(
        "Three orders are in the pot when the evening ends",
        |case| {
            let pot = Pot::of(60);
            let house = open(case, &pot, Duration::from_millis(400));
            let got = guests(async {
                let mut waiting = Vec::new();
                for dish in ["soup", "rice", "tea"] {
                    waiting.push(order(house.addr, dish).await);
                }
                timeout(PATIENCE, pot.begun(3)).await.ok();
                let _ = house.close.send(());
                let mut got = 0;
                for guest in &mut waiting {
                    got += usize::from(served(guest).await.is_some());
                }
                got
            });
            if got < 3 {
                let cut = 3 - got;
                case.differ(
                "3 replies",
                format!("{got} replies: {cut} orders were cut in the middle"),
                "When `serve` returns, the program ends, and a spawned task ends with it wherever it \
                 is. Nobody finishes it: keep what you spawn, and wait for it.",
            );
            }
            let cut = house.ended.within(PATIENCE * 2, HANGS);
            case.expect_named(
                "`serve` returns",
                &0,
                &cut,
                "orders cut off",
                "All three have their reply: none was cut off.",
            );
        },
    );
}

// A server that always takes its whole grace makes every rollout slow, and tells nobody why.
#[test]
fn b_the_grace_is_no_pause() {
    case("Nobody is there when the evening ends", |case| {
        let house = open(case, &Pot::of(10), LONG);
        let _ = house.close.send(());
        let advice = "`grace` is the most that orders under way may take, not a time to sleep. Wait \
                      for what is to be finished, and put a limit around that.";
        house.ended.within(PATIENCE, advice);
    });
}

// Clients keep a connection for hours. It says nothing about whether they want something.
#[test]
fn c_nobody_waits_for_silent_guests() {
    case(
        "A guest had soup an hour ago, and still sits there",
        |case| {
            let pot = Pot::of(5);
            let house = open(case, &pot, LONG);
            let guest = guests(async {
                let mut guest = order(house.addr, "soup").await;
                served(&mut guest).await;
                guest.into_inner().into_std().expect("our own socket")
            });
            let _ = house.close.send(());
            let advice = "An open connection is not an order. The task of a guest has to hear that the \
                      evening ends while it waits for the next order, and to hang up there.";
            house.ended.within(PATIENCE, advice);
            drop(guest);
        },
    );
}

// One busy client is enough: there is always one more request.
#[test]
fn d_no_order_is_begun_any_more() {
    case("A guest who has sent a hundred orders at once", |case| {
        let pot = Pot::of(20);
        let house = open(case, &pot, LONG);
        let begun = guests(async {
            let orders = "tea\n".repeat(99) + "tea";
            let guest = order(house.addr, &orders).await;
            timeout(PATIENCE, pot.begun(2)).await.ok();
            let _ = house.close.send(());
            let before = pot.begun.load(Ordering::SeqCst);
            // Long enough for five more; the guest stays all the while.
            sleep(Duration::from_millis(120)).await;
            drop(guest);
            pot.begun.load(Ordering::SeqCst) - before
        });
        // One may have slipped in while the word went round.
        if begun > 1 {
            case.differ(
                "no order is begun after the end",
                format!("{begun} more were begun in 120 ms"),
                "A guest who always has another order ready keeps you open for ever. Look for the \
                 end before you take the next order; in `select!`, `biased;` looks at the first \
                 branch first.",
            );
        }
        house.ended.within(PATIENCE, HANGS);
    });
}

// The trap is the operating system: it shakes hands for a listener that nobody asks any more.
#[test]
fn e_the_door_is_closed() {
    case(
        "Somebody comes while the last order is in the pot",
        |case| {
            let pot = Pot::of(300);
            let house = open(case, &pot, LONG);
            let came = guests(async {
                let mut last = order(house.addr, "soup").await;
                timeout(PATIENCE, pot.begun(1)).await.ok();
                let _ = house.close.send(());
                sleep(Duration::from_millis(50)).await;
                let came = late_guest(house.addr).await;
                served(&mut last).await;
                came
            });
            if let Some(came) = came {
                case.differ(
                "refused, or hung up on, at once",
                came,
                "Not to call `accept` is not to refuse: as long as the listener exists, the system \
                 accepts for it, and the guest waits in a queue that nobody looks at. Drop it.",
            );
            }
            house.ended.within(PATIENCE, HANGS);
        },
    );
}

/// What happened to somebody who came too late; `None` if they know within 150 ms that they have to
/// go elsewhere.
async fn late_guest(addr: SocketAddr) -> Option<String> {
    let mut guest = TcpStream::connect(addr).await.ok()?;
    let _ = guest.write_all(b"rice\n").await;
    let mut reply = Vec::new();
    let reading = guest.read_to_end(&mut reply);
    match timeout(Duration::from_millis(150), reading).await {
        Ok(_) if reply.is_empty() => None,
        Ok(_) => Some(format!("was served: {}", reply.view())),
        Err(_) if reply.is_empty() => Some("was let in, and got no word for 150 ms".to_string()),
        Err(_) => Some(format!("was served: {}", reply.view())),
    }
}

// Some request always hangs. Whoever started the program kills it when its patience is over, and then
// everything is cut.
#[test]
fn f_the_grace_has_an_end() {
    case(
        "An order that takes an hour, one that takes 20 ms",
        |case| {
            let advice = "An order that hangs must not hold the program: after `grace` it ends all the \
                          same. Put the limit around the waiting, `timeout(grace, ...)`.";
            let evening = || {
                let (tea, house) = last_orders(case);
                (tea, house.ended.within(PATIENCE * 2, advice))
            };
            let (mut tea, mut cut) = evening();
            // A machine that stands still for as long as the grace takes the tea away as well.
            if tea.is_none() {
                (tea, cut) = evening();
            }
            if tea.is_none() {
                let advice = "The tea was ready within the grace, and its guest got nothing.";
                case.differ("\"here is tea\"", "no reply", advice);
            }
            let advice = "The roast was cut off after the grace, the tea was served. Whoever reads the \
                      log of this night has to know how many got nothing.";
            case.expect_named("`serve` returns", &1, &cut, "orders cut off", advice);
        },
    );
}

/// An evening with two orders in the pot when it ends: what became of the tea, and the house.
fn last_orders(case: &Case) -> (Option<String>, House<'_>) {
    let hour = Arc::new(Hour::default());
    let mut house = open(case, &hour, Duration::from_millis(300));
    let (close, _) = oneshot::channel();
    let close = std::mem::replace(&mut house.close, close);
    let tea = guests(async {
        let _roast = order(house.addr, "roast").await;
        let mut tea = order(house.addr, "tea").await;
        let both = async {
            while hour.0.load(Ordering::SeqCst) < 2 {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(PATIENCE, both).await.ok();
        let _ = close.send(());
        served(&mut tea).await
    });
    (tea, house)
}

/// Roast takes an hour, everything else 20 ms. It counts the orders that were begun.
#[derive(Default)]
struct Hour(AtomicUsize);

impl Kitchen for Hour {
    async fn cook(&self, order: &str) -> String {
        self.0.fetch_add(1, Ordering::SeqCst);
        let millis = if order == "roast" { 3_600_000 } else { 20 };
        sleep(Duration::from_millis(millis)).await;
        format!("here is {order}")
    }
}
