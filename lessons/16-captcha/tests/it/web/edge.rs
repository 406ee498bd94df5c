//! The limits of the HTTP server, over real sockets: what a peer can make it hold or wait for.

use std::io;
use std::time::Duration;

use l13_framework::edge::{Hosts, Limits, serve};
use l16_captcha::web;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::fake::{Fake, site};

/// Longer than anything here takes on any machine.
const EVER: Duration = Duration::from_secs(30);

struct Running {
    addr: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<io::Result<()>>,
}

async fn start(fake: &Fake, limits: Limits) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let router = site(fake);
    let serving = tokio::spawn(async move {
        let stopped = async {
            let _ = stopped.await;
        };
        serve(listener, router, limits, stopped).await
    });
    Running {
        addr,
        stop,
        serving,
    }
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.addr).await.unwrap()
    }
}

/// Everything until the server has closed.
async fn all(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = timeout(EVER, stream.read_to_end(&mut bytes)).await;
    // A reset is an end as well: what was not read of a refused head is thrown away.
    drop(read.expect("the server waits without limit"));
    String::from_utf8_lossy(&bytes).into_owned()
}

const ASK: &str = "GET /api/v1.0/imagecode/a HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-forwarded-for: 192.0.2.1\r\n\r\n";

#[tokio::test]
async fn the_address_is_the_peers() {
    let fake = Fake::default();
    let site = start(&fake, web::limits()).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.5:0".parse().unwrap()).unwrap();
    let mut stream = socket.connect(site.addr).await.unwrap();
    stream.write_all(ASK.as_bytes()).await.unwrap();
    let reply = all(&mut stream).await;
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");
    assert_eq!(fake.calls.lock().unwrap()[0].address, "127.0.0.5");
}

/// A page of `evil.example`, whose name leads to 127.0.0.1 since its second lookup, asks for a picture. For the browser
/// it is the page's own server: nothing but the Host header tells.
#[tokio::test]
async fn dns_rebinding_is_refused() {
    let fake = Fake::default();
    let site = start(&fake, web::limits()).await;
    let asked = |host: &str| {
        let head = format!(
            "POST /api/v1.0/imagecode HTTP/1.1\r\nhost: {host}\r\norigin: http://{host}\r\n"
        );
        let rest = "sec-fetch-site: same-origin\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let connection = site.connect();
        async move {
            let mut stream = connection.await;
            stream.write_all((head + rest).as_bytes()).await.unwrap();
            all(&mut stream).await
        }
    };
    let reply = asked("evil.example:8080").await;
    assert!(reply.starts_with("HTTP/1.1 421 "), "{reply}");
    assert!(reply.contains("--host evil.example"), "{reply}");
    assert!(!reply.contains("set-cookie"), "{reply}");
    assert_eq!(fake.calls.lock().unwrap().len(), 0);
    let reply = asked("127.0.0.1:8080").await;
    assert!(!reply.starts_with("HTTP/1.1 421 "), "{reply}");

    let named = Limits {
        hosts: Hosts::with(["shop.example".to_string()]),
        ..web::limits()
    };
    let site = start(&fake, named).await;
    let mut stream = site.connect().await;
    let ask = ASK.replace("localhost", "shop.example");
    stream.write_all(ask.as_bytes()).await.unwrap();
    let reply = all(&mut stream).await;
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");
}

#[tokio::test]
async fn a_head_that_does_not_come_or_does_not_end() {
    let limits = Limits {
        head: Duration::from_millis(300),
        ..web::limits()
    };
    let site = start(&Fake::default(), limits).await;
    let mut slow = site.connect().await;
    slow.write_all(b"GET / HTTP/1.1\r\nhost:").await.unwrap();
    all(&mut slow).await;
    let mut silent = site.connect().await;
    assert_eq!(all(&mut silent).await, "");
    let site = start(&Fake::default(), web::limits()).await;
    let mut long = site.connect().await;
    let head = format!(
        "GET / HTTP/1.1\r\nhost: localhost\r\ncookie: {}\r\n\r\n",
        "x".repeat(100_000)
    );
    drop(long.write_all(head.as_bytes()).await);
    let reply = all(&mut long).await;
    assert!(
        reply.is_empty() || reply.starts_with("HTTP/1.1 431 "),
        "{reply}"
    );
    let mut still = site.connect().await;
    still.write_all(ASK.as_bytes()).await.unwrap();
    assert!(all(&mut still).await.starts_with("HTTP/1.1 200 OK\r\n"));
}

#[tokio::test]
async fn one_connection_too_many_waits() {
    let limits = Limits {
        connections: 1,
        head: EVER,
        ..web::limits()
    };
    let fake = Fake {
        hangs: true,
        ..Fake::default()
    };
    let site = start(&fake, limits).await;
    let mut first = site.connect().await;
    first.write_all(ASK.as_bytes()).await.unwrap();
    fake.asked(1).await;
    let mut second = site.connect().await;
    second.write_all(ASK.as_bytes()).await.unwrap();
    let mut byte = [0];
    let early = timeout(Duration::from_millis(700), second.read(&mut byte)).await;
    assert!(
        early.is_err(),
        "the first one has the only place, and is busy"
    );
    drop(first);
    fake.asked(2).await;
}

/// One visitor opens more connections than there are places, and says nothing on any of them.
#[tokio::test]
async fn silent_connections_of_one_address() {
    let limits = Limits {
        connections: 40,
        per_address: 10,
        first: EVER,
        head: EVER,
        ..web::limits()
    };
    let site = start(&Fake::default(), limits).await;
    let mut silent = Vec::new();
    for _ in 0..60 {
        silent.push(site.connect().await);
    }
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.5:0".parse().unwrap()).unwrap();
    let mut honest = socket.connect(site.addr).await.unwrap();
    honest.write_all(ASK.as_bytes()).await.unwrap();
    let reply = timeout(Duration::from_secs(2), all(&mut honest)).await;
    assert!(reply.expect("in time").starts_with("HTTP/1.1 200 OK\r\n"));
    // The oldest of the flood were closed, and the last ones are open.
    assert_eq!(all(&mut silent[0]).await, "");
    let mut byte = [0];
    let last = silent.last_mut().unwrap();
    let open = timeout(Duration::from_millis(200), last.read(&mut byte)).await;
    assert!(open.is_err());
}

/// Silent connections of many addresses take all places: the oldest idle one is closed for a new one.
#[tokio::test]
async fn silent_connections_of_many_addresses() {
    let limits = Limits {
        connections: 8,
        first: EVER,
        head: EVER,
        ..web::limits()
    };
    let site = start(&Fake::default(), limits).await;
    let mut silent = Vec::new();
    for last in 10..22 {
        let socket = TcpSocket::new_v4().unwrap();
        socket
            .bind(format!("127.0.0.{last}:0").parse().unwrap())
            .unwrap();
        silent.push(socket.connect(site.addr).await.unwrap());
    }
    let mut honest = site.connect().await;
    honest.write_all(ASK.as_bytes()).await.unwrap();
    let reply = timeout(Duration::from_secs(5), all(&mut honest)).await;
    assert!(reply.expect("in time").starts_with("HTTP/1.1 200 OK\r\n"));
}

/// A connection that sends no request is closed soon, and one that has sent one may rest longer.
#[tokio::test]
async fn the_first_request_has_less_time() {
    let limits = Limits {
        first: Duration::from_millis(300),
        head: EVER,
        ..web::limits()
    };
    let site = start(&Fake::default(), limits).await;
    let mut silent = site.connect().await;
    assert_eq!(all(&mut silent).await, "");
    let mut resting = site.connect().await;
    let ask = ASK.replace("connection: close\r\n", "");
    resting.write_all(ask.as_bytes()).await.unwrap();
    let mut bytes = [0; 4096];
    assert!(resting.read(&mut bytes).await.unwrap() > 0);
    tokio::time::sleep(Duration::from_millis(600)).await;
    resting.write_all(ASK.as_bytes()).await.unwrap();
    let reply = all(&mut resting).await;
    assert!(reply.contains("HTTP/1.1 200 OK\r\n"), "{reply}");
}

#[tokio::test]
async fn what_is_under_way_is_finished() {
    let hanging = Fake {
        hangs: true,
        ..Fake::default()
    };
    let site = start(&hanging, web::limits()).await;
    let mut stream = site.connect().await;
    stream.write_all(ASK.as_bytes()).await.unwrap();
    hanging.asked(1).await;
    site.serving.abort();
    assert!(site.serving.await.unwrap_err().is_cancelled());
    assert_eq!(all(&mut stream).await, "", "cut off without the grace");

    let site = start(&Fake::default(), web::limits()).await;
    let mut stream = site.connect().await;
    stream.write_all(b"POST /api/v1.0/verify HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 26\r\nexpect: 100-continue\r\n\r\n").await.unwrap();
    let mut lines = [0; 12];
    timeout(EVER, stream.read_exact(&mut lines))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&lines, b"HTTP/1.1 100", "the handler waits for the body");
    site.stop.send(()).unwrap();
    stream
        .write_all(br#"{"id":"a","answer":"1111"}"#)
        .await
        .unwrap();
    let reply = all(&mut stream).await;
    assert!(
        reply.contains("HTTP/1.1 200 OK") && reply.contains("4004"),
        "{reply}"
    );
    timeout(EVER, site.serving).await.unwrap().unwrap().unwrap();
    assert!(
        TcpStream::connect(site.addr).await.is_err(),
        "no process listens any more"
    );
}
