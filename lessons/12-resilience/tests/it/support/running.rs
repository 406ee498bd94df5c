//! Instances of `Arith` in this process, and clients of them.

use std::sync::{Arc, Mutex};

use crate::world::client::Client;
use crate::world::heard::Heard;
use crate::world::server::{self, Instance};
use crate::world::sick::Sick;
use l12_resilience::caller::{Failed, Settings};
use l12_resilience::member::Member;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tonic::Code;

use super::PATIENCE;

/// An instance in this process.
pub struct Running {
    pub member: Member,
    pub heard: Arc<Mutex<Vec<String>>>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Running {
    pub async fn start(name: &str, sick: Option<Sick>, behind: Option<Client>) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let member = Member::new(name, listener.local_addr().unwrap());
        let heard: Arc<Mutex<Vec<String>>> = Arc::default();
        let hears = Arc::clone(&heard);
        let instance = Instance {
            sick,
            behind,
            heard: Heard::by(move |line| hears.lock().unwrap().push(line.to_string())),
            ..Instance::new(name)
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(server::serve(listener, instance, async {
            let _ = stopped.await;
        }));
        Running {
            member,
            heard,
            stop,
            task,
        }
    }

    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    pub fn count(&self, words: &str) -> usize {
        let heard = self.heard();
        heard.iter().filter(|line| line.contains(words)).count()
    }

    /// How much time its first call had, in milliseconds.
    pub fn time(&self) -> u64 {
        let first = self.heard().remove(0);
        let time = first.strip_prefix("Mul begins, ").unwrap();
        time.strip_suffix(" ms left").unwrap().parse().unwrap()
    }

    /// Ends it in the good way, and waits for that.
    pub async fn end(self) {
        let _ = self.stop.send(());
        self.task.await.unwrap().unwrap();
    }
}

/// Ends it in the middle of everything. Its connections belong to other tasks, so a runtime of its own
/// is what can be killed here.
pub struct Killable {
    pub member: Member,
    pub heard: Arc<Mutex<Vec<String>>>,
    runtime: tokio::runtime::Runtime,
}

impl Killable {
    pub fn start(name: &str, sick: Option<Sick>) -> Killable {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        let name = name.to_string();
        runtime.spawn(async move {
            let running = Running::start(&name, sick, None).await;
            let kept = (running.member.clone(), Arc::clone(&running.heard));
            tell.send(kept).unwrap();
            running.task.await.unwrap().unwrap();
        });
        let (member, heard) = told.recv_timeout(PATIENCE).unwrap();
        Killable {
            member,
            heard,
            runtime,
        }
    }

    pub fn kill(self) {
        self.runtime.shutdown_background();
    }
}

/// An address that is bound and never listens: connections to it are refused.
pub fn refusing() -> (Member, TcpSocket) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    (
        Member::new("refusing", socket.local_addr().unwrap()),
        socket,
    )
}

pub fn client(members: &[&Member], settings: Settings) -> Client {
    let members = members.iter().map(|member| (*member).clone()).collect();
    let (_, list) = watch::channel(members);
    Client::new(list, settings)
}

pub fn code<T: std::fmt::Debug>(outcome: Result<T, Failed>) -> (Code, u32) {
    match outcome.unwrap_err() {
        Failed::Call { status, attempts } => (status.code(), attempts),
        Failed::NoMember => panic!("there was a member"),
    }
}
