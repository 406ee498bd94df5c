//! What is the same for Consul and Redis: a life from `up` to `down`, a crash, an `up` that is broken
//! off, and an `up` in the foreground. `word` is `consul` or `redis`, `side` `real` or `embedded`.

use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::time::Duration;

use super::{Home, addr, kill, lives, me, pid, processes, signal, stopped, until};

/// The name as it stands in a text.
fn title(word: &str) -> &str {
    match word {
        "redis" => "Redis",
        _ => "Consul",
    }
}

/// From the start to the end, for one side.
///
/// `next` stands in what `up` says there is to do next, with the address in place of {addr} and the port in
/// place of {port}; `answers` asks the server something.
pub fn a_life(
    word: &'static str,
    side: &str,
    version: &str,
    next: &str,
    answers: impl Fn(std::net::SocketAddr),
) {
    let home = Home::of(word);
    let title = title(word);
    let none = format!("No {title} was started here");
    home.run(&["status", word]).code(3).says(&[&none]);
    assert_eq!(home.status()["state"], "down");

    let option = format!("--{side}");
    let up = home.run(&["up", word, "--port", "0", &option]);
    let file = home.file().unwrap();
    let (at, process) = (addr(&file), pid(&file));
    let next = next.replace("{addr}", &at.to_string());
    up.code(0).says(&[
        &format!("Starting the {side} {title}: as --{side} says."),
        &next.replace("{port}", &at.port().to_string()),
        &format!("cargo workbook services down {word}"),
    ]);
    // Exactly what others have been promised.
    let names: Vec<_> = file.as_object().unwrap().keys().collect();
    assert_eq!(names, ["addr", "pid", "side", "version"]);
    assert_eq!(
        (&file["side"], &file["version"]),
        (&side.into(), &version.into())
    );

    // It was ready before `up` returned.
    answers(at);

    let is_up = format!("the {side} one, is up at {at} (process {process})");
    home.run(&["status", word]).code(0).says(&[&is_up]);
    let state = home.status();
    assert_eq!(
        (&state["state"], &state["addr"]),
        (&"up".into(), &file["addr"])
    );

    let again = home.run(&["up", word]);
    again.code(0).says(&["Already up.", &at.to_string()]);
    assert_eq!(home.file().unwrap(), file, "it is still the same one");
    let other = if side == "real" {
        "--embedded"
    } else {
        "--real"
    };
    for wanted in [&["up", word, other][..], &["up", word, "--port", "1"]] {
        let already = format!("is up at {at} already");
        home.run(wanted).code(2).complains(&[&already]);
    }

    let worker = home.worker();
    let is_down = format!("The {title} at {at} is down.");
    home.run(&["down", word]).code(0).says(&[&is_down]);
    assert!(TcpListener::bind(at).is_ok(), "{at} is free at once");
    assert!(!lives(worker) && !lives(process));
    assert_eq!((home.file(), home.left()), (None, Vec::new()));
    assert_eq!(home.folders(), Vec::<String>::new());
    home.run(&["status", word]).code(3);
    let none = format!("No {title} was up.");
    home.run(&["down", word]).code(0).says(&[&none]);
}

/// `kill -9` of the process that serves, then of the one that looks after it.
pub fn a_crash(word: &'static str, side: &str) {
    let title = title(word);
    let option = format!("--{side}");
    let up = ["up", word, "--port", "0", &option];
    let home = Home::of(word);
    for victim in ["the server", "its keeper"] {
        home.good(&up);
        let file = home.file().unwrap();
        let (served, keeper) = (pid(&file), home.worker());
        kill(if victim == "the server" {
            served
        } else {
            keeper
        });
        let crashed = format!("{title} has crashed");
        home.run(&["status", word]).code(1).says(&[&crashed]);
        let state = home.status();
        assert_eq!(state["state"], "crashed", "{victim}: {state}");
        let why = state["why"].as_str().unwrap();
        assert!(why.contains(&addr(&file).to_string()), "{state}");
        // Nobody has to clean up, and the old one is gone when the new one is there.
        let again = home.run(&up);
        again.code(0).complains(&["The last one has crashed"]);
        assert!(!lives(served) && !lives(keeper), "{victim}");
        home.good(&["status", word]);
        home.good(&["down", word]);
        // A guard that was left alone goes within two seconds.
        until("nothing is left", || home.left().is_empty());
    }
    home.good(&up);
    kill(home.worker());
    let cleaned = format!("{title} had crashed; what it left is cleaned up.");
    home.run(&["down", word]).code(0).says(&[&cleaned]);
    home.run(&["status", word]).code(3);
}

/// Nobody looks after the real one any more, and `down` ends it all the same.
pub fn an_orphan(word: &'static str) {
    let home = Home::of(word);
    home.good(&["up", word, "--port", "0", "--real"]);
    let served = pid(&home.file().unwrap());
    let guard = format!(" guard {served} ");
    let guards = processes("cmdline", |line| line.contains(&guard));
    assert_eq!(guards.len(), 1, "the guard of the real one");
    kill(guards[0]);
    kill(home.worker());
    assert!(lives(served));
    home.good(&["down"]);
    until("the orphan is gone", || !lives(served));
}

/// The real one that stands still is not up.
pub fn hangs(word: &'static str) {
    let home = Home::of(word);
    home.good(&["up", word, "--port", "0", "--real"]);
    let served = pid(&home.file().unwrap());
    signal("STOP", served);
    until("all of it has stopped", || stopped(served));
    let silent = home.run(&["status"]);
    silent.code(1).says(&["gives no good answer"]);
    let up = home.run(&["up", word]);
    up.code(2).complains(&["services down"]);
    home.good(&["down"]);
    assert!(!lives(served));
}

/// A port of the embedded one that something else has: nothing that answers, and then `other`, a server of the
/// same kind that was not started here. `words` is what is said of that one.
pub fn a_port_is_taken(word: &'static str, other: std::net::SocketAddr, words: &[&str]) {
    let home = Home::of(word);
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = stranger.local_addr().unwrap();
    for (at, words) in [(silent, &["is taken"][..]), (other, words)] {
        let port = at.port().to_string();
        let refused = home.run(&["up", word, "--embedded", "--port", &port]);
        refused.code(2).complains(words).complains(&[&me()]);
    }
    assert_eq!(home.status()["state"], "down");
}

/// Three `up`s at the same time.
pub fn at_the_same_time(word: &'static str) {
    let home = Home::of(word);
    let start = || {
        let mut command = home.command(&["up", word, "--port", "0", "--embedded"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let both = [start(), start(), start()].map(|child| child.wait_with_output().unwrap());
    let texts = both.map(|output| {
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    });
    let began = texts
        .iter()
        .filter(|text| text.contains("Starting the embedded"));
    assert_eq!(began.count(), 1, "{texts:?}");
    let found = texts.iter().filter(|text| text.contains("Already up."));
    assert_eq!(found.count(), 2, "{texts:?}");
    assert_eq!(home.left(), [home.worker()]);
}

/// An `up` of the real one that is ended before it returns leaves nothing.
pub fn broken_off(word: &'static str) {
    for (name, pause) in [("INT", 0), ("KILL", 0), ("TERM", 150), ("KILL", 300)] {
        let home = Home::of(word);
        let mut command = home.command(&["up", word, "--port", "0", "--real"]);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut up = command.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(pause));
        if up.try_wait().unwrap().is_none() {
            signal(name, up.id());
        }
        let said = up.wait_with_output().unwrap().stdout;
        // It was quicker than the signal.
        if String::from_utf8_lossy(&said).contains("is up at") {
            home.good(&["down", word]);
        }
        until("nothing is left", || home.left().is_empty());
        assert_eq!(home.file(), None, "{name} after {pause} ms");
        assert_eq!(home.status()["state"], "down");
    }
}

/// Each side with the signal that ends it.
pub fn in_the_foreground(word: &'static str, endings: &[(&str, &str)]) {
    for (side, name) in endings {
        let home = Home::of(word);
        let option = format!("--{side}");
        let mut command = home.command(&["up", word, "--foreground", "--port", "0", &option]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut up = command.spawn().unwrap();
        until("it is up", || home.file().is_some());
        let file = home.file().unwrap();
        assert_eq!(home.status()["state"], "up");
        signal(name, up.id());
        let ended = up.wait().unwrap();
        assert_eq!(ended.success(), *name != "KILL", "{name}");
        until("it is gone", || {
            !lives(pid(&file)) && TcpStream::connect(addr(&file)).is_err()
        });
        let state = if *name == "KILL" { "crashed" } else { "down" };
        assert_eq!(home.status()["state"], state, "{name}");
    }
}
