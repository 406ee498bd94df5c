//! What the authors of the .proto files have written beside their methods, messages and fields. It comes with the description
//! if the service was built with it.

use std::collections::HashMap;

use prost_reflect::FileDescriptor;
use serde_json::{Value as Json, json};

/// A longer comment is cut.
const LONGEST: usize = 2000;

/// The comments of all files, each read once.
#[derive(Default)]
pub struct Comments {
    files: HashMap<String, HashMap<Vec<i32>, String>>,
}

impl Comments {
    /// Writes the comment for what is at `path` of the file into a description.
    pub fn add(&mut self, into: &mut Json, file: &FileDescriptor, path: &[i32]) {
        if let (Some(comment), Json::Object(into)) = (self.of(file, path), into) {
            into.insert("description".to_string(), json!(comment));
        }
    }

    /// The comment for what is at `path` of the file.
    pub fn of(&mut self, file: &FileDescriptor, path: &[i32]) -> Option<&str> {
        // The same name can mean another file at another service.
        let place = file.file_descriptor_proto();
        let key = format!("{:p}{}", place, file.name());
        let all = self.files.entry(key).or_insert_with(|| read(file));
        all.get(path).map(String::as_str)
    }
}

fn read(file: &FileDescriptor) -> HashMap<Vec<i32>, String> {
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let places = info.into_iter().flat_map(|info| &info.location);
    let own = places.filter(|place| place.leading_comments.is_some());
    own.map(|place| {
        let lines = place.leading_comments().trim().lines().map(str::trim);
        let text = lines.collect::<Vec<_>>().join("\n");
        (place.path.clone(), text.chars().take(LONGEST).collect())
    })
    .collect()
}
