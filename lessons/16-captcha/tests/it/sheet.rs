//! The sheet to look at.

use std::ffi::OsString;
use std::fs;
use std::io::Cursor;

use crate::sheet_of_pictures as sheet;
use png::Decoder;

fn words(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

#[test]
fn a_sheet_has_forty_pictures_and_can_be_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for (name, seed) in [("one.png", "16"), ("again.png", "16"), ("other.png", "17")] {
        let path = folder.path().join(name);
        sheet::run(words(&["--out", path.to_str().unwrap(), "--seed", seed])).unwrap();
        files.push(fs::read(path).unwrap());
    }
    assert_eq!(files[0], files[1]);
    assert_ne!(files[0], files[2]);
    let reader = Decoder::new(Cursor::new(&files[0])).read_info().unwrap();
    let info = reader.info();
    // Five in a row, eight rows, and eight pixels around each.
    assert_eq!((info.width, info.height), (5 * 136 + 8, 8 * 72 + 8));
}

#[test]
fn what_it_does_not_understand_it_says() {
    let error = |given: &[&str]| sheet::run(words(given)).unwrap_err().to_string();
    assert_eq!(error(&[]), "which file? sheet --out FILE.png");
    assert!(error(&["--paper", "blue"]).contains("--paper"));
    assert!(error(&["--out", "/nowhere/at/all.png"]).contains("cannot write /nowhere/at/all.png"));
    assert!(error(&["--out", "a.png", "--seed", "much"]).contains("much"));
}
