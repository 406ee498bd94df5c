//! From a URL to a method, and descriptions that are refused.

use prost::Message;
use prost_types::FileDescriptorSet;

use l14_gateway::gateway::reflect::{Limits, Told, Unknown};
use l14_gateway::gateway::schema::{NotFound, Schema};
use l14_gateway::gateway::transcode;
use l14_gateway::pb;

fn told(set: FileDescriptorSet) -> Told {
    let services = set.file.iter().flat_map(|file| {
        file.service
            .iter()
            .map(|service| format!("{}.{}", file.package(), service.name()))
    });
    Told {
        services: services.collect(),
        files: set
            .file
            .iter()
            .map(|file| (file.name().to_string(), file.clone()))
            .collect(),
    }
}

fn set() -> FileDescriptorSet {
    FileDescriptorSet::decode(pb::DESCRIPTORS).unwrap()
}

#[test]
fn a_url_means_one_method() {
    let mut set = set();
    // A second `Say`, in another package.
    let mut other = set
        .file
        .iter()
        .find(|file| file.package() == "user.v1")
        .unwrap()
        .clone();
    other.name = Some("other.proto".to_string());
    other.package = Some("other.v1".to_string());
    for method in &mut other.service[0].method {
        method.input_type = Some(".other.v1.HelloRequest".to_string());
        method.output_type = Some(".other.v1.HelloReply".to_string());
    }
    set.file.push(other);
    let schema = Schema::new(told(set), Limits::default()).unwrap();
    let found = |service, method| {
        schema
            .find(service, method)
            .map(|it| it.desc.full_name().to_string())
    };
    assert_eq!(
        found("everyService", "echo").unwrap(),
        "every.v1.EveryService.Echo"
    );
    assert_eq!(
        found("every-service", "ECHO").unwrap(),
        "every.v1.EveryService.Echo"
    );
    assert_eq!(
        found("other.v1.Say", "hello").unwrap(),
        "other.v1.Say.Hello"
    );
    let both = vec![
        "other.v1.Say.Hello".to_string(),
        "user.v1.Say.Hello".to_string(),
    ];
    let mut many = match found("say", "hello").unwrap_err() {
        NotFound::Many(many) => many,
        NotFound::None(_) => Vec::new(),
    };
    many.sort();
    assert_eq!(many, both);
    assert!(matches!(found("say", "echo"), Err(NotFound::None(_))));
    // What `/openapi.json` tells is found, and means what it says.
    for method in schema.methods() {
        let (service, name) = method.url.split_once('/').unwrap();
        assert_eq!(schema.find(service, name).unwrap().path, method.path);
    }
    assert!(schema.find("everyService", "echo").unwrap().harmless);
    assert!(!schema.find("everyService", "store").unwrap().harmless);
}

/// Descriptions with damage of every kind: whatever comes of them, nothing panics, neither now nor when
/// they are used.
#[test]
fn a_description_that_lies_is_refused_or_harmless() {
    let good = pb::DESCRIPTORS;
    let (mut random, mut usable) = (1_u64, 0);
    let mut next = |below: usize| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(random >> 33).unwrap_or(0) % below
    };
    for _ in 0..600 {
        let mut damaged = good.to_vec();
        for _ in 0..=next(3) {
            let place = next(damaged.len());
            damaged[place] = u8::try_from(next(256)).unwrap_or(0);
        }
        let Ok(set) = FileDescriptorSet::decode(&*damaged) else {
            continue;
        };
        let used = std::panic::catch_unwind(|| {
            let schema = Schema::new(told(set), Limits::default()).ok()?;
            for method in schema.methods() {
                let json =
                    serde_json::json!({ "everything": { "byName": { "a": 1 }, "part": {} } });
                let message = transcode::from_json(&method.input(), &json);
                let bytes = message.map(|it| it.encode_to_vec()).unwrap_or_default();
                drop(transcode::to_json(&method.output(), bytes.into()));
                drop(transcode::from_query(
                    &method.input(),
                    "everything.byName[a]=1&name=x",
                ));
            }
            Some(())
        });
        match used {
            Ok(Some(())) => usable += 1,
            Ok(None) => {}
            Err(_) => panic!("a description with this damage makes its reader panic"),
        }
    }
    assert!(usable > 50, "only {usable} could be used at all");
}

#[test]
fn a_description_that_is_too_large() {
    let limits = Limits {
        fields: 50,
        ..Limits::default()
    };
    let error = Schema::new(told(set()), limits).unwrap_err();
    assert!(matches!(error, Unknown::Unusable(_)), "{error}");
    assert!(error.to_string().contains("more than 50 fields"), "{error}");
}
