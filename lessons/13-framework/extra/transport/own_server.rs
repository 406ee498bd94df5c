//! The server of the transport on lesson 02's RPC. It reads requests as lesson 02 does; a graceful shutdown
//! (lesson 11) is added, which cuts no call off.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use l02_rpc::server as rpc;
use l02_rpc::service::{NameTaken, Service, Services};
use l06_grpc::server::Settings;
use l12_resilience::deadline;
use tokio::io::{AsyncBufRead, AsyncRead, BufReader, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::handlers::{Handler, Handlers};
use super::own::{Answered, Asked, DEBUG, FRAME, HEALTH};

/// Serves until `shutdown` is ready. Calls that have arrived by then are finished, for the grace of
/// `settings`. `serving` is what `Debug.Health` says.
pub(crate) async fn serve(
    listener: TcpListener,
    handlers: &Handlers,
    settings: &Settings,
    serving: watch::Receiver<bool>,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let services = Arc::new(services(handlers, settings.longest, serving)?);
    let limits = rpc::Settings {
        max_frame: FRAME,
        max_in_flight: usize::try_from(settings.streams).unwrap_or(usize::MAX),
        max_connections: settings.connections,
        frame_timeout: settings.handshake,
        observe: |_| {},
    };
    let permits = Arc::new(Semaphore::new(settings.connections));
    let (close, closing) = watch::channel(false);
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        match (accepted, Arc::clone(&permits).try_acquire_owned()) {
            (Ok((stream, _)), Ok(permit)) => {
                let (services, closing) = (Arc::clone(&services), closing.clone());
                connections.spawn(async move {
                    // A client that broke a rule has lost its connection. No other connection is affected.
                    let _ = host(stream, closing, &services, limits).await;
                    drop(permit);
                });
            }
            // No permit: to close the connection is the only refusal that this protocol has.
            (Ok(_), Err(_)) => {}
            (Err(_), _) => sleep(Duration::from_millis(10)).await,
        }
    }
    drop(listener);
    close.send_replace(true);
    let finished = async { while connections.join_next().await.is_some() {} };
    // Dropping the set cuts off who is still there.
    let _ = timeout(settings.grace, finished).await;
    Ok(())
}

async fn host(
    stream: TcpStream,
    closing: watch::Receiver<bool>,
    services: &Arc<Services>,
    limits: rpc::Settings,
) -> Result<(), rpc::ConnectionError> {
    stream.set_nodelay(true)?;
    let (from, to) = stream.into_split();
    let from = UntilClosing::new(BufReader::new(from), closing);
    rpc::converse(from, to, services, limits).await
}

// ANCHOR: services
/// The handlers as services of lesson 02, and one more that says how the server is.
fn services(
    handlers: &Handlers,
    longest: Duration,
    serving: watch::Receiver<bool>,
) -> Result<Services, NameTaken> {
    let mut all = Services::new();
    let health = Service::new(DEBUG).method(HEALTH, move |(): ()| {
        let serving = *serving.borrow();
        async move { Ok::<_, String>(serving) }
    });
    all.register(health)?;
    let mut named: Vec<(&str, Service)> = Vec::new();
    for (method, handler) in handlers.iter() {
        let (short, name) = method.short();
        let service = match named.iter().position(|(there, _)| *there == short) {
            Some(place) => named.swap_remove(place).1,
            None => Service::new(short),
        };
        let handler = Arc::clone(handler);
        let service = service.method(name, move |asked: Asked| {
            let handler = Arc::clone(&handler);
            async move { Ok::<_, String>(one(&handler, asked, longest).await) }
        });
        named.push((short, service));
    }
    for (_, service) in named {
        all.register(service)?;
    }
    Ok(all)
}
// ANCHOR_END: services

/// One call: within the caller's time, and never longer than the server allows.
async fn one(handler: &Handler, asked: Asked, longest: Duration) -> Answered {
    let left = Duration::from_micros(asked.left).min(longest);
    let until = Instant::now() + left;
    let running = deadline::scope(until, handler(asked.message.into()));
    match timeout_at(until, running).await {
        Ok(Ok(message)) => Answered::Message(message),
        Ok(Err(status)) => Answered::Status(status.code().into(), status.message().to_string()),
        Err(_) => Answered::Status(
            tonic::Code::DeadlineExceeded.into(),
            "the time for this call is over; its work was stopped".to_string(),
        ),
    }
}

// ANCHOR: closing
/// A connection that seems to be finished when the server is asked to end: between two frames, and only
/// when nothing has arrived that waits to be read. Lesson 02's conversation then answers what it has
/// and ends by itself.
struct UntilClosing<R> {
    inner: R,
    closing: Pin<Box<dyn Future<Output = ()> + Send>>,
    closed: bool,
}

impl<R> UntilClosing<R> {
    fn new(inner: R, mut closing: watch::Receiver<bool>) -> Self {
        UntilClosing {
            inner,
            closing: Box::pin(async move {
                // An error means that the server is gone, which is an end as well.
                let _ = closing.wait_for(|closing| *closing).await;
            }),
            closed: false,
        }
    }
}

impl<R: AsyncBufRead + Unpin> AsyncBufRead for UntilClosing<R> {
    /// Lesson 02 waits in here for the first byte of a frame, and nowhere else.
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        this.closed = this.closed || this.closing.as_mut().poll(cx).is_ready();
        match Pin::new(&mut this.inner).poll_fill_buf(cx) {
            Poll::Pending if this.closed => Poll::Ready(Ok(&[])),
            other => other,
        }
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        Pin::new(&mut self.get_mut().inner).consume(amount);
    }
}
// ANCHOR_END: closing

impl<R: AsyncRead + Unpin> AsyncRead for UntilClosing<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_read(cx, buf)
    }
}
