//! What a plain scalar means, to readers of YAML 1.1 and 1.2.

use std::sync::LazyLock;

use regex::RegexSet;
use serde_json::{Number, Value};

/// What is not a string to some reader. Readers of 1.1 take `on`, `0123`, `1_000` and `1:30` for
/// something else, and many are in use.
static SPECIAL: LazyLock<RegexSet> = LazyLock::new(|| {
    let patterns = [
        r"^(?i:~|null|true|false|yes|no|on|off|y|n)$",
        r"^[-+]?[0-9][0-9_]*$",
        r"^[-+]?0(?i:b[01_]+|o?[0-7_]+|x[0-9a-f_]+)$",
        r"^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$",
        r"^[-+]?([0-9][0-9_]*)?\.[0-9_]*([eE][-+]?[0-9]+)?$",
        r"^[-+]?[0-9][0-9_]*(\.[0-9_]*)?[eE][-+]?[0-9]+$",
        r"^[-+]?\.(?i:inf|nan)$",
        r"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?$",
        r"^(=|<<)$",
    ];
    RegexSet::new(patterns).expect("the patterns are constants and a test uses them")
});

/// What a scalar stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Around {
    /// Lines.
    Block,
    /// Brackets or braces.
    Flow,
}

/// Whether the string can be written without quotes.
pub(super) fn is_plain(text: &str, around: Around) -> bool {
    let starts_well = text.starts_with(|c: char| c.is_alphanumeric() || "_./+()$".contains(c))
        || (text.starts_with('-') && text[1..].starts_with(|c: char| c.is_alphanumeric()));
    let flow = |c: char| ",[]{}".contains(c);
    starts_well
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && text.chars().all(|c| c == ' ' || is_graphic(c))
        && (around == Around::Block || !text.chars().any(|c| flow(c) || c == ':'))
        && !SPECIAL.is_match(text)
}

/// Whether the character can stand for itself, and can be seen.
pub(super) fn is_graphic(c: char) -> bool {
    let hidden = matches!(
        c,
        '\u{85}' | '\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{feff}'
    );
    !c.is_control() && !c.is_whitespace() && !hidden && !matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// The value that readers of YAML 1.2 see in a plain scalar.
pub(super) fn plain_value(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let numeric = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned
            .bytes()
            .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    if !numeric {
        return Value::String(text.to_owned());
    }
    let text = text.strip_prefix('+').unwrap_or(text);
    let whole = text
        .parse::<i64>()
        .map(Number::from)
        .or_else(|_| text.parse::<u64>().map(Number::from));
    let number = whole
        .ok()
        .or_else(|| text.parse().ok().and_then(Number::from_f64));
    number.map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alikes_are_quoted() {
        let traps = [
            "",
            "~",
            "null",
            "Null",
            "true",
            "True",
            "yes",
            "No",
            "on",
            "OFF",
            "y",
            "N",
            "1",
            "-1",
            "+1",
            "0123",
            "0o17",
            "0x1F",
            "0b11",
            "1_000",
            "1.10",
            ".5",
            "1.",
            ".",
            "1e3",
            "12e4567",
            "1.5E-3",
            ".inf",
            "-.INF",
            ".NaN",
            "1:30",
            "190:20:30",
            "2024-01-01",
            "=",
            "<<",
            "2001-12-14t21:59:43.10-05:00",
            "1234567",
        ];
        for text in traps {
            assert!(!is_plain(text, Around::Block), "{text}");
        }
        for text in [
            "# hash",
            "a #b",
            "a: b",
            "a:",
            ": a",
            "- a",
            "-",
            "--- a",
            "? a",
            "!tag",
            "&a",
            "*a",
            "{x}",
            "[x]",
            ",a",
            "|",
            ">",
            "%a",
            "@a",
            "`a",
            "'a",
            "\"a",
            " a",
            "a ",
            "tab\there",
            "two\nlines",
            "\u{feff}a",
            "a\u{85}b",
            "nbsp\u{a0}",
        ] {
            assert!(!is_plain(text, Around::Block), "{text:?}");
        }
    }

    #[test]
    fn ordinary_strings_are_not_quoted() {
        for text in [
            "1.27.0",
            "v1.2",
            "nginx",
            "a:b",
            "a#b",
            "ghcr.io/acme/app:1.0",
            "sha256:abc",
            "ü ✓",
            "two words",
            "abc1234",
            "0123abc",
            "1.2.3-rc.1",
            "./a",
            "/abs",
            "-flag",
            "$x",
            "x,y",
            "x{y}",
            "no way",
            "nullable",
            "2024.01.02",
        ] {
            assert!(is_plain(text, Around::Block), "{text}");
        }
        assert!(!is_plain("x,y", Around::Flow));
        assert!(is_plain("1.27.0", Around::Flow));
    }

    #[test]
    fn plain_values_are_read_as_yaml_1_2_does() {
        for (text, value) in [
            ("1", Value::from(1)),
            ("-7", Value::from(-7)),
            ("18446744073709551615", Value::from(u64::MAX)),
            ("1.5", Value::from(1.5)),
            ("1e3", Value::from(1000.0)),
            ("~", Value::Null),
            ("True", Value::Bool(true)),
            ("yes", Value::from("yes")),
            ("1.2.3", Value::from("1.2.3")),
            ("1-2", Value::from("1-2")),
        ] {
            assert_eq!(plain_value(text), value, "{text}");
        }
    }
}
