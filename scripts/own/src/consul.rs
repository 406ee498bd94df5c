//! The readable agent of lesson 08 as a process, started and ended by the judge, and asked over HTTP. Where `OWN_REAL` in the
//! environment is the path of the real Consul, it is that one.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::told::Failure;

/// An agent that runs.
pub struct Agent {
    child: Child,
    at: SocketAddr,
}

impl Agent {
    /// Starts an empty agent at `at`; when this returns, it listens.
    ///
    /// # Errors
    /// A failure of the judge if it does not start.
    pub fn start(at: SocketAddr) -> Result<Self, Failure> {
        let trouble = |why: String| {
            let expected = "the readable agent of lesson 08 starts";
            Failure::new("The judge starts a Consul", expected, why, None)
        };
        let real = std::env::var_os("OWN_REAL").map(PathBuf::from);
        let (program, arguments) = match real.filter(|path| path.is_file()) {
            // Ports of no use are off; the others are free ones.
            Some(program) => {
                let ports = ["server", "serf-lan", "serf-wan"].map(|name| {
                    let free = TcpListener::bind((at.ip(), 0)).and_then(|held| held.local_addr());
                    format!("-{name}-port={}", free.map_or(0, |at| at.port()))
                });
                let words = format!(
                    "agent -dev -bind={0} -client={0} -http-port={1} -dns-port=-1 -grpc-port=-1 {2}",
                    at.ip(),
                    at.port(),
                    ports.join(" ")
                );
                (program, words)
            }
            None => (program("l08-consul"), format!("agent --http-addr {at}")),
        };
        let child = Command::new(&program)
            .args(arguments.split(' '))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| trouble(format!("{}: {e}", program.display())))?;
        let agent = Self { child, at };
        let listens = within(Duration::from_secs(4), || {
            agent.get("/v1/agent/services").is_some().then_some(())
        });
        listens.ok_or_else(|| trouble(format!("nothing answers at {at}")))?;
        Ok(agent)
    }

    /// The JSON at a path of the HTTP API.
    pub fn get(&self, path: &str) -> Option<Value> {
        serde_json::from_str(&self.ask("GET", path, "")?).ok()
    }

    /// A change. One that Consul refuses shows in what the service sees.
    pub fn put(&self, path: &str, body: &str) {
        let _ = self.ask("PUT", path, body);
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Option<String> {
        let mut stream = TcpStream::connect_timeout(&self.at, Duration::from_millis(200)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
        let head = format!("{method} {path} HTTP/1.0\r\nHost: {}\r\n", self.at);
        write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        Some(text.split_once("\r\n\r\n")?.1.to_owned())
    }

    /// The registered instances of `name`, by id.
    pub fn instances(&self, name: &str) -> Vec<Instance> {
        let (Some(Value::Object(services)), Some(Value::Object(checks))) =
            (self.get("/v1/agent/services"), self.get("/v1/agent/checks"))
        else {
            return Vec::new();
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let named = services
            .iter()
            .filter(|(_, service)| service["Service"] == name);
        named
            .map(|(id, service)| {
                let own = checks.values().filter(|check| check["ServiceID"] == **id);
                Instance {
                    id: id.clone(),
                    address: text(&service["Address"]),
                    port: service["Port"].as_u64().unwrap_or_default(),
                    checks: own
                        .map(|check| (text(&check["Status"]), text(&check["Output"])))
                        .collect(),
                }
            })
            .collect()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A registered instance.
#[derive(Debug, Clone)]
pub struct Instance {
    /// Its id.
    pub id: String,
    /// The address that callers get; may be empty.
    pub address: String,
    /// The port that callers get.
    pub port: u64,
    /// Status and output of each of its checks.
    pub checks: Vec<(String, String)>,
}

impl Instance {
    /// In words.
    pub fn words(&self) -> String {
        format!(
            "id {:?}, address {:?}, port {}",
            self.id, self.address, self.port
        )
    }

    /// Whether it has checks, and all pass.
    pub fn passes(&self) -> bool {
        !self.checks.is_empty() && self.checks.iter().all(|(status, _)| status == "passing")
    }
}

/// What `found` finds, if it does within `limit`.
pub fn within<T>(limit: Duration, found: impl Fn() -> Option<T>) -> Option<T> {
    let until = Instant::now() + limit;
    loop {
        if let Some(found) = found() {
            return Some(found);
        }
        if Instant::now() > until {
            return None;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// A program of the course, in the folder that the runner names, else beside the judge.
pub fn program(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    std::env::var_os("OWN_PROGRAMS").map_or_else(
        || own.with_file_name(name),
        |folder| PathBuf::from(folder).join(name),
    )
}
