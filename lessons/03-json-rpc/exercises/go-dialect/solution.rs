//! Go writes a newline after each object, but its reader does not need one: the last brace ends an object. So the
//! parser reads the stream itself, value after value, and never more than the value needs. White space before a
//! value is skipped. (Here each byte is one `read`. A `BufReader` around the stream would save those, and it
//! may: bytes that it has read too early stay in it for the next value.) A Go client needs both members of a
//! reply: without `error` the reply is broken, and with an error *and* a result some clients use the
//! result. So with an error the result is `null`.

use std::io::{self, ErrorKind, Write};
use std::net::TcpStream;

use serde_json::{Deserializer, Value, json};

/// Serves one client of Go's dialect until it has finished sending; then `Ok(())`.
pub fn serve(stream: TcpStream) -> io::Result<()> {
    for request in Deserializer::from_reader(&stream).into_iter::<Value>() {
        let request = request.map_err(|_| ErrorKind::InvalidData)?;
        (&stream).write_all(reply(&request).as_bytes())?;
    }
    Ok(())
}

/// The reply to one request.
fn reply(request: &Value) -> String {
    let (result, error) = match call(&request["method"], &request["params"][0]) {
        Ok(result) => (json!(result), Value::Null),
        Err(words) => (Value::Null, json!(words)),
    };
    json!({"id": request["id"], "result": result, "error": error}).to_string()
}

/// The only method.
fn call(method: &Value, argument: &Value) -> Result<String, &'static str> {
    match (method.as_str(), argument.as_str()) {
        (Some("Text.Shout"), Some("")) => Err("there is nothing to shout"),
        (Some("Text.Shout"), Some(text)) => Ok(text.to_uppercase()),
        _ => Err("there is no such method"),
    }
}
