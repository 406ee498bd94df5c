//! Things that listen where a Consul could be: the readable agent, the real one, and a scripted one
//! that says what a test wants.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use workbook::judge::without_outer_cargo;

use super::until;

/// A Consul in a process of its own.
pub struct Agent {
    pub addr: SocketAddr,
    child: Child,
}

impl Agent {
    /// Which agents there are on this machine: the readable one, built now, and the real one.
    pub fn all() -> Vec<PathBuf> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut command = Command::new(env!("CARGO"));
        let built = without_outer_cargo(&mut command)
            // As for checks: other features would build the dependencies anew.
            .args(["build", "--quiet", "--workspace", "--bin", "l08-consul"])
            .current_dir(&root)
            .status()
            .unwrap();
        assert!(built.success(), "l08-consul cannot be built");
        let target = std::env::var_os("CARGO_TARGET_DIR");
        let target = root.join(target.unwrap_or_else(|| "target".into()));
        let mut all = vec![target.join("debug/l08-consul")];
        let named = std::env::var_os("CONSUL_BIN").map(PathBuf::from);
        let real = named.unwrap_or_else(|| root.join("target/tools/consul/consul"));
        if real.is_file() {
            all.push(real);
        } else {
            eprintln!("there is no real Consul here: only the readable agent is looked at");
        }
        all
    }

    /// Starts `program`; `port` 0 takes a free one.
    pub fn start(program: &Path, port: u16) -> Self {
        let free = || {
            TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
                .port()
        };
        let port = if port == 0 { free() } else { port };
        let addr: SocketAddr = ([127, 0, 0, 1], port).into();
        let mut command = Command::new(program);
        command.arg("agent");
        if program.ends_with("l08-consul") {
            command.args(["--http-addr", &addr.to_string()]);
        } else {
            command.args([
                "-dev",
                "-bind=127.0.0.1",
                "-client=127.0.0.1",
                "-node=agent-one",
            ]);
            command.args(["-dns-port=-1", "-grpc-port=-1", "-serf-wan-port=-1"]);
            command.args(["-hcl", "disable_update_check = true"]);
            command.arg(format!("-http-port={port}"));
            command.arg(format!("-server-port={}", free()));
            command.arg(format!("-serf-lan-port={}", free()));
        }
        let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
        let agent = Self {
            addr,
            child: quiet.spawn().unwrap(),
        };
        until("Consul knows itself", Duration::from_secs(60), || {
            agent
                .ask("GET", "/v1/catalog/services", "")
                .contains("consul")
        });
        agent
    }

    /// One request; "" if nobody answers.
    pub fn ask(&self, method: &str, path: &str, body: &str) -> String {
        let mut reply = String::new();
        if let Ok(mut stream) = TcpStream::connect(self.addr) {
            let length = body.len();
            let head = format!("{method} {path} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n");
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
            let _ = stream.read_to_string(&mut reply);
        }
        reply
    }

    /// Asks it to change something.
    pub fn put(&self, path: &str, body: &str) {
        let reply = self.ask("PUT", path, body);
        assert!(reply.starts_with("HTTP/1.0 200"), "{path}: {reply}");
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the scripted one does with a request.
#[derive(Clone)]
pub enum Says {
    /// This body, with this index.
    Json(u64, String),
    /// These bytes, as they are.
    Raw(Vec<u8>),
    /// A good head and then bytes for ever.
    Endless,
    /// Nothing; the connection stays open.
    Nothing,
}

type Script = Arc<Mutex<Box<dyn Fn(&str) -> Says + Send>>>;

/// A server that answers as its script says, and counts how often it was asked.
pub struct Scripted {
    pub addr: SocketAddr,
    script: Script,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    /// One service, `web`, with one check; nothing ever changes.
    pub fn new(script: impl Fn(&str) -> Says + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let this = Self {
            addr: listener.local_addr().unwrap(),
            script: Arc::new(Mutex::new(Box::new(script))),
            asked: Arc::default(),
        };
        let (script, asked) = (Arc::clone(&this.script), Arc::clone(&this.asked));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (script, asked) = (Arc::clone(&script), Arc::clone(&asked));
                std::thread::spawn(move || answer(stream, &script, &asked));
            }
        });
        this
    }

    /// From now on it says something else.
    pub fn say(&self, script: impl Fn(&str) -> Says + Send + 'static) {
        *self.script.lock().unwrap() = Box::new(script);
    }

    /// The paths that were asked for.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(mut stream: TcpStream, script: &Script, asked: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut path = String::new();
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|n| n > 2) {
        if let Some(rest) = line.strip_prefix("GET ") {
            path = rest.split(' ').next().unwrap().to_owned();
        }
        line.clear();
    }
    if path.is_empty() {
        // It hung up before it asked.
        return;
    }
    asked.lock().unwrap().push(path.clone());
    let says = (script.lock().unwrap())(&path);
    // The runner may hang up at any time.
    let _ = match says {
        Says::Json(index, body) => {
            let length = body.len();
            write!(
                stream,
                "HTTP/1.0 200 OK\r\nX-Consul-Index: {index}\r\nContent-Length: {length}\r\n\r\n{body}"
            )
        }
        Says::Raw(bytes) => stream.write_all(&bytes),
        Says::Endless => {
            let mut sent = stream.write_all(b"HTTP/1.0 200 OK\r\nX-Consul-Index: 7\r\n\r\n[\"");
            while sent.is_ok() {
                sent = stream.write_all(&[b'x'; 65_536]);
            }
            sent
        }
        Says::Nothing => reader.read(&mut [0; 16]).map(|_| ()),
    };
}

/// What a Consul would say: each service is (id, name, state), its check has this output.
pub fn says(path: &str, index: u64, services: &[(&str, &str, &str)], output: &str) -> Says {
    use serde_json::{Map, Value, json};
    let body = match path.strip_prefix("/v1/health/service/") {
        None if path == "/v1/catalog/services" => {
            let names = services
                .iter()
                .map(|(_, name, _)| ((*name).to_owned(), json!([])));
            Value::Object(Map::from_iter(names))
        }
        None => panic!("{path} is not what the phone book needs"),
        Some(name) => {
            let name = workbook::book::html::percent_decoded(name).unwrap();
            let of = services.iter().filter(|(_, of, _)| *of == name);
            of.map(|(id, name, state)| {
                json!({ "Node": { "Node": "n.1", "Address": "127.0.0.1" },
                    "Service": { "ID": id, "Service": name, "Tags": ["<i>t</i>"], "Port": -1 },
                    "Checks": [{ "Node": "n.1", "CheckID": format!("c-{id}"), "Name": name,
                        "Status": state, "Output": output, "ServiceID": id, "Type": "ttl" }] })
            })
            .collect()
        }
    };
    Says::Json(index, body.to_string())
}
