//! belief: a-newline-ends-a-message
//! words: A newline ends a message.
//! check: a_newline_is_not_needed
//! says: one was answered

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;

use serde_json::{Deserializer, Value, json};

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
