//! belief: an-error-is-an-object
//! words: An error is an object with a code.
//! check: an_error_is_a_text_and_the_result_is_empty
//! says: an error is a text

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
    let (result, error) = match call(&request["method"], &request["params"][0]) {
        Ok(result) => (json!(result), Value::Null),
        Err(words) => (Value::Null, json!({"code": -32000, "message": words})),
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
