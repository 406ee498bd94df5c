//! Stage 9, with faults.

use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::time::sleep;

use crate::fault;
use crate::http::ask_with_index;

#[derive(Clone, Default)]
pub struct Mottos {
    list: Arc<RwLock<Vec<String>>>,
    consul: Arc<RwLock<String>>,
}

impl Mottos {
    /// The address of an instance.
    pub async fn next(&self) -> Option<String> {
        if fault("asks-each-call") {
            let consul = self.consul.read().ok()?.clone();
            let (_, list) = healthy(&consul, 0).await.ok()?;
            return list.last().cloned();
        }
        self.list.read().ok()?.last().cloned()
    }

    fn set(&self, list: Vec<String>) {
        if !(fault("keeps-last") && list.is_empty()) {
            *self.list.write().unwrap_or_else(PoisonError::into_inner) = list;
        }
    }

    pub async fn follow(self, consul: String) {
        if let Ok(mut kept) = self.consul.write() {
            kept.clone_from(&consul);
        }
        let mut index = 0;
        loop {
            match healthy(&consul, index).await {
                Ok((new, list)) => {
                    index = new;
                    self.set(list);
                    if fault("asks-once") {
                        return;
                    }
                }
                Err(_) => {
                    if fault("watch-ends") {
                        return;
                    }
                    if fault("forgets") {
                        self.set(Vec::new());
                    }
                    index = 0;
                    sleep(Duration::from_millis(200)).await;
                }
            }
        }
    }
}

async fn healthy(consul: &str, index: u64) -> io::Result<(u64, Vec<String>)> {
    let passing = if fault("calls-all") {
        ""
    } else {
        "passing=true&"
    };
    let path = format!("/v1/health/service/motto?{passing}index={index}&wait=5s");
    let (index, entries) = ask_with_index(consul, "GET", &path, "").await?;
    let entries = entries.as_array().cloned().unwrap_or_default();
    let address = |entry: &serde_json::Value| {
        let service = &entry["Service"];
        Some(format!(
            "{}:{}",
            service["Address"].as_str()?,
            service["Port"]
        ))
    };
    Ok((index, entries.iter().filter_map(address).collect()))
}
