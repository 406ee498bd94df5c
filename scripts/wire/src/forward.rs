//! Carries one connection: every byte, in order, in both directions, and every way to end.
//!
//! Each direction has one buffer of [`BUFFER`] bytes and reads only when that buffer has been
//! written out. That is all there is to backpressure: a receiver that does not read fills its
//! kernel buffer, the write here waits, nothing is read from the sender, and the sender waits too.
//!
//! What is shown is what leaves the wire, in the pieces in which it leaves, just before each
//! piece is written: so a request stands on the screen before its answer.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::chaos::{Budget, PIECE_PAUSE, Pieces, Promise};
use crate::control::{Dial, Setting};
use crate::event::{Dir, Mark, Shown, Tone};
use crate::screen::Screen;
use crate::view::{Limits, Reading, View, count};

/// Bytes of one direction that the wire itself holds.
pub const BUFFER: usize = 64 * 1024;

/// Time for the receivers to take the last bytes before a cut resets their connection: a reset
/// may throw away what was not read yet, and "after N bytes" should mean N bytes.
const CUT_PAUSE: Duration = Duration::from_millis(20);

/// What all connections have in common.
pub struct Setup {
    /// Where events go.
    pub screen: Screen,
    /// What the bytes are taken for.
    pub view: Reading,
    /// What a view may keep.
    pub limits: Limits,
    /// How the wire misbehaves, which may change at any moment.
    pub dial: Dial,
}

/// Bytes that crossed: to the server, to the client.
#[derive(Debug, Default)]
pub struct Moved([AtomicU64; 2]);

impl Moved {
    fn add(&self, dir: Dir, bytes: usize) {
        self.0[dir.index()].fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Both counters: to the server, to the client.
    pub fn get(&self) -> [u64; 2] {
        [0, 1].map(|at| self.0[at].load(Ordering::Relaxed))
    }
}

/// How one direction came to its end.
enum End {
    /// The sender has finished, and the receiver was told.
    Fin,
    /// The sender's connection broke.
    SenderGone(io::Error),
    /// The receiver's connection broke. The other direction will see it too, but only after
    /// the last bytes that its sender had sent, which are worth delivering.
    ReceiverGone(io::Error),
    /// The bytes that chaos allows are used up.
    Cut,
}

/// How a whole connection came to its end.
enum Outcome {
    /// Both sides have finished.
    Closed,
    /// The sender in this direction broke the connection.
    Reset(Dir, io::Error),
    /// Chaos cut it.
    Cut,
}

/// Carries connection number `conn` between `client` and `server` until both directions have
/// ended, and says so on the screen. The bytes are counted in `total` as they cross.
///
/// An orderly end of one side (FIN) is passed on at once while the other direction goes on.
/// A broken connection (RST) breaks the other side in the same way.
pub async fn carry(
    conn: u64,
    mut client: TcpStream,
    mut server: TcpStream,
    setup: &Setup,
    total: &Moved,
) {
    // A wire has no opinion on small packets: each piece leaves at once. If the option cannot be
    // set, the pieces are merely less visible.
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);

    let watch = setup.dial.watch();
    let setting = watch.borrow().clone();
    let budget = Budget::new(setting.number, setting.chaos.cut_after);
    let moved = Moved::default();
    let (client_gone, server_gone) = (AtomicBool::new(false), AtomicBool::new(false));
    let [up_view, down_view] = setup.view.start(setup.limits);
    let line = |dir, view, sender_gone, receiver_gone| Line {
        conn,
        dir,
        setup,
        budget: &budget,
        moved: [&moved, total],
        view,
        pieces: setting.chaos.pieces(conn, dir),
        watch: watch.clone(),
        setting: setting.clone(),
        told: false,
        sender_gone,
        receiver_gone,
    };
    let mut up = line(Dir::ToServer, up_view, &client_gone, &server_gone);
    let mut down = line(Dir::ToClient, down_view, &server_gone, &client_gone);
    let outcome = {
        let (from_client, mut to_client) = client.split();
        let (from_server, mut to_server) = server.split();
        let both = both_directions(
            up.run(&from_client, &mut to_server),
            down.run(&from_server, &mut to_client),
            &from_client,
            &from_server,
        );
        both.await
    };
    up.end_view();
    down.end_view();
    let ends = [&client, &server];
    finish(conn, outcome, setup, ends, &moved, budget.limit()).await;
}

/// Runs both directions in this one task, and puts their ends together.
async fn both_directions(
    up: impl Future<Output = End>,
    down: impl Future<Output = End>,
    from_client: &ReadHalf<'_>,
    from_server: &ReadHalf<'_>,
) -> Outcome {
    tokio::pin!(up, down);
    let (mut up_end, mut down_end) = (None, None);
    loop {
        tokio::select! {
            end = &mut up, if up_end.is_none() => up_end = Some(end),
            end = &mut down, if down_end.is_none() => down_end = Some(end),
            // A sender that has finished is not read from any more; its reset must not go unnoticed.
            broken = from_client.ready(Interest::ERROR), if matches!(up_end, Some(End::Fin)) => {
                up_end = Some(End::SenderGone(reset_error(broken.err())));
            }
            broken = from_server.ready(Interest::ERROR), if matches!(down_end, Some(End::Fin)) => {
                down_end = Some(End::SenderGone(reset_error(broken.err())));
            }
        }
        (up_end, down_end) = match (up_end, down_end) {
            (Some(End::Cut), _) | (_, Some(End::Cut)) => return Outcome::Cut,
            (Some(End::Fin), Some(End::Fin)) => return Outcome::Closed,
            (Some(End::SenderGone(error)), _) => return Outcome::Reset(Dir::ToServer, error),
            // A side that can no longer receive is gone; wait only for what it had sent before.
            (_, Some(End::SenderGone(error))) | (Some(End::ReceiverGone(error)), Some(_)) => {
                return Outcome::Reset(Dir::ToClient, error);
            }
            (Some(_), Some(End::ReceiverGone(error))) => {
                return Outcome::Reset(Dir::ToServer, error);
            }
            not_yet => not_yet,
        };
    }
}

fn reset_error(error: Option<io::Error>) -> io::Error {
    error.unwrap_or_else(|| io::ErrorKind::ConnectionReset.into())
}

/// Ends both sockets as the outcome asks for, and says it.
async fn finish(
    conn: u64,
    outcome: Outcome,
    setup: &Setup,
    ends: [&TcpStream; 2],
    moved: &Moved,
    limit: Option<u64>,
) {
    let [to_server, to_client] = moved.get();
    let how = match outcome {
        Outcome::Closed => "closed",
        Outcome::Reset(dir, error) => {
            abort_on_drop(ends);
            let words = format!("RST: the {} broke the connection", dir.sender());
            let shown = Shown::new("reset", Mark::Reset, Tone::Wrong, words)
                .note(format!("{error}; passed on to the {}", dir.receiver()))
                .field("by", dir.sender())
                .field("error", error.to_string());
            setup.screen.tell(Some(conn), Some(dir), shown);
            "reset"
        }
        Outcome::Cut => {
            sleep(CUT_PAUSE).await;
            abort_on_drop(ends);
            let bytes = limit.unwrap_or(to_server + to_client);
            let words = format!("chaos cut the wire after {}", count(bytes, "byte"));
            let shown = Shown::new("cut", Mark::Reset, Tone::Wrong, words)
                .note("RST to both sides")
                .field("after", bytes);
            setup.screen.tell(Some(conn), None, shown);
            "cut"
        }
    };
    let words = format!(
        "{how}: {} to the server, {to_client} to the client",
        count(to_server, "byte"),
    );
    let shown = Shown::new("closed", Mark::Point, Tone::Good, words)
        .field("how", how)
        .field("bytes_to_server", to_server)
        .field("bytes_to_client", to_client);
    setup.screen.tell(Some(conn), None, shown);
}

/// Makes both sockets send RST when they are dropped. If that cannot be set the socket closes
/// in the orderly way, and there is nothing better to do.
fn abort_on_drop(ends: [&TcpStream; 2]) {
    for end in ends {
        let _ = end.set_zero_linger();
    }
}

/// One direction of one connection.
struct Line<'a> {
    conn: u64,
    dir: Dir,
    setup: &'a Setup,
    budget: &'a Budget,
    /// Where bytes are counted: this connection's counters and everybody's.
    moved: [&'a Moved; 2],
    view: Box<dyn View>,
    pieces: Pieces,
    watch: watch::Receiver<Setting>,
    /// The setting that this direction follows now.
    setting: Setting,
    /// Chaos has told the receiver that this direction has ended, although it has not.
    told: bool,
    /// The other direction found out that our sender's connection is broken. The system reports
    /// that only once, so to us it then looks like an orderly end.
    sender_gone: &'a AtomicBool,
    /// Where we leave the same news about our receiver.
    receiver_gone: &'a AtomicBool,
}

impl Line<'_> {
    /// Forwards until the direction ends.
    async fn run(&mut self, from: &ReadHalf<'_>, to: &mut WriteHalf<'_>) -> End {
        let mut buffer = vec![0; BUFFER];
        loop {
            let n = match read(from, &mut buffer).await {
                Ok(0) if self.sender_gone.load(Ordering::Relaxed) => {
                    return End::SenderGone(io::ErrorKind::ConnectionReset.into());
                }
                Ok(0) => return self.fin(to).await,
                Ok(n) => n,
                Err(error) => return End::SenderGone(error),
            };
            if self.told {
                self.say_thrown_away(n);
                continue;
            }
            self.hold().await;
            if let Some(end) = self.chunk(&buffer[..n], to).await {
                return end;
            }
            if self.setting.chaos.half_close && self.dir == Dir::ToServer {
                if let Err(error) = to.shutdown().await {
                    return End::ReceiverGone(error);
                }
                self.told = true;
                self.end_view();
                let words = "chaos: FIN to the server, though the client has not finished";
                let shown = Shown::new("half-close", Mark::Fin, Tone::Wrong, words)
                    .note("what the client still sends is thrown away");
                self.tell(shown);
            }
        }
    }

    /// Looks at the dial: what crosses from now on follows what it says now.
    fn follow(&mut self) {
        // An error means that the dial is gone, and then it stays as it was.
        if self.watch.has_changed().unwrap_or(false) {
            self.setting = self.watch.borrow_and_update().clone();
            self.pieces = self.setting.chaos.pieces(self.conn, self.dir);
        }
        self.budget
            .follow(self.setting.number, self.setting.chaos.cut_after);
    }

    /// Holds a chunk back for as long as chaos asks, or until chaos asks for something else.
    async fn hold(&mut self) {
        let start = Instant::now();
        loop {
            self.follow();
            let left = match self.setting.chaos.delay {
                Some(delay) => delay.saturating_sub(start.elapsed()),
                None => return,
            };
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = sleep(left) => return,
                Ok(()) = self.watch.changed() => self.watch.mark_changed(),
            }
        }
    }

    /// Forwards one chunk, whole or in pieces. `Some` if that was the end.
    async fn chunk(&mut self, chunk: &[u8], to: &mut WriteHalf<'_>) -> Option<End> {
        let mut rest = chunk;
        while !rest.is_empty() {
            if rest.len() < chunk.len() && self.setting.chaos.split.is_some() {
                sleep(PIECE_PAUSE).await;
            }
            self.follow();
            let size = self.pieces.next(rest.len(), chunk.len());
            let promise = self.budget.reserve(size);
            if promise.bytes == 0 {
                if self.wait_for_cut().await {
                    return Some(End::Cut);
                }
                continue;
            }
            let (piece, after) = rest.split_at(promise.bytes);
            rest = after;
            self.show(piece);
            if let Err(error) = self.write(piece, promise, to).await {
                return Some(End::ReceiverGone(error));
            }
            if self.budget.is_used_up() {
                return Some(End::Cut);
            }
        }
        None
    }

    /// Writes a piece and counts what really left, also if it breaks in the middle.
    async fn write(
        &mut self,
        piece: &[u8],
        promise: Promise,
        to: &mut WriteHalf<'_>,
    ) -> io::Result<()> {
        let mut rest = piece;
        while !rest.is_empty() {
            match to.write(rest).await {
                Ok(n) if n > 0 => {
                    self.budget.spent(promise, n);
                    for moved in self.moved {
                        moved.add(self.dir, n);
                    }
                    rest = &rest[n..];
                }
                Ok(_) => return Err(io::ErrorKind::WriteZero.into()),
                Err(error) => {
                    self.budget.give_back(promise, rest.len());
                    self.receiver_gone.store(true, Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// All bytes are promised, some to the other direction, which still writes them: only
    /// when these have left is the count exact. A rare moment, so looking now and then will do.
    /// False if no cut comes after all, because the dial was turned meanwhile.
    async fn wait_for_cut(&mut self) -> bool {
        let number = self.setting.number;
        while !self.budget.is_used_up() {
            sleep(Duration::from_millis(5)).await;
            self.follow();
            if self.setting.number != number {
                return false;
            }
        }
        true
    }

    /// The sender has finished: says it and passes it on.
    async fn fin(&mut self, to: &mut WriteHalf<'_>) -> End {
        self.end_view();
        let passed_on = to.shutdown().await;
        let words = format!("FIN: the {} has finished sending", self.dir.sender());
        let shown = Shown::new("fin", Mark::Fin, Tone::Good, words).field("by", self.dir.sender());
        self.tell(shown);
        match passed_on {
            Ok(()) => End::Fin,
            Err(error) => End::ReceiverGone(error),
        }
    }

    fn show(&mut self, piece: &[u8]) {
        let (screen, conn, dir) = (&self.setup.screen, self.conn, self.dir);
        self.view
            .feed(piece, &mut |later| screen.offer(conn, dir, later));
    }

    fn tell(&self, shown: Shown) {
        let (conn, dir) = (Some(self.conn), Some(self.dir));
        self.setup.screen.tell(conn, dir, shown);
    }

    /// Lets the view say what is incomplete. Saying it twice does no harm: it says it once.
    fn end_view(&mut self) {
        let (screen, conn, dir) = (&self.setup.screen, self.conn, self.dir);
        self.view
            .end(&mut |later| screen.tell(Some(conn), Some(dir), later.into_words()));
    }

    fn say_thrown_away(&self, bytes: usize) {
        let words = format!("{} thrown away", count(bytes as u64, "byte"));
        let shown = Shown::new("thrown-away", Mark::Bytes, Tone::Wrong, words)
            .note("chaos has told the server that nothing more comes")
            .field("len", bytes as u64);
        self.setup.screen.offer(self.conn, self.dir, shown.into());
    }
}

/// Reads what has arrived; 0 bytes mean that the sender has finished. Like `AsyncReadExt::read`,
/// but without `&mut`: the socket is watched for errors at the same time.
async fn read(from: &ReadHalf<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        from.readable().await?;
        match from.try_read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            done => return done,
        }
    }
}
