// The world of the check: a server whose attempts have fates, and a clock that it drives. check.rs includes it, because a
// check is compiled at more than one place.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use l06_grpc::deadline::asked_for;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpSocket};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status};

use super::exercise::{BoxFuture, Clock};
use pb::arith_server::{Arith, ArithServer};
use pb::{DivRequest, DivResponse, MulRequest, MulResponse, RememberRequest, RememberResponse};

pub mod pb {
    #![allow(
        missing_docs,
        clippy::allow_attributes_without_reason,
        reason = "generated; the comments are in the .proto file"
    )]
    tonic::include_proto!("arith.v1");
}

/// The server has begun with all calls of a check that has more than these: something goes on without limit.
pub const TOO_MANY: usize = 300;

/// What becomes of one attempt.
#[derive(Clone, Copy, Debug)]
pub enum Fate {
    /// The server answers.
    Answer,
    /// The server answers with this code, and does nothing.
    Refuse(Code),
    /// The server does what it is asked for, and says UNAVAILABLE.
    LoseReply,
    /// The server reads the request and never answers.
    Silence,
}

pub use Fate::{Answer, LoseReply, Refuse, Silence};

pub const UNAVAILABLE: Fate = Refuse(Code::Unavailable);

/// What the server has seen of one attempt.
#[derive(Clone, Debug)]
pub struct Seen {
    /// When it came, by the driven clock.
    pub at: Duration,
    /// Its header `grpc-timeout`.
    pub timeout: Option<Duration>,
}

#[derive(Debug, Default)]
pub struct State {
    pub now: Duration,
    /// What `jitter` returns, as shares of its limit; used in turn.
    pub shares: VecDeque<f64>,
    pub pauses: Vec<Duration>,
    /// The server begins to listen after so many pauses.
    pub refuses: usize,
    pub listening: bool,
    /// The first attempts have these fates, and all others the last one of them.
    pub fates: VecDeque<Fate>,
    /// How long the server works on each attempt.
    pub works: Duration,
    pub seen: Vec<Seen>,
    pub broken: usize,
    pub memory: i64,
}

/// Clock and server of one situation.
#[derive(Clone, Debug, Default)]
pub struct World(Arc<Mutex<State>>);

impl World {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One attempt has arrived. `work` is what the method does.
    async fn serve<M>(
        &self,
        request: Request<M>,
        work: impl Fn(&mut State) -> i64,
    ) -> Result<i64, Status> {
        let headers = request.metadata().clone().into_headers();
        let (fate, number) = {
            let mut state = self.state();
            let (at, works) = (state.now, state.works);
            let timeout = asked_for(&headers).ok().flatten();
            state.seen.push(Seen { at, timeout });
            state.now += works;
            let fate = match state.fates.len() {
                1 => state.fates[0],
                _ => state.fates.pop_front().unwrap_or(Answer),
            };
            (fate, state.seen.len())
        };
        match fate {
            _ if number > TOO_MANY => Err(Status::aborted("too many calls")),
            Answer => Ok(work(&mut self.state())),
            Refuse(code) => Err(Status::new(code, format!("refused, attempt {number}"))),
            LoseReply => {
                work(&mut self.state());
                Err(Status::unavailable("the reply is lost"))
            }
            Silence => std::future::pending().await,
        }
    }
}

impl Clock for World {
    fn now(&self) -> Duration {
        self.state().now
    }

    fn sleep(&self, time: Duration) -> BoxFuture<()> {
        let mut state = self.state();
        state.now += time;
        state.pauses.push(time);
        drop(state);
        let world = self.clone();
        // The server that waits for this pause listens before it is over.
        let due = move || {
            let state = world.state();
            state.listening || state.pauses.len() < state.refuses
        };
        Box::pin(async move {
            while !due() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
    }

    fn jitter(&self, limit: Duration) -> Duration {
        let mut state = self.state();
        let share = state.shares.pop_front().unwrap_or(0.5);
        state.shares.push_back(share);
        limit.mul_f64(share)
    }
}

#[tonic::async_trait]
impl Arith for World {
    async fn mul(&self, request: Request<MulRequest>) -> Result<Response<MulResponse>, Status> {
        let product = self.serve(request, |_| 100).await?;
        let answered_by = String::new();
        Ok(Response::new(MulResponse {
            product,
            answered_by,
        }))
    }

    async fn div(&self, _: Request<DivRequest>) -> Result<Response<DivResponse>, Status> {
        Err(Status::unimplemented("the check calls Mul and Remember"))
    }

    async fn remember(
        &self,
        request: Request<RememberRequest>,
    ) -> Result<Response<RememberResponse>, Status> {
        let n = request.get_ref().n;
        let add = |state: &mut State| {
            state.memory += n;
            state.memory
        };
        let memory = self.serve(request, add).await?;
        let answered_by = String::new();
        Ok(Response::new(RememberResponse {
            memory,
            answered_by,
        }))
    }
}

/// Starts the server. Its port is bound at once, and it listens when the world says so.
pub async fn serve(world: World, breaks: usize) -> (SocketAddr, tokio::task::JoinHandle<()>) {
    let socket = TcpSocket::new_v4().expect("a socket");
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    socket.bind(any).expect("a free port");
    let addr = socket.local_addr().expect("an address");
    let refuses = world.state().refuses;
    // A socket that is bound and does not listen refuses connections.
    let (tell, told) = tokio::sync::oneshot::channel();
    let task = tokio::spawn(async move {
        while world.state().pauses.len() < refuses {
            tokio::task::yield_now().await;
        }
        let listener = socket.listen(64).expect("a listener");
        world.state().listening = true;
        // The situation may be over.
        let _ = tell.send(());
        accept(listener, world, breaks).await;
    });
    if refuses == 0 {
        let _ = told.await;
    }
    (addr, task)
}

/// Breaks the first connections after a request, and serves the others.
async fn accept(listener: TcpListener, world: World, breaks: usize) {
    for _ in 0..breaks {
        let Ok((mut stream, _)) = listener.accept().await else {
            return;
        };
        // The preface of HTTP/2 and its settings come first; a request is longer.
        let (mut bytes, mut all) = (vec![0; 4096], 0);
        while all < 150 {
            match stream.read(&mut bytes).await {
                Ok(0) | Err(_) => break,
                Ok(count) => all += count,
            }
        }
        world.state().broken += 1;
    }
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let server = Server::builder().add_service(ArithServer::new(world));
    // It ends with its task.
    let _ = server.serve_with_incoming(incoming).await;
}
