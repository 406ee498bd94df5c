//! Numbers, text, bytes and enums: what has no fields.

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use prost::bytes::Bytes;
use prost_reflect::{EnumDescriptor, Kind, MapKey, Value};
use serde_json::Value as Json;

use crate::gateway::transcode::{FieldError, short};

/// Above this a number with a point cannot tell one whole number from the next: 2 to the power of 53.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Padding may be there or not, as the mapping says.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// A value of this kind.
pub fn value(kind: &Kind, json: &Json) -> Result<Value, FieldError> {
    match kind {
        Kind::Double => double(json).map(Value::F64),
        Kind::Float => float(json).map(Value::F32),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => whole(json, "int32").map(Value::I32),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => whole(json, "int64").map(Value::I64),
        Kind::Uint32 | Kind::Fixed32 => whole(json, "uint32").map(Value::U32),
        Kind::Uint64 | Kind::Fixed64 => whole(json, "uint64").map(Value::U64),
        Kind::Bool => match json {
            Json::Bool(value) => Ok(Value::Bool(*value)),
            _ => Err(FieldError::expected("true or false", json)),
        },
        Kind::String => match json {
            Json::String(text) => Ok(Value::String(text.clone())),
            _ => Err(FieldError::expected("a string", json)),
        },
        Kind::Bytes => match json {
            Json::String(text) => bytes(text).map(Value::Bytes),
            _ => Err(FieldError::expected("a string in base64", json)),
        },
        Kind::Enum(desc) => number(desc, json).map(Value::EnumNumber),
        Kind::Message(_) => Err(FieldError::broken()),
    }
}

/// The key of a map. In JSON it is always text.
pub fn key(kind: &Kind, text: &str) -> Result<MapKey, FieldError> {
    let json = match (kind, text) {
        (Kind::Bool, "true") => Json::Bool(true),
        (Kind::Bool, "false") => Json::Bool(false),
        _ => Json::String(text.to_string()),
    };
    match value(kind, &json)? {
        Value::Bool(key) => Ok(MapKey::Bool(key)),
        Value::I32(key) => Ok(MapKey::I32(key)),
        Value::I64(key) => Ok(MapKey::I64(key)),
        Value::U32(key) => Ok(MapKey::U32(key)),
        Value::U64(key) => Ok(MapKey::U64(key)),
        Value::String(key) => Ok(MapKey::String(key)),
        _ => Err(FieldError::broken()),
    }
}

// ANCHOR: whole
/// A whole number that fits. Large ones come as text: a JSON number goes through a `f64` in most
/// programs, and above 2 to the power of 53 that loses the last digits without a word.
fn whole<N: TryFrom<i128>>(json: &Json, kind: &str) -> Result<N, FieldError> {
    let number = match json {
        Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(number), _, _) => Some(i128::from(number)),
            (_, Some(number), _) => Some(i128::from(number)),
            (_, _, float) => exact(float.unwrap_or(f64::NAN)),
        },
        Json::String(text) => match text.strip_prefix('-').unwrap_or(text) {
            digits if !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit()) => {
                text.parse().ok()
            }
            _ => decimal(text).and_then(exact),
        },
        _ => None,
    };
    let Some(number) = number else {
        if json.as_f64().is_some_and(|number| number.abs() > EXACT) {
            let words = "too large to be exact as a JSON number: send its digits as a string";
            return Err(FieldError::here(format!("{json} ({kind}) is {words}")));
        }
        return Err(FieldError::expected(
            &format!("a whole number ({kind})"),
            json,
        ));
    };
    let fits = N::try_from(number);
    fits.map_err(|_| FieldError::here(format!("{number} does not fit into {kind}")))
}
// ANCHOR_END: whole

/// `1.0` and `1e3` are whole numbers as well, as long as nothing is lost.
fn exact(number: f64) -> Option<i128> {
    let whole = number.fract() == 0.0 && number.abs() <= EXACT;
    #[allow(
        clippy::cast_possible_truncation,
        reason = "it is whole, and not too large"
    )]
    whole.then_some(number as i128)
}

/// A number as JSON writes it, in a text. Rust would take `inf`, `+1` and `.5` as well.
fn decimal(text: &str) -> Option<f64> {
    serde_json::from_str::<serde_json::Number>(text).ok()?;
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    number.filter(|_| text.trim() == text)
}

fn double(json: &Json) -> Result<f64, FieldError> {
    let number = match json {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            text => decimal(text),
        },
        _ => None,
    };
    number.ok_or_else(|| FieldError::expected("a number", json))
}

fn float(json: &Json) -> Result<f32, FieldError> {
    let wide = double(json)?;
    #[allow(
        clippy::cast_possible_truncation,
        reason = "digits may go, and the rest is looked at"
    )]
    let narrow = wide as f32;
    if wide.is_finite() && narrow.is_infinite() {
        return Err(FieldError::here(format!(
            "{wide:e} does not fit into float"
        )));
    }
    Ok(narrow)
}

fn bytes(text: &str) -> Result<Bytes, FieldError> {
    let url_safe = text.contains(['-', '_']);
    let alphabet = if url_safe { &URL_SAFE } else { &STANDARD };
    let read = GeneralPurpose::new(alphabet, LENIENT).decode(text);
    read.map(Bytes::from).map_err(|_| {
        let text = short(text);
        FieldError::here(format!("expected base64, got \"{text}\""))
    })
}

/// The number of an enum. Numbers without a name are allowed: another program may know one.
fn number(desc: &EnumDescriptor, json: &Json) -> Result<i32, FieldError> {
    match json {
        Json::String(name) => match desc.get_value_by_name(name) {
            Some(value) => Ok(value.number()),
            None => {
                let names = desc.values().take(20).map(|it| it.name().to_string());
                let names = names.collect::<Vec<_>>().join(", ");
                let (desc, name) = (desc.full_name(), short(name));
                let words = format!("{desc} has no \"{name}\"; it has: {names}");
                Err(FieldError::here(words))
            }
        },
        Json::Number(_) => whole(json, "int32"),
        _ => Err(FieldError::expected(
            "the name or the number of an enum's value",
            json,
        )),
    }
}
