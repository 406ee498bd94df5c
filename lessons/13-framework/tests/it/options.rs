//! Options: from code, environment and flags, and which of them wins.

use std::sync::Arc;
use std::time::Duration;

use l13_framework::options::{Options, Stop, help, names, variable};
use l13_framework::registries::NAMES;
use l13_framework::registries::memory::Memory;
use l13_framework::service::Service;
use l13_framework::transport::Transport;

const NOTHING: [(&str, &str); 0] = [];

fn read(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Options, Stop> {
    Options::read(arguments.iter(), environment.iter().copied())
}

fn wrong(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    match read(arguments, environment) {
        Err(Stop::Wrong(words)) => words,
        other => panic!("{arguments:?} {environment:?}: {other:?}"),
    }
}

/// For every flag that there is: the code alone, the environment over it, a flag over both. The last
/// column is what the options then are, as a person would write it.
#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_code() {
    let text = |options: &Options, name: &str| -> Option<String> {
        let millis = |time: Option<Duration>| time.map(|time| format!("{}ms", time.as_millis()));
        match name {
            "registry" => options.registry.clone(),
            "registry_address" => options.registry_address.as_ref().map(|list| {
                let list: Vec<String> = list.iter().map(ToString::to_string).collect();
                list.join(",")
            }),
            "server_name" => options.server_name.clone(),
            "server_version" => options.server_version.clone(),
            "server_id" => options.server_id.clone(),
            "server_address" => options.server_address.map(|addr| addr.to_string()),
            "server_advertise" => options.server_advertise.map(|it| it.ip.to_string()),
            "server_metadata" => options.server_metadata.as_ref().map(|pairs| {
                let pairs: Vec<String> = pairs.iter().map(|(k, v)| format!("{k}={v}")).collect();
                pairs.join(",")
            }),
            "register_ttl" => millis(options.register_ttl),
            "register_interval" => millis(options.register_interval),
            "transport" => options.transport.map(|it| it.to_string()),
            "selector" => options.selector.map(|it| it.to_string()),
            "fail_mode" => options.fail_mode.map(|it| it.to_string()),
            "client_request_timeout" => millis(options.client_request_timeout),
            "client_retries" => options.client_retries.map(|it| it.to_string()),
            other => panic!("--{other} is new: add it here"),
        }
    };
    let table = [
        ("registry", "memory", "mdns"),
        (
            "registry_address",
            "127.0.0.1:3379",
            "127.0.0.1:2379,127.0.0.1:4379",
        ),
        ("server_name", "go.micro.srv.a", "go.micro.srv.b"),
        ("server_version", "1.0.0", "2.0.0"),
        ("server_id", "a-1", "b-1"),
        ("server_address", "127.0.0.1:8001", "127.0.0.1:8002"),
        ("server_advertise", "127.0.0.2", "127.0.0.3"),
        ("server_metadata", "zone=a", "weight=3,zone=b"),
        ("register_ttl", "90000ms", "60000ms"),
        ("register_interval", "20000ms", "500ms"),
        ("transport", "grpc", "rpc"),
        ("selector", "random", "consistent-hash"),
        ("fail_mode", "over", "backup"),
        ("client_request_timeout", "1000ms", "2500ms"),
        ("client_retries", "0", "7"),
    ];
    assert_eq!(table.len(), names().count(), "a flag is missing here");
    for ((name, one, other), flag) in table.into_iter().zip(names()) {
        assert_eq!(name, flag);
        let variable = variable(flag);
        assert_eq!(variable, format!("MICRO_{}", name.to_uppercase()));
        let (long, value) = (format!("--{name}"), format!("--{name}={other}"));
        let unset = read(&[], &[]).unwrap();
        assert_eq!(text(&unset, name), None, "{name}");
        let environment = read(&[], &[(&variable, one)]).unwrap();
        assert_eq!(text(&environment, name).as_deref(), Some(one), "{name}");
        let flag = read(&[&long, other], &[]).unwrap();
        assert_eq!(text(&flag, name).as_deref(), Some(other), "{name}");
        let both = read(&[&value], &[(&variable, one)]).unwrap();
        assert_eq!(text(&both, name).as_deref(), Some(other), "{name}");
        // Empty is not set, as a shell leaves it.
        let empty = read(&[], &[(&variable, "")]).unwrap();
        assert_eq!(text(&empty, name), None, "{name}");
    }
}

/// And a service takes them over in that order.
#[test]
fn a_service_takes_them_over() {
    let service = || {
        Service::new("of.the.code")
            .version("1")
            .registry(Arc::new(Memory::new()))
    };
    let code = service().init(Vec::<String>::new(), NOTHING).unwrap();
    assert_eq!(code.name(), "of.the.code");
    assert!(format!("{code:?}").contains("Memory"), "{code:?}");
    let environment = [("MICRO_SERVER_NAME", "of.the.environment")];
    let said = service().init(Vec::<String>::new(), environment).unwrap();
    assert_eq!(said.name(), "of.the.environment");
    let flags = [
        "--server_name",
        "of.the.flag",
        "--transport=rpc",
        "--server_id",
        "me",
    ];
    let said = service().init(flags, environment).unwrap();
    assert_eq!((said.name(), said.id().as_str()), ("of.the.flag", "me"));
    let shown = format!("{said:?}");
    assert!(shown.contains(&format!("{:?}", Transport::Rpc)), "{shown}");
}

/// The notes have `--registry=etcd --registry_address=http://127.0.0.1:3379`, and say that it must not
/// have `http://`; both work. Several with commas between as well.
#[test]
fn the_command_lines_of_the_notes() {
    for address in ["127.0.0.1:3379", "http://127.0.0.1:3379"] {
        let line = ["--registry=etcd", &format!("--registry_address={address}")];
        let options = read(&line, &[]).unwrap();
        let expected = vec!["127.0.0.1:3379".parse().unwrap()];
        assert_eq!(options.registry_address, Some(expected), "{address}");
        let registry = options.open_registry(None).unwrap();
        assert_eq!(registry.name(), "etcd");
        let said = &registry.options().addresses;
        assert_eq!(said, &options.registry_address.clone().unwrap());
    }
    let several = "http://127.0.0.1:2379,127.0.0.1:3379,http://127.0.0.1:4379";
    let options = read(&["--registry_address", several], &[]).unwrap();
    assert_eq!(options.registry_address.unwrap().len(), 3);
}

/// With an address alone the registry is of the same kind, somewhere else.
#[test]
fn an_address_alone_moves_the_registry_of_the_code() {
    let options = read(&["--registry_address", "127.0.0.1:1"], &[]).unwrap();
    let registry = options
        .open_registry(Some(Arc::new(Memory::new())))
        .unwrap();
    assert_eq!(registry.name(), "memory");
    assert_eq!(registry.options().addresses.len(), 1);
}

/// A pair for each flag, or several in one.
#[test]
fn metadata_adds_up() {
    let line = [
        "--server_metadata",
        "a=1,b=2",
        "--server_metadata=b=3",
        "--server_metadata=c=4",
    ];
    let pairs = read(&line, &[("MICRO_SERVER_METADATA", "z=9")]).unwrap();
    let pairs: Vec<String> = (pairs.server_metadata.unwrap().into_iter())
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    assert_eq!(pairs, ["a=1", "b=3", "c=4"]);
}

/// What is wrong is named as it was said, and with what to say in its place.
#[test]
fn words_for_what_is_wrong() {
    for (line, words) in [
        ("--registry zookeeper", "--registry zookeeper: "),
        ("--registry zookeeper", "memory"),
        ("--registry_address 127.0.0.1", "127.0.0.1:2379"),
        (
            "--registry_address=https://127.0.0.1:2379",
            "https is not spoken",
        ),
        ("--server_address :8080", "looks like"),
        ("--server_advertise myhost", "no IP address"),
        ("--server_metadata zone", "key=value"),
        ("--register_ttl soon", "30s, 500ms or 2m"),
        ("--register_ttl 0", "more than nothing"),
        ("--transport pigeon", "grpc and rpc"),
        ("--selector best", "round-robin"),
        ("--fail_mode never", "backup"),
        ("--client_retries -1", "a number is expected"),
        ("--registry", "--registry"),
        ("--registry-address x", "did you mean --registry_address?"),
        ("--regist", "did you mean --registry?"),
        ("--nothing", "--help shows"),
        ("-x", "there is no -x"),
        ("--server_name=", "it is empty"),
    ] {
        let said = wrong(&line.split(' ').collect::<Vec<_>>(), &[]);
        assert!(said.contains(words), "{line}: {said}");
    }
    let said = wrong(&[], &[("MICRO_TRANSPORT", "pigeon")]);
    assert!(said.starts_with("MICRO_TRANSPORT=pigeon: "), "{said}");
    // Variables of other programs are ignored.
    read(&[], &[("MICRO_LOG_LEVEL", "debug"), ("HOME", "/")]).unwrap();
}

#[test]
fn what_does_not_go_together() {
    let init = |line: &[&str]| Service::new("a").init(line.iter(), NOTHING);
    let Err(Stop::Wrong(words)) = init(&["--register_interval=30s", "--register_ttl=10s"]) else {
        panic!("the registry would forget it again and again");
    };
    assert!(words.contains("a third of the ttl"), "{words}");
    let Err(Stop::Wrong(words)) = init(&["hello"]) else {
        panic!("a word that no option reads");
    };
    assert!(words.contains("`hello` is one word too many"), "{words}");
    assert_eq!(init(&["--help"]).err(), Some(Stop::Help));
    assert_eq!(init(&["-h"]).err(), Some(Stop::Help));
}

/// No flag and no registry is missing in the help; and it fits a terminal.
#[test]
fn help_has_every_flag() {
    let help = help();
    for flag in names() {
        assert!(help.contains(&format!("--{flag} ")), "{flag}");
    }
    for registry in NAMES {
        assert!(help.contains(registry), "{registry}");
    }
    for line in help.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}
