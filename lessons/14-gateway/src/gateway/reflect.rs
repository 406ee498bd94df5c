//! Asks an instance what it offers: gRPC server reflection
//! (<https://github.com/grpc/grpc/blob/master/doc/server-reflection.md>), v1, or v1alpha where a
//! service does not have v1 yet. Both have the same messages.
//!
//! Nothing that it answers is believed: how much it may say is limited, and [`super::schema`] looks at
//! whether it fits together.

use std::collections::{BTreeMap, VecDeque};

use prost::Message;
use prost::bytes::Bytes;
use prost_types::FileDescriptorProto;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Code, Request, Status, Streaming};
use tonic_prost::ProstCodec;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest as Question;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse as Answer;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

const V1: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
const V1ALPHA: &str = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

/// The limits of what a service may answer to reflection.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// All files together, in bytes.
    pub bytes: usize,
    /// How many files.
    pub files: usize,
    /// How many gRPC services on one port.
    pub services: usize,
    /// How many fields all messages have together.
    pub fields: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            bytes: 2 << 20,
            files: 200,
            services: 50,
            fields: 20_000,
        }
    }
}

/// Why nothing is known of a service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// No answer has come; one may come later.
    #[error("{0}")]
    Away(String),
    /// It has answered, and what it says cannot be used. Asking again brings the same.
    #[error("{0}")]
    Unusable(String),
    /// It does not tell.
    #[error("it offers no gRPC reflection, so the gateway cannot know its methods")]
    Unimplemented,
}

/// The answers of an instance to reflection.
#[derive(Debug)]
pub struct Told {
    /// The names of its services, without reflection itself.
    pub services: Vec<String>,
    /// Its files and all that they import, by name.
    pub files: BTreeMap<String, FileDescriptorProto>,
}

/// Asks for everything. How long it may take is the caller's affair.
pub async fn ask(channel: Channel, limits: Limits) -> Result<Told, Unknown> {
    match ask_version(&channel, limits, V1).await {
        Err(Unknown::Unimplemented) => ask_version(&channel, limits, V1ALPHA).await,
        other => other,
    }
}

fn unusable(words: impl Into<String>) -> Unknown {
    Unknown::Unusable(words.into())
}

fn refused(status: &Status) -> Unknown {
    let words = format!(
        "asked what it offers: {:?}: {}",
        status.code(),
        status.message()
    );
    match status.code() {
        Code::Unimplemented => Unknown::Unimplemented,
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::ResourceExhausted => {
            Unknown::Away(words)
        }
        // tonic's word for a message that is longer than allowed.
        _ => unusable(words),
    }
}

// ANCHOR: ask
async fn ask_version(
    channel: &Channel,
    limits: Limits,
    path: &'static str,
) -> Result<Told, Unknown> {
    // Some servers say nothing at all, not even that they are there, before the first question.
    let first = Question::ListServices(String::new());
    let mut call = Call::begin(channel, limits, path, first).await?;
    let answer = call.answer().await?;
    let Answer::ListServicesResponse(list) = answer else {
        return Err(unusable("it does not say which services it has"));
    };
    let names = list.service.into_iter().map(|service| service.name);
    // They are there for machines, and not for browsers.
    let services: Vec<String> = names.filter(|name| !name.starts_with("grpc.")).collect();
    if services.len() > limits.services {
        return Err(unusable(format!(
            "it has more than {} services",
            limits.services
        )));
    }
    let files = call.files(&services, limits.files).await?;
    Ok(Told { services, files })
}
// ANCHOR_END: ask

fn request(question: Question) -> ServerReflectionRequest {
    ServerReflectionRequest {
        host: String::new(),
        message_request: Some(question),
    }
}

/// One call of reflection: a question and its answer, one after the other.
struct Call {
    ask: mpsc::Sender<ServerReflectionRequest>,
    answers: Streaming<ServerReflectionResponse>,
    /// So many bytes it may still say.
    left: usize,
}

impl Call {
    async fn begin(
        channel: &Channel,
        limits: Limits,
        path: &'static str,
        first: Question,
    ) -> Result<Call, Unknown> {
        let (ask, asked) = mpsc::channel(1);
        let _ = ask.try_send(request(first));
        let mut grpc = tonic::client::Grpc::new(channel.clone());
        grpc = grpc.max_decoding_message_size(limits.bytes);
        let away = |error| Unknown::Away(format!("it is not reached: {error}"));
        grpc.ready().await.map_err(away)?;
        let answers = grpc
            .streaming(
                Request::new(ReceiverStream::new(asked)),
                PathAndQuery::from_static(path),
                ProstCodec::<ServerReflectionRequest, ServerReflectionResponse>::default(),
            )
            .await
            .map_err(|status| refused(&status))?
            .into_inner();
        Ok(Call {
            ask,
            answers,
            left: limits.bytes,
        })
    }

    async fn ask(&mut self, question: Question) -> Result<Answer, Unknown> {
        // If the stream has ended, the answer says why.
        let _ = self.ask.send(request(question)).await;
        self.answer().await
    }

    async fn answer(&mut self) -> Result<Answer, Unknown> {
        let answer = self.answers.message().await;
        let answer = answer.map_err(|status| refused(&status))?;
        let answer = answer.ok_or_else(|| unusable("it ends in the middle of the answer"))?;
        let left = self.left.checked_sub(answer.encoded_len());
        self.left = left.ok_or_else(|| unusable("it tells too much"))?;
        let answer = answer.message_response;
        answer.ok_or_else(|| unusable("it answers nothing"))
    }

    /// The files of these services, and all that they import.
    async fn files(
        &mut self,
        services: &[String],
        most: usize,
    ) -> Result<BTreeMap<String, FileDescriptorProto>, Unknown> {
        let mut files = BTreeMap::new();
        let mut open: VecDeque<Question> = services
            .iter()
            .map(|name| Question::FileContainingSymbol(name.clone()))
            .collect();
        let mut questions = 0;
        while let Some(question) = open.pop_front() {
            // Another file has brought it meanwhile.
            if matches!(&question, Question::FileByFilename(name) if files.contains_key(name)) {
                continue;
            }
            questions += 1;
            if questions > most {
                return Err(unusable(format!("it has more than {most} files")));
            }
            let about = match &question {
                Question::FileByFilename(name) | Question::FileContainingSymbol(name) => {
                    name.clone()
                }
                _ => String::new(),
            };
            let found = match self.ask(question).await? {
                Answer::FileDescriptorResponse(found) => found.file_descriptor_proto,
                Answer::ErrorResponse(error) => {
                    let words = error.error_message;
                    return Err(unusable(format!("it does not describe `{about}`: {words}")));
                }
                _ => return Err(unusable(format!("it does not describe `{about}`"))),
            };
            for bytes in found {
                let file = FileDescriptorProto::decode(Bytes::from(bytes));
                let file = file.map_err(|error| unusable(format!("a damaged file: {error}")))?;
                if files.len() >= most {
                    return Err(unusable(format!("it has more than {most} files")));
                }
                for name in file
                    .dependency
                    .iter()
                    .filter(|name| !files.contains_key(*name))
                {
                    open.push_back(Question::FileByFilename(name.clone()));
                }
                files.insert(file.name().to_string(), file);
            }
        }
        Ok(files)
    }
}
