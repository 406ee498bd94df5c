//! An etcd for the judge: the JSON API for keys and leases, as the gRPC gateway of etcd 3.4 and later has it
//! (<https://etcd.io/docs/v3.5/dev-guide/api_grpc_gateway/>). With `OWN_REAL` in the environment it is the real program of
//! that name.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::consul::within;
use crate::told::Failure;

/// The longest request, in bytes.
const LONGEST: u64 = 64 * 1024;

/// An etcd that runs. It ends when it is dropped, and loses all.
pub struct Etcd {
    at: SocketAddr,
    /// What is dropped at the end.
    _runs: Box<dyn Any>,
}

impl Etcd {
    /// Starts an empty one at `at`; when this returns, it answers.
    ///
    /// # Errors
    /// A failure of the judge if it does not start.
    pub fn start(at: SocketAddr) -> Result<Self, Failure> {
        let trouble =
            |why: String| Failure::new("The judge starts an etcd", "it starts", why, None);
        let runs = if std::env::var_os("OWN_REAL").is_some() {
            Real::start(at).map(|real| Box::new(real) as Box<dyn Any>)
        } else {
            Readable::start(at).map(|readable| Box::new(readable) as Box<dyn Any>)
        };
        let etcd = Self {
            at,
            _runs: runs.map_err(|e| trouble(e.to_string()))?,
        };
        let answers = || etcd.keys().map(|_| ());
        within(Duration::from_secs(5), answers)
            .ok_or_else(|| trouble(format!("nothing answers at {at}")))?;
        Ok(etcd)
    }

    /// All keys below `/services/`; none if it does not answer.
    pub fn keys(&self) -> Option<Vec<Key>> {
        let (key, end) = (encode(b"/services/"), encode(b"/services0"));
        let found = self.ask("/v3/kv/range", &json!({"key": key, "range_end": end}))?;
        let kvs = found["kvs"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| String::from_utf8_lossy(&decode(value)).into_owned();
        let keys = kvs.iter().map(|kv| Key {
            key: text(&kv["key"]),
            value: text(&kv["value"]),
            lease: number(&kv["lease"]),
        });
        Some(keys.collect())
    }

    /// The time to live that was granted to a lease, in seconds.
    pub fn granted(&self, lease: i64) -> Option<i64> {
        let found = self.ask("/v3/lease/timetolive", &json!({"ID": lease.to_string()}))?;
        Some(number(&found["grantedTTL"]))
    }

    fn ask(&self, path: &str, body: &Value) -> Option<Value> {
        let mut stream = TcpStream::connect_timeout(&self.at, Duration::from_millis(200)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
        let (at, body) = (self.at, body.to_string());
        let head = format!("POST {path} HTTP/1.0\r\nHost: {at}\r\n");
        write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        serde_json::from_str(text.split_once("\r\n\r\n")?.1).ok()
    }
}

/// One key, as it is stored.
#[derive(Debug, Clone)]
pub struct Key {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: String,
    /// Its lease; 0 if it has none.
    pub lease: i64,
}

fn encode(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

fn decode(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap_or_default();
    BASE64_STANDARD.decode(text).unwrap_or_default()
}

/// The gateway writes 64-bit integers as texts, and reads both.
fn number(value: &Value) -> i64 {
    let text = value.as_str().and_then(|text| text.parse().ok());
    text.or_else(|| value.as_i64()).unwrap_or_default()
}

/// The program `etcd`, with a folder of its own.
struct Real {
    child: Child,
    folder: PathBuf,
}

impl Real {
    fn start(at: SocketAddr) -> std::io::Result<Self> {
        let name = format!("own-etcd-{}-{}", std::process::id(), at.port());
        let folder = std::env::temp_dir().join(name);
        let peers = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let (clients, peers) = (format!("http://{at}"), format!("http://{peers}"));
        let child = Command::new("etcd")
            .arg("--data-dir")
            .arg(&folder)
            .args(["--listen-client-urls", &clients])
            .args(["--advertise-client-urls", &clients])
            .args(["--listen-peer-urls", &peers])
            .args(["--initial-advertise-peer-urls", &peers])
            .args(["--initial-cluster", &format!("default={peers}")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self { child, folder })
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A thread that serves the few calls that a registration needs.
struct Readable {
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Store {
    last_lease: i64,
    /// Time to live, and when it is over.
    leases: HashMap<i64, (Duration, Instant)>,
    /// Value and lease.
    keys: BTreeMap<Vec<u8>, (Vec<u8>, i64)>,
}

impl Readable {
    fn start(at: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(at)?;
        listener.set_nonblocking(true)?;
        let ends = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ends);
        let store = Arc::<Mutex<Store>>::default();
        let thread = thread::spawn(move || {
            while !end.load(Ordering::SeqCst) {
                let Ok((stream, _)) = listener.accept() else {
                    thread::sleep(Duration::from_millis(1));
                    continue;
                };
                let store = Arc::clone(&store);
                thread::spawn(move || {
                    let _ = serve(&stream, &store);
                });
            }
        });
        Ok(Self {
            ends,
            thread: Some(thread),
        })
    }
}

impl Drop for Readable {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// One request; the connection closes after its reply.
fn serve(mut stream: &TcpStream, store: &Mutex<Store>) -> std::io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    let mut lines = BufReader::new(stream.take(LONGEST));
    let mut path = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        lines.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        match line.split_once(": ") {
            None => path = line.split(' ').nth(1).unwrap_or_default().to_owned(),
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().unwrap_or_default();
            }
            Some(_) => {}
        }
    }
    let mut body = Vec::new();
    lines.take(length).read_to_end(&mut body)?;
    let request = serde_json::from_slice(&body).unwrap_or_default();
    let (status, reply) = match answer(&mut lock(store), &path, &request) {
        Ok(reply) => ("200 OK", reply),
        Err((status, message)) => (status, json!({"error": message, "message": message})),
    };
    let reply = reply.to_string();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{reply}",
        reply.len()
    )
}

fn lock(store: &Mutex<Store>) -> MutexGuard<'_, Store> {
    store.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(
    store: &mut Store,
    path: &str,
    request: &Value,
) -> Result<Value, (&'static str, &'static str)> {
    const NO_LEASE: (&str, &str) = ("404 Not Found", "etcdserver: requested lease not found");
    let now = Instant::now();
    store.leases.retain(|_, (_, until)| *until > now);
    let leases = &store.leases;
    store
        .keys
        .retain(|_, (_, lease)| *lease == 0 || leases.contains_key(lease));
    let id = number(&request["ID"]);
    match path {
        "/v3/lease/grant" => {
            store.last_lease += 1;
            let ttl = number(&request["TTL"]).max(2);
            let time = Duration::from_secs(ttl.unsigned_abs());
            store.leases.insert(store.last_lease, (time, now + time));
            Ok(json!({"ID": store.last_lease.to_string(), "TTL": ttl.to_string()}))
        }
        // Of a lease that is over, etcd says so by a result without a TTL.
        "/v3/lease/keepalive" => match store.leases.get_mut(&id) {
            Some((time, until)) => {
                *until = now + *time;
                let ttl = time.as_secs().to_string();
                Ok(json!({"result": {"ID": id.to_string(), "TTL": ttl}}))
            }
            None => Ok(json!({"result": {"ID": id.to_string()}})),
        },
        "/v3/lease/revoke" | "/v3/kv/lease/revoke" => {
            store.leases.remove(&id).ok_or(NO_LEASE)?;
            store.keys.retain(|_, (_, lease)| *lease != id);
            Ok(json!({}))
        }
        "/v3/lease/timetolive" | "/v3/kv/lease/timetolive" => {
            let (time, _) = store.leases.get(&id).ok_or(NO_LEASE)?;
            Ok(json!({"ID": id.to_string(), "grantedTTL": time.as_secs().to_string()}))
        }
        "/v3/kv/put" => {
            let lease = number(&request["lease"]);
            if lease != 0 && !store.leases.contains_key(&lease) {
                return Err(NO_LEASE);
            }
            let value = decode(&request["value"]);
            store.keys.insert(decode(&request["key"]), (value, lease));
            Ok(json!({}))
        }
        "/v3/kv/range" | "/v3/kv/deleterange" => {
            let (from, end) = (decode(&request["key"]), decode(&request["range_end"]));
            let found: Vec<_> = store
                .keys
                .iter()
                .filter(|(key, _)| **key == from || (from <= **key && **key < end))
                .map(|(key, (value, lease))| (key.clone(), value.clone(), *lease))
                .collect();
            if path.ends_with("deleterange") {
                store
                    .keys
                    .retain(|key, _| found.iter().all(|kv| kv.0 != *key));
                return Ok(json!({"deleted": found.len().to_string()}));
            }
            let kvs = found.iter().map(|(key, value, lease)| {
                json!({"key": encode(key), "value": encode(value), "lease": lease.to_string()})
            });
            Ok(json!({"kvs": kvs.collect::<Vec<_>>(), "count": found.len().to_string()}))
        }
        _ => Err(("404 Not Found", "Not Found")),
    }
}
