//! Stage 3, with faults.

use std::io;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::fault;

pub async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(connection(stream));
    }
}

async fn connection(mut stream: TcpStream) -> io::Result<()> {
    let (read, mut write) = stream.split();
    let mut lines = BufReader::new(read).split(b'\n');
    while let Some(line) = lines.next_segment().await? {
        if let Some(reply) = answer(&line) {
            write.write_all(format!("{reply}\n").as_bytes()).await?;
            if fault("closes-after-error") && reply.get("error").is_some() {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn answer(line: &[u8]) -> Option<Value> {
    match serde_json::from_slice(line) {
        _ if fault("short-json") && line.len() > 1024 => {
            Some(error(Value::Null, -32700, "the line is too long"))
        }
        Err(_) if fault("parse-error-without-id") => Some(error(Value::from(0), -32700, "no JSON")),
        Err(_) => Some(error(Value::Null, -32700, "no JSON")),
        Ok(Value::Array(_)) if fault("no-batch") => Some(error(Value::Null, -32600, "no request")),
        Ok(Value::Array(batch)) if batch.is_empty() && fault("empty-batch") => Some(json!([])),
        Ok(Value::Array(batch)) if batch.is_empty() => {
            Some(error(Value::Null, -32600, "an empty batch"))
        }
        Ok(Value::Array(batch)) => {
            let replies: Vec<Value> = batch.iter().filter_map(one).collect();
            (!replies.is_empty() || fault("batch-of-notifications"))
                .then_some(Value::Array(replies))
        }
        Ok(request) => one(&request),
    }
}

fn one(request: &Value) -> Option<Value> {
    let id = request.get("id").cloned();
    let method = request["method"].as_str();
    let (Some(method), "2.0") = (method, request["jsonrpc"].as_str().unwrap_or_default()) else {
        return Some(error(id.unwrap_or_default(), -32600, "no request"));
    };
    let result = match method {
        "hello" => hello(&request["params"]),
        _ => Err((-32601, "no such method")),
    };
    let mut id = if fault("answers-notifications") {
        id.unwrap_or_default()
    } else {
        id?
    };
    if fault("id-as-text") && id.is_number() {
        id = Value::from(id.to_string());
    }
    Some(match result {
        Ok(result) if fault("no-version") => json!({"result": result, "id": id}),
        Ok(result) => json!({"jsonrpc": "2.0", "result": result, "id": id}),
        Err((code, message)) => error(id, code, message),
    })
}

fn hello(params: &Value) -> Result<String, (i64, &'static str)> {
    let name = match params {
        Value::Array(params) if params.len() == 1 && !fault("params-by-name-only") => {
            params[0].as_str()
        }
        Value::Object(params) => params.get("name").and_then(Value::as_str),
        _ => None,
    };
    match name {
        Some(name) if !name.is_empty() => Ok(format!("hello {name}")),
        _ => Err((-32602, "the params are one name of at least one character")),
    }
}

fn error(id: Value, code: i64, message: &str) -> Value {
    let code = if fault("one-code") && code > -32700 {
        -32000
    } else {
        code
    };
    if fault("no-message") {
        return json!({"jsonrpc": "2.0", "error": {"code": code}, "id": id});
    }
    json!({"jsonrpc": "2.0", "error": {"code": code, "message": message}, "id": id})
}
