//! Certificates: written on a learner's machine, compared with the records and signed, and verified.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use class::certificate::page::{self, CLASS, LEARNER};
use class::code::fingerprint;
use class::protocol::{make_key, sign};
use class::store;
use serde_json::json;

use crate::support::{file, program};

/// A belief of the exercise `hello`, and that of `frames`.
const BELIEFS: [&str; 2] = ["it-compiles-so-it-is-right", "one-write-is-one-read"];

/// A learner's machine with two lessons of the course and no attempt.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let course = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        fs::create_dir_all(dir.path().join("book/src")).unwrap();
        fs::write(dir.path().join("book/book.toml"), "").unwrap();
        for (lesson, exercise) in [("00-start", "hello"), ("01-tcp", "frames")] {
            let folder = dir.path().join("lessons").join(lesson);
            let answers = folder.join("exercises").join(exercise);
            fs::create_dir_all(&answers).unwrap();
            fs::write(answers.join("exercise.rs"), "fn main() {}\n").unwrap();
            let manifest = course.join("lessons").join(lesson).join("lesson.toml");
            fs::copy(manifest, folder.join("lesson.toml")).unwrap();
        }
        fs::create_dir_all(dir.path().join(".workbook")).unwrap();
        Self(dir)
    }

    /// A belief is met in the exercise, and then the exercise passes.
    fn overcome(&self, exercise: &str, belief: &str) {
        use std::io::Write as _;
        let log = self.0.path().join(".workbook/attempts.jsonl");
        let mut log = fs::File::options()
            .append(true)
            .create(true)
            .open(log)
            .unwrap();
        let line = |status: &str, belief: Option<&str>| {
            json!({ "v": 1, "at": 1_790_000_000, "id": exercise, "kind": "attempt", "status": status, "seconds": 0.1,
                    "belief": belief, "hash": "x" })
        };
        writeln!(
            log,
            "{}\n{}",
            line("failed", Some(belief)),
            line("passed", None)
        )
        .unwrap();
    }

    /// Runs the program on this machine: what it writes to `to`.
    fn write(&self, command: &str, name: &str, to: &str) -> PathBuf {
        let to = self.0.path().join(to);
        let mut program = program();
        program
            .current_dir(self.0.path())
            .args([command, "--name", name, "--to"]);
        let output = program.arg(&to).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        to
    }

    fn certificate(&self, name: &str) -> PathBuf {
        self.write("certificate", name, "certificate.html")
    }

    /// Hands its results in to the class in `dir`.
    fn joins(&self, dir: &Path, name: &str) {
        let from = self.write("hand-in", name, "hand-in.json");
        let (good, said) = run(dir, &["take", from.to_str().unwrap()]);
        assert!(good, "{said}");
    }
}

/// Runs the teacher's program on the records in `dir`: whether it was good, and all that it said.
fn run(dir: &Path, words: &[&str]) -> (bool, String) {
    let mut program = program();
    program.args(words).arg("--file").arg(file(dir));
    let output = program.stderr(Stdio::piped()).output().unwrap();
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

fn refused(dir: &Path, words: &[&str], why: &str) {
    let (good, said) = run(dir, words);
    assert!(!good && said.contains(why), "{why}: {said}");
}

/// Signs `from`; where the signed file is.
fn signed(dir: &Path, from: &Path, more: &[&str]) -> PathBuf {
    let words = [&["sign", from.to_str().unwrap()], more].concat();
    let (good, said) = run(dir, &words);
    assert!(
        good && said.contains("not verified: who wrote the answers"),
        "{said}"
    );
    from.with_file_name("certificate-signed.html")
}

/// A learner who has overcome a belief and handed in, and the learner's certificate.
fn ada(teacher: &Path) -> (Machine, PathBuf) {
    let machine = Machine::new();
    machine.overcome("hello", BELIEFS[0]);
    machine.joins(teacher, "Ada");
    let from = machine.certificate("Ada");
    (machine, from)
}

#[test]
fn a_signed_certificate_is_valid_and_one_with_a_changed_byte_is_not() {
    let teacher = tempfile::tempdir().unwrap();
    let (_machine, from) = ada(teacher.path());
    refused(
        teacher.path(),
        &["verify", from.to_str().unwrap()],
        "no class has signed this file",
    );
    let to = signed(teacher.path(), &from, &[]);
    let (_, report) = run(teacher.path(), &["report"]);
    let key = report.trim().rsplit(' ').next().unwrap();
    let path = to.to_str().unwrap();
    // Another folder: a verifier has no records.
    let elsewhere = tempfile::tempdir().unwrap();
    let verify = |key: &str| run(elsewhere.path(), &["verify", path, "--key", key]);
    let (good, said) = verify(&key.to_lowercase().replace('-', " "));
    assert!(good, "{said}");
    for part in ["Ada: 1 exercise passed", "1 belief overcome of 1 met", key] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let (good, said) = verify("2222-2222-2222-2222-2222");
    assert!(!good && said.contains("has signed it, not 2222"), "{said}");
    let bytes = fs::read(&to).unwrap();
    for at in (0..bytes.len())
        .step_by(41)
        .chain(bytes.len() - 120..bytes.len())
    {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        // Some letters of a signature carry bits that are not used; a text with another one is not read either.
        let read = String::from_utf8(changed).ok();
        let read = read.map(|text| page::read(&text, &CLASS).is_ok());
        assert_ne!(read, Some(true), "byte {at}");
    }
    fs::write(&to, String::from_utf8(bytes).unwrap().replace("Ada", "Eve")).unwrap();
    refused(
        elsewhere.path(),
        &["verify", path],
        "the file was changed after it was signed",
    );
}

#[test]
fn a_certificate_that_claims_more_than_the_records_is_refused() {
    let teacher = tempfile::tempdir().unwrap();
    let (machine, _) = ada(teacher.path());
    // Not reported: the class has heard nothing of it.
    machine.overcome("frames", BELIEFS[1]);
    let from = machine.certificate("Ada");
    let path = from.to_str().unwrap();
    let why = format!("a pass of frames, that {} was overcome", BELIEFS[1]);
    refused(teacher.path(), &["sign", path], &why);
    assert!(!from.with_file_name("certificate-signed.html").exists());
    let to = signed(teacher.path(), &from, &["--leave-out"]);
    let (content, _) = page::read(&fs::read_to_string(to).unwrap(), &CLASS).unwrap();
    assert_eq!(content.passed().collect::<Vec<_>>(), ["hello"]);
    assert_eq!(content.overcome.len(), 1);
    // Now it is reported, but the teacher's own judge has said otherwise.
    machine.joins(teacher.path(), "Ada");
    signed(teacher.path(), &from, &[]);
    let records = store::open(&file(teacher.path())).unwrap();
    let sql = "INSERT INTO reviews (member, exercise, text, claim, status, message, alike) \
               SELECT id, 'frames', '', 'passed', 'failed', '', 0 FROM members";
    records.execute(sql, []).unwrap();
    refused(teacher.path(), &["sign", path], "a pass of frames");
}

#[test]
fn a_certificate_with_another_key_or_name_than_the_class_knows_is_refused() {
    let teacher = tempfile::tempdir().unwrap();
    let (machine, from) = ada(teacher.path());
    let path = from.to_str().unwrap();
    let text = fs::read_to_string(&from).unwrap();
    let (content, _) = page::read(&text, &LEARNER).unwrap();
    // The same content with a key of another machine.
    let other = make_key().unwrap();
    fs::write(&from, page::write(&content, &LEARNER, &other).unwrap()).unwrap();
    refused(
        teacher.path(),
        &["sign", path],
        "no member of this class has the key",
    );
    // A changed name, with the old signature.
    fs::write(&from, text.replace("Ada", "Eve")).unwrap();
    refused(
        teacher.path(),
        &["sign", path],
        "the signature does not fit",
    );
    // The learner's own key, and a name that the class does not know.
    let from = machine.certificate("Ada Lovelace");
    refused(
        teacher.path(),
        &["sign", path],
        "this learner is Ada in the class",
    );
    let to = signed(teacher.path(), &from, &["--name", "Ada Lovelace"]);
    let (mut content, _) = page::read(&fs::read_to_string(&to).unwrap(), &CLASS).unwrap();
    let class = content.class.as_mut().unwrap();
    assert!(class.name_confirmed);
    // A forger can name the class, but has another key.
    fs::write(&to, page::write(&content, &CLASS, &other).unwrap()).unwrap();
    let path = to.to_str().unwrap();
    refused(
        teacher.path(),
        &["verify", path],
        "another key than its signature",
    );
    let theirs = content.class.as_ref().unwrap().key.clone();
    let (public, _) = sign(&other, b"").unwrap();
    content.class.as_mut().unwrap().key = fingerprint(&public).unwrap();
    fs::write(&to, page::write(&content, &CLASS, &other).unwrap()).unwrap();
    refused(
        teacher.path(),
        &["verify", path, "--key", &theirs],
        "has signed it, not",
    );
}

#[test]
fn a_name_or_a_title_cannot_become_a_part_of_the_page() {
    let machine = Machine::new();
    machine.overcome("hello", BELIEFS[0]);
    let from = machine.certificate("<script>alert(1)</script>");
    let text = fs::read_to_string(from).unwrap();
    assert_eq!(text.matches("<script").count(), 1, "the content alone");
    let (content, _) = page::read(&text, &LEARNER).unwrap();
    assert_eq!(content.name, "<script>alert(1)</script>");
    assert!(content.class.is_none());
}
