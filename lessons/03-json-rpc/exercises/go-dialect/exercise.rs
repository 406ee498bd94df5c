use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;

use serde_json::{Deserializer, Value, json};

/// Serves one Go client until it has finished; then `Ok(())`.
///
/// A request is `{"method":"Text.Shout","params":["abc"],"id":0}`, and its reply is
/// `{"id":0,"result":"ABC","error":null}`. A method that does not exist, or says no, is a reply, too:
/// its `error` is a text, and its `result` is `null`.
///
/// What is no JSON ends the conversation: `InvalidData`.
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

/// What is said to one request.
fn reply(request: &Value) -> String {
    match call(&request["method"], &request["params"][0]) {
        Ok(result) => json!({"id": request["id"], "result": result}).to_string(),
        Err(words) => json!({"id": request["id"], "error": words}).to_string(),
    }
}

/// The one method there is. You need not change it.
fn call(method: &Value, argument: &Value) -> Result<String, &'static str> {
    match (method.as_str(), argument.as_str()) {
        (Some("Text.Shout"), Some("")) => Err("there is nothing to shout"),
        (Some("Text.Shout"), Some(text)) => Ok(text.to_uppercase()),
        _ => Err("there is no such method"),
    }
}
