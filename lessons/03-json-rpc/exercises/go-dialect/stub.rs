use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;

use serde_json::{Deserializer, Value, json};

/// Serves one client of Go's dialect until it has finished sending; then `Ok(())`.
///
/// * A request is a JSON object: `{"method":"Text.Shout","params":["abc"],"id":0}`. Its last brace ends it. The client
///   may send white space before, in and after it, or none, and may wait for the reply before it sends anything
///   else. Ignore members that are not known here.
/// * The reply is `{"id":0,"result":"ABC","error":null}`, with all three members. The id may be any JSON value,
///   and the reply has the same one.
/// * If `call` fails, `error` is its text, and `result` is `null`. The connection stays open.
/// * Bytes that are not JSON, or half an object at the end, end the connection: `InvalidData`.
pub fn serve(stream: TcpStream) -> io::Result<()> {
    let mut lines = BufReader::new(&stream);
    let mut line = String::new();
    while lines.read_line(&mut line)? > 0 {
        let mut objects = Deserializer::from_str(&line).into_iter::<Value>();
        let Some(Ok(request)) = objects.next() else {
            return Err(ErrorKind::InvalidData.into());
        };
        (&stream).write_all(reply(&request).as_bytes())?;
        line.clear();
    }
    Ok(())
}

/// The reply to one request.
fn reply(request: &Value) -> String {
    match call(&request["method"], &request["params"][0]) {
        Ok(result) => json!({"id": request["id"], "result": result}).to_string(),
        Err(words) => json!({"id": request["id"], "error": words}).to_string(),
    }
}

/// The only method. You need not change it.
fn call(method: &Value, argument: &Value) -> Result<String, &'static str> {
    match (method.as_str(), argument.as_str()) {
        (Some("Text.Shout"), Some("")) => Err("there is nothing to shout"),
        (Some("Text.Shout"), Some(text)) => Ok(text.to_uppercase()),
        _ => Err("there is no such method"),
    }
}
