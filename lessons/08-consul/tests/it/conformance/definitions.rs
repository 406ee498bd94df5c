//! Definition files, and what a reload does with them. Each case has a server and a folder of its own.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::common::*;
use crate::support::Http;

/// A new folder below target/, empty.
fn folder(name: &str) -> PathBuf {
    static RUN: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let run = RUN.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let id = std::process::id();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{id}-{run}"));
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// Definition files that go with this value.
struct Files(PathBuf);

impl Files {
    fn new() -> Self {
        Files(folder("definitions"))
    }

    fn write(&self, name: &str, text: &str) -> &Self {
        std::fs::write(self.0.join(name), text).unwrap();
        self
    }

    fn remove(&self, name: &str) {
        std::fs::remove_file(self.0.join(name)).unwrap();
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        // Left over, it does no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn reload(http: &Http) {
    http.put("/v1/agent/reload", "").must_be_empty();
}

cases! {
    fn a_file_registers_a_service_with_its_checks(http: &Http) {
        let files = Files::new();
        files.write(
            "web.json",
            r#"{"service": {"name": "web", "port": 80, "tags": ["front"], "meta": {"v": "1"},
                "check": {"ttl": "10m", "status": "passing", "notes": "from a file"}}}"#,
        );
        let http = &http.alone(Some(&files.0), None);
        let found = soon_passing(http, "web", 1);
        let service = &found[0]["Service"];
        assert_eq!(service["ID"], "web");
        assert_eq!(service["Port"], 80);
        assert_eq!(service["Tags"], json!(["front"]));
        assert_eq!(service["Meta"], json!({"v": "1"}));
        let found = check(http, "service:web").expect("a check");
        assert_eq!(found["Notes"], "from a file");
        assert_eq!(found["Type"], "ttl");
    }

    fn a_file_may_hold_many_services_and_checks(http: &Http) {
        let files = Files::new();
        files.write(
            "many.json",
            r#"{"services": [{"name": "a", "id": "a-1"}, {"name": "a", "id": "a-2",
                 "checks": [{"ttl": "10m"}, {"tcp": "127.0.0.1:1", "interval": "1h"}]}],
                "checks": [{"id": "disk", "name": "Disk", "ttl": "10m", "status": "passing"}]}"#,
        );
        files.write("more.json", r#"{"service": {"Name": "b", "Port": 9}}"#);
        let http = &http.alone(Some(&files.0), None);
        soon_instances(http, "a", 2);
        assert_eq!(soon_instances(http, "b", 1)[0]["Service"]["Port"], 9);
        let checks = http.get("/v1/agent/checks").ok_json();
        let mut ids: Vec<_> = checks.as_object().unwrap().keys().collect();
        ids.sort();
        assert_eq!(ids, ["disk", "service:a-2:1", "service:a-2:2"]);
    }

    fn files_of_other_kinds_are_left_alone(http: &Http) {
        let files = Files::new();
        files.write("notes.txt", "not for Consul").write("a.json.bak", "{");
        files.write("good.json", r#"{"service": {"name": "good"}}"#);
        let http = &http.alone(Some(&files.0), None);
        soon_instances(http, "good", 1);
    }

    fn a_reload_brings_the_new_changes_the_old_and_drops_the_rest(http: &Http) {
        let files = Files::new();
        files.write("gone.json", r#"{"service": {"name": "gone"}}"#);
        files.write("changed.json", r#"{"service": {"name": "changed", "port": 1}}"#);
        let http = &http.alone(Some(&files.0), None);
        soon_instances(http, "gone", 1);
        soon_instances(http, "changed", 1);
        files.remove("gone.json");
        files.write("changed.json", r#"{"service": {"name": "changed", "port": 2}}"#);
        files.write("fresh.json", r#"{"service": {"name": "fresh"}}"#);
        // Nothing happens before it is told to look again.
        let known = http.get("/v1/agent/services").ok_json();
        assert_eq!(known["changed"]["Port"], 1);
        reload(http);
        let known = http.get("/v1/agent/services").ok_json();
        let mut ids: Vec<_> = known.as_object().unwrap().keys().collect();
        ids.sort();
        assert_eq!(ids, ["changed", "fresh"]);
        assert_eq!(known["changed"]["Port"], 2);
        soon_instances(http, "fresh", 1);
        soon_instances(http, "gone", 0);
    }

    fn a_reload_keeps_the_state_of_checks(http: &Http) {
        let files = Files::new();
        files.write("ttl.json", r#"{"service": {"name": "kept", "check": {"ttl": "10m"}}}"#);
        let http = &http.alone(Some(&files.0), None);
        http.put("/v1/agent/check/pass/service:kept?note=well", "")
            .must_be_empty();
        reload(http);
        let found = check(http, "service:kept").expect("a check");
        assert_eq!(found["Status"], "passing");
    }

    fn a_reload_keeps_what_was_registered_over_http(http: &Http) {
        let files = Files::new();
        files.write("file.json", r#"{"service": {"name": "from-file"}}"#);
        let data = Files::new();
        let http = &http.alone(Some(&files.0), Some(&data.0));
        register(
            http,
            json!({"Name": "over-http", "Port": 7, "Check": {"TTL": "10m", "Status": "passing"}}),
        );
        reload(http);
        let known = http.get("/v1/agent/services").ok_json();
        assert_eq!(known["over-http"]["Port"], 7);
        assert!(check(http, "service:over-http").is_some());
        assert!(known.get("from-file").is_some());
    }

    fn a_bad_file_fails_the_reload_and_changes_nothing(http: &Http) {
        let files = Files::new();
        files.write("good.json", r#"{"service": {"name": "good", "port": 1}}"#);
        let http = &http.alone(Some(&files.0), None);
        soon_instances(http, "good", 1);
        files.write("good.json", r#"{"service": {"name": "good", "port": 2}}"#);
        for (text, words) in [
            // What is no JSON is refused in whatever words.
            ("{bad", ""),
            (
                r#"{"service": {"name": "x", "colour": 1}}"#,
                "invalid config key service.colour",
            ),
            (
                r#"{"service": {"name": "x", "check": {"script": "true", "interval": "1s"}}}"#,
                "invalid config key service.check.script",
            ),
        ] {
            files.write("bad.json", text);
            let answer = http.put("/v1/agent/reload", "");
            answer.must_be(500);
            let path = files.0.join("bad.json");
            let start = format!("failed to parse {}: ", path.display());
            assert!(answer.text().starts_with(&start), "{answer}");
            assert!(answer.text().contains(words), "{answer}");
            let known = http.get("/v1/agent/services").ok_json();
            assert_eq!(known["good"]["Port"], 1, "as before");
        }
        files.remove("bad.json");
        reload(http);
        let known = http.get("/v1/agent/services").ok_json();
        assert_eq!(known["good"]["Port"], 2);
    }

    fn a_script_in_a_file_needs_the_permission_too(http: &Http) {
        let files = Files::new();
        let http = &http.alone(Some(&files.0), None);
        files.write(
            "script.json",
            r#"{"service": {"name": "s", "check": {"args": ["true"], "interval": "1s"}}}"#,
        );
        let answer = http.put("/v1/agent/reload", "");
        answer.must_refuse(
            500,
            "Failed reloading services: Failed to register service \"s\": Scripts are disabled on this \
             agent; to enable, configure 'enable_script_checks' or 'enable_local_script_checks' to true",
        );
    }

    fn a_bad_file_at_the_start_is_the_end(http: &Http) {
        let files = Files::new();
        files.write("bad.json", "{bad");
        assert!((http.fresh)(Some(&files.0), None).is_err());
    }
}
