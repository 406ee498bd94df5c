//! The .proto files at run time. On the wire a field has a number and no name, so a program that prints a message
//! needs the schema as well. The compiled schema is itself a protobuf message of the type `FileDescriptorSet`, which
//! every protobuf library can read. (The tests pass it to Python.)

use prost::Message;
use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorSet};

/// Names and types for field numbers.
#[derive(Debug)]
pub struct Schema {
    files: FileDescriptorSet,
}

impl Schema {
    /// Reads the compiled .proto files.
    ///
    /// # Errors
    /// If the bytes are no descriptors.
    pub fn new(descriptors: &[u8]) -> Result<Self, prost::DecodeError> {
        Ok(Schema {
            files: FileDescriptorSet::decode(descriptors)?,
        })
    }

    /// The message of this full name, `school.v1.Student` or `.school.v1.Student`.
    pub fn message(&self, name: &str) -> Option<&DescriptorProto> {
        let name = name.trim_start_matches('.');
        self.files.file.iter().find_map(|file| {
            let rest = name.strip_prefix(file.package())?.strip_prefix('.')?;
            nested(&file.message_type, rest)
        })
    }

    /// The name of a value of an enum.
    pub fn enum_value(&self, name: &str, number: i32) -> Option<&str> {
        let name = name.trim_start_matches('.');
        let (parent, last) = name.rsplit_once('.')?;
        let named = |found: &&EnumDescriptorProto| found.name() == last;
        let here = self
            .files
            .file
            .iter()
            .filter(|file| file.package() == parent);
        let mut top = here.flat_map(|file| &file.enum_type);
        let found = top
            .find(named)
            .or_else(|| self.message(parent)?.enum_type.iter().find(named))?;
        let value = found.value.iter().find(|value| value.number() == number)?;
        Some(value.name())
    }
}

/// `A.B` is the message `B` inside the message `A`.
fn nested<'a>(messages: &'a [DescriptorProto], name: &str) -> Option<&'a DescriptorProto> {
    let (first, rest) = name.split_once('.').unwrap_or((name, ""));
    let found = messages.iter().find(|message| message.name() == first)?;
    if rest.is_empty() {
        return Some(found);
    }
    nested(&found.nested_type, rest)
}

/// The field of this number.
pub fn field(message: &DescriptorProto, number: u32) -> Option<&FieldDescriptorProto> {
    let same = |field: &&FieldDescriptorProto| u32::try_from(field.number()) == Ok(number);
    message.field.iter().find(same)
}

/// The type of a field as it stands in the .proto file: `int32`, `Measures`.
pub fn kind(field: &FieldDescriptorProto) -> String {
    match field.r#type() {
        Type::Message | Type::Enum => {
            let last = field.type_name().rsplit('.').next();
            last.unwrap_or_default().to_string()
        }
        other => other
            .as_str_name()
            .trim_start_matches("TYPE_")
            .to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_find_their_names() {
        let schema = Schema::new(crate::DESCRIPTORS).unwrap();
        let student = schema.message("school.v1.Student").unwrap();
        let scores = field(student, 4).unwrap();
        assert_eq!((scores.name(), kind(scores).as_str()), ("scores", "int32"));
        assert!(field(student, 8).is_none());
        let phone = schema
            .message(".addressbook.v1.Person.PhoneNumber")
            .unwrap();
        let kind_of_phone = field(phone, 2).unwrap();
        assert_eq!(
            schema.enum_value(kind_of_phone.type_name(), 3),
            Some("PHONE_TYPE_WORK")
        );
        let weekday = |number| schema.enum_value(".school.v1.Weekday", number);
        assert_eq!(weekday(7), Some("WEEKDAY_SUNDAY"));
        assert_eq!(weekday(8), None);
        assert!(schema.message("school.v1.Nope").is_none());
    }
}
