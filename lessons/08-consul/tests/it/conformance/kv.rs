//! The key-value store: values in base64, flags, folders that are only letters, compare-and-set.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::support::{Answer, Http, members, texts};

fn put(http: &Http, path: &str, value: impl AsRef<[u8]>) {
    let answer = http.put(&format!("/v1/kv/{path}"), value);
    assert_eq!(answer.ok_json(), json!(true), "{answer}");
}

/// The one entry of a key.
#[track_caller]
fn entry(http: &Http, key: &str) -> Value {
    let answer = http.get(&format!("/v1/kv/{key}"));
    let list = answer.ok_json();
    assert_eq!(list.as_array().map(Vec::len), Some(1), "{answer}");
    list[0].clone()
}

#[track_caller]
fn modified(http: &Http, key: &str) -> u64 {
    entry(http, key)["ModifyIndex"].as_u64().expect("a number")
}

#[track_caller]
fn must_be_nothing(answer: &Answer) {
    answer.must_be(404);
    assert_eq!(answer.text(), "", "{answer}");
    assert!(answer.index() >= 1, "{answer}");
}

cases! {
    fn a_value_comes_back_in_base64(http: &Http) {
        let answer = http.put("/v1/kv/base64/hello", "hello");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.ok_json(), json!(true));
        let answer = http.get("/v1/kv/base64/hello");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("x-consul-knownleader"), Some("true"));
        assert_eq!(answer.header("x-consul-lastcontact"), Some("0"));
        let entry = &answer.ok_json()[0];
        members(
            entry,
            "LockIndex:number Key:text Flags:number Value:text CreateIndex:number ModifyIndex:number",
        );
        assert_eq!(entry["Key"], "base64/hello");
        assert_eq!(entry["Value"], "aGVsbG8=");
        assert_eq!(entry["Flags"], 0);
        assert_eq!(entry["LockIndex"], 0);
        assert_eq!(entry["ModifyIndex"], answer.index());
    }

    fn a_value_is_any_bytes(http: &Http) {
        put(http, "bytes", [0xff, 0xfe, 0x00, 0x0a]);
        assert_eq!(entry(http, "bytes")["Value"], "//4ACg==");
    }

    fn an_empty_value_is_null(http: &Http) {
        put(http, "empty", "");
        assert_eq!(entry(http, "empty")["Value"], Value::Null);
        let raw = http.get("/v1/kv/empty?raw");
        raw.must_be_empty();
    }

    fn a_raw_value_is_the_bytes_themselves(http: &Http) {
        let bytes = [0xff, 0x00, b'x', b'\n'];
        put(http, "raw", bytes);
        let answer = http.get("/v1/kv/raw?raw");
        answer.must_be(200);
        assert_eq!(answer.body, bytes);
        assert_eq!(answer.header("content-type"), Some("text/plain"));
        // A browser that opens a value must not run it.
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("content-security-policy"), Some("sandbox"));
        assert!(answer.index() >= 1);
    }

    fn a_key_that_is_not_there_is_an_empty_404(http: &Http) {
        must_be_nothing(&http.get("/v1/kv/not-there"));
        must_be_nothing(&http.get("/v1/kv/not-there?raw"));
    }

    fn a_key_may_hold_spaces_umlauts_and_slashes(http: &Http) {
        put(http, "odd/sp%20ace/%C3%BC", "1");
        assert_eq!(
            entry(http, "odd/sp%20ace/%C3%BC")["Key"],
            "odd/sp ace/\u{fc}"
        );
        let keys = http.get("/v1/kv/odd/?keys").ok_json();
        assert_eq!(texts(&keys), ["odd/sp ace/\u{fc}"]);
    }

    fn flags_are_kept_up_to_64_bits(http: &Http) {
        put(http, "flags?flags=42", "x");
        assert_eq!(entry(http, "flags")["Flags"], 42);
        put(http, "flags?flags=18446744073709551615", "x");
        assert_eq!(entry(http, "flags")["Flags"], u64::MAX);
        put(http, "flags", "x");
        assert_eq!(entry(http, "flags")["Flags"], 0);
    }

    fn flags_that_are_no_number_are_refused(http: &Http) {
        for flags in ["abc", "-1", "18446744073709551616"] {
            http.put(&format!("/v1/kv/bad-flags?flags={flags}"), "x")
                .must_be(500);
        }
        must_be_nothing(&http.get("/v1/kv/bad-flags"));
    }

    fn a_second_put_keeps_the_create_index(http: &Http) {
        put(http, "twice", "1");
        let first = entry(http, "twice");
        assert_eq!(first["CreateIndex"], first["ModifyIndex"]);
        put(http, "twice", "2");
        let second = entry(http, "twice");
        assert_eq!(second["CreateIndex"], first["CreateIndex"]);
        assert!(second["ModifyIndex"].as_u64() > first["ModifyIndex"].as_u64());
    }

    fn a_put_of_the_same_value_moves_nothing(http: &Http) {
        put(http, "same", "1");
        let first = http.get("/v1/kv/same");
        put(http, "same", "1");
        let second = http.get("/v1/kv/same");
        assert_eq!(second.ok_json(), first.ok_json());
        assert_eq!(second.index(), first.index());
    }

    fn recurse_lists_everything_below_in_order(http: &Http) {
        for key in ["tree/b", "tree/a/2", "tree/a/1", "tree/c"] {
            put(http, key, key);
        }
        let answer = http.get("/v1/kv/tree/?recurse");
        let list = answer.ok_json();
        let keys: Vec<_> = list.as_array().unwrap().iter().map(|e| &e["Key"]).collect();
        assert_eq!(keys, ["tree/a/1", "tree/a/2", "tree/b", "tree/c"]);
        assert_eq!(answer.index(), modified(http, "tree/c"));
        members(
            &list[0],
            "LockIndex:number Key:text Flags:number Value:text CreateIndex:number ModifyIndex:number",
        );
    }

    fn recurse_is_by_letters_and_not_by_folders(http: &Http) {
        for key in ["letters", "letters/one", "lettersandmore"] {
            put(http, key, "1");
        }
        let list = http.get("/v1/kv/letters?recurse=true").ok_json();
        let keys: Vec<_> = list.as_array().unwrap().iter().map(|e| &e["Key"]).collect();
        assert_eq!(keys, ["letters", "letters/one", "lettersandmore"]);
    }

    fn recurse_of_nothing_is_a_404(http: &Http) {
        must_be_nothing(&http.get("/v1/kv/no-such-tree?recurse"));
        must_be_nothing(&http.get("/v1/kv/no-such-tree?keys"));
    }

    fn keys_lists_names_only(http: &Http) {
        for key in ["names/b", "names/a", "names/c/d"] {
            put(http, key, "1");
        }
        let answer = http.get("/v1/kv/names?keys");
        assert_eq!(
            texts(&answer.ok_json()),
            ["names/a", "names/b", "names/c/d"]
        );
        assert_eq!(answer.index(), modified(http, "names/c/d"));
    }

    fn a_separator_folds_what_is_below(http: &Http) {
        for key in ["fold/a", "fold/b/1", "fold/b/2", "fold/c/1/x"] {
            put(http, key, "1");
        }
        let keys = |query: &str| texts(&http.get(&format!("/v1/kv/{query}")).ok_json());
        assert_eq!(
            keys("fold/?keys&separator=/"),
            ["fold/a", "fold/b/", "fold/c/"]
        );
        assert_eq!(keys("fold?keys&separator=/"), ["fold/"]);
        assert_eq!(keys("fold/b?keys&separator=/"), ["fold/b/"]);
        assert_eq!(keys("fold/b/?keys&separator=/"), ["fold/b/1", "fold/b/2"]);
        // Any text separates, not only a slash.
        assert_eq!(keys("fold/?keys&separator=/1"), [
            "fold/a", "fold/b/1", "fold/b/2", "fold/c/1"
        ]);
    }

    fn a_deleted_key_is_gone(http: &Http) {
        put(http, "mortal", "1");
        let before = modified(http, "mortal");
        let answer = http.delete("/v1/kv/mortal");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.ok_json(), json!(true));
        let gone = http.get("/v1/kv/mortal");
        must_be_nothing(&gone);
        assert!(gone.index() > before, "the index never stands still");
    }

    fn delete_says_true_for_a_key_that_never_was(http: &Http) {
        assert_eq!(http.delete("/v1/kv/never-was").ok_json(), json!(true));
        assert_eq!(http.delete("/v1/kv/never-was?recurse").ok_json(), json!(true));
        assert_eq!(http.delete("/v1/kv/never-was?cas=5").ok_json(), json!(true));
    }

    fn delete_recurse_takes_all_below_and_nothing_beside(http: &Http) {
        for key in ["felled/a", "felled/b/c", "felling"] {
            put(http, key, "1");
        }
        assert_eq!(http.delete("/v1/kv/felled/?recurse").ok_json(), json!(true));
        must_be_nothing(&http.get("/v1/kv/felled?recurse"));
        entry(http, "felling");
    }

    fn delete_with_cas_needs_the_index(http: &Http) {
        put(http, "guarded", "1");
        let old = modified(http, "guarded");
        put(http, "guarded", "2");
        let delete = |cas: u64| {
            let answer = http.delete(&format!("/v1/kv/guarded?cas={cas}"));
            answer.ok_json()
        };
        assert_eq!(delete(old), json!(false));
        assert_eq!(delete(0), json!(false));
        entry(http, "guarded");
        assert_eq!(delete(modified(http, "guarded")), json!(true));
        must_be_nothing(&http.get("/v1/kv/guarded"));
    }

    fn cas_zero_creates_and_never_overwrites(http: &Http) {
        let create = |value: &str| http.put("/v1/kv/first?cas=0", value).ok_json();
        assert_eq!(create("mine"), json!(true));
        assert_eq!(create("yours"), json!(false));
        assert_eq!(http.get("/v1/kv/first?raw").text(), "mine");
    }

    fn cas_needs_the_index_of_the_last_change(http: &Http) {
        put(http, "careful", "1");
        let index = modified(http, "careful");
        let change = |index: u64, value: &str| {
            let path = format!("/v1/kv/careful?cas={index}");
            http.put(&path, value).ok_json()
        };
        assert_eq!(change(index, "2"), json!(true));
        assert_eq!(change(index, "3"), json!(false), "the index is used up");
        assert_eq!(change(u64::MAX, "3"), json!(false));
        assert_eq!(http.get("/v1/kv/careful?raw").text(), "2");
        // A key that is not there has no index that could be right, but 0.
        let answer = http.put("/v1/kv/careful-not-there?cas=7", "1");
        assert_eq!(answer.ok_json(), json!(false));
    }

    fn of_many_parallel_cas_exactly_one_wins(http: &Http) {
        put(http, "race", "start");
        let index = modified(http, "race");
        let wins = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for runner in 0..32 {
                let wins = &wins;
                scope.spawn(move || {
                    let path = format!("/v1/kv/race?cas={index}");
                    if http.put(&path, format!("runner {runner}")).ok_json() == json!(true) {
                        wins.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(wins.into_inner(), 1);
    }

    fn a_counter_by_cas_loses_no_step(http: &Http) {
        put(http, "counter", "0");
        let step = || {
            loop {
                let now = entry(http, "counter");
                let count: u32 = http.get("/v1/kv/counter?raw").text().parse().unwrap();
                let path = format!("/v1/kv/counter?cas={}", now["ModifyIndex"]);
                // Between the two reads another client may have counted; then the index is too old.
                if http.put(&path, (count + 1).to_string()).ok_json() == json!(true) {
                    return;
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10).for_each(|_| step()));
            }
        });
        assert_eq!(http.get("/v1/kv/counter?raw").text(), "40");
    }

    fn a_cas_that_is_no_number_is_refused(http: &Http) {
        http.put("/v1/kv/bad-cas?cas=abc", "1").must_be(500);
        http.delete("/v1/kv/bad-cas?cas=abc").must_be(500);
        must_be_nothing(&http.get("/v1/kv/bad-cas"));
    }

    fn a_missing_key_name_is_refused(http: &Http) {
        let words = "Missing key name";
        http.get("/v1/kv/").must_refuse(400, words);
        http.put("/v1/kv/", "x").must_refuse(400, words);
        http.delete("/v1/kv/").must_refuse(400, words);
    }

    fn recurse_and_cas_do_not_go_together(http: &Http) {
        put(http, "both", "1");
        http.delete("/v1/kv/both?recurse&cas=3")
            .must_refuse(400, "Conflicting flags: cas=3&recurse=");
        entry(http, "both");
    }

    fn a_value_over_512_kib_is_refused_and_not_stored(http: &Http) {
        let limit = 512 * 1024;
        put(http, "big", vec![b'x'; limit]);
        let answer = http.put("/v1/kv/too-big", vec![b'x'; limit + 1]);
        answer.must_be(413);
        let words = "Request body(524289 bytes) too large, max size: 524288 bytes.";
        assert!(answer.text().starts_with(words), "{answer}");
        must_be_nothing(&http.get("/v1/kv/too-big"));
    }

    fn options_lists_the_methods(http: &Http) {
        let answer = http.request("OPTIONS", "/v1/kv/methods").send();
        answer.must_be_empty();
        assert_eq!(answer.header("allow"), Some("OPTIONS,GET,PUT,DELETE"));
    }

    fn path_tricks_are_sent_elsewhere(http: &Http) {
        for (trick, clean) in [
            ("/v1/kv/trick/../trick-up", "/v1/kv/trick-up"),
            ("/v1/kv//trick-lead", "/v1/kv/trick-lead"),
            ("/v1/kv/./trick-dot", "/v1/kv/trick-dot"),
            ("/v1/kv/../../v1/kv/trick-far", "/v1/kv/trick-far"),
        ] {
            let answer = http.put(trick, "1");
            answer.must_be(301);
            assert_eq!(answer.header("location"), Some(clean));
            must_be_nothing(&http.get(clean));
        }
    }
}
