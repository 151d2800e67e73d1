//! Writes YAML as Kargo's `asYAML` does: sorted keys, four spaces, quotes only where a reader needs them.

use std::cmp::Ordering;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value as Json;

const STEP: usize = 4;

/// The document with a line break at its end.
pub(super) fn write(json: &Json) -> String {
    let mut out = String::new();
    match json {
        Json::Array(items) if !items.is_empty() => sequence(items, 0, &mut out),
        Json::Object(fields) if !fields.is_empty() => mapping(fields, 0, &mut out),
        other => scalar(other, STEP, &mut out),
    }
    out
}

/// Where a collection or a block of text begins that is the value of a key at `column`.
fn inside(column: usize) -> usize {
    STEP * ((column + STEP) / STEP)
}

/// Each item on a line of its own. The first line is already at `column`.
fn sequence(items: &[Json], column: usize, out: &mut String) {
    for (at, item) in items.iter().enumerate() {
        if 0 < at {
            indent(column, out);
        }
        out.push_str("- ");
        let column = column + 2;
        match item {
            Json::Array(items) if !items.is_empty() => sequence(items, column, out),
            Json::Object(fields) if !fields.is_empty() => mapping(fields, column, out),
            other => scalar(other, column, out),
        }
    }
}

fn mapping(fields: &serde_json::Map<String, Json>, column: usize, out: &mut String) {
    let mut fields: Vec<_> = fields.iter().collect();
    fields.sort_by(|(left, _), (right, _)| natural(left, right));
    for (at, (key, value)) in fields.into_iter().enumerate() {
        if 0 < at {
            indent(column, out);
        }
        out.push_str(&line(key));
        out.push(':');
        let column = inside(column);
        match value {
            Json::Array(items) if !items.is_empty() => {
                out.push('\n');
                indent(column, out);
                sequence(items, column, out);
            }
            Json::Object(fields) if !fields.is_empty() => {
                out.push('\n');
                indent(column, out);
                mapping(fields, column, out);
            }
            other => {
                out.push(' ');
                scalar(other, column, out);
            }
        }
    }
}

fn indent(column: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', column));
}

/// What fits on a line, or a block of text whose lines are at `column`.
fn scalar(json: &Json, column: usize, out: &mut String) {
    match json {
        Json::String(text) if is_block(text) => block(text, column, out),
        Json::String(text) => {
            out.push_str(&line(text));
            out.push('\n');
        }
        other => {
            // Numbers, booleans and empty collections are the same in JSON.
            out.push_str(&other.to_string());
            out.push('\n');
        }
    }
}

/// Whether text is written line by line. Where spaces or breaks could get lost it is quoted instead.
fn is_block(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\n', '\t'])
        && !text.split('\n').any(|line| line.ends_with([' ', '\t']))
        && text
            .chars()
            .all(|c| c == '\n' || c == '\t' || is_printable(c))
}

fn block(text: &str, column: usize, out: &mut String) {
    let (body, chomp) = match text.strip_suffix('\n') {
        None => (text, "-"),
        Some(body) if body.ends_with('\n') => (body, "+"),
        Some(body) => (body, ""),
    };
    out.push('|');
    out.push_str(chomp);
    out.push('\n');
    for line in body.split('\n') {
        if !line.is_empty() {
            indent(column, out);
            out.push_str(line);
        }
        out.push('\n');
    }
}

/// Text on one line: plain, in single quotes where its characters mean something, or in double quotes where it
/// would be read as something else than text.
fn line(text: &str) -> String {
    let double = reads_as_other(text) || !text.chars().all(is_printable);
    if double {
        return double_quoted(text);
    }
    if needs_quotes(text) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    text.to_owned()
}

fn is_printable(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

fn double_quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_printable(c) => out.push(c),
            c if u32::from(c) < 0x100 => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => out.push_str(&format!("\\u{:04x}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

/// Whether characters of the text have a meaning in YAML where they stand.
fn needs_quotes(text: &str) -> bool {
    let first = text.chars().next();
    let second = text.chars().nth(1);
    let indicator = match first {
        Some(
            '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%'
            | '@' | '`',
        ) => true,
        Some('-' | '?' | ':') => second.is_none_or(|second| second == ' '),
        _ => false,
    };
    indicator
        || text.starts_with(' ')
        || text.ends_with([' ', ':'])
        || text.starts_with("---")
        || text.starts_with("...")
        || text.contains(": ")
        || text.contains(" #")
}

/// Whether readers of YAML 1.1 or 1.2 take the text for null, a boolean, a number or a date.
fn reads_as_other(text: &str) -> bool {
    static OTHER: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(concat!(
            "^(?:",
            "|~|null|Null|NULL|true|True|TRUE|false|False|FALSE",
            "|[yYnN]|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF",
            r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
            r"|[-+]?(?:\.[0-9][0-9_]*|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?",
            "|[-+]?0[xX][0-9a-fA-F_]+|[-+]?0[oO][0-7_]+|[-+]?0[bB][01_]+",
            r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?",
            r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[tT]|[ \t]+)[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}.*)?",
            ")$",
        ))
        .ok()
    });
    OTHER.as_ref().is_none_or(|other| other.is_match(text))
}

/// Digits count as numbers, and letters come after everything else: `9`, `10`, `a9`, `a10`.
fn natural(left: &str, right: &str) -> Ordering {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut digits = false;
    for (at, (&a, &b)) in left.iter().zip(&right).enumerate() {
        if a == b {
            digits = a.is_ascii_digit();
            continue;
        }
        return match (a.is_alphabetic(), b.is_alphabetic()) {
            (true, true) => a.cmp(&b),
            (a_letter, b_letter) if a_letter || b_letter => {
                if digits {
                    b_letter.cmp(&a_letter)
                } else {
                    a_letter.cmp(&b_letter)
                }
            }
            _ => numbers(&left, &right, at).then(a.cmp(&b)),
        };
    }
    left.len().cmp(&right.len())
}

/// The order of the numbers that begin at `at` in both, or go on there. What is no digit counts as zero.
fn numbers(left: &[char], right: &[char], at: usize) -> Ordering {
    let before = left
        .iter()
        .take(at)
        .rev()
        .take_while(|c| c.is_ascii_digit());
    let goes_on = before.into_iter().any(|c| *c != '0');
    let number = |text: &[char]| {
        let digits: String = text
            .iter()
            .skip(at)
            .take_while(|c| c.is_ascii_digit())
            .collect();
        // A zero within a number counts, one at its start does not.
        let value = if goes_on {
            digits.as_str()
        } else {
            digits.trim_start_matches('0')
        };
        (value.len(), value.to_owned(), digits.len())
    };
    number(left).cmp(&number(right))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn collections_are_indented_by_four() {
        let document = json!({
            "b": [1, {"x": [true], "w": {"k": null}}, [2, []]],
            "a10": {}, "a9": "1.10", "text": "one\n\ntwo\n", "tail": "one\ntwo", "more": "x\n\n",
        });
        let expected = "\
a9: \"1.10\"
a10: {}
b:
    - 1
    - w:
        k: null
      x:
        - true
    - - 2
      - []
more: |+
    x

tail: |-
    one
    two
text: |
    one

    two
";
        assert_eq!(write(&document), expected);
    }

    #[test]
    fn text_is_quoted_where_a_reader_would_mistake_it() {
        for (text, expected) in [
            ("plain text", "plain text"),
            ("a:b", "a:b"),
            ("1.2.3", "1.2.3"),
            ("y", "\"y\""),
            ("", "\"\""),
            ("0x1f", "\"0x1f\""),
            ("12:30", "\"12:30\""),
            ("2024-01-01", "\"2024-01-01\""),
            ("a: b", "'a: b'"),
            ("- a", "'- a'"),
            ("it's #1", "'it''s #1'"),
            (" lead", "' lead'"),
            ("a\tb", "\"a\\tb\""),
            ("\u{1}", "\"\\x01\""),
        ] {
            assert_eq!(write(&json!(text)), format!("{expected}\n"));
        }
        // Line by line the space at the end of the line could get lost.
        assert_eq!(write(&json!("a \nb")), "\"a \\nb\"\n");
    }
}
