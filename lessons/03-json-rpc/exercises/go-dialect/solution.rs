//! Go writes a newline after each object, and reads without looking for one: where an object ends is
//! said by its last brace. So the parser reads the stream itself, value after value, and never more
//! of it than the value needs; a newline, when one comes, is white space before the next value.
//! (Each byte is a call of `read` here. A `BufReader` between the two would save those, and it
//! may: what it has read too much of stays in it for the next value.) A Go client insists on both members
//! of a reply: without `error` it would see none, but with an error *and* a result some clients take
//! the result, so with an error the result is `null`.

use std::io::{self, ErrorKind, Write};
use std::net::TcpStream;

use serde_json::{Deserializer, Value, json};

/// Serves one Go client until it has finished; then `Ok(())`.
pub fn serve(stream: TcpStream) -> io::Result<()> {
    for request in Deserializer::from_reader(&stream).into_iter::<Value>() {
        let request = request.map_err(|_| ErrorKind::InvalidData)?;
        (&stream).write_all(reply(&request).as_bytes())?;
    }
    Ok(())
}

/// What is said to one request.
fn reply(request: &Value) -> String {
    let (result, error) = match call(&request["method"], &request["params"][0]) {
        Ok(result) => (json!(result), Value::Null),
        Err(words) => (Value::Null, json!(words)),
    };
    json!({"id": request["id"], "result": result, "error": error}).to_string()
}

/// The one method there is.
fn call(method: &Value, argument: &Value) -> Result<String, &'static str> {
    match (method.as_str(), argument.as_str()) {
        (Some("Text.Shout"), Some("")) => Err("there is nothing to shout"),
        (Some("Text.Shout"), Some(text)) => Ok(text.to_uppercase()),
        _ => Err("there is no such method"),
    }
}
