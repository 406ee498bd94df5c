//! Stage 15: captchas for clients, judged by another service. Without a verdict the reply is 503.

use std::io;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use crate::http::ask;

/// The time for one call of the captcha service.
const LIMIT: Duration = Duration::from_secs(1);

/// The service at `CAPTCHA_ADDR`.
#[derive(Clone)]
pub struct Captchas {
    addr: String,
}

impl Captchas {
    /// The service at `addr`; none if that is empty.
    pub fn new(addr: String) -> Option<Self> {
        (!addr.is_empty()).then_some(Self { addr })
    }

    /// A new captcha, for the client.
    pub async fn issue(&self) -> io::Result<Value> {
        let captcha = self.post("/issue", &json!({})).await?;
        let complete = captcha["id"].is_string() && captcha["question"].is_string();
        complete
            .then_some(captcha)
            .ok_or(io::ErrorKind::InvalidData.into())
    }

    /// Whether the answer is right. The service judges each captcha once, so this is asked for each greeting.
    pub async fn verify(&self, id: &str, answer: &str) -> io::Result<bool> {
        let verdict = self
            .post("/verify", &json!({"id": id, "answer": answer}))
            .await?;
        verdict["right"]
            .as_bool()
            .ok_or(io::ErrorKind::InvalidData.into())
    }

    async fn post(&self, path: &str, body: &Value) -> io::Result<Value> {
        timeout(LIMIT, ask(&self.addr, "POST", path, &body.to_string())).await?
    }
}
