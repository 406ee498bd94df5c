//! Asks the server for its types: gRPC server reflection, v1 or else v1alpha.
//!
//! The wire makes a connection of its own, straight to the server, so nothing of this is seen in
//! the picture. It uses `h2` alone: tonic for this one call would bring 39 more crates to a wire that
//! lesson 01 needs already.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use bytes::{BufMut, Bytes, BytesMut};
use h2::client::SendRequest;
use prost::Message;
use prost_reflect::DescriptorPool;
use prost_types::{FileDescriptorProto, FileDescriptorSet};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{Asked, Schema};
use crate::event::{Mark, Shown, Tone};
use crate::screen::Screen;

/// The whole conversation must not take longer.
const DEADLINE: Duration = Duration::from_secs(3);
/// The most that a server may say: of services, of files, and of bytes.
const MAX_SERVICES: usize = 200;
const MAX_FILES: usize = 500;
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The code that a gRPC server answers with if it does not know a service.
const UNIMPLEMENTED: &str = "12";

/// Where reflection is found: its name, and the path of its only method.
const VERSIONS: [(&str, &str); 2] = [
    (
        "v1",
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    ),
    (
        "v1alpha",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    ),
];

/// Both versions have the same messages; these are the parts of them that are needed.
#[derive(Clone, PartialEq, Message)]
struct Request {
    #[prost(oneof = "Question", tags = "3, 4, 7")]
    question: Option<Question>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Question {
    #[prost(string, tag = "3")]
    FileByFilename(String),
    #[prost(string, tag = "4")]
    FileContainingSymbol(String),
    #[prost(string, tag = "7")]
    ListServices(String),
}

#[derive(Clone, PartialEq, Message)]
struct Response {
    #[prost(message, optional, tag = "4")]
    files: Option<Files>,
    #[prost(message, optional, tag = "6")]
    services: Option<Services>,
    #[prost(message, optional, tag = "7")]
    error: Option<Refusal>,
}

#[derive(Clone, PartialEq, Message)]
struct Files {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    files: Vec<Bytes>,
}

#[derive(Clone, PartialEq, Message)]
struct Services {
    #[prost(message, repeated, tag = "1")]
    services: Vec<Service>,
}

#[derive(Clone, PartialEq, Message)]
struct Service {
    #[prost(string, tag = "1")]
    name: String,
}

#[derive(Clone, PartialEq, Message)]
struct Refusal {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// What a server has told.
struct Told {
    version: &'static str,
    services: Vec<String>,
    pool: DescriptorPool,
}

/// Asks the server each time that the schema wants it, for ever.
pub async fn serve(
    schema: Arc<Schema>,
    mut asked: mpsc::Receiver<Asked>,
    server: Vec<SocketAddr>,
    screen: Screen,
) {
    let mut last = String::new();
    while asked.recv().await.is_some() {
        let told = match timeout(DEADLINE, ask(&server)).await {
            Ok(told) => told,
            Err(_) => Err(anyhow!("no answer within {} s", DEADLINE.as_secs())),
        };
        let shown = match told {
            Ok(told) => {
                let words = known(&told);
                schema.answered(Some(told.pool));
                Some(words)
            }
            Err(error) => {
                // At the start the server may not be there yet, and it is not needed yet.
                let needed = schema.answered(None);
                needed.then(|| unknown(&format!("{error:#}")))
            }
        };
        // The same news again is none.
        if let Some(shown) = shown.filter(|shown| shown.words != last) {
            last.clone_from(&shown.words);
            screen.tell(None, None, shown);
        }
    }
}

fn known(told: &Told) -> Shown {
    let services = &told.services;
    let names = services[..services.len().min(8)].join(", ");
    let more = if services.len() > 8 { ", …" } else { "" };
    let version = told.version;
    let words = format!("reflection ({version}): the server has {names}{more}");
    Shown::new("reflection", Mark::Point, Tone::Quiet, words)
        .note("asked over a connection of the wire's own")
        .field("version", version)
        .field("services", services.clone())
}

fn unknown(why: &str) -> Shown {
    let words = format!("no types by reflection: {why}");
    Shown::new("reflection", Mark::Point, Tone::Part, words)
        .note("fields are shown by number; --proto FILE gives their names")
        .field("error", why)
}

/// All types of the server.
async fn ask(server: &[SocketAddr]) -> Result<Told> {
    let tcp = TcpStream::connect(server).await.context("no connection")?;
    let (client, connection) = h2::client::Builder::new()
        .enable_push(false)
        .max_header_list_size(64 * 1024)
        .handshake::<_, Bytes>(tcp)
        .await
        .context("no HTTP/2")?;
    // The connection ends when the client is dropped, and so does its task.
    let task = tokio::spawn(connection);
    let told = talk(server, client).await;
    task.abort();
    told
}

async fn talk(server: &[SocketAddr], client: SendRequest<Bytes>) -> Result<Told> {
    let authority = server.first().context("no address")?;
    for (version, path) in VERSIONS {
        let uri = format!("http://{authority}{path}");
        let mut server = Server {
            client: client.clone(),
            uri,
            taken: 0,
        };
        let Some(services) = server.services().await? else {
            continue;
        };
        let files = server.files(&services).await?;
        let pool = pool(files).context("its types do not fit together")?;
        return Ok(Told {
            version,
            services,
            pool,
        });
    }
    bail!("the server has no reflection")
}

/// The types in these files, and those that every protobuf has.
fn pool(files: HashMap<String, FileDescriptorProto>) -> Result<DescriptorPool> {
    let mut pool = DescriptorPool::global();
    let have = |name: &String| DescriptorPool::global().get_file_by_name(name).is_some();
    let mut file: Vec<FileDescriptorProto> = files
        .into_iter()
        .filter(|(name, _)| !have(name))
        .map(|(_, file)| file)
        .collect();
    file.sort_by(|a, b| a.name().cmp(b.name()));
    pool.add_file_descriptor_set(FileDescriptorSet { file })?;
    Ok(pool)
}

/// The server that is asked. Each question is a call of its own, on the same connection.
struct Server {
    client: SendRequest<Bytes>,
    uri: String,
    /// Bytes of all answers so far.
    taken: usize,
}

impl Server {
    /// The services that it has; `None` if it does not know the method.
    async fn services(&mut self) -> Result<Option<Vec<String>>> {
        let question = Question::ListServices(String::new());
        let Some(answer) = self.ask(question).await? else {
            return Ok(None);
        };
        let services = answer.services.context("no list of services")?.services;
        let ours = |name: &String| !name.starts_with("grpc.reflection.");
        let names = services.into_iter().map(|service| service.name);
        Ok(Some(names.filter(ours).take(MAX_SERVICES).collect()))
    }

    /// The files of these services and all that they import.
    async fn files(&mut self, services: &[String]) -> Result<HashMap<String, FileDescriptorProto>> {
        let mut files: HashMap<String, FileDescriptorProto> = HashMap::new();
        let mut open: VecDeque<Question> = services
            .iter()
            .cloned()
            .map(Question::FileContainingSymbol)
            .collect();
        let mut questions = 0;
        while let Some(question) = open.pop_front() {
            if let Question::FileByFilename(name) = &question
                && files.contains_key(name)
            {
                continue;
            }
            questions += 1;
            if questions > MAX_FILES + MAX_SERVICES {
                bail!("the server has too many files");
            }
            let answer = self.ask(question).await?;
            // One service without a description must not hide the others.
            let found = answer.and_then(|answer| answer.files);
            for bytes in found.unwrap_or_default().files {
                let file = FileDescriptorProto::decode(bytes).context("a file is damaged")?;
                for name in &file.dependency {
                    if !files.contains_key(name) {
                        open.push_back(Question::FileByFilename(name.clone()));
                    }
                }
                files.insert(file.name().to_string(), file);
            }
        }
        Ok(files)
    }

    /// The answer to one question; `None` if the server does not know the method.
    async fn ask(&mut self, question: Question) -> Result<Option<Response>> {
        let request = http::Request::post(&self.uri)
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("user-agent", concat!("wire/", env!("CARGO_PKG_VERSION")))
            .body(())?;
        let mut client = self.client.clone().ready().await?;
        let (response, mut send) = client.send_request(request, false)?;
        send.send_data(framed(question), true)?;
        let response = response.await.context("no response")?;
        if response.status() != http::StatusCode::OK {
            bail!("the server answers {}", response.status());
        }
        let (head, mut body) = response.into_parts();
        let mut bytes = BytesMut::new();
        while let Some(part) = body.data().await {
            let part = part?;
            body.flow_control().release_capacity(part.len())?;
            self.taken += part.len();
            if self.taken > MAX_BYTES {
                bail!("the server tells more than {MAX_BYTES} bytes");
            }
            bytes.extend_from_slice(&part);
        }
        // Without an answer the status stands in the first headers, or after them.
        let trailers = body.trailers().await?.unwrap_or(head.headers);
        match trailers.get("grpc-status").and_then(|it| it.to_str().ok()) {
            Some("0") => {}
            Some(UNIMPLEMENTED) => return Ok(None),
            Some(code) => bail!("the server refuses reflection with status {code}"),
            None => bail!("the server ended the call"),
        }
        // One message, not compressed, of which the length is known: there is no other.
        let message = bytes.get(5..).context("the server answers nothing")?;
        if bytes[0] != 0 {
            bail!("the answer is compressed, though the request offered no compression");
        }
        let answer = Response::decode(message).context("an answer is damaged")?;
        match answer.error {
            Some(refusal) if answer.services.is_none() && refusal.code == 12 => {
                bail!("the server refuses: {}", refusal.message)
            }
            _ => Ok(Some(answer)),
        }
    }
}

/// A question as gRPC sends it: not compressed, its length, itself.
fn framed(question: Question) -> Bytes {
    let request = Request {
        question: Some(question),
    };
    let message = request.encode_to_vec();
    let mut out = BytesMut::with_capacity(message.len() + 5);
    out.put_u8(0);
    // A question is a name, which is short.
    out.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    out.put_slice(&message);
    out.freeze()
}
