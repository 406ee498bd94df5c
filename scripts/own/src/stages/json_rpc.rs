//! Stage 3: JSON-RPC 2.0, one JSON value a line.

use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Client, Got};
use crate::service::Service;
use crate::told::{Belief, Failure};

const PAUSE: Duration = Duration::from_millis(40);

const ID: Belief = &(
    "an-id-is-text",
    "The id of a reply is the id of its call, with its type: 7 stays the number 7, \"7\" stays text.",
);
const VERSION: Belief = &(
    "the-version-is-for-requests",
    "Each reply has \"jsonrpc\": \"2.0\" as well, and either `result` or `error`.",
);
const NOTIFICATION: Belief = &(
    "each-request-gets-a-reply",
    "A request without `id` is a notification: it gets no reply, not even an error.",
);
const CLOSES: Belief = &(
    "an-error-ends-the-connection",
    "A line that is no JSON is answered with an error. The next line begins a new request.",
);
const PARSE: Belief = &(
    "an-id-must-be-found",
    "Of a line that is no JSON, the id is not known: the error -32700 has the id null.",
);
const CODE: Belief = &(
    "one-code-for-all-errors",
    "The codes differ: -32700 no JSON, -32600 no request, -32601 no such method, -32602 wrong params.",
);
const POSITION: Belief = &(
    "params-have-names",
    "`params` is an object or an array: [\"Ali\"] means the same as {\"name\": \"Ali\"}.",
);
const MESSAGE: Belief = &(
    "a-code-is-enough",
    "`error` is an object with `code`, a number, and `message`, a text for people.",
);
const SECOND_LINE: Belief = &(
    "one-line-a-read",
    "Both lines arrived in one piece. The second one is a request as well: look for the next newline in the bytes that are left.",
);
const LONG: Belief = &(
    "one-read-is-one-line",
    "A line of JSON arrives in pieces, too, and can be longer than the 1024 bytes of a name at TCP_ADDR. Keep the bytes \
     until the newline has arrived.",
);
const BATCH: Belief = &(
    "one-line-is-one-call",
    "A line may be an array of requests. Its reply is one array with a reply for each call in it.",
);
const BATCH_SILENT: Belief = &(
    "a-batch-gets-a-reply",
    "A batch of notifications has nothing to reply: the service sends no line, not even [].",
);
const BATCH_EMPTY: Belief = &(
    "an-empty-batch-has-an-empty-reply",
    "An empty array is no request: the reply is one error -32600 with the id null, not an array.",
);

/// Judges stage 3.
pub fn judge(service: &mut Service) -> Result<(), Failure> {
    let mut talk = Talk::new(service)?;
    talk.ask(
        "A call with named params",
        r#"{"jsonrpc":"2.0","method":"hello","params":{"name":"Ali"},"id":7}"#,
        json!({"jsonrpc": "2.0", "result": "hello Ali", "id": 7}),
        |got| match got {
            Some(got) if got.get("jsonrpc").is_none() => Some(VERSION),
            Some(got) if got["id"] == "7" => Some(ID),
            _ => None,
        },
    )?;
    let id = |got: Option<&Value>| got.filter(|got| got["result"] == "hello Ali").map(|_| ID);
    talk.ask(
        "A call whose id is text",
        r#"{"jsonrpc":"2.0","method":"hello","params":{"name":"Ali"},"id":"a-7"}"#,
        json!({"jsonrpc": "2.0", "result": "hello Ali", "id": "a-7"}),
        id,
    )?;
    talk.ask(
        "A call with params by position",
        r#"{"jsonrpc":"2.0","method":"hello","params":["Zoë"],"id":8}"#,
        json!({"jsonrpc": "2.0", "result": "hello Zoë", "id": 8}),
        |got| {
            got.filter(|got| got.get("error").is_some())
                .map(|_| POSITION)
        },
    )?;
    talk.long()?;
    talk.error(
        "A line that is no JSON",
        r#"{"jsonrpc":"2.0","method":"#,
        -32700,
        json!(null),
        PARSE,
    )?;
    talk.error(
        "A method that the service does not have",
        r#"{"jsonrpc":"2.0","method":"goodbye","id":1}"#,
        -32601,
        json!(1),
        CODE,
    )?;
    for (what, params) in [
        ("An empty name", r#"{"name":""}"#),
        ("A name that is a number", r#"{"name":5}"#),
        ("Params without a name", "{}"),
        ("Two params by position", r#"["Ali","Bo"]"#),
    ] {
        let call = format!(r#"{{"jsonrpc":"2.0","method":"hello","params":{params},"id":2}}"#);
        talk.error(what, &call, -32602, json!(2), CODE)?;
    }
    talk.error(
        "A JSON value that is no request",
        "5",
        -32600,
        json!(null),
        CODE,
    )?;
    talk.error(
        "A request of version 1.0",
        r#"{"jsonrpc":"1.0","method":"hello","params":["Ali"],"id":3}"#,
        -32600,
        json!(3),
        CODE,
    )?;

    let next = r#"{"jsonrpc":"2.0","method":"hello","params":["Bo"],"id":9}"#;
    let answer = json!({"jsonrpc": "2.0", "result": "hello Bo", "id": 9});
    for (what, notification) in [
        (
            "A notification, and a call after it",
            r#"{"jsonrpc":"2.0","method":"hello","params":["Ali"]}"#,
        ),
        (
            "A notification of a method that does not exist, and a call after it",
            r#"{"jsonrpc":"2.0","method":"goodbye"}"#,
        ),
    ] {
        talk.ask(
            what,
            &format!("{notification}\n{next}"),
            answer.clone(),
            |got| {
                Some(if got.is_some() {
                    NOTIFICATION
                } else {
                    SECOND_LINE
                })
            },
        )?;
    }

    let call = |name: &str, id: u32| {
        format!(r#"{{"jsonrpc":"2.0","method":"hello","params":["{name}"],"id":{id}}}"#)
    };
    let silent = r#"{"jsonrpc":"2.0","method":"hello","params":["Di"]}"#;
    let batch = format!("[{},{silent},1,{}]", call("Ali", 1), call("Bo", 2));
    talk.batch(&batch)?;
    talk.ask(
        "A batch of two notifications, and a call after it",
        &format!("[{silent},{silent}]\n{next}"),
        answer.clone(),
        |got| got.map(|_| BATCH_SILENT),
    )?;
    talk.error("An empty batch", "[]", -32600, json!(null), BATCH_EMPTY)?;
    talk.ask("A call after all that", next, answer, |_| None)
}

struct Talk {
    at: std::net::SocketAddr,
    client: Client,
}

impl Talk {
    fn new(service: &Service) -> Result<Self, Failure> {
        let at = service.world.json_rpc;
        let client = Client::connect(at, "A client connects to JSON_RPC_ADDR")?;
        Ok(Self { at, client })
    }

    /// One connection for each situation shows its messages alone.
    fn send(&mut self, situation: &str, line: &str) -> Result<Got, Failure> {
        self.client = Client::connect(self.at, situation)?;
        self.client.send(format!("{line}\n"));
        Ok(self.client.line(Duration::from_secs(1)))
    }

    fn value(got: &Got) -> Option<Value> {
        match got {
            Got::Line(line) => serde_json::from_slice(line).ok(),
            _ => None,
        }
    }

    fn failure(&self, expected: &str, got: &Got, belief: Option<Belief>) -> Failure {
        self.client
            .failure(expected, &got.words(Duration::from_secs(1)), belief)
    }

    fn ask(
        &mut self,
        situation: &str,
        line: &str,
        expected: Value,
        belief: impl Fn(Option<&Value>) -> Option<Belief>,
    ) -> Result<(), Failure> {
        let got = self.send(situation, line)?;
        let value = Self::value(&got);
        if value.as_ref() == Some(&expected) {
            return Ok(());
        }
        // One that has closed shows nothing about its reply.
        let belief = match got {
            Got::Closed(_) => None,
            _ => belief(value.as_ref()),
        };
        Err(self.failure(&format!("sends the line {expected}"), &got, belief))
    }

    /// A line that one read does not bring.
    fn long(&mut self) -> Result<(), Failure> {
        let situation = "A call with a name of 5000 bytes arrives in two pieces";
        let name = "x".repeat(5000);
        let call = json!({"jsonrpc": "2.0", "method": "hello", "params": [name], "id": 10});
        let call = format!("{call}\n");
        self.client = Client::connect(self.at, situation)?;
        let (head, tail) = call.as_bytes().split_at(3000);
        self.client.send_pieces(&[head, tail], PAUSE);
        let got = self.client.line(Duration::from_secs(1));
        let value = Self::value(&got).unwrap_or_default();
        if value["id"] == 10 && value["result"] == format!("hello {name}") {
            return Ok(());
        }
        let belief = matches!(got, Got::Line(_) | Got::Silence(_)).then_some(LONG);
        Err(self.failure(
            "sends the greeting of the whole name, with the id 10",
            &got,
            belief,
        ))
    }

    /// An error with `code` and `id`, and a call after it on the same connection.
    fn error(
        &mut self,
        situation: &str,
        line: &str,
        code: i64,
        id: Value,
        belief: Belief,
    ) -> Result<(), Failure> {
        let got = self.send(situation, line)?;
        let value = Self::value(&got).unwrap_or_default();
        let error = &value["error"];
        let right = value["jsonrpc"] == "2.0"
            && value.get("result").is_none()
            && value.get("id") == Some(&id)
            && error["code"] == code
            && error["message"].is_string();
        if !right {
            let expected =
                format!("sends an error with the code {code}, a message, and the id {id}");
            let belief = match &got {
                Got::Closed(_) => Some(CLOSES),
                Got::Line(_) => Some(differs(&value, code, &id, belief)),
                Got::Silence(_) => None,
            };
            return Err(self.failure(&expected, &got, belief));
        }
        self.client
            .send("{\"jsonrpc\":\"2.0\",\"method\":\"hello\",\"params\":[\"Bo\"],\"id\":99}\n");
        let got = self.client.line(Duration::from_secs(1));
        if Self::value(&got).is_some_and(|value| value["id"] == 99) {
            return Ok(());
        }
        let belief = matches!(got, Got::Closed(_)).then_some(CLOSES);
        Err(self.failure("answers the call 99 after the error", &got, belief))
    }

    fn batch(&mut self, line: &str) -> Result<(), Failure> {
        let situation = "A batch: call 1, a notification, the number 1, call 2";
        let got = self.send(situation, line)?;
        let value = Self::value(&got);
        let replies = value.as_ref().and_then(Value::as_array);
        let has = |id: Value, result: &str| {
            replies.is_some_and(|all| {
                all.iter()
                    .any(|one| one["id"] == id && one["result"] == result)
            })
        };
        let refused = replies.is_some_and(|all| {
            all.iter()
                .any(|one| one["id"].is_null() && one["error"]["code"] == -32600)
        });
        let count = replies.map_or(0, Vec::len);
        if has(json!(1), "hello Ali") && has(json!(2), "hello Bo") && refused && count == 3 {
            return Ok(());
        }
        let belief = match (replies, count) {
            (None, _) => Some(BATCH),
            (Some(_), 4..) => Some(NOTIFICATION),
            _ => None,
        };
        let expected = "sends one line, an array of three replies in any order:\n\
                        call 1, call 2, and an error -32600 with the id null";
        Err(self.failure(expected, &got, belief))
    }
}

/// What is wrong with an error: `belief` where it is the code, or no error at all.
fn differs(value: &Value, code: i64, id: &Value, belief: Belief) -> Belief {
    let error = &value["error"];
    if !value.is_object() || error["code"] != code {
        belief
    } else if value["jsonrpc"] != "2.0" || value.get("result").is_some() {
        VERSION
    } else if value.get("id") != Some(id) {
        if id.is_null() { PARSE } else { ID }
    } else {
        MESSAGE
    }
}
