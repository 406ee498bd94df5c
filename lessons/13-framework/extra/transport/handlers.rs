//! Handlers under the names of their methods. A handler is written with types; here they are forgotten,
//! so that either transport can call it: bytes of protobuf in, bytes or a status out.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use prost::Message;
use tonic::Status;

use crate::transport::Method;

type Running = Pin<Box<dyn Future<Output = Result<Vec<u8>, Status>> + Send>>;

/// A handler whose types have been forgotten.
pub(super) type Handler = Arc<dyn Fn(Bytes) -> Running + Send + Sync>;

/// All handlers of one server.
#[derive(Clone, Default)]
pub struct Handlers(BTreeMap<Method, Handler>);

/// Two handlers want the same name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is handled twice; a method has one handler")]
pub struct DuplicateMethod(pub String);

impl Handlers {
    // ANCHOR: add
    /// Adds a handler.
    ///
    /// # Errors
    /// If there is one of this name, or one that has the same name when its package is left out, as our
    /// own RPC does.
    pub fn add<Req, Res, F>(
        &mut self,
        method: Method,
        handler: impl Fn(Req) -> F + Send + Sync + 'static,
    ) -> Result<(), DuplicateMethod>
    where
        Req: Message + Default + 'static,
        Res: Message + 'static,
        F: Future<Output = Result<Res, Status>> + Send + 'static,
    {
        if let Some(there) = self.0.keys().find(|there| there.short() == method.short()) {
            return Err(DuplicateMethod(there.to_string()));
        }
        let handler: Handler = Arc::new(move |bytes| match Req::decode(bytes) {
            Ok(request) => {
                let running = handler(request);
                Box::pin(async move { Ok(running.await?.encode_to_vec()) })
            }
            Err(error) => {
                let status = Status::internal(format!("the request cannot be read: {error}"));
                Box::pin(std::future::ready(Err(status)))
            }
        });
        self.0.insert(method, handler);
        Ok(())
    }
    // ANCHOR_END: add

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Method, &Handler)> {
        self.0.iter()
    }

    /// The services that have a handler, each once.
    pub fn services(&self) -> Vec<String> {
        let mut names: Vec<String> = (self.0.keys())
            .map(|method| method.service().to_string())
            .collect();
        names.dedup();
        names
    }
}

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
