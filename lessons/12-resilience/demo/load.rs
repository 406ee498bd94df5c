//! Many calls, and what became of them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use l12_resilience::caller::{Attempt, How};
use l12_resilience::client::Client;
use l12_resilience::pb::arith::MulRequest;
use l12_resilience::pb::arith::arith_client::ArithClient;
use tokio::task::JoinSet;

/// What became of many calls.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Who has answered, and how often.
    pub by: BTreeMap<String, usize>,
    /// Who was asked, and how often.
    pub asked: BTreeMap<String, usize>,
    pub failed: usize,
    /// The time of each call in milliseconds, the shortest first.
    times: Vec<f64>,
}

impl Outcome {
    /// How many were answered.
    pub fn answered(&self) -> usize {
        self.by.values().sum()
    }

    /// How often this one was asked.
    pub fn asked(&self, name: &str) -> usize {
        self.asked.get(name).copied().unwrap_or(0)
    }

    /// How often this one has answered.
    pub fn by(&self, name: &str) -> usize {
        self.by.get(name).copied().unwrap_or(0)
    }

    /// So many of a hundred calls took this long or less, in milliseconds; 100: the slowest.
    pub fn within(&self, percent: usize) -> f64 {
        let place = (self.times.len() * percent / 100).min(self.times.len().saturating_sub(1));
        self.times.get(place).copied().unwrap_or(0.0)
    }
}

/// Makes so many calls, so many of them at the same time. The n-th has the key `user-n`.
pub async fn load(client: &Client, calls: usize, at_once: usize) -> Outcome {
    let next = Arc::new(AtomicUsize::new(0));
    let outcome = Arc::new(Mutex::new(Outcome::default()));
    let mut tasks = JoinSet::new();
    for _ in 0..at_once {
        let (client, next, outcome) = (client.clone(), Arc::clone(&next), Arc::clone(&outcome));
        tasks.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::SeqCst);
                if number >= calls {
                    return;
                }
                one(&client, &outcome, format!("user-{number}")).await;
            }
        });
    }
    tasks.join_all().await;
    let mut outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
    outcome.times.sort_by(f64::total_cmp);
    outcome.clone()
}

async fn one(client: &Client, outcome: &Mutex<Outcome>, key: String) {
    let note = |look: &dyn Fn(&mut Outcome)| {
        look(&mut outcome.lock().unwrap_or_else(PoisonError::into_inner));
    };
    let since = Instant::now();
    let call = client
        .caller()
        .call(How::safe().key(key), |line, attempt: Attempt| {
            let asked = attempt.member.id.clone();
            note(&|outcome| *outcome.asked.entry(asked.clone()).or_default() += 1);
            async move {
                let request = attempt.request(MulRequest { a: 25, b: 4 });
                Ok(ArithClient::new(line).mul(request).await?.into_inner())
            }
        });
    let answer = call.await;
    let time = since.elapsed().as_secs_f64() * 1e3;
    note(&|outcome| {
        outcome.times.push(time);
        match &answer {
            Ok(reply) => *outcome.by.entry(reply.answered_by.clone()).or_default() += 1,
            Err(_) => outcome.failed += 1,
        }
    });
}
