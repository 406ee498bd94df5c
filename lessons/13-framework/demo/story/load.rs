//! Callers who call all the time, and a count of what becomes of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::bail;
use l06_grpc::pb::greeter::{HelloReply, HelloRequest};
use l12_resilience::caller::{Failed, How};
use l13_framework::client::Client;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::process::PATIENCE;
use l13_framework::greeter::HELLO;

/// What has become of all calls so far.
#[derive(Clone, Debug, Default)]
pub struct Count {
    /// How many answers each instance has given.
    pub by: BTreeMap<String, u64>,
    /// Calls that have failed.
    pub failed: u64,
}

impl Count {
    /// All calls that have ended.
    pub fn calls(&self) -> u64 {
        self.by.values().sum::<u64>() + self.failed
    }

    /// How many answers this instance has given.
    pub fn of(&self, id: &str) -> u64 {
        self.by.get(id).copied().unwrap_or(0)
    }
}

/// Callers at work.
pub struct Load {
    count: Arc<Mutex<Count>>,
    stop: watch::Sender<bool>,
    callers: JoinSet<()>,
}

impl Load {
    /// Starts so many callers. Each makes a call, pauses, and makes the next one.
    pub fn start(client: &Client, service: &str, callers: usize) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut load = Load {
            count: Arc::default(),
            stop,
            callers: JoinSet::new(),
        };
        for _ in 0..callers {
            let (client, service) = (client.clone(), service.to_string());
            let (count, stopped) = (Arc::clone(&load.count), stopped.clone());
            load.callers.spawn(async move {
                while !*stopped.borrow() {
                    let outcome = greet(&client, &service).await;
                    note(&count, outcome);
                    sleep(Duration::from_millis(10)).await;
                }
            });
        }
        load
    }

    /// What has become of the calls until now.
    pub fn count(&self) -> Count {
        lock(&self.count).clone()
    }

    /// Waits until this instance has answered so many calls.
    pub async fn answers_of(&self, id: &str, calls: u64) -> anyhow::Result<()> {
        let since = Instant::now();
        while lock(&self.count).of(id) < calls {
            if since.elapsed() > PATIENCE {
                bail!("{id} does not answer");
            }
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Lets everybody finish the call that is under way, and makes no further one.
    pub async fn stop(mut self) -> Count {
        self.stop.send_replace(true);
        while self.callers.join_next().await.is_some() {}
        self.count()
    }
}

/// One call: who has answered.
async fn greet(client: &Client, service: &str) -> Result<String, Failed> {
    let request = HelloRequest {
        name: "Ada".to_string(),
    };
    let reply: HelloReply = client.call(service, HELLO, &request, How::safe()).await?;
    let by = reply.message.rsplit(' ').next();
    Ok(by.unwrap_or_default().to_string())
}

fn note(count: &Mutex<Count>, outcome: Result<String, Failed>) {
    let mut count = lock(count);
    match outcome {
        Ok(id) => *count.by.entry(id).or_default() += 1,
        Err(_) => count.failed += 1,
    }
}

fn lock(count: &Mutex<Count>) -> MutexGuard<'_, Count> {
    count.lock().unwrap_or_else(PoisonError::into_inner)
}
