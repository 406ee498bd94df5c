//! The check of `leader`: first HTTP servers in this process that answer as Consul servers do, then three real ones, of
//! which the leader is killed. What happens to them is read from their HTTP API.
//!
//! `WORKBOOK_SERVICES=embedded` leaves the real ones out, for machines that test everything else.

mod exercise;
mod given;

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::{Duration, Instant};

use exercise::{Server, leader};
use l08_consul::ask;
use testkit::consul::{KIND, find};
use testkit::free_port;
use testkit::server::Server as Process;
use testkit::{Case, case};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::error::Elapsed;
use tokio::time::{sleep, timeout};

/// Longer than one query to each server may take.
const LIMIT: Duration = Duration::from_secs(6);
/// How long the real servers may take to elect a leader; it takes about four seconds.
const ELECTION: Duration = Duration::from_secs(25);

/// What one server does.
#[derive(Clone, Copy)]
enum State {
    /// It names the server of this number, counted from 1.
    Names(usize),
    /// It names the server of this number, after a quarter of a second.
    Slow(usize),
    /// It knows no leader.
    KnowsNone,
    /// It refuses connections.
    Down,
    /// It accepts connections, and never answers.
    Frozen,
    /// Its status is 500, whatever it names.
    Fails(usize),
}
use State::{Down, Fails, Frozen, KnowsNone, Names, Slow};

fn raft(number: usize) -> SocketAddr {
    let last = u8::try_from(number).expect("a small number");
    ([10, 0, 0, last], 8300).into()
}

fn name(raft: SocketAddr) -> String {
    format!(
        "server-{}",
        raft.to_string().split(['.', ':']).nth(3).unwrap_or("?")
    )
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(future)
}

async fn start(number: usize, state: State) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let server = Server {
        http: listener.local_addr().expect("an address"),
        raft: raft(number),
    };
    let (status, body) = match state {
        Down => return server,
        Names(other) | Slow(other) => (200, format!("\"{}\"", raft(other))),
        Fails(other) => (500, format!("\"{}\"", raft(other))),
        KnowsNone | Frozen => (200, "\"\"".to_string()),
    };
    let answer = format!(
        "HTTP/1.1 {status} \r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 1024]).await;
            if matches!(state, Frozen) {
                open.push(stream);
                continue;
            }
            if matches!(state, Slow(_)) {
                sleep(Duration::from_millis(250)).await;
            }
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    server
}

fn view(state: State) -> String {
    match state {
        Names(other) => format!("names server-{other}"),
        Slow(other) => format!("names server-{other} after a quarter of a second"),
        KnowsNone => "knows no leader".to_string(),
        Down => "refuses connections".to_string(),
        Frozen => "accepts connections and does not answer".to_string(),
        Fails(other) => format!("answers with status 500 and the text of server-{other}"),
    }
}

/// What the answer says about servers in these states, unless it has not returned.
fn ask_all(states: &[State]) -> Result<Option<SocketAddr>, Elapsed> {
    block_on(async {
        let mut servers = Vec::new();
        for (at, state) in states.iter().enumerate() {
            servers.push(start(at + 1, *state).await);
        }
        timeout(LIMIT, leader(&servers)).await
    })
}

fn expect(case: &Case, states: &[State], wanted: Option<usize>, advice: &str) {
    expect_by(case, states, wanted, |_| advice);
}

/// The advice depends on the answer, which is a wrong one.
fn expect_by<'a>(
    case: &Case,
    states: &[State],
    wanted: Option<usize>,
    advice: impl Fn(Option<SocketAddr>) -> &'a str,
) {
    let outcome = ask_all(states);
    let states = states.iter().enumerate();
    let states: Vec<_> = states
        .map(|(at, state)| format!("server-{} {}", at + 1, view(*state)))
        .collect();
    let report = case.report().detail("the servers", states.join("; "));
    let Ok(outcome) = outcome else {
        let report = report.detail("expected", "`leader` gives each server a second at most");
        let happened = format!("`leader` has not returned after {} s", LIMIT.as_secs());
        let advice = "A frozen server accepts the connection, because the kernel does that, and never answers. Each \
                      query needs a timeout.";
        case.fail(report.detail("what happened", happened).advice(advice));
    };
    let wanted = wanted.map(raft);
    if outcome != wanted {
        let view = |leader: Option<SocketAddr>| leader.map_or("None".to_string(), name);
        let report = report.detail("expected", view(wanted));
        let report = report.detail("your answer", view(outcome));
        case.fail(report.advice(advice(outcome)));
    }
}

#[test]
fn a_all_agree() {
    case("Three servers agree on their leader", |case| {
        let advice = "All three name server-2, and it names itself: it is the leader.";
        expect(case, &[Names(2), Names(2), Names(2)], Some(2), advice);
    });
    case("Right after the start no server knows a leader", |case| {
        let advice = "No server names a leader, so there is none.";
        expect(case, &[KnowsNone, KnowsNone, KnowsNone], None, advice);
    });
}

// The belief of this exercise. A follower names a dead leader until it misses its heartbeats.
#[test]
fn b_the_named_leader_is_dead() {
    case("server-3, the leader, was killed a moment ago", |case| {
        let advice = "The two followers name the leader that they last heard of, and it does not answer itself. Until \
                      they elect another one, there is no confirmed leader.";
        expect(case, &[Names(3), Names(3), Down], None, advice);
    });
}

// A cluster works with a server less.
#[test]
fn c_one_server_is_down() {
    case(
        "server-1 is down, and the others have elected server-3",
        |case| {
            let advice = "server-1 does not answer, and two of three servers name server-3: that is more than half. One \
                      server that is down says nothing about the others.";
            expect(case, &[Down, Names(3), Names(3)], Some(3), advice);
        },
    );
    case(
        "server-1 is frozen, and the others have elected server-2",
        |case| {
            let advice =
                "server-1 does not answer within a second, and two of three servers name server-2.";
            expect(case, &[Frozen, Names(2), Names(2)], Some(2), advice);
        },
    );
    case(
        "server-1 is down, and server-2 needs a quarter of a second",
        |case| {
            let advice = "server-2 answers within a second, so its answer counts: two of three servers name server-3.";
            expect(case, &[Down, Slow(3), Names(3)], Some(3), advice);
        },
    );
}

// A leader that was cut off takes itself for the leader for a moment.
#[test]
fn d_two_servers_name_themselves() {
    case(
        "server-1 was cut off and names itself; the others have elected server-2",
        |case| {
            expect_by(
                case,
                &[Names(1), Names(2), Names(2)],
                Some(2),
                |answer| match answer {
                    Some(_) => {
                        "server-1 names itself, and it is the only one: one of three servers is not more than half."
                    }
                    None => "Two of three servers name server-2, and it names itself.",
                },
            );
        },
    );
}

// The dead count.
#[test]
fn e_without_a_majority() {
    case(
        "server-1 names itself, and the other two are down",
        |case| {
            expect_by(case, &[Names(1), Down, Down], None, |_| {
                match ask_all(&[Names(1), Names(2), Names(3)]) {
                    Ok(None) => {
                        "One of three servers names server-1. Servers that do not answer count as well: more than half \
                         of all servers have to name the leader."
                    }
                    _ => "One of three servers names server-1, which is less than half.",
                }
            });
        },
    );
    case(
        "Three of five servers are left, and name server-5",
        |case| {
            let advice =
                "Three of five servers name server-5, and three is more than half of five.";
            expect(
                case,
                &[Down, Names(5), Down, Names(5), Names(5)],
                Some(5),
                advice,
            );
        },
    );
}

// Half is not more than half.
#[test]
fn f_half_is_no_majority() {
    case(
        "Two of four servers name server-2, one knows no leader, one is down",
        |case| {
            expect_by(
                case,
                &[Names(2), Names(2), KnowsNone, Down],
                None,
                |_| match ask_all(&[Names(2), Names(2), KnowsNone, Down, Down]) {
                    Ok(None) => {
                        "Two of four is half, and a majority is more than half: the other two could elect another \
                         leader otherwise."
                    }
                    _ => {
                        "Two of four servers are not more than half, and your code takes two of five as well."
                    }
                },
            );
        },
    );
}

// An error is no answer.
#[test]
fn g_an_error_names_no_leader() {
    case(
        "server-2 names itself, and the others answer with status 500",
        |case| {
            let advice = "Two servers answer with an error. Whatever its body holds, only an answer with status 200 names a \
                      leader.";
            expect(case, &[Fails(2), Names(2), Fails(2)], None, advice);
        },
    );
}

/// Three real Consul servers. They end with this value.
struct Cluster {
    processes: Vec<Process>,
    servers: Vec<Server>,
}

impl Cluster {
    fn start(case: &Case) -> Cluster {
        let Some(program) = find() else {
            let advice = "This task needs three real Consul servers.";
            let report = case
                .report()
                .detail("expected", "Consul 1.8.7 on this machine");
            let report = report.detail("what happened", KIND.missing().to_string());
            case.fail(report.advice(advice));
        };
        let port = || free_port().expect("a free port");
        let local = |port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let serf = [port(), port(), port()];
        let mut cluster = Cluster {
            processes: Vec::new(),
            servers: Vec::new(),
        };
        for at in 0..serf.len() {
            let server = Server {
                http: local(port()),
                raft: local(port()),
            };
            let mut process = Process::new(&KIND).expect("a folder");
            let mut command = Command::new(&program);
            command.args(["agent", "-server", "-bootstrap-expect=3"]);
            command.args([
                "-bind=127.0.0.1",
                "-client=127.0.0.1",
                "-disable-host-node-id",
            ]);
            command.args(["-serf-wan-port=-1", "-dns-port=-1", "-grpc-port=-1"]);
            command.arg(format!("-node=server-{}", at + 1));
            command.arg(format!("-http-port={}", server.http.port()));
            command.arg(format!("-server-port={}", server.raft.port()));
            command.arg(format!("-serf-lan-port={}", serf[at]));
            for other in (0..serf.len()).filter(|other| *other != at) {
                command.arg(format!("-retry-join=127.0.0.1:{}", serf[other]));
            }
            command.arg("-retry-interval=1s");
            command.arg("-data-dir").arg(process.folder().join("data"));
            // Raft waits five times as long otherwise, for slow machines.
            let settings = "disable_update_check = true performance { raft_multiplier = 1 }";
            command.args(["-hcl", settings]);
            process.run(&mut command).expect("Consul starts");
            cluster.processes.push(process);
            cluster.servers.push(server);
        }
        cluster
    }

    fn name(&self, raft: SocketAddr) -> String {
        let at = self.servers.iter().position(|server| server.raft == raft);
        at.map_or(raft.to_string(), |at| format!("server-{}", at + 1))
    }

    /// What the API of each server says.
    async fn api(&self) -> String {
        let mut words = Vec::new();
        for (at, server) in self.servers.iter().enumerate() {
            let answer = ask::get(server.http, "/v1/status/leader");
            let says = match timeout(Duration::from_secs(2), answer).await {
                Ok(Ok(answer)) => match answer.json().as_str() {
                    Some("") => "knows no leader".to_string(),
                    Some(raft) => format!(
                        "names {}",
                        raft.parse().map_or(raft.to_string(), |it| self.name(it))
                    ),
                    None => format!("answers {} {}", answer.status, answer.body),
                },
                _ => "does not answer".to_string(),
            };
            words.push(format!("server-{} {says}", at + 1));
        }
        words.join("; ")
    }

    /// Asks the answer until it returns a leader other than `dead`.
    async fn elected(&self, case: &Case, dead: Option<SocketAddr>) -> SocketAddr {
        let began = Instant::now();
        while began.elapsed() < ELECTION {
            let found = timeout(LIMIT, leader(&self.servers)).await.ok().flatten();
            match found {
                Some(found) if Some(found) == dead => {
                    let report = case.report().detail("the servers", self.api().await);
                    let report =
                        report.detail("expected", "None, or one of the two servers that are left");
                    let report = report.detail("your answer", self.name(found));
                    case.fail(
                        report.advice("The process of this server has ended: it leads no cluster."),
                    );
                }
                Some(found) => return found,
                None => sleep(Duration::from_millis(50)).await,
            }
        }
        let report = case.report().detail("the servers", self.api().await);
        let report = report.detail("expected", "the address of a leader");
        let happened = format!("None for {} s", ELECTION.as_secs());
        let report = report.detail("your answer", happened);
        case.fail(
            report.advice(
                "`leader` has found no leader, although the servers had time to elect one.",
            ),
        )
    }

    /// Fails unless the API of a server accepts a write, which needs a majority.
    async fn writes(&self, case: &Case, at: usize) {
        let began = Instant::now();
        let mut last = String::new();
        while began.elapsed() < ELECTION {
            let write = ask::put(self.servers[at].http, "/v1/kv/lab", "written");
            match timeout(Duration::from_secs(10), write).await {
                Ok(Ok(answer)) if answer.body.trim() == "true" => return,
                Ok(Ok(answer)) => last = format!("{} {}", answer.status, answer.body),
                Ok(Err(error)) => last = error.to_string(),
                Err(_) => last = "no answer".to_string(),
            }
            sleep(Duration::from_millis(50)).await;
        }
        let advice = "The cluster accepts no write. Is the machine too slow for three servers?";
        case.differ(format!("server-{} writes a key", at + 1), last, advice)
    }
}

// The lab itself: the leader of a real cluster is killed.
#[test]
fn h_three_real_servers() {
    if std::env::var("WORKBOOK_SERVICES").is_ok_and(|kind| kind == "embedded") {
        return;
    }
    case(
        "Three real Consul servers; the leader is killed with -9",
        |case| {
            let mut cluster = Cluster::start(case);
            block_on(async {
                let first = cluster.elected(case, None).await;
                for at in 0..cluster.servers.len() {
                    cluster.writes(case, at).await;
                }
                let at = cluster
                    .servers
                    .iter()
                    .position(|server| server.raft == first);
                let Some(at) = at else {
                    let advice = "The servers name the leader by its Raft address.";
                    case.differ(
                        "the Raft address of one of the servers",
                        first.to_string(),
                        advice,
                    );
                };
                cluster.processes[at].kill();
                while cluster.processes[at].is_running() {
                    sleep(Duration::from_millis(5)).await;
                }
                let second = cluster.elected(case, Some(first)).await;
                let left = cluster
                    .servers
                    .iter()
                    .position(|server| server.raft != first && server.raft != second);
                cluster.writes(case, left.expect("three servers")).await;
            });
        },
    );
}
