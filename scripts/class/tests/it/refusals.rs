//! One of each message that the class must not take; the board counts them.

use std::fs;

use class::protocol::{MESSAGE, Message, Status, What};

use crate::support::{Learner, Server, record};

#[tokio::test]
async fn each_bad_message_is_refused_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::open(dir.path(), &["--port", "0"]);
    let mut ada = Learner::joined(&server, "Ada").await;
    let first = ada.message(What::Results(vec![record("echo", Status::Failed, 1)]));
    ada.send(&first).await;
    ada.taken(What::Help { exercise: None }).await;

    // An old message, taken from the wire and sent again.
    assert_eq!(ada.refused(&first).await, "replay");
    // The name of another learner.
    let mut eve = Learner::new(&server);
    let body = eve.message(What::Join {
        name: "ada".to_owned(),
    });
    assert_eq!(eve.refused(&body).await, "name-taken");
    // A key that has not joined.
    let body = eve.message(What::NoHelp {});
    assert_eq!(eve.refused(&body).await, "foreign-key");
    // A join that is signed by another key than it names.
    let body = eve.message(What::Join {
        name: "Mallory".to_owned(),
    });
    let (key, _) = class::protocol::sign(&ada.key, &body).unwrap();
    let (_, signature) = class::protocol::sign(&eve.key, &body).unwrap();
    let headers = [
        ("class-key", key.as_str()),
        ("class-signature", signature.as_str()),
    ];
    let post = hyper::Method::POST;
    let (status, _) = eve
        .client
        .request(post, "/api/member", &headers, &body)
        .await
        .unwrap();
    assert_eq!(status, 403);
    // Another class.
    let room = std::mem::replace(&mut ada.room, "BBBBBB".to_owned());
    let body = ada.message(What::NoHelp {});
    assert_eq!(ada.refused(&body).await, "wrong-room");
    ada.room = room;
    // Values that no check produces.
    for change in 0..6 {
        let mut absurd = record("echo", Status::Failed, 1);
        match change {
            0 => absurd.seconds = -1.0,
            1 => absurd.seconds = 1e9,
            2 => absurd.exercise = "../../etc/passwd".to_owned(),
            3 => absurd.belief = Some("<script>".to_owned()),
            4 => absurd.attempt = 0,
            _ => absurd.hints = u32::MAX,
        }
        let body = ada.message(What::Results(vec![absurd]));
        assert_eq!(ada.refused(&body).await, "absurd", "{change}");
    }
    let body = ada.message(What::Results(vec![record("echo", Status::Failed, 1); 51]));
    assert_eq!(ada.refused(&body).await, "absurd");
    // A time far away.
    let what = What::NoHelp {};
    let far = Message {
        room: ada.room.clone(),
        sequence: 99,
        sent: class::now() + 200_000,
        what,
    };
    assert_eq!(
        ada.refused(&serde_json::to_vec(&far).unwrap()).await,
        "clock"
    );
    // Too large, not JSON, a field of another protocol, a name that no page can show.
    assert_eq!(ada.refused(&vec![b'x'; MESSAGE + 1]).await, "too-big");
    assert_eq!(ada.refused(b"{").await, "malformed");
    let body = String::from_utf8(ada.message(What::NoHelp {})).unwrap();
    let body = body.replace(r#""no-help":{}"#, r#""no-help":{"code":"fn main() {}"}"#);
    assert_eq!(ada.refused(body.as_bytes()).await, "malformed");
    let body = eve.message(What::Join {
        name: "Ev\u{202e}e\u{7}".to_owned(),
    });
    assert_eq!(eve.refused(&body).await, "name");
    // No poll is open.
    let body = ada.message(What::Vote { poll: 1, choice: 0 });
    assert_eq!(ada.refused(&body).await, "no-poll");
    // More than any learner's program sends.
    let mut fast = Learner::joined(&server, "Fast").await;
    let mut last = String::new();
    for _ in 0..200 {
        let body = fast.message(What::NoHelp {});
        if let class::client::Sent::Refused(refused) = fast.send(&body).await {
            last = refused.refused;
        }
    }
    assert_eq!(last, "too-fast");

    // Everything was counted, and nothing of it changed anything.
    let kinds = [
        "replay",
        "name-taken",
        "foreign-key",
        "forged",
        "wrong-room",
        "absurd",
        "clock",
        "too-big",
        "malformed",
        "name",
        "no-poll",
        "too-fast",
    ];
    let board = server
        .board(|board| board["refused"].as_array().unwrap().len() == kinds.len())
        .await;
    for kind in kinds {
        let counted = board["refused"]
            .as_array()
            .unwrap()
            .iter()
            .find(|each| each["kind"] == kind);
        assert!(
            counted.is_some_and(|each| each["count"].as_i64() > Some(0)),
            "{kind}: {board}"
        );
    }
    assert_eq!(board["upto"], 1);
    assert_eq!(board["members"].as_array().unwrap().len(), 2);
    // Ada goes on as if nothing had been.
    ada.taken(What::NoHelp {}).await;
}

#[tokio::test]
async fn a_roster_is_bound_line_by_line() {
    let dir = tempfile::tempdir().unwrap();
    let roster = dir.path().join("roster.txt");
    fs::write(&roster, "Ada Lovelace\n\nGrace Hopper\n").unwrap();
    let server = Server::open(
        dir.path(),
        &["--port", "0", "--roster", roster.to_str().unwrap()],
    );
    let mut ada = Learner::new(&server);
    let taken = ada
        .taken(What::Join {
            name: "ada lovelace".to_owned(),
        })
        .await;
    assert_eq!(taken.name, "Ada Lovelace", "in the spelling of the roster");
    let mut eve = Learner::new(&server);
    let body = eve.message(What::Join {
        name: "Eve".to_owned(),
    });
    assert_eq!(eve.refused(&body).await, "not-on-roster");
    let path = format!("/api/names?room={}", server.code.room);
    let (_, names) = server.client().get(&path).await.unwrap();
    let names: serde_json::Value = serde_json::from_slice(&names).unwrap();
    assert_eq!(names["free"], serde_json::json!(["Grace Hopper"]));
    // Ada's machine is lost: the teacher frees the line, and the next key gets it, with all results.
    ada.taken(What::Results(vec![record("echo", Status::Passed, 1)]))
        .await;
    let board = server.board(|board| board["upto"] == 1).await;
    server
        .act(serde_json::json!({ "do": "free", "member": board["members"][0]["id"] }))
        .await;
    let mut again = Learner::new(&server);
    again
        .taken(What::Join {
            name: "Ada Lovelace".to_owned(),
        })
        .await;
    let body = ada.message(What::NoHelp {});
    assert_eq!(ada.refused(&body).await, "foreign-key");
    let board = server.board(|board| board["head"]["joined"] == 1).await;
    assert_eq!(board["lessons"][0]["exercises"][0]["states"]["passed"], 1);
}

#[tokio::test]
async fn a_machine_with_another_certificate_is_not_the_class() {
    let dir = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let (server, twin) = (
        Server::open(dir.path(), &["--port", "0"]),
        Server::open(other.path(), &["--port", "0"]),
    );
    let mut client = class::client::Client::new(&twin.address, &server.code.pin).unwrap();
    let refused = client.get("/join").await.unwrap_err();
    assert!(
        format!("{refused:#}").contains("another fingerprint"),
        "{refused:#}"
    );
}
