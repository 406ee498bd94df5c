//! What the board, the projector and the phones are shown.

use class::protocol::{Status, What};
use serde_json::json;

use crate::support::{Learner, Server, record};

#[tokio::test]
async fn the_board_has_names_and_the_projector_has_none() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::open(dir.path(), &["--port", "0", "--name", "Course 7"]);
    let mut ada = Learner::joined(&server, "Ada Lovelace").await;
    for attempt in 1..=4 {
        ada.taken(What::Results(vec![record(
            "frames",
            Status::Failed,
            attempt,
        )]))
        .await;
    }
    ada.taken(What::Help {
        exercise: Some("frames".to_owned()),
    })
    .await;
    server
        .act(json!({ "do": "line", "text": "Break at ten." }))
        .await;
    server
        .act(json!({ "do": "stop", "text": "after frames" }))
        .await;
    server
        .act(json!({ "do": "open", "lesson": "02-rpc", "open": true }))
        .await;
    let done =
        |view: &serde_json::Value| view["lessons"].as_array().is_some_and(|all| all.len() == 2);
    let board = server.board(done).await;
    assert_eq!(board["help"][0]["name"], "Ada Lovelace");
    assert_eq!(board["stuck"][0]["failed"], 4);
    assert_eq!(board["stuck"][0]["belief"], "One write is one read.");
    assert_eq!(board["beliefs"][0]["learners"], 1);
    let projector = server.view("/api/teacher/projector", done).await;
    assert_eq!(
        (&projector["helping"], &projector["line"]["text"]),
        (&json!(1), &json!("Break at ten."))
    );
    assert_eq!(projector["head"]["name"], "Course 7");
    assert!(!projector.to_string().contains("Lovelace"), "{projector}");
    let frames = |id: &str| {
        projector["lessons"][0]["exercises"]
            .as_array()
            .unwrap()
            .iter()
            .find(|e| e["id"] == id)
            .unwrap()["states"]
            .clone()
    };
    assert_eq!(
        frames("frames"),
        json!({ "passed": 0, "failed": 1, "compile-error": 0 })
    );
    // A pass answers the question; the help that was wanted for it is no longer in the queue.
    ada.taken(What::Results(vec![record("frames", Status::Passed, 5)]))
        .await;
    let board = server.board(|board| board["help"] == json!([])).await;
    assert_eq!(board["stuck"], json!([]));
    // Learners and phones get no names either, and neither view without its cookie or the room code.
    let news = format!("/api/news?room={}", server.code.room);
    let (status, news) = server.client().get(&news).await.unwrap();
    assert!(status.is_success() && !String::from_utf8(news).unwrap().contains("Lovelace"));
    for (path, expected) in [
        ("/api/teacher/board", 401),
        ("/api/teacher/projector", 401),
        ("/api/news?room=BBBBBB", 403),
    ] {
        assert_eq!(
            server.client().get(path).await.unwrap().0,
            expected,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_poll_shows_both_votes_at_its_end_and_not_before() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::open(dir.path(), &["--port", "0"]);
    let mut learners = [
        Learner::joined(&server, "A").await,
        Learner::joined(&server, "B").await,
    ];
    let (_, all) = server
        .teacher()
        .get("/api/teacher/questions")
        .await
        .unwrap();
    let all: serde_json::Value = serde_json::from_slice(&all).unwrap();
    let quiz = all["questions"]
        .as_array()
        .unwrap()
        .iter()
        .find(|each| each["kind"] == "quiz")
        .unwrap();
    server
        .act(json!({ "do": "poll-start", "question": quiz["id"] }))
        .await;
    let board = server.board(|board| !board["poll"].is_null()).await;
    let poll = board["poll"]["id"].as_i64().unwrap();
    for (learner, choice) in learners.iter_mut().zip([0, 1]) {
        learner.taken(What::Vote { poll, choice: 1 }).await;
        // As long as the vote lasts, the newest choice counts.
        learner.taken(What::Vote { poll, choice }).await;
    }
    let path = "/api/teacher/projector";
    let view = server.view(path, |view| view["poll"]["votes"] == 2).await;
    assert!(
        view["poll"]["rounds"].is_null() && view["poll"]["right"].is_null(),
        "{view}"
    );
    server.act(json!({ "do": "poll-next" })).await;
    let body = learners[0].message(What::Vote { poll, choice: 1 });
    assert_eq!(
        learners[0].refused(&body).await,
        "no-poll",
        "while neighbours discuss"
    );
    server.act(json!({ "do": "poll-next" })).await;
    for learner in &mut learners {
        learner.taken(What::Vote { poll, choice: 1 }).await;
    }
    server.act(json!({ "do": "poll-next" })).await;
    let view = server
        .view(path, |view| view["poll"]["phase"] == "shown")
        .await;
    let rounds = &view["poll"]["rounds"];
    assert_eq!(
        (&rounds[0][0], &rounds[0][1], &rounds[1][1]),
        (&json!(1), &json!(1), &json!(2))
    );
    assert!(view["poll"]["right"].is_number() && view["poll"]["why"].is_array());
}

#[tokio::test]
async fn a_shown_answer_and_a_forgotten_member() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::open(dir.path(), &["--port", "0"]);
    let mut ada = Learner::joined(&server, "Ada").await;
    ada.taken(What::Answer {
        exercise: "frames".to_owned(),
        text: "fn main() {}".to_owned(),
    })
    .await;
    ada.taken(What::Results(vec![record("frames", Status::Failed, 1)]))
        .await;
    let board = server.board(|board| board["upto"] == 1).await;
    server.act(json!({ "do": "note", "member": board["members"][0]["id"], "text": "Look at the length." })).await;
    let here = ada.taken(What::Here { notes: 0 }).await;
    assert_eq!(here.notes[0].text, "Look at the length.");
    assert_eq!(
        ada.taken(What::Here {
            notes: here.notes[0].id
        })
        .await
        .notes,
        []
    );
    ada.taken(What::Leave { forget: true }).await;
    let records = class::store::open_to_read(&crate::support::file(dir.path())).unwrap();
    for table in [
        "members", "results", "standing", "help", "answers", "notes", "votes",
    ] {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        let rows: i64 = records.query_row(&sql, [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 0, "{table}");
    }
}
