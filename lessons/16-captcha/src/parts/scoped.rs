//! A corner of a store, so that the same rule can count two kinds of things.

use super::{Away, Store};

/// The store with `scope` before each key.
#[derive(Clone, Copy, Debug)]
pub struct Scoped<'a, S> {
    store: &'a S,
    scope: &'static str,
}

impl<'a, S> Scoped<'a, S> {
    /// This corner of `store`.
    #[must_use]
    pub fn new(store: &'a S, scope: &'static str) -> Self {
        Scoped { store, scope }
    }

    fn key(&self, key: &str) -> String {
        format!("{}:{key}", self.scope)
    }
}

impl<S: Store> Store for Scoped<'_, S> {
    async fn keep(&self, key: &str, value: &str, seconds: u64) -> Result<(), Away> {
        self.store.keep(&self.key(key), value, seconds).await
    }

    async fn keep_new(&self, key: &str, value: &str, seconds: u64) -> Result<Option<String>, Away> {
        self.store.keep_new(&self.key(key), value, seconds).await
    }

    async fn look(&self, key: &str) -> Result<Option<String>, Away> {
        self.store.look(&self.key(key)).await
    }

    async fn take(&self, key: &str) -> Result<Option<String>, Away> {
        self.store.take(&self.key(key)).await
    }

    async fn count(&self, key: &str, seconds: u64) -> Result<u64, Away> {
        self.store.count(&self.key(key), seconds).await
    }
}
