//! Independent DNS-SD programs (`interop/python`) find our instances, and we find theirs; false and random
//! packets do no harm.

use std::path::Path;
use std::process::Command;

use l13_framework::registries::mdns::Mdns;
use l13_framework::registries::mdns::listener::MOST;
use l13_framework::registry::{Event, Options, Registry};
use serde_json::{Value, json};
use testkit::program::Program;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::suite;
use crate::suite::{LONG, PATIENCE, holds, instance, name, next, pairs, until};

/// zeroconf knows the standard's port only, so two tests meet there. A question of one would make the
/// other's program answer.
static STANDARD: Mutex<()> = Mutex::const_new(());

/// `dns_sd.py`, which says what it hears as JSON.
struct DnsSd(Program);

impl DnsSd {
    fn start(arguments: &[&str]) -> DnsSd {
        let mut command = Command::new(testkit::python_with_packages());
        command
            .args(["-u", "-B"])
            .arg(script("dns_sd.py"))
            .args(arguments)
            .env("PYTHONIOENCODING", "utf-8");
        DnsSd(Program::start(command))
    }

    /// Waits for a line about this label (or about none) with this event.
    fn says(&self, event: &str, label: Option<&str>) -> Value {
        let lines = std::iter::from_fn(|| self.0.line());
        let mut lines = lines
            .map(|line| serde_json::from_str::<Value>(&line).unwrap_or_else(|_| panic!("{line}")));
        let about = |line: &Value| label.is_none_or(|label| line["label"] == label);
        let line = lines.find(|line| about(line) && line["event"] == event);
        line.unwrap_or_else(|| panic!("it never says {event} of {label:?}"))
    }
}

fn script(file: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("interop/python")
        .join(file)
}

/// zeroconf finds what we register, with all its fields; it hears when that changes, and our goodbye.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn zeroconf_finds_ours() {
    let _alone = STANDARD.lock().await;
    let registry = Mdns::new();
    let mut ours = instance(&name("go.micro.srv.user"));
    ours.id = ours.name.replace('.', "-").to_lowercase();
    ours.version = "1.2.0".into();
    ours.metadata = pairs(&[
        ("transport", "grpc"),
        ("note", "Grüße = 日本"),
        ("empty", ""),
    ]);
    let program = DnsSd::start(&["watch"]);
    program.says("watching", None);
    registry.register(&ours, LONG).await.unwrap();
    let found = program.says("added", Some(&ours.id));
    assert_eq!(found["port"], ours.addr.port());
    assert_eq!(found["addresses"], json!(["127.0.0.1"]));
    let txt = &found["txt"];
    for (key, value) in [
        ("txtvers", "1"),
        ("id", &ours.id),
        ("name", &ours.name),
        ("version", "1.2.0"),
        ("ttl", "600000"),
        ("m.transport", "grpc"),
        ("m.note", "Grüße = 日本"),
        ("m.empty", ""),
    ] {
        assert_eq!(txt[key], value, "{key} in {txt}");
    }
    ours.metadata = pairs(&[("transport", "rpc")]);
    registry.register(&ours, LONG).await.unwrap();
    loop {
        let changed = program.says("updated", Some(&ours.id));
        if changed["txt"]["m.transport"] == "rpc" {
            break;
        }
    }
    registry.deregister(&ours).await.unwrap();
    program.says("removed", Some(&ours.id));
    // One who comes later, and one who is dropped: the same.
    registry.register(&ours, LONG).await.unwrap();
    let late = DnsSd::start(&["watch"]);
    late.says("added", Some(&ours.id));
    drop(registry);
    late.says("removed", Some(&ours.id));
}

/// We find what zeroconf registers in the same layout, without our own `ttl` and `beat`, and hear of its
/// changes and its goodbye.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn we_find_what_zeroconf_registers() {
    let mut theirs = instance(&name("user"));
    theirs.id = format!("Their {}", theirs.id);
    theirs.version = "7".into();
    theirs.metadata = pairs(&[("transport", "grpc"), ("where", "日本")]);
    let txt = |transport: &str| {
        json!({
            "txtvers": "1", "id": theirs.id, "name": theirs.name, "version": "7",
            "m.transport": transport, "m.where": "日本", "something": "else",
        })
        .to_string()
    };
    let _alone = STANDARD.lock().await;
    let registry = Mdns::new();
    let mut watch = registry.watch(Some(&theirs.name)).await.unwrap();
    let (label, port) = (theirs.name.clone(), theirs.addr.port().to_string());
    // A dot in a label would be another thing in DNS.
    let label = label.replace('.', " ");
    let mut program = DnsSd::start(&["offer", &label, &port, &txt("grpc")]);
    assert_eq!(next(&mut watch).await, Event::Added(theirs.clone()));
    program.says("offered", None);
    holds(&registry, &theirs.name, &[&theirs]).await;
    program.0.tell(&format!("update {}", txt("rpc")));
    let mut changed = theirs.clone();
    changed.metadata.insert("transport".into(), "rpc".into());
    assert_eq!(next(&mut watch).await, Event::Added(changed.clone()));
    // zeroconf may take a second to answer a question, and answers even if it has said goodbye in between.
    // So the test does not ask before that.
    program.0.tell("goodbye");
    assert_eq!(next(&mut watch).await, Event::Removed(changed));
    holds(&registry, &theirs.name, &[]).await;
    // One who comes later asks.
    let _program = DnsSd::start(&["offer", &label, &port, &txt("grpc")]);
    assert_eq!(next(&mut watch).await, Event::Added(theirs.clone()));
    holds(&Mdns::new(), &theirs.name, &[&theirs]).await;
}

/// `shout.py`, on a port of this test alone.
async fn shout(registry: &Mdns, arguments: &[&str]) {
    let port = registry.options().addresses[0].port().to_string();
    let mut command = Command::new(testkit::python_with_packages());
    command.arg(script("shout.py")).arg(port).args(arguments);
    let done = tokio::task::spawn_blocking(move || command.status());
    assert!(done.await.unwrap().unwrap().success());
}

/// A participant on a port of its own, listening.
async fn listening() -> Mdns {
    let mut registry = Mdns::new();
    let options = Options {
        addresses: vec![suite::free_udp()],
        ..Options::default()
    };
    registry.init(options).unwrap();
    registry.list_services().await.unwrap();
    registry
}

/// Nothing is said on another interface than the loopback one. What is sent on an interface is heard by all on
/// this machine that have joined there, so a listener that has joined everywhere would hear it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_leaves_by_another_interface() {
    let registry = listening().await;
    let port = registry.options().addresses[0].port().to_string();
    let mut ours = instance(&name("user"));
    ours.id = format!("leaves-{}", ours.addr.port());
    let mut listener = Command::new(testkit::python_with_packages());
    let arguments = [&port, "listen", &ours.id];
    listener.arg(script("shout.py")).args(arguments);
    let mut listener = Program::start(listener);
    assert_eq!(listener.line().as_deref(), Some("listening"));
    // An announcement, its repetition after a second, a change, two goodbyes.
    registry.register(&ours, LONG).await.unwrap();
    holds(&registry, &ours.name, &[&ours]).await;
    ours.version = "2".into();
    registry.register(&ours, LONG).await.unwrap();
    holds(&registry, &ours.name, &[&ours]).await;
    registry.deregister(&ours).await.unwrap();
    holds(&registry, &ours.name, &[]).await;
    listener.finish();
    let heard = listener.rest();
    assert!(heard.len() >= 4, "{heard:?}");
    assert!(heard.iter().all(|interface| interface == "lo"), "{heard:?}");
}

/// TXT that is no instance is left out, and counted with a reason; what is right is found all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_txt_is_left_out_and_counted() {
    let registry = listening().await;
    let strings = |strings: &[&[u8]]| {
        let each = strings.iter().flat_map(|one| {
            let length = u8::try_from(one.len()).unwrap();
            std::iter::once(length).chain(one.iter().copied())
        });
        each.map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let cases: [(&str, String, &str); 7] = [
        ("nothing", "00".into(), "no id="),
        ("nameless", strings(&[b"id=1"]), "no name="),
        ("empty", strings(&[b"id=1", b"name="]), "empty"),
        ("bytes", strings(&[b"id=1", b"name=\xff\xfe"]), "UTF-8"),
        ("time", strings(&[b"id=1", b"name=x", b"ttl=soon"]), "ttl"),
        (
            "never",
            strings(&[b"id=1", b"name=x", b"ttl=0"]),
            "time to live",
        ),
        // It says that 200 bytes follow.
        ("short", "c869643d31".into(), "no id="),
    ];
    for (count, (label, txt, why)) in (1..).zip(&cases) {
        shout(&registry, &["txt", label, txt]).await;
        let counted = async || {
            let ignored = registry.ignored();
            let told = ignored
                .why
                .as_ref()
                .is_some_and(|words| words.contains(why));
            (ignored.malformed >= count && told, format!("{ignored:?}"))
        };
        until(&format!("{label} is counted"), counted).await;
    }
    assert_eq!(registry.list_services().await, Ok(vec![]));
    let right = strings(&[b"id=1", b"name=right"]);
    shout(&registry, &["txt", "right", &right]).await;
    let found = async || {
        let names = registry.list_services().await.unwrap();
        (names == ["right"], format!("{names:?}"))
    };
    until("the right one is found", found).await;
}

/// Packets of which no part is right: nothing falls over, and the next right one is understood.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn noise_does_no_harm() {
    let registry = listening().await;
    shout(&registry, &["noise", "1000"]).await;
    let ours = instance(&name("user"));
    registry.register(&ours, LONG).await.unwrap();
    holds(&registry, &ours.name, &[&ours]).await;
}

/// More instances than it keeps: the first ones stay, the others are counted, the daemon that has cached
/// them all is thrown away, and what was known before is known still.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_is_bounded() {
    let registry = listening().await;
    let ours = instance(&name("user"));
    registry.register(&ours, LONG).await.unwrap();
    holds(&registry, &ours.name, &[&ours]).await;
    // On a busy machine some of it is lost, which is a bound as well; so it is said again.
    let since = Instant::now();
    while registry.ignored().restarts == 0 {
        shout(&registry, &["flood", "3000"]).await;
        let kept = registry.get_service("flood").await.unwrap().len();
        assert!(kept < MOST, "{kept} are kept");
        assert!(since.elapsed() < PATIENCE, "{:?}", registry.ignored());
    }
    let ignored = registry.ignored();
    println!("{ignored:?}");
    assert!(ignored.too_many > 0, "{ignored:?}");
    // What was known is known still, and it hears what is new.
    let mut changed = ours.clone();
    changed.version = "2".into();
    registry.register(&changed, LONG).await.unwrap();
    holds(&registry, &ours.name, &[&changed]).await;
    // A goodbye can be lost as well; so it is said again.
    let gone = async || {
        registry.deregister(&changed).await.unwrap();
        timeout(PATIENCE / 10, holds(&registry, &ours.name, &[])).await
    };
    while gone().await.is_err() {
        assert!(since.elapsed() < PATIENCE * 3, "it is still listed");
        registry.register(&changed, LONG).await.unwrap();
    }
}
