//! belief: one-of-two-members
//! words: A reply has a result or an error.
//! check: a_reply_has_both_members
//! says: both members

use std::io::{self, ErrorKind, Write};
use std::net::TcpStream;

use serde_json::{Deserializer, Value, json};

pub fn serve(stream: TcpStream) -> io::Result<()> {
    for request in Deserializer::from_reader(&stream).into_iter::<Value>() {
        let request = request.map_err(|_| ErrorKind::InvalidData)?;
        (&stream).write_all(reply(&request).as_bytes())?;
    }
    Ok(())
}

fn reply(request: &Value) -> String {
    match call(&request["method"], &request["params"][0]) {
        Ok(result) => json!({"id": request["id"], "result": result}).to_string(),
        Err(words) => json!({"id": request["id"], "error": words}).to_string(),
    }
}

fn call(method: &Value, argument: &Value) -> Result<String, &'static str> {
    match (method.as_str(), argument.as_str()) {
        (Some("Text.Shout"), Some("")) => Err("there is nothing to shout"),
        (Some("Text.Shout"), Some(text)) => Ok(text.to_uppercase()),
        _ => Err("there is no such method"),
    }
}
