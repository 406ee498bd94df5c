//! belief: every-brace-counts
//! words: Every brace opens or closes an object.
//! check: braces_in_a_text_are_text
//! says: are no braces of JSON

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

pub fn serve(stream: TcpStream) -> io::Result<()> {
    let (mut object, mut depth) = (Vec::new(), 0);
    for byte in (&stream).bytes() {
        let byte = byte?;
        object.push(byte);
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 && byte == b'}' {
            let request: Value =
                serde_json::from_slice(&object).map_err(|_| ErrorKind::InvalidData)?;
            (&stream).write_all(reply(&request).as_bytes())?;
            object.clear();
        } else if depth == 0 && !byte.is_ascii_whitespace() {
            return Err(ErrorKind::InvalidData.into());
        }
    }
    if depth > 0 {
        return Err(ErrorKind::InvalidData.into());
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
