//! belief: one-read-is-whole-objects
//! words: A read ends where an object ends.
//! check: objects_come_in_pieces
//! says: came in pieces

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

pub fn serve(mut stream: TcpStream) -> io::Result<()> {
    let mut buf = [0; 4096];
    loop {
        let n = stream.read(&mut buf)?;
        if n == 0 {
            return Ok(());
        }
        for request in serde_json::Deserializer::from_slice(&buf[..n]).into_iter::<Value>() {
            let request = request.map_err(|_| ErrorKind::InvalidData)?;
            stream.write_all(reply(&request).as_bytes())?;
        }
    }
}

fn reply(request: &Value) -> String {
    let (result, error) = match call(&request["method"], &request["params"][0]) {
        Ok(result) => (json!(result), Value::Null),
        Err(words) => (Value::Null, json!(words)),
    };
    json!({"id": request["id"], "result": result, "error": error}).to_string()
}

fn call(method: &Value, argument: &Value) -> Result<String, &'static str> {
    match (method.as_str(), argument.as_str()) {
        (Some("Text.Shout"), Some("")) => Err("there is nothing to shout"),
        (Some("Text.Shout"), Some(text)) => Ok(text.to_uppercase()),
        _ => Err("there is no such method"),
    }
}
