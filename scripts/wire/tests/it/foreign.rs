//! A client and a server that share no code with us, in another language, through the wire.

use testkit::program::{Program, run};
use testkit::python;

use crate::common::*;

/// Reads everything, then answers with the SHA-256 of it and with bytes of its own.
const SERVER: &str = r"
import hashlib, socket, sys
listener = socket.create_server(('127.0.0.1', 0))
print(listener.getsockname()[1], flush=True)
conn, _ = listener.accept()
digest = hashlib.sha256()
while chunk := conn.recv(65536):
    digest.update(chunk)
answer = bytes(range(256)) * int(sys.argv[1])
conn.sendall(digest.digest() + answer)
conn.close()
print(hashlib.sha256(answer).hexdigest(), flush=True)
";

/// Sends many bytes, finishes, reads the answer; prints both digests of what it sent and got.
const CLIENT: &str = r"
import hashlib, socket, sys
conn = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
sent = bytes((i * i >> 7) & 255 for i in range(1 << 16)) * int(sys.argv[2])
conn.sendall(sent)
conn.shutdown(socket.SHUT_WR)
got = b''
while chunk := conn.recv(65536):
    got += chunk
print(got[:32] == hashlib.sha256(sent).digest(), hashlib.sha256(got[32:]).hexdigest(), len(got))
";

#[test]
fn python_on_both_sides_sees_the_same_bytes() {
    for (args, blocks, answers) in [
        (&["--as", "bytes"][..], "80", 20_000),
        (&["--chaos", "split,delay=1ms"][..], "3", 700),
    ] {
        let mut server = python();
        let server = Program::start(server.args(["-c", SERVER, &answers.to_string()]));
        let port: u16 = server.line().expect("a port").parse().unwrap();
        let wire = Wire::start(([127, 0, 0, 1], port).into(), args);
        let mut client = python();
        client.args(["-c", CLIENT, &wire.addr.port().to_string(), blocks]);
        let (_, printed, errors) = run(client);
        let answer = server.line().expect("the server's digest");
        let expected = format!("True {answer} {}\n", 32 + 256 * answers);
        assert_eq!(printed, expected, "{errors}");
    }
}
