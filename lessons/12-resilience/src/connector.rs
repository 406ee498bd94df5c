//! Connections to members: opened with the first call, kept for the calls that follow, dropped when they break and when
//! the member leaves.

use std::collections::HashMap;
use std::error::Error;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OnceCell, watch};
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

use crate::member::Member;

// ANCHOR: connector
/// Makes connections to members.
pub trait Connector: Send + Sync + 'static {
    /// What calls are made on. A clone is the same connection.
    type Connection: Clone + Send + Sync + 'static;

    /// Connects, within `deadline`.
    ///
    /// An error says that the member was not reached: the call has certainly not run there.
    fn connect(
        &self,
        member: &Member,
        deadline: Duration,
    ) -> impl Future<Output = Result<Self::Connection, Status>> + Send;
}
// ANCHOR_END: connector

/// gRPC: a connection is a channel of tonic.
#[derive(Clone, Copy, Debug, Default)]
pub struct Grpc;

impl Connector for Grpc {
    type Connection = Channel;

    async fn connect(&self, member: &Member, deadline: Duration) -> Result<Channel, Status> {
        let endpoint = Endpoint::from_shared(format!("http://{}", member.addr))
            .map_err(|error| Status::internal(format!("{}: {error}", member.addr)))?
            .connect_timeout(deadline)
            // As often as gRPC's servers allow by default.
            .http2_keep_alive_interval(Duration::from_secs(300))
            .keep_alive_timeout(Duration::from_secs(5))
            .keep_alive_while_idle(false);
        let connected = tokio::time::timeout(deadline, endpoint.connect()).await;
        match connected {
            Ok(Ok(channel)) => Ok(channel),
            Ok(Err(error)) => Err(unreached(member, error)),
            Err(late) => Err(unreached(member, late)),
        }
    }
}

fn unreached(member: &Member, why: impl Error + Send + Sync + 'static) -> Status {
    let words = format!("{} was not reached: {}", member.addr, innermost(&why));
    let mut status = Status::unavailable(words);
    // A caller can tell by this source that no server has sent the status.
    status.set_source(Arc::new(why));
    status
}

/// tonic says "transport error"; the reason is further in.
fn innermost(error: &dyn Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

type Cell<L> = Arc<OnceCell<L>>;

/// The connections of one caller.
pub(crate) struct Connections<D: Connector> {
    connector: D,
    connect: Duration,
    kept: Mutex<Kept<D::Connection>>,
}

struct Kept<L> {
    members: watch::Receiver<Vec<Member>>,
    connections: HashMap<(String, SocketAddr), Cell<L>>,
}

/// A connection, and where it is kept.
pub(crate) struct Found<L> {
    pub(crate) connection: L,
    cell: Cell<L>,
}

impl<D: Connector> Connections<D> {
    pub(crate) fn new(
        connector: D,
        connect: Duration,
        members: watch::Receiver<Vec<Member>>,
    ) -> Self {
        let connections = HashMap::new();
        Connections {
            connector,
            connect,
            kept: Mutex::new(Kept {
                members,
                connections,
            }),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept<D::Connection>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // ANCHOR: to
    /// The connection to a member. A hundred calls that come together make one, and share it.
    pub(crate) async fn to(&self, member: &Member) -> Result<Found<D::Connection>, Status> {
        let cell = {
            let mut kept = self.kept();
            kept.drop_members_that_left();
            let connections = &mut kept.connections;
            Arc::clone(
                connections
                    .entry((member.id.clone(), member.addr))
                    .or_default(),
            )
        };
        let connected = cell.get_or_try_init(|| self.connector.connect(member, self.connect));
        let connection = connected.await?.clone();
        Ok(Found { connection, cell })
    }

    /// The connection has broken: the next call opens a new one. Calls under way on it may still be answered.
    pub(crate) fn forget(&self, member: &Member, found: &Found<D::Connection>) {
        let at = (member.id.clone(), member.addr);
        let mut kept = self.kept();
        // Another call may have noticed before, and this is a new connection already.
        if (kept.connections.get(&at)).is_some_and(|cell| Arc::ptr_eq(cell, &found.cell)) {
            kept.connections.remove(&at);
        }
    }
    // ANCHOR_END: to

    /// Returns the number of open connections.
    pub(crate) fn count(&self) -> usize {
        let mut kept = self.kept();
        kept.drop_members_that_left();
        kept.connections
            .values()
            .filter(|cell| cell.initialized())
            .count()
    }
}

impl<L> Kept<L> {
    fn drop_members_that_left(&mut self) {
        // An error says that the list has no writer any more. It is still the list.
        if self.members.has_changed().unwrap_or(false) {
            let members = self.members.borrow_and_update();
            let listed = |id: &String, addr: &SocketAddr| {
                (members.iter()).any(|member| member.id == *id && member.addr == *addr)
            };
            self.connections.retain(|(id, addr), _| listed(id, addr));
        }
    }
}
