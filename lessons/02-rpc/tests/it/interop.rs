//! An independent client in Python: it reads the frames, but cannot decode the messages in them. Postcard is for
//! Rust; lesson 03 chooses an encoding for every language.

use std::path::PathBuf;

use l02_rpc::server::Settings;
use testkit::program::output;

use crate::running::{Server, greeter};

#[tokio::test(flavor = "multi_thread")]
async fn another_language_cannot_decode_the_messages() {
    let server = Server::start(greeter(), Settings::default()).await;
    let addr = server.addr.to_string();
    let out = tokio::task::spawn_blocking(move || {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("interop/python/client.py");
        output(testkit::python().arg(path).arg(addr))
    });
    let out = out.await.unwrap();
    for words in [
        "got        nothing: the server closed the connection",
        "01 00 11 10 77 69 72 65 20",
        r"as text    '\x01\x00\x11\x10wire hello world'",
        "as JSON    no JSON",
        "bytes      02 00 02 c8 01",
        "as text    no text (byte 3 is no UTF-8)",
        "as numbers [2, 0, 2, 200, 1]",
        "as numbers [3, 0, 2, 172, 2]",
    ] {
        assert!(out.contains(words), "{words:?} is missing in\n{out}");
    }
    // The server still works.
    let client = server.client().await;
    assert_eq!(client.call::<u32>("Panda.GetInfo", &100u32).await, Ok(200));
}
