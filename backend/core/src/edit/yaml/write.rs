//! Writes a value where another one stands, in the same manner if it can be.

use std::fmt::Write as _;

use serde_json::{Number, Value};

use super::Splice;
use super::meaning::{Around, is_graphic, is_plain};
use super::tree::{Place, Scalar, Style};

/// The changes of the text that put the value in the place of the scalar.
///
/// # Errors
/// What is in the way.
pub fn splices(text: &str, scalar: &Scalar, value: &Value) -> Result<Vec<Splice>, &'static str> {
    let mut splices = without_tag(text, scalar, value);
    match &scalar.place {
        Place::Inline(range) => splices.push((range.clone(), inline(scalar, value))),
        Place::Empty { at, before } => {
            splices.push((*at..*at, format!("{before}{}", inline(scalar, value))));
        }
        Place::Block {
            header,
            body,
            indent,
        } => {
            let lines = Lines::of(text, body.start, *indent);
            match value.as_str().and_then(|value| lines.block(value)) {
                Some((indicators, lines)) => {
                    let style = if text[header.clone()].starts_with('>') && !lines.1 {
                        '>'
                    } else {
                        '|'
                    };
                    splices.push((header.clone(), format!("{style}{indicators}")));
                    splices.push((body.clone(), lines.0));
                }
                None => {
                    splices.push((header.clone(), inline(scalar, value)));
                    splices.push((body.clone(), String::new()));
                }
            }
        }
        Place::Unknown => return Err("it is a key without a value"),
    }
    Ok(splices)
}

/// The value on one line.
fn inline(scalar: &Scalar, value: &Value) -> String {
    match value {
        Value::String(text) => string(scalar, text),
        other => flow(other),
    }
}

/// The text without quotes if it can be.
pub fn plain_or_quoted(text: &str, around: Around) -> String {
    if is_plain(text, around) {
        text.to_owned()
    } else {
        double_quoted(text)
    }
}

fn string(scalar: &Scalar, text: &str) -> String {
    let around = if scalar.in_flow {
        Around::Flow
    } else {
        Around::Block
    };
    match scalar.style {
        Style::Single if text.chars().all(|c| c == ' ' || is_graphic(c)) => {
            format!("'{}'", text.replace('\'', "''"))
        }
        Style::Plain | Style::Block => plain_or_quoted(text, around),
        Style::Single | Style::Double => double_quoted(text),
    }
}

/// A value of any shape on one line, as JSON is written, which is YAML too.
pub fn flow(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => self::number(number),
        Value::String(text) => double_quoted(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(fields) => {
            let field = |(key, value): (&String, &Value)| {
                format!("{}: {}", double_quoted(key), flow(value))
            };
            let fields: Vec<String> = fields.iter().map(field).collect();
            format!("{{{}}}", fields.join(", "))
        }
    }
}

/// A number without exponent or fraction if it is whole.
fn number(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => {
            format!("{float:.0}")
        }
        // Readers of YAML 1.1 want a point and a sign.
        Some(_) | None => match number.to_string().split_once('e') {
            Some((digits, exponent)) => {
                let point = if digits.contains('.') { "" } else { ".0" };
                let sign = if exponent.starts_with(['-', '+']) {
                    ""
                } else {
                    "+"
                };
                format!("{digits}{point}e{sign}{exponent}")
            }
            None => number.to_string(),
        },
    }
}

fn double_quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if c == ' ' || is_graphic(c) => quoted.push(c),
            c => {
                let code = u32::from(c);
                let _ = match code {
                    0..=0xff => write!(quoted, "\\x{code:02x}"),
                    0x100..=0xffff => write!(quoted, "\\u{code:04x}"),
                    _ => write!(quoted, "\\U{code:08x}"),
                };
            }
        }
    }
    quoted.push('"');
    quoted
}

/// Removes a tag that says that the value is of another type.
fn without_tag(text: &str, scalar: &Scalar, value: &Value) -> Vec<Splice> {
    let tag = scalar
        .properties
        .tag
        .as_deref()
        .and_then(|tag| tag.strip_prefix(CORE));
    let fits = match (tag, value) {
        (None | Some("str" | "binary" | "timestamp"), Value::String(_))
        | (None | Some("null"), Value::Null)
        | (None | Some("bool"), Value::Bool(_))
        | (None | Some("float"), Value::Number(_)) => true,
        (Some("int"), Value::Number(number)) => !number.is_f64(),
        (None, Value::Array(_) | Value::Object(_)) => true,
        (Some(_), _) => false,
    };
    match &scalar.tag_at {
        Some(tag) if !fits => {
            let rest = text.get(tag.end..).unwrap_or_default();
            let spaces = rest.len() - rest.trim_start_matches(' ').len();
            vec![(tag.start..tag.end + spaces, String::new())]
        }
        Some(_) | None => Vec::new(),
    }
}

/// The beginning of the tags that YAML itself defines.
const CORE: &str = "tag:yaml.org,2002:";

/// How lines of a block are written.
struct Lines<'a> {
    end: &'a str,
    indent: usize,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str, at: usize, indent: usize) -> Self {
        let rest = text.get(at..).unwrap_or_default();
        Self {
            end: if rest.starts_with("\r\n") {
                "\r\n"
            } else {
                "\n"
            },
            indent,
        }
    }

    /// The indicators, the lines, and whether there is more than one; none if a block cannot hold
    /// the text.
    fn block(&self, text: &str) -> Option<(&'static str, (String, bool))> {
        let content = text.trim_end_matches('\n');
        let line_ends = text.len() - content.len();
        let starts_well = !content.starts_with([' ', '\t', '\n']);
        let graphic = content
            .chars()
            .all(|c| matches!(c, ' ' | '\t' | '\n') || is_graphic(c));
        if content.is_empty() || self.indent == 0 || !starts_well || !graphic || 1 < line_ends {
            return None;
        }
        let mut lines = String::new();
        for line in content.split('\n') {
            lines.push_str(self.end);
            if !line.is_empty() {
                lines.extend(std::iter::repeat_n(' ', self.indent));
                lines.push_str(line);
            }
        }
        let indicators = if line_ends == 0 { "-" } else { "" };
        Some((indicators, (lines, content.contains('\n'))))
    }
}
