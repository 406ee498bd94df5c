//! One store for two kinds of counts.

use crate::rules::{Store, Unavailable};

/// A view of a store that puts `scope` and a colon before each key, so that one rule can count two kinds of things.
#[derive(Clone, Copy, Debug)]
pub struct Scoped<'a, S> {
    store: &'a S,
    scope: &'static str,
}

impl<'a, S> Scoped<'a, S> {
    /// Returns a view of `store` whose keys begin with `scope`.
    pub fn new(store: &'a S, scope: &'static str) -> Self {
        Scoped { store, scope }
    }

    fn key(&self, key: &str) -> String {
        format!("{}:{key}", self.scope)
    }
}

impl<S: Store> Store for Scoped<'_, S> {
    async fn keep(&self, key: &str, value: &str, seconds: u64) -> Result<(), Unavailable> {
        self.store.keep(&self.key(key), value, seconds).await
    }

    async fn keep_new(
        &self,
        key: &str,
        value: &str,
        seconds: u64,
    ) -> Result<Option<String>, Unavailable> {
        self.store.keep_new(&self.key(key), value, seconds).await
    }

    async fn look(&self, key: &str) -> Result<Option<String>, Unavailable> {
        self.store.look(&self.key(key)).await
    }

    async fn take(&self, key: &str) -> Result<Option<String>, Unavailable> {
        self.store.take(&self.key(key)).await
    }

    async fn count(&self, key: &str, seconds: u64) -> Result<u64, Unavailable> {
        self.store.count(&self.key(key), seconds).await
    }
}
