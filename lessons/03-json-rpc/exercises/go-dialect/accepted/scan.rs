//! Accepted: braces are counted by hand, outside of strings, and each complete object is parsed. A newline follows
//! each reply.

use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

/// Serves one client of Go's dialect until it has finished sending; then `Ok(())`.
pub fn serve(mut stream: TcpStream) -> io::Result<()> {
    let bytes = BufReader::new(stream.try_clone()?).bytes();
    let (mut object, mut depth, mut string, mut escaped) = (Vec::new(), 0, false, false);
    for byte in bytes {
        let byte = byte?;
        object.push(byte);
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = string,
            b'"' => string = !string,
            _ if string => {}
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth > 0 {
            continue;
        }
        if byte == b'}' {
            let request = serde_json::from_slice(&object).map_err(|_| ErrorKind::InvalidData)?;
            stream.write_all(reply(&request).as_bytes())?;
        } else if !byte.is_ascii_whitespace() {
            return Err(ErrorKind::InvalidData.into());
        }
        object.clear();
    }
    match object.is_empty() {
        true => Ok(()),
        false => Err(ErrorKind::InvalidData.into()),
    }
}

/// The reply to one request.
fn reply(request: &Value) -> String {
    let outcome = call(&request["method"], &request["params"][0]);
    let (result, error) = (outcome.as_ref().ok(), outcome.as_ref().err());
    let reply = json!({"error": error, "result": result, "id": request["id"]});
    format!("{reply}\n")
}

/// The only method.
fn call(method: &Value, argument: &Value) -> Result<String, &'static str> {
    match (method.as_str(), argument.as_str()) {
        (Some("Text.Shout"), Some("")) => Err("there is nothing to shout"),
        (Some("Text.Shout"), Some(text)) => Ok(text.to_uppercase()),
        _ => Err("there is no such method"),
    }
}
