//! Starts the server as a process of its own, and talks to it as a learner, a teacher or a phone.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use class::client::{Client, Sent};
use class::code::Code;
use class::protocol::{Message, Record, Status, Taken, What, make_key};
use serde_json::Value;

/// A running `class open`. It ends with this value, as after `kill -9`.
pub struct Server {
    child: Child,
    pub code: Code,
    pub address: String,
    pub token: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program, in the folder of this course.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_class"));
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

impl Server {
    /// Opens the class in `dir`, with more options.
    pub fn open(dir: &Path, more: &[&str]) -> Self {
        let mut command = program();
        command
            .args(["open", "--json", "--no-mdns", "--file"])
            .arg(file(dir))
            .args(more);
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let told: Value = serde_json::from_str(&line).expect("one line of JSON");
        let text = |key: &str| told[key].as_str().unwrap().to_owned();
        let code = text("code").parse().unwrap();
        Self {
            child,
            code,
            address: text("address"),
            token: text("token"),
        }
    }

    pub fn client(&self) -> Client {
        Client::new(&self.address, &self.code.pin).unwrap()
    }

    /// A client with the teacher's cookie.
    pub fn teacher(&self) -> Client {
        let mut client = self.client();
        client.set_cookie(format!("teacher={}", self.token));
        client
    }

    /// Does something as the teacher.
    pub async fn act(&self, action: Value) {
        let (status, text) = self
            .teacher()
            .post("/api/teacher/do", &action)
            .await
            .unwrap();
        assert!(
            status.is_success(),
            "{action}: {status} {}",
            String::from_utf8_lossy(&text)
        );
    }

    /// The view at `path`, as soon as `good` says so.
    pub async fn view(&self, path: &str, good: impl Fn(&Value) -> bool) -> Value {
        let mut client = self.teacher();
        let mut after = 0;
        loop {
            let (status, text) = client.get(&format!("{path}?after={after}")).await.unwrap();
            assert_eq!(
                status, 200,
                "no view that is good; the newest is version {after}"
            );
            let mut news: Value = serde_json::from_slice(&text).unwrap();
            after = news["version"].as_u64().unwrap();
            if good(&news["view"]) {
                return news["view"].take();
            }
        }
    }

    pub async fn board(&self, good: impl Fn(&Value) -> bool) -> Value {
        self.view("/api/teacher/board", good).await
    }
}

pub fn file(dir: &Path) -> PathBuf {
    dir.join("class.db")
}

/// A learner as a connection.
pub struct Learner {
    pub client: Client,
    pub key: Vec<u8>,
    pub room: String,
    pub sequence: u64,
}

impl Learner {
    pub fn new(server: &Server) -> Self {
        let key = make_key().unwrap();
        Self {
            client: server.client(),
            key,
            room: server.code.room.clone(),
            sequence: 0,
        }
    }

    /// A learner who has joined.
    pub async fn joined(server: &Server, name: &str) -> Self {
        let mut learner = Self::new(server);
        assert_eq!(
            learner
                .taken(What::Join {
                    name: name.to_owned()
                })
                .await
                .name,
            name
        );
        learner
    }

    /// The next message, as bytes.
    pub fn message(&mut self, what: What) -> Vec<u8> {
        self.sequence += 1;
        let message = Message {
            room: self.room.clone(),
            sequence: self.sequence,
            sent: class::now(),
            what,
        };
        serde_json::to_vec(&message).unwrap()
    }

    pub async fn send(&mut self, body: &[u8]) -> Sent {
        self.client.send(&self.key, body).await.unwrap()
    }

    pub async fn taken(&mut self, what: What) -> Taken {
        let body = self.message(what);
        match self.send(&body).await {
            Sent::Taken(taken) => taken,
            Sent::Refused(refused) => panic!("{refused:?}"),
        }
    }

    /// The kind of the refusal.
    pub async fn refused(&mut self, body: &[u8]) -> String {
        match self.send(body).await {
            Sent::Taken(taken) => panic!("{taken:?}"),
            Sent::Refused(refused) => refused.refused,
        }
    }
}

/// A result that is fine.
pub fn record(exercise: &str, status: Status, attempt: u32) -> Record {
    let belief = (status == Status::Failed).then(|| "one-write-is-one-read".to_owned());
    Record {
        exercise: exercise.to_owned(),
        status,
        belief,
        seen: None,
        seconds: 0.3,
        attempt,
        hints: 0,
    }
}

/// A port for a server that is started again. Below those that Linux gives to the client's end of a connection: the
/// learners, who try to connect meanwhile, could otherwise get this very port.
pub fn fixed_port() -> String {
    let start = u16::from_le_bytes(class::code::random().unwrap()) % 10_000;
    let free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let port = (20_000 + start..32_000).find(free);
    port.expect("a free port").to_string()
}
