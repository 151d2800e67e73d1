//! From JSON and back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Number, Value as Json};

use super::Value;
use crate::error::{Fault, Kind};
use crate::number;

/// What the numbers of a document become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// Floats, all of them, as in documents that came through JSON. Whole numbers that a float cannot
    /// hold exactly stay integers.
    Floats,
    /// Integers where they are written without a fraction, as in TOML and YAML.
    AsWritten,
}

/// The largest whole number up to which floats hold every whole number.
const EXACT: u64 = 1 << 53;

impl Value {
    /// The value of a document.
    #[must_use]
    pub fn from_json(json: &Json, numbers: Numbers) -> Self {
        match json {
            Json::Null => Self::Nil,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => from_number(number, numbers),
            Json::String(text) => Self::from(text.as_str()),
            Json::Array(items) => Self::array(
                items
                    .iter()
                    .map(|item| Self::from_json(item, numbers))
                    .collect(),
            ),
            Json::Object(entries) => Self::map(
                entries
                    .iter()
                    .map(|(key, value)| (key.as_str(), Self::from_json(value, numbers))),
            ),
        }
    }

    /// The JSON of a value: bytes are Base64, times RFC 3339, durations nanoseconds, keys text.
    ///
    /// # Errors
    /// If there is a number in it that is infinite or none, which JSON cannot say.
    pub fn to_json(&self) -> Result<Json, Fault> {
        Ok(match self {
            Self::Nil => Json::Null,
            Self::Bool(value) => Json::Bool(*value),
            Self::Int(value) | Self::Duration(value) => Json::from(*value),
            Self::Float(value) => Json::Number(json_number(*value)?),
            Self::String(text) => Json::String((**text).to_owned()),
            Self::Bytes(bytes) => Json::String(STANDARD.encode(bytes)),
            Self::Array(list) => Json::Array(
                list.items()
                    .iter()
                    .map(Self::to_json)
                    .collect::<Result<_, _>>()?,
            ),
            Self::Map(map) => Json::Object(
                map.iter()
                    .map(|(key, value)| Ok((key.text(), value.to_json()?)))
                    .collect::<Result<_, Fault>>()?,
            ),
            Self::Time(time) => Json::String(time.rfc3339()),
            Self::Zone(zone) => Json::String(zone.name().to_owned()),
            Self::Month(number) | Self::Weekday(number) => Json::from(*number),
            Self::Object(object) => object.json(),
        })
    }
}

fn from_number(number: &Number, numbers: Numbers) -> Value {
    let exact = number.as_i64().filter(|whole| match numbers {
        Numbers::AsWritten => true,
        Numbers::Floats => EXACT < whole.unsigned_abs(),
    });
    match exact {
        Some(whole) => Value::Int(whole),
        None => Value::Float(number.as_f64().unwrap_or(f64::INFINITY)),
    }
}

/// A number for a document, without a fraction if it is whole.
pub(crate) fn json_number(value: f64) -> Result<Number, Fault> {
    if let Some(whole) = number::whole(value) {
        return Ok(Number::from(whole));
    }
    Number::from_f64(value).ok_or_else(|| {
        let text = number::float_text(value);
        Fault::new(
            Kind::Arithmetic,
            format!("{text} cannot be written as JSON"),
        )
    })
}

/// Compact JSON with sorted keys, `<`, `>` and `&` escaped: as Go writes it.
pub(crate) fn compact(json: &Json) -> String {
    let mut out = String::new();
    write(json, None, 0, &mut out);
    out
}

/// The same over several lines, each level indented by two spaces.
pub(crate) fn indented(json: &Json) -> String {
    let mut out = String::new();
    write(json, Some("  "), 0, &mut out);
    out
}

fn write(json: &Json, indent: Option<&str>, level: usize, out: &mut String) {
    match json {
        Json::Null => out.push_str("null"),
        Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => out.push_str(&whole.to_string()),
            None => out.push_str(&number::float_text(number.as_f64().unwrap_or(0.0))),
        },
        Json::String(text) => write_string(text, out),
        Json::Array(items) => {
            write_all(items, ('[', ']'), indent, level, out, |item, level, out| {
                write(item, indent, level, out);
            })
        }
        Json::Object(entries) => {
            let mut sorted: Vec<_> = entries.iter().collect();
            sorted.sort_by_key(|(key, _)| *key);
            write_all(
                &sorted,
                ('{', '}'),
                indent,
                level,
                out,
                |(key, value), level, out| {
                    write_string(key, out);
                    out.push_str(if indent.is_some() { ": " } else { ":" });
                    write(value, indent, level, out);
                },
            );
        }
    }
}

fn write_all<T>(
    items: &[T],
    (open, close): (char, char),
    indent: Option<&str>,
    level: usize,
    out: &mut String,
    each: impl Fn(&T, usize, &mut String),
) {
    out.push(open);
    for (at, item) in items.iter().enumerate() {
        if 0 < at {
            out.push(',');
        }
        new_line(indent, level + 1, out);
        each(item, level + 1, out);
    }
    if !items.is_empty() {
        new_line(indent, level, out);
    }
    out.push(close);
}

fn new_line(indent: Option<&str>, level: usize, out: &mut String) {
    if let Some(indent) = indent {
        out.push('\n');
        out.push_str(&indent.repeat(level));
    }
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
