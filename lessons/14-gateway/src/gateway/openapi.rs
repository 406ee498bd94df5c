//! `/openapi.json`.

use axum::body::Bytes;

use super::find::Directory;
use super::status::Problem;

/// The page, kept for a moment.
#[derive(Debug, Default)]
pub struct Page {
    kept: tokio::sync::Mutex<Option<Bytes>>,
}

impl Page {
    /// It.
    pub async fn get(&self, _: &Directory) -> Result<Bytes, Problem> {
        Ok(self.kept.lock().await.clone().unwrap_or_default())
    }
}
