//! The check of `maybe`. It plays a bank that runs every payment it hears of, and sometimes nobody
//! hears its answer.

mod exercise;

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use exercise::{Customer, TRIES};
use testkit::{Case, PATIENCE, View, case};

/// What becomes of the first answers.
#[derive(Clone, Copy, PartialEq)]
enum First {
    /// It is sent like the others.
    Sent,
    /// The payment runs, and the line stays silent.
    Silent,
    /// The payment runs, and the connection ends.
    Crashed,
}

/// A bank with an account of 100.
#[derive(Default)]
struct Bank {
    paid: u32,
    /// The answer to each key: a payment runs once.
    answers: HashMap<String, String>,
    tries: usize,
    /// Kept open, so that nothing but silence comes out of them.
    silent: Vec<TcpStream>,
}

impl Bank {
    fn answer(&mut self, question: &str) -> Option<String> {
        let rest = question.strip_prefix("pay ")?;
        let (key, amount) = rest.trim_end().rsplit_once(' ')?;
        let amount: u32 = amount.parse().ok()?;
        self.tries += 1;
        let known = self.answers.get(key).cloned();
        Some(known.unwrap_or_else(|| {
            let answer = if self.paid + amount > 100 {
                "refused no money".to_string()
            } else {
                self.paid += amount;
                format!("ok {}", 100 - self.paid)
            };
            self.answers.insert(key.to_string(), answer.clone());
            answer
        }))
    }

    fn balance(&self) -> u32 {
        100 - self.paid
    }
}

type Shared = Arc<Mutex<Bank>>;

fn lock(bank: &Shared) -> std::sync::MutexGuard<'_, Bank> {
    bank.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens a bank. It ends with the process of this check.
fn open(first: First) -> (SocketAddr, Shared) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on 127.0.0.1");
    let addr = listener.local_addr().expect("the address of a listener");
    let bank = Shared::default();
    let of_thread = Arc::clone(&bank);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A connection that breaks is the customer's affair.
            let _ = serve(stream, &of_thread, first);
        }
    });
    (addr, bank)
}

fn serve(mut stream: TcpStream, bank: &Shared, first: First) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut question = String::new();
    BufReader::new(&stream).read_line(&mut question)?;
    let mut bank = lock(bank);
    let answer = bank
        .answer(&question)
        .unwrap_or("refused ask with: pay KEY AMOUNT".to_string());
    match first {
        First::Silent if bank.tries == 1 => bank.silent.push(stream),
        First::Crashed if bank.tries == 1 => {}
        _ => stream.write_all(format!("{answer}\n").as_bytes())?,
    }
    Ok(())
}

/// How long a try waits where it waits in vain: short for the person who watches.
const SHORT: Duration = Duration::from_millis(120);
/// How long it waits where an answer comes: long for a bank on the same machine, even a busy one.
const LONG: Duration = Duration::from_millis(600);

/// All payments of one customer, one after another, and the answers to them.
#[track_caller]
fn pay(
    case: &Case,
    name: &'static str,
    bank: SocketAddr,
    patience: Duration,
    amounts: &[u32],
) -> Vec<io::Result<String>> {
    let amounts = amounts.to_vec();
    let limit = Duration::from_secs(1);
    let advice = "The bank is asked a few times, not for ever.";
    case.run_within(limit, "pay", advice, move || {
        let mut customer = Customer::new(name, bank, patience);
        amounts
            .into_iter()
            .map(|amount| customer.pay(amount))
            .collect()
    })
}

#[track_caller]
fn expect_balance(case: &Case, wanted: u32, bank: &Shared, words: &str) {
    let balance = lock(bank).balance();
    if balance != wanted {
        let why = format!("Balance {balance}, wanted {wanted}: {words}");
        case.differ(format!("a balance of {wanted}"), format!("{balance}"), &why);
    }
}

#[track_caller]
fn expect_answer(case: &Case, wanted: &str, answers: &[io::Result<String>], advice: &str) {
    match answers.last() {
        Some(Ok(answer)) if answer == wanted => {}
        Some(other) => case.differ(format!("Ok({wanted:?})"), other.view(), advice),
        None => case.differ(format!("Ok({wanted:?})"), "nothing", advice),
    }
}

const TWICE: &str = "the timed-out call ran, and so did your retry. No answer does not say that \
                     nothing happened. The bank tells a repeated try from a new payment by its \
                     key alone.";

// The belief of this exercise. The bank had done its work; only the answer was lost.
#[test]
fn a_timed_out_call_ran() {
    case("Pay 10 of 100; the first answer never comes", |case| {
        let (addr, bank) = open(First::Silent);
        let answers = pay(case, "ann", addr, SHORT, &[10]);
        expect_balance(case, 90, &bank, TWICE);
        let advice = "No answer leaves it open whether the payment ran. To find out, ask again: \
                      with the same key the bank repeats its answer and pays nothing twice.";
        expect_answer(case, "ok 90", &answers, advice);
    });
}

// A connection that ends instead of an answer leaves the same question open.
#[test]
fn the_connection_may_end_as_well() {
    case(
        "Pay 10 of 100; the first connection ends without an answer",
        |case| {
            let (addr, bank) = open(First::Crashed);
            let answers = pay(case, "ann", addr, LONG, &[10]);
            expect_balance(case, 90, &bank, TWICE);
            let advice = "The connection ended before the answer: the payment may have run, as after \
                      a timeout. The bank is asked again, with the same key.";
            expect_answer(case, "ok 90", &answers, advice);
        },
    );
}

// A key that never changes would be the other extreme: then nothing is ever paid again.
#[test]
fn two_payments_are_two() {
    case("Pay 10, and then 10 again", |case| {
        let (addr, bank) = open(First::Sent);
        let answers = pay(case, "ann", addr, LONG, &[10, 10]);
        let words = "the second payment never ran, the bank took it for a repetition of the first \
                     one. Each payment has a key of its own, and all of its tries have that one.";
        expect_balance(case, 80, &bank, words);
        expect_answer(case, "ok 80", &answers, words);
    });
}

// A number is unique for whoever counts. The bank has more than one customer.
#[test]
fn two_customers_are_two() {
    case("Ann pays 10, and then Ben pays 10", |case| {
        let (addr, bank) = open(First::Sent);
        pay(case, "ann", addr, LONG, &[10]);
        let answers = pay(case, "ben", addr, LONG, &[10]);
        let words = "Ben's payment never ran, its key was somebody else's. Two who count from 1 \
                     choose the same numbers; their names differ.";
        expect_balance(case, 80, &bank, words);
        expect_answer(case, "ok 80", &answers, words);
    });
}

// An answer that one does not like is an answer.
#[test]
fn a_refusal_is_an_answer() {
    case("Pay 101 of 100", |case| {
        let (addr, bank) = open(First::Sent);
        let answers = pay(case, "ann", addr, LONG, &[101]);
        let advice = "The bank has decided: `refused` is an answer like `ok`, and asking again \
                      changes nothing. Only a lost answer is a reason to try again.";
        expect_answer(case, "refused no money", &answers, advice);
        let tries = lock(&bank).tries;
        if tries != 1 {
            let answer = format!("{tries} tries (`TRIES` is {TRIES})");
            case.differ("1 try", answer, advice);
        }
    });
}
