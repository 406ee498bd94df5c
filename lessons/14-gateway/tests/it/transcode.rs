//! The JSON mapping, kind by kind.

use prost::Message;
use prost_reflect::DescriptorPool;
use serde_json::json;

use l14_gateway::gateway::transcode::{from_json, from_query, to_json};
use l14_gateway::pb;
use prost_reflect::MessageDescriptor;
use serde_json::Value as Json;

fn desc(name: &str) -> MessageDescriptor {
    let pool = DescriptorPool::decode(pb::DESCRIPTORS).unwrap();
    pool.get_message_by_name(name).unwrap()
}

fn everything() -> MessageDescriptor {
    desc("every.v1.Everything")
}

/// There and back again, with only what was set.
fn through(json: &Json) -> Json {
    let message = from_json(&everything(), json).unwrap_or_else(|bad| panic!("{json}: {bad:?}"));
    let bytes = message.encode_to_vec();
    // Another reader, whose types are compiled, takes it for the same.
    let compiled = pb::every::Everything::decode(&*bytes).unwrap();
    let back = to_json(&everything(), compiled.encode_to_vec().into()).unwrap();
    serde_json::from_slice(&back).unwrap()
}

/// One field goes in like this, and comes out like that.
fn becomes(field: &str, input: Json, output: Json) {
    let back = through(&json!({ field: input }));
    assert_eq!(back[field], output, "{field}");
}

fn stays(field: &str, value: Json) {
    becomes(field, value.clone(), value);
}

fn bad(field: &str, value: Json) -> String {
    let json = json!({ field: value });
    match from_json(&everything(), &json) {
        Ok(message) => panic!("{json} was taken: {message:?}"),
        Err(bad) => {
            assert!(bad.field.starts_with(field), "{bad:?}");
            bad.why
        }
    }
}

/// Why the whole message is refused.
fn refused(json: &Json) -> String {
    from_json(&everything(), json).unwrap_err().why
}

fn each(list: Json) -> Vec<Json> {
    serde_json::from_value(list).expect("a list")
}

/// All of these are refused.
fn all_bad(field: &str, list: Json) {
    for value in each(list) {
        bad(field, value);
    }
}

#[test]
fn whole_numbers() {
    for (field, least, most) in [
        ("int32Value", i64::from(i32::MIN), i64::from(i32::MAX)),
        ("sint32Value", i64::from(i32::MIN), i64::from(i32::MAX)),
        ("sfixed32Value", i64::from(i32::MIN), i64::from(i32::MAX)),
        ("uint32Value", 0, i64::from(u32::MAX)),
        ("fixed32Value", 0, i64::from(u32::MAX)),
    ] {
        for good in [least, most, 0, 1] {
            stays(field, json!(good));
            becomes(field, json!(good.to_string()), json!(good));
        }
        for wrong in [least - 1, most + 1] {
            assert!(bad(field, json!(wrong)).contains(&wrong.to_string()));
            bad(field, json!(wrong.to_string()));
        }
        becomes(field, json!(3.0), json!(3));
        becomes(field, json!("1e3"), json!(1000));
        let wrong = json!([1.5, "1.5", "", " 1", "+1", "0x1", true, [1], 1e300]);
        all_bad(field, wrong);
    }
}

#[test]
fn numbers_of_64_bits_are_text_and_keep_every_digit() {
    for field in ["int64Value", "sint64Value", "sfixed64Value"] {
        for good in [i64::MIN, i64::MAX, 9_007_199_254_740_993] {
            stays(field, json!(good.to_string()));
            becomes(field, json!(good), json!(good.to_string()));
        }
        bad(field, json!("9223372036854775808"));
        bad(field, json!("-9223372036854775809"));
    }
    for field in ["uint64Value", "fixed64Value"] {
        stays(field, json!(u64::MAX.to_string()));
        becomes(field, json!(u64::MAX), json!(u64::MAX.to_string()));
        bad(field, json!("18446744073709551616"));
        bad(field, json!(-1));
        // JSON readers make a float of it, and the float is what the largest number would become.
        let float: Json = serde_json::from_str("18446744073709551616").unwrap();
        assert!(bad(field, float).contains("string"));
    }
    let below: Json = serde_json::from_str("-9223372036854775809").unwrap();
    bad("int64Value", below);
}

#[test]
fn numbers_with_a_point() {
    for field in ["doubleValue", "floatValue"] {
        for good in each(json!([0.5, -2.0, "NaN", "Infinity", "-Infinity"])) {
            stays(field, good);
        }
        becomes(field, json!("1.5e1"), json!(15.0));
        becomes(field, json!(3), json!(3.0));
        all_bad(field, json!(["inf", "nan", ".5", "1e400", true, ""]));
    }
    stays("doubleValue", json!(1e300));
    assert!(bad("floatValue", json!(1e300)).contains("float"));
    bad("floatValue", json!("1e39"));
}

#[test]
fn text_bytes_and_enums() {
    stays("boolValue", json!(true));
    bad("boolValue", json!("true"));
    stays("stringValue", json!("火\u{0} \"\\"));
    bad("stringValue", json!(1));
    stays("bytesValue", json!("++//AA=="));
    for same in ["++//AA", "--__AA==", "--__AA"] {
        becomes("bytesValue", json!(same), json!("++//AA=="));
    }
    all_bad("bytesValue", json!(["?", "A", "+-AA", "AAA=="]));
    stays("colour", json!("COLOUR_ULTRAVIOLET"));
    becomes("colour", json!(2), json!("COLOUR_GREEN"));
    stays("colour", json!(77));
    assert!(bad("colour", json!("GREEN")).contains("COLOUR_GREEN"));
    bad("colour", json!("2"));
}

#[test]
fn messages_lists_maps_and_choices() {
    stays(
        "part",
        json!({"name": "a", "count": "1", "inner": {"name": "b", "count": "2"}}),
    );
    becomes("part", json!({}), json!({"name": "", "count": "0"}));
    stays("numbers", json!([1, -2, 3]));
    stays("words", json!(["", "b"]));
    stays(
        "parts",
        json!([{"name": "a", "count": "1"}, {"name": "", "count": "0"}]),
    );
    becomes(
        "colours",
        json!(["COLOUR_RED", 2]),
        json!(["COLOUR_RED", "COLOUR_GREEN"]),
    );
    all_bad("numbers", json!([1, {}, [null], [[1]]]));
    stays("byName", json!({"": 1, "b.c[": 2}));
    stays("byNumber", json!({"-1": "a", "2": "b"}));
    stays("byTruth", json!({"true": {"name": "a", "count": "1"}}));
    let wrong = json!([[], {"x": "a"}, {"1": 2}, {"1": null}, {"1": "a", "01": "b"}]);
    all_bad("byNumber", wrong);
    bad("byTruth", json!({"yes": {}}));
    stays("textChoice", json!(""));
    stays("numberChoice", json!("0"));
    let both = json!({"numberChoice": "1", "textChoice": "a"});
    assert!(refused(&both).contains("choice"));
    // What is null is not there.
    let back =
        through(&json!({"numberChoice": null, "textChoice": "a", "part": null, "numbers": null}));
    assert_eq!(
        (&back["textChoice"], &back["numbers"]),
        (&json!("a"), &json!([]))
    );
    assert!(back.get("part").is_none() && back.get("numberChoice").is_none());
}

#[test]
fn names_and_what_is_not_set() {
    // Both names are taken, one comes back.
    assert_eq!(through(&json!({"int32_value": 1}))["int32Value"], 1);
    assert_eq!(through(&json!({"renamed": "a"}))["AnotherName"], "a");
    stays("AnotherName", json!("a"));
    let twice = json!({"int32_value": 1, "int32Value": 1});
    assert!(refused(&twice).contains("twice"));
    let back = through(&json!({}));
    assert_eq!(
        (&back["int32Value"], &back["int64Value"], &back["words"]),
        (&json!(0), &json!("0"), &json!([]))
    );
    assert_eq!(back["colour"], "COLOUR_UNSPECIFIED");
    // `optional` tells 0 from nothing.
    assert!(back.get("maybe").is_none() && back.get("moment").is_none());
    stays("maybe", json!(0));
}

#[test]
fn types_with_a_json_of_their_own() {
    stays("moment", json!("2026-01-02T03:04:05Z"));
    becomes(
        "moment",
        json!("2026-01-02T03:04:05.120+01:00"),
        json!("2026-01-02T02:04:05.120Z"),
    );
    let wrong = json!([
        "yesterday",
        "2026-13-01T00:00:00Z",
        0,
        "2026-01-02 03:04:05Z"
    ]);
    all_bad("moment", wrong);
    stays("length", json!("1.500s"));
    stays("length", json!("-3s"));
    all_bad("length", json!(["1", "1m", 1]));
    stays("wrappedInt64", json!("9223372036854775807"));
    bad("wrappedInt64", json!("9223372036854775808"));
    stays("wrappedString", json!(""));
    stays("wrappedBool", json!(false));
    becomes("wrappedBytes", json!("-_8"), json!("+/8="));
    // prost-reflect makes null of this one.
    stays("wrappedDouble", json!("-Infinity"));
    stays("object", json!({"a": [1.0, null, {"b": "c"}]}));
    bad("object", json!([]));
    for good in [json!(null), json!("a"), json!([true]), json!({})] {
        stays("json", good);
    }
    stays("list", json!([1.0, "a"]));
    stays("mask", json!("name,part.innerCount"));
    stays("mask", json!(""));
    all_bad("mask", json!(["a_b", "a,,b", ","]));
    stays("nothing", json!({}));
    bad("nothing", json!({"a": 1}));
}

#[test]
fn a_message_that_only_its_type_explains() {
    let part = "type.googleapis.com/every.v1.Part";
    stays("any", json!({"@type": part, "name": "a", "count": "1"}));
    let time = "type.googleapis.com/google.protobuf.Duration";
    stays("any", json!({"@type": time, "value": "1s"}));
    stays(
        "any",
        json!({"@type": "type.googleapis.com/google.protobuf.Empty", "value": {}}),
    );
    stays("any", json!({}));
    assert!(bad("any", json!({"@type": "type.googleapis.com/other.Type"})).contains("other.Type"));
    bad("any", json!({"@type": "every.v1.Part"}));
    bad("any", json!({"name": "a"}));
    bad("any", json!({"@type": part, "count": "x"}));
    bad("any", json!({"@type": time, "value": "1s", "more": 1}));
    bad("any", json!({"@type": time}));
}

#[test]
fn nothing_is_nested_without_an_end() {
    let nested = |levels: usize| (0..levels).fold(json!({}), |inner, _| json!({ "inner": inner }));
    through(&json!({ "part": nested(80) }));
    assert!(bad("part", nested(120)).contains("deep"));
    let lists = |levels| (0..levels).fold(json!(1), |inner, _| json!([inner]));
    through(&json!({ "json": lists(30) }));
    assert!(bad("json", lists(60)).contains("deep"));
    // `Any` inside of `Any`: each is opened by itself, and so not seen by the limit for messages.
    let name = "type.googleapis.com/every.v1.Everything";
    let mut any = prost_types::Any::default();
    for _ in 0..20_000 {
        let inner = pb::every::Everything {
            any: Some(any),
            ..Default::default()
        };
        any = prost_types::Any {
            type_url: name.to_string(),
            value: inner.encode_to_vec(),
        };
        if any.value.len() > 100_000 {
            break;
        }
    }
    let message = pb::every::Everything {
        any: Some(any),
        ..Default::default()
    };
    let error = to_json(&everything(), message.encode_to_vec().into()).unwrap_err();
    assert!(error.contains("Any inside"), "{error}");
}

#[test]
fn a_query_becomes_the_same_message() {
    let desc = desc("every.v1.EchoRequest");
    let read = |query: &str| {
        let json = from_query(&desc, query).unwrap_or_else(|bad| panic!("{query}: {bad:?}"));
        let message = from_json(&desc, &json).unwrap_or_else(|bad| panic!("{query}: {bad:?}"));
        let back = to_json(&desc, message.encode_to_vec().into()).unwrap();
        serde_json::from_slice::<Json>(&back).unwrap()["everything"].clone()
    };
    // The field, what the query says behind its name, and the JSON that comes of it.
    let same = [
        ("int32Value", "=-5", json!(-5)),
        ("int64Value", "=9007199254740993", json!("9007199254740993")),
        ("boolValue", "=true", json!(true)),
        ("stringValue", "=a%26b+c%3D", json!("a&b c=")),
        ("stringValue", "", json!("")),
        ("bytesValue", "=-_8", json!("+/8=")),
        ("colour", "=COLOUR_RED", json!("COLOUR_RED")),
        ("colour", "=2", json!("COLOUR_GREEN")),
        ("maybe", "=0", json!(0)),
        ("textChoice", "=a", json!("a")),
        ("length", "=2s", json!("2s")),
        ("wrappedBool", "=false", json!(false)),
        ("wrappedInt64", "=3", json!("3")),
        ("object", "=%7B%22a%22:1%7D", json!({"a": 1.0})),
        ("mask", "=a,b.c", json!("a,b.c")),
        ("byName", "[a.b]=3", json!({"a.b": 3})),
        ("byName", "[]=3", json!({"": 3})),
    ];
    for (field, says, expected) in same {
        let query = format!("everything.{field}{says}");
        assert_eq!(read(&query)[field], expected, "{query}");
    }
    assert_eq!(read("everything.double_value=1.5")["doubleValue"], 1.5);
    let moment = "2026-01-02T03:04:05Z";
    let said = read(&format!("everything.moment={moment}"));
    assert_eq!(said["moment"], moment);
    let inner = json!({"name": "", "count": "7"});
    let part = json!({"name": "", "count": "0", "inner": inner});
    assert_eq!(read("everything.part.inner.count=7")["part"], part);
    let lists = read("everything.numbers=1&everything.numbers=2&&everything.colours=1");
    assert_eq!(
        (&lists["numbers"], &lists["colours"]),
        (&json!([1, 2]), &json!(["COLOUR_RED"]))
    );
    for (query, place) in [
        ("everything.parts.name=a", "everything.parts.name"),
        ("everything.byTruth[true]=a", "everything.byTruth[true]"),
        ("everything.part=a", "everything.part"),
        ("everything.stringValue=%f", "everything.stringValue"),
        ("everything.numbers[0]=1", "everything.numbers[0]"),
        ("everything.byName=1", "everything.byName"),
        ("everything.object=%7B", "everything.object"),
        ("nothing=1", "nothing"),
        ("=1", ""),
    ] {
        let bad = from_query(&desc, query).unwrap_err();
        assert_eq!(bad.field, place, "{bad:?}");
    }
}
