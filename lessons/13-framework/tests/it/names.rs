//! Names: of methods, transports and registries.

use l13_framework::registries::{NAMES, named};
use l13_framework::transport::{Method, Transport};

#[test]
fn names_of_methods() {
    let method: Method = "user.v1.Say/Hello".parse().unwrap();
    assert_eq!(method.service(), "user.v1.Say");
    assert_eq!(method.path(), "/user.v1.Say/Hello");
    assert_eq!(method.short(), ("Say", "Hello"));
    assert_eq!("/user.v1.Say/Hello".parse::<Method>().unwrap(), method);
    assert_eq!(
        "Say/Hello".parse::<Method>().unwrap().short(),
        ("Say", "Hello")
    );
    for wrong in [
        "",
        "Say",
        "Say/",
        "/Hello",
        "a..b/C",
        "a/b/c",
        "Say.Hello",
        "Sä/Hello",
    ] {
        assert!(wrong.parse::<Method>().is_err(), "{wrong}");
    }
}

#[test]
fn names_of_transports() {
    for kind in [Transport::Grpc, Transport::Rpc] {
        assert_eq!(kind.to_string().parse(), Ok(kind));
    }
    assert!("http".parse::<Transport>().is_err());
}

#[test]
fn each_registry_is_called_what_it_is_named() {
    assert_eq!(NAMES, ["memory", "mdns", "consul", "etcd", "gossip"]);
    for name in NAMES {
        assert_eq!(named(name).unwrap().name(), *name);
    }
    let words = named("zookeeper").unwrap_err().to_string();
    for name in NAMES {
        assert!(words.contains(name), "{words}");
    }
}
