//! Whether a call may have run although its connection broke. The server of these tests writes its HTTP/2
//! frames by hand, because no library refuses a stream at a chosen moment.

use crate::support::running::{Running, client, code, refusing};
use crate::support::{PATIENCE, plain};
use crate::world::pb::arith::MulRequest;
use crate::world::pb::arith::arith_client::ArithClient;
use l06_grpc::status::{may_have_run, normalized};
use l12_resilience::caller::How;
use l12_resilience::connector::{Connector, Grpc};
use l12_resilience::fail::FailMode;
use l12_resilience::member::Member;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tonic::{Code, Status};

const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
/// RST_STREAM for the first call, with this error code.
const fn reset(error: u8) -> [u8; 13] {
    [0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, error]
}
/// GOAWAY: no call is taken any more from this number on, with this error code.
const fn goaway(last: u8, error: u8) -> [u8; 17] {
    [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, last, 0, 0, 0, error]
}

/// HEADERS of an answer on the first call: `:status` 200, which is 8 of HPACK's table, and a type.
fn begun() -> Vec<u8> {
    let kind = b"application/grpc";
    let length = u8::try_from(3 + kind.len()).unwrap();
    let mut frame = vec![0, 0, length, 1, 4, 0, 0, 0, 1, 0x88, 0x5f, length - 3];
    frame.extend(kind);
    frame
}
/// DATA: the head of a message of 10 bytes, and two of them.
const HALF: [u8; 16] = [0, 0, 7, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 10, 1, 2];

/// Takes connections; when a call has come on one, answers with `frames` and closes it.
async fn by_hand(frames: Vec<u8>) -> Member {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let member = Member::new("by-hand", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, frames.clone()));
        }
    });
    member
}

async fn answer(mut stream: TcpStream, frames: Vec<u8>) -> std::io::Result<()> {
    stream.write_all(&SETTINGS).await?;
    stream
        .read_exact(&mut [0; b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len()])
        .await?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        stream.read_exact(&mut vec![0; length as usize]).await?;
        // HEADERS: a call.
        if head[3] == 1 {
            break;
        }
    }
    stream.write_all(&frames).await?;
    stream.shutdown().await?;
    // What still comes is read, so that the end is an end and no reset.
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
    Ok(())
}

async fn status(member: &Member) -> Status {
    let line = Grpc.connect(member, PATIENCE).await.unwrap();
    let call = ArithClient::new(line).mul(MulRequest { a: 25, b: 4 }).await;
    call.unwrap_err()
}

#[tokio::test]
async fn what_the_other_side_says_about_a_call_decides() {
    const REFUSED_STREAM: u8 = 7;
    for (what, frames, expected) in [
        ("refused", reset(REFUSED_STREAM).to_vec(), false),
        ("goaway before it", goaway(0, 0).to_vec(), false),
        ("cancelled there", reset(8).to_vec(), true),
        ("an error there", reset(2).to_vec(), true),
        ("closed", Vec::new(), true),
        ("goaway after it, and closed", goaway(1, 0).to_vec(), true),
    ] {
        let status = status(&by_hand(frames).await).await;
        assert_eq!(may_have_run(&status), expected, "{what}: {status:?}");
        if !expected {
            let status = normalized(status, Some(Instant::now() + PATIENCE));
            assert_eq!(status.code(), Code::Unavailable, "{what}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_a_lost_connection_and_asked_for_elsewhere() {
    let well = Running::start("well", None, None).await;
    for (what, frames) in [
        ("after its head", begun()),
        ("in its middle", [begun(), HALF.to_vec()].concat()),
    ] {
        let by_hand = by_hand(frames).await;
        let lost = status(&by_hand).await;
        assert!(may_have_run(&lost), "{what}: {lost:?}");
        let words = format!("{what}: {lost:?}");
        let lost = normalized(lost, Some(Instant::now() + PATIENCE));
        assert_eq!(lost.code(), Code::Unavailable, "{words}");
        let over = client(&[&by_hand, &well.member], plain(FailMode::Over));
        for _ in 0..2 {
            let (reply, _) = over.mul(How::safe(), 25, 4).await.expect(what);
            assert_eq!(reply.answered_by, "well");
        }
    }
}

#[tokio::test]
async fn a_call_that_was_refused_is_made_elsewhere_whatever_it_is() {
    let well = Running::start("well", None, None).await;
    for (frames, ran) in [
        (reset(7).to_vec(), false),
        (goaway(0, 0).to_vec(), false),
        (Vec::new(), true),
    ] {
        let by_hand = by_hand(frames).await;
        let over = client(&[&by_hand, &well.member], plain(FailMode::Over));
        // In turn: one of the two begins with the other one.
        for _ in 0..2 {
            match over.remember(How::once(), 1).await {
                Ok((reply, _)) => assert_eq!(reply.answered_by, "well"),
                Err(failed) => {
                    assert!(ran, "{failed}");
                    assert_eq!(code::<()>(Err(failed)), (Code::Unavailable, 1));
                }
            }
        }
    }
}

#[tokio::test]
async fn nobody_there_is_certainly_not_run_and_an_answer_perhaps() {
    let (member, _socket) = refusing();
    let status = Grpc.connect(&member, PATIENCE).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(
        status
            .message()
            .contains("was not reached: Connection refused"),
        "{status}"
    );
    assert!(may_have_run(&Status::unavailable("said by the server")));
}
