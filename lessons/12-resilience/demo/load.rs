//! Makes many calls, and counts their results.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use l12_resilience::caller::{Attempt, How};
use stage::load::Count;

use crate::world::client::Client;
use crate::world::pb::arith::MulRequest;
use crate::world::pb::arith::arith_client::ArithClient;

/// The results of many calls.
pub struct Outcome {
    /// How many were answered, and by which instance.
    pub count: Count,
    /// Which instance was called, and how often.
    asked: BTreeMap<String, usize>,
}

impl Outcome {
    /// Returns how often this instance was called.
    pub fn asked(&self, name: &str) -> usize {
        self.asked.get(name).copied().unwrap_or(0)
    }

    /// Returns the percentile in milliseconds: so many of a hundred calls took this long or less;
    /// 100 is the slowest.
    pub fn within(&self, percent: usize) -> f64 {
        self.count.times().within(percent) / 1e3
    }
}

/// Makes so many calls, so many of them at the same time. The n-th has the key `user-n`.
pub async fn load(client: &Client, calls: usize, at_once: usize) -> Outcome {
    let asked = Arc::new(Mutex::new(BTreeMap::new()));
    let (client, notes) = (client.clone(), Arc::clone(&asked));
    let one = move |number| one(client.clone(), Arc::clone(&notes), format!("user-{number}"));
    let count = stage::load::calls(calls, at_once, one).await;
    let asked = std::mem::take(&mut *asked.lock().unwrap_or_else(PoisonError::into_inner));
    Outcome { count, asked }
}

async fn one(
    client: Client,
    asked: Arc<Mutex<BTreeMap<String, usize>>>,
    key: String,
) -> Result<String, String> {
    let send = |connection, attempt: Attempt| {
        let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
        *asked.entry(attempt.member.id.clone()).or_default() += 1;
        async move {
            let request = attempt.request(MulRequest { a: 25, b: 4 });
            Ok(ArithClient::new(connection)
                .mul(request)
                .await?
                .into_inner())
        }
    };
    let answer = client.caller().call(How::safe().key(key), send).await;
    answer
        .map(|reply| reply.answered_by)
        .map_err(|failed| failed.to_string())
}
