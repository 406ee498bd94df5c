//! Serves the book and its live state, to this machine only.
//!
//! Layout: `site` holds the built pages in memory with their headers, `csp` has the content
//! security policies, `guard` refuses what does not come from our own pages, `routes` answers,
//! `wire`, `phone` and `class` do what the live pages ask, `edit` saves and compiles what is typed in a page,
//! `events` sends what happens, `reply` is what an answer
//! consists of, `patience` ends connections whose other side has stopped reading.
//!
//! Any web page that the learner visits can send requests to 127.0.0.1. So: a request for another
//! Host is refused (a foreign name that points to this machine), one with a foreign Origin as well,
//! and one that acts needs the token that only our own pages carry.
//!
//! hyper without a framework: it is small, and the first `cargo run` compiles it.

mod class;
mod csp;
mod edit;
mod events;
mod guard;
mod lean;
mod patience;
mod phone;
mod reply;
mod routes;
mod site;
mod wire;

use std::collections::VecDeque;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use hyper::StatusCode;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::{Semaphore, oneshot};

use crate::classroom::Classroom;
use crate::course::Exercise;
use crate::session::Session;
use crate::words::book as words;

pub use site::Site;

/// How many ports are tried, the first included.
const PORTS: u16 = 21;
/// How many connections are open at a time. One more takes the place of the oldest that has sent no request yet, so
/// that silent connections delay nobody; where all have sent one, it waits until one closes.
const CONNECTIONS: usize = 128;
/// How long a request's head may take, and how long an idle connection stays open.
const HEAD: Duration = Duration::from_secs(5);

/// A port that is ours, before anything is served on it.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    port: u16,
}

impl Server {
    /// Takes `port` on 127.0.0.1, or the next that is free.
    ///
    /// # Errors
    /// A sentence with a way out, if none is.
    pub fn bind(port: u16) -> Result<Self> {
        let last = port.saturating_add(PORTS - 1);
        let mut why = None;
        for port in port..=last {
            match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
                Ok(listener) => {
                    let port = listener.local_addr()?.port();
                    return Ok(Self { listener, port });
                }
                Err(e) => why = why.or(Some(e)),
            }
        }
        let why = why.unwrap_or_else(|| std::io::ErrorKind::AddrInUse.into());
        Err(anyhow!(words::no_port(port, last, &why)))
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What goes into a browser.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// Serves `session` in a thread of its own, for as long as the process lives. There is no page
    /// yet: see [`App::show`].
    ///
    /// # Errors
    /// What the system says when there is no randomness, thread or event loop to be had.
    pub fn start(self, session: Arc<Session>) -> Result<Arc<App>> {
        self.listener.set_nonblocking(true)?;
        let app = Arc::new(App {
            token: token()?,
            port: self.port,
            site: RwLock::default(),
            hub: events::Hub::new(&session),
            notes: edit::Notes::default(),
            classroom: Classroom::default(),
            session,
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let served = Arc::clone(&app);
        std::thread::Builder::new()
            .name("server".to_owned())
            .spawn(move || runtime.block_on(accept(self.listener, served)))?;
        Ok(app)
    }
}

/// What every connection shares.
pub struct App {
    token: String,
    port: u16,
    site: RwLock<Arc<Site>>,
    hub: Arc<events::Hub>,
    notes: edit::Notes,
    classroom: Classroom,
    session: Arc<Session>,
}

impl App {
    /// Shows the pages that were built into `dir`, from the next request on.
    ///
    /// # Errors
    /// What the system says when a page cannot be read; what was shown stays.
    pub fn show(&self, dir: &std::path::Path) -> Result<()> {
        let site = Site::load(dir, &self.token)
            .with_context(|| format!("cannot read the book in {}", dir.display()))?;
        self.put(site);
        Ok(())
    }

    /// Shows one page that says why there is no book.
    pub fn show_failure(&self, why: &str) {
        self.put(Site::failure(why, &self.token));
    }

    /// The exercise that a request names.
    fn exercise(&self, id: &str) -> Result<&Exercise, guard::Refusal> {
        let mut exercises = self.session.course.exercises();
        let unknown = (StatusCode::NOT_FOUND, words::UNKNOWN_HERE);
        exercises.find(|exercise| exercise.id == id).ok_or(unknown)
    }

    fn put(&self, site: Site) {
        *self.site.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(site);
    }

    fn site(&self) -> Arc<Site> {
        Arc::clone(&self.site.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// 128 random bits: a page of another site cannot guess them, and they are new in every run.
fn token() -> Result<String> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).map_err(|e| anyhow!("no random numbers from the system: {e}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The connections that have sent no request yet, the oldest first; each can be told to close.
#[derive(Default)]
struct Silent(Mutex<VecDeque<(u64, oneshot::Sender<()>)>>);

impl Silent {
    fn close_oldest(&self) {
        // One that has closed by itself gives a place as well.
        if let Some((_, close)) = lock(&self.0).pop_front() {
            let _ = close.send(());
        }
    }

    /// It has sent a request, or is closed.
    fn remove(&self, number: u64) {
        lock(&self.0).retain(|(other, _)| *other != number);
    }
}

/// Locks what is whole after every change: a panic elsewhere does not alter that.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, app: Arc<App>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    let (places, silent) = (
        Arc::new(Semaphore::new(CONNECTIONS)),
        Arc::new(Silent::default()),
    );
    for number in 0.. {
        let stream = loop {
            match listener.accept().await {
                Ok((stream, _)) => break stream,
                // Out of file descriptors, most likely: some will be free in a moment.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        };
        if places.available_permits() == 0 {
            silent.close_oldest();
        }
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        // Small events must not wait for more to come.
        let _ = stream.set_nodelay(true);
        let (close, closed) = oneshot::channel();
        lock(&silent.0).push_back((number, close));
        let (app, silent) = (Arc::clone(&app), Arc::clone(&silent));
        tokio::spawn(async move {
            let heard = Arc::clone(&silent);
            let answer = service_fn(move |request| {
                heard.remove(number);
                let app = Arc::clone(&app);
                async move { Ok::<_, std::convert::Infallible>(routes::answer(&app, request).await) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD)
                .max_buf_size(16 * 1024)
                .serve_connection(TokioIo::new(patience::Patient::new(stream)), answer);
            tokio::select! {
                // A connection that breaks concerns only its own browser, which tries again.
                _ = connection => {}
                Ok(()) = closed => {}
            }
            silent.remove(number);
            drop(place);
        });
    }
}
