//! The check of `safe-retry`. It plays a bank, some of whose requests and replies get lost.

mod exercise;
mod given;

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use exercise::{Customer, TRIES};
use testkit::{Case, PATIENCE, View, case};

/// What happens to one try.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    /// The bank replies.
    Replied,
    /// The payment is made, and then the connection ends without a reply.
    Closed,
    /// The payment is made, and no reply comes.
    Silent,
    /// The request is lost: no payment is made, and the connection ends.
    NotRun,
}

use Fate::{Closed, NotRun, Replied, Silent};

/// A bank with one account, which has 100 at the beginning.
#[derive(Default)]
struct Bank {
    paid: u32,
    /// The reply to each key: a payment is made once.
    replies: HashMap<String, String>,
    tries: usize,
    /// Requests that the bank cannot read.
    wrong: Vec<String>,
    /// Kept open, so that no end arrives at the customer.
    silent: Vec<TcpStream>,
}

impl Bank {
    fn reply(&mut self, request: &str) -> String {
        let words: Vec<&str> = request.trim_end_matches('\n').split(' ').collect();
        let (key, amount) = match words[..] {
            ["pay", key, amount] if !key.is_empty() => (key, amount.parse()),
            _ => ("", "".parse()),
        };
        let Ok(amount) = amount else {
            self.wrong.push(request.to_string());
            return "refused unreadable".to_string();
        };
        let known = self.replies.get(key).cloned();
        known.unwrap_or_else(|| {
            let reply = self.pay(amount);
            self.replies.insert(key.to_string(), reply.clone());
            reply
        })
    }

    fn pay(&mut self, amount: u32) -> String {
        if self.paid + amount > 100 {
            return "refused no money".to_string();
        }
        self.paid += amount;
        format!("ok {}", self.balance())
    }

    fn balance(&self) -> u32 {
        100 - self.paid
    }
}

type Shared = Arc<Mutex<Bank>>;

fn lock(bank: &Shared) -> MutexGuard<'_, Bank> {
    bank.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens a bank. The first tries have these fates, and later ones a reply. It ends with the process of the check.
fn open(fates: &[Fate]) -> (SocketAddr, Shared) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on 127.0.0.1");
    let addr = listener.local_addr().expect("the address of a listener");
    let bank = Shared::default();
    let of_thread = Arc::clone(&bank);
    let fates = fates.to_vec();
    thread::spawn(move || {
        let all = fates.into_iter().chain(std::iter::repeat(Replied));
        for (stream, fate) in listener.incoming().flatten().zip(all) {
            // An error of one connection concerns this try only.
            let _ = serve(stream, &of_thread, fate);
        }
    });
    (addr, bank)
}

fn serve(mut stream: TcpStream, bank: &Shared, fate: Fate) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut request = String::new();
    BufReader::new(&stream).read_line(&mut request)?;
    let mut bank = lock(bank);
    bank.tries += 1;
    if fate == NotRun {
        return Ok(());
    }
    let reply = bank.reply(&request);
    match fate {
        Silent => bank.silent.push(stream),
        Replied => stream.write_all(format!("{reply}\n").as_bytes())?,
        Closed | NotRun => {}
    }
    Ok(())
}

/// The timeout where no reply comes: short, because the learner waits for it.
const SHORT: Duration = Duration::from_millis(200);
/// The timeout where a reply comes: long for a bank on the same machine, even a busy one.
const LONG: Duration = Duration::from_millis(800);

/// All payments of one customer, one after another, and what they returned.
#[track_caller]
fn pay(
    case: &Case,
    name: &'static str,
    bank: (&SocketAddr, Duration),
    amounts: &[u32],
) -> Vec<io::Result<String>> {
    let (addr, timeout) = (*bank.0, bank.1);
    let amounts = amounts.to_vec();
    let advice = "A payment is tried `TRIES` times, and no more.";
    case.run_within(4 * PATIENCE, "pay", advice, move || {
        let mut customer = Customer::new(name, addr, timeout);
        let pay = |amount| exercise::pay(&mut customer, amount);
        amounts.into_iter().map(pay).collect()
    })
}

/// Fails unless the account has this balance. `more` and `less` say what another balance means.
#[track_caller]
fn expect_balance(case: &Case, wanted: u32, bank: &Shared, more: &str, less: &str) {
    let bank = lock(bank);
    if let Some(request) = bank.wrong.first() {
        let advice = "The bank cannot read this request: three words, with one blank between them. A key is one word.";
        case.differ("pay KEY AMOUNT", request.view(), advice);
    }
    let balance = bank.balance();
    if balance != wanted {
        let advice = if balance > wanted { more } else { less };
        case.differ(
            format!("a balance of {wanted}"),
            format!("a balance of {balance} after {} tries", bank.tries),
            advice,
        );
    }
}

#[track_caller]
fn expect_reply(case: &Case, wanted: &str, outcomes: &[io::Result<String>], advice: &str) {
    match outcomes.last() {
        Some(Ok(reply)) if reply == wanted => {}
        Some(other) => case.differ(format!("Ok({wanted:?})"), other.view(), advice),
        None => unreachable!("a payment was made"),
    }
}

#[track_caller]
fn expect_tries(case: &Case, wanted: usize, bank: &Shared, advice: &str) {
    let tries = lock(bank).tries;
    if tries != wanted {
        let wanted = format!("{wanted} tries in all (`TRIES` is {TRIES})");
        case.differ(wanted, format!("{tries} tries in all"), advice);
    }
}

const TWICE: &str = "The payment was made more than once. The try without a reply had made it, and then the bank took \
                     the next try for a new payment, because its key was new.";

const NEVER: &str = "The payment was not made: no try with a key of its own reached the bank.";

const FIND_OUT: &str = "Without a reply it is unknown whether the payment was made. Ask again with the same key: the \
                        bank repeats its reply, and pays nothing twice.";

// The belief of this exercise. The bank had made the payment, and only its reply was lost.
#[test]
fn a_timed_out_payment_was_made() {
    let title = "Pay 10 of 100; the bank pays, and its first reply never comes";
    case(title, |case| {
        let (addr, bank) = open(&[Silent]);
        let outcomes = pay(case, "ann", (&addr, SHORT), &[10]);
        expect_balance(case, 90, &bank, NEVER, TWICE);
        expect_reply(case, "ok 90", &outcomes, FIND_OUT);
    });
}

// A connection that ends without a reply leaves the same question open.
#[test]
fn the_connection_may_end_as_well() {
    let title = "Pay 10 of 100; the bank pays, and the connection ends without a reply";
    case(title, |case| {
        let (addr, bank) = open(&[Closed]);
        let outcomes = pay(case, "ann", (&addr, LONG), &[10]);
        expect_balance(case, 90, &bank, NEVER, TWICE);
        let advice = "The connection ended before the reply. As after a timeout, the payment was made or was not: \
                      ask again with the same key.";
        expect_reply(case, "ok 90", &outcomes, advice);
    });
}

// With the same key for all payments only the first one would be made.
#[test]
fn two_payments_are_two() {
    case("Pay 10, and then 20", |case| {
        let (addr, bank) = open(&[]);
        pay(case, "ann", (&addr, LONG), &[10, 20]);
        let same = "The second payment was not made, although its amount is another one: it had the key of the first \
                    one. Each payment has a key of its own.";
        expect_balance(case, 70, &bank, same, TWICE);
    });
    case("Pay 10, and then 10 again", |case| {
        let (addr, bank) = open(&[]);
        let outcomes = pay(case, "ann", (&addr, LONG), &[10, 10]);
        let same = "The second payment was not made: it had the key of the first one, so the bank repeated its reply. \
                    All tries of one payment have one key, and another payment has another key.";
        expect_balance(case, 80, &bank, same, TWICE);
        expect_reply(case, "ok 80", &outcomes, same);
    });
}

// A number is unique for the customer that counts. The bank has more than one customer.
#[test]
fn two_payments_of_two_customers_are_two() {
    let others = "A payment was not made: its key was that of another customer. Each customer counts from the same \
                  number; their names differ.";
    case("Ann pays 10, and then Ben pays 10", |case| {
        let (addr, bank) = open(&[]);
        pay(case, "ann", (&addr, LONG), &[10]);
        let outcomes = pay(case, "ben", (&addr, LONG), &[10]);
        expect_balance(case, 80, &bank, others, TWICE);
        expect_reply(case, "ok 80", &outcomes, others);
    });
    case(
        "Twelve payments of customer `ann`, and then two of `ann1`",
        |case| {
            let (addr, bank) = open(&[]);
            pay(case, "ann", (&addr, LONG), &[1; 12]);
            pay(case, "ann1", (&addr, LONG), &[1; 2]);
            let glued = "A payment was not made: its key was that of another customer. `ann` and `11` give the same \
                     letters as `ann1` and `1`: put a character between name and number.";
            expect_balance(case, 86, &bank, glued, TWICE);
        },
    );
}

// `refused` is a reply, too.
#[test]
fn a_refusal_is_a_reply() {
    case("Pay 101 of 100", |case| {
        let (addr, bank) = open(&[]);
        let outcomes = pay(case, "ann", (&addr, LONG), &[101]);
        expect_balance(
            case,
            100,
            &bank,
            "",
            "The bank refuses a payment of more than the balance.",
        );
        let advice = "The bank has replied: `refused` is a result like `ok`, and the same request gives the same \
                      result. Try again only if no reply came.";
        expect_reply(case, "refused no money", &outcomes, advice);
        expect_tries(case, 1, &bank, advice);
    });
}

// The request may get lost as well as the reply, and more than once.
#[test]
fn the_last_try_may_be_the_first_reply() {
    let title = "Pay 10 of 100; the request is lost, then two replies, and the fourth try succeeds";
    case(title, |case| {
        let (addr, bank) = open(&[NotRun, Closed, NotRun]);
        let outcomes = pay(case, "ann", (&addr, LONG), &[10]);
        let few = "The payment is tried 4 times, and the fourth try gets a reply.";
        expect_tries(case, TRIES, &bank, few);
        expect_balance(case, 90, &bank, NEVER, TWICE);
        expect_reply(case, "ok 90", &outcomes, few);
    });
}

// After the last try the caller learns why, and the next payment is another payment.
#[test]
fn without_any_reply_the_last_error_is_returned() {
    case(
        "Pay 10, and all tries end without a reply; then pay 10 again",
        |case| {
            let (addr, bank) = open(&[Closed, NotRun, Closed, Silent]);
            let mut outcomes = pay(case, "ann", (&addr, SHORT), &[10, 10]);
            let again = outcomes.split_off(1);
            let all = "The first payment is tried `TRIES` times in all, and the second one gets a reply at once.";
            expect_tries(case, TRIES + 1, &bank, all);
            let last = |error: &io::Error| {
                matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
            };
            match &outcomes[0] {
                Err(error) if last(error) => {}
                outcome => {
                    let advice = "The first three connections ended without a reply, and the last try timed out: return \
                              the error of the last try.";
                    case.differ("Err: a timeout", outcome.view(), advice);
                }
            }
            let reused = "The second payment was not made: it had the key of the first one, whose replies were lost. A \
                      payment without a reply has used up its key.";
            expect_balance(case, 80, &bank, reused, TWICE);
            expect_reply(case, "ok 80", &again, reused);
        },
    );
}
