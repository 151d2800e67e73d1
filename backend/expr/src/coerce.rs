//! From the text that a template gives to the value that stands in the document.

use serde_json::{Number, Value as Json};

use crate::number;
use crate::value::json_number;

/// What a place in a document takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// Whatever the text looks like.
    #[default]
    Anything,
    /// Text, so `1234567`, `1.10` and `true` stay what they are.
    Text,
}

/// The value that a text stands for. The first rule that fits decides:
///
/// 1. One line break at the end is cut off.
/// 2. Between double quotes it is text, without the quotes.
/// 3. If text is wanted, it is text.
/// 4. If it is a number in the usual form, so that nothing is lost, it is that number.
/// 5. `true`, `True`, `TRUE`, `false`, `False` and `FALSE` are booleans.
/// 6. Any other JSON is what it says.
/// 7. It is text.
#[must_use]
pub fn coerce(text: &str, wanted: Wanted) -> Json {
    let text = text.strip_suffix('\n').unwrap_or(text);
    if let Some(inside) = quoted(text) {
        return Json::from(inside);
    }
    let looks_like = match wanted {
        Wanted::Text => None,
        Wanted::Anything => exact_number(text)
            .map(Json::Number)
            .or_else(|| boolean(text))
            .or_else(|| document(text)),
    };
    looks_like.unwrap_or_else(|| Json::from(text))
}

/// What stands between two quotes, if no other quote stands there unescaped.
fn quoted(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('"')?.strip_suffix('"')?;
    let mut escaped = false;
    for c in inside.chars() {
        match c {
            '"' if !escaped => return None,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    Some(inside)
}

/// The number that a text is, if writing it gives the same text again: `42` and `1.5`, but not `1.10`,
/// `0123`, `1e10` or an identifier too long for a number.
fn exact_number(text: &str) -> Option<Number> {
    let number = match text.parse::<i64>() {
        Ok(whole) => Number::from(whole),
        Err(_) => {
            let float = number::parse_float(text).filter(|float| float.is_finite())?;
            if number::float_text(float) != text {
                return None;
            }
            return json_number(float).ok();
        }
    };
    (number.to_string() == text).then_some(number)
}

fn boolean(text: &str) -> Option<Json> {
    match text {
        "true" | "True" | "TRUE" => Some(Json::Bool(true)),
        "false" | "False" | "FALSE" => Some(Json::Bool(false)),
        _ => None,
    }
}

fn document(text: &str) -> Option<Json> {
    match serde_json::from_str(text).ok()? {
        Json::Number(_) => exact_number(text.trim()).map(Json::Number),
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(text: &str, anything: &Json, as_text: &Json) {
        assert_eq!(coerce(text, Wanted::Anything), *anything);
        assert_eq!(coerce(text, Wanted::Text), *as_text);
    }

    #[test]
    fn numbers_become_numbers_if_nothing_is_lost() {
        check("42", &json!(42), &json!("42"));
        check("-1.5", &json!(-1.5), &json!("-1.5"));
        check(
            "9007199254740993",
            &json!(9_007_199_254_740_993_i64),
            &json!("9007199254740993"),
        );
        check(" 7 ", &json!(7), &json!(" 7 "));
        for text in [
            "1.10",
            "0123",
            "1e10",
            ".5",
            "+5",
            "1_000",
            "0x1p4",
            "12345678901234567890",
            "nan",
            "inf",
        ] {
            check(text, &json!(text), &json!(text));
        }
    }

    #[test]
    fn booleans_are_spelt_out() {
        check("TRUE", &json!(true), &json!("TRUE"));
        for text in ["t", "F", "tRUE", "yes"] {
            check(text, &json!(text), &json!(text));
        }
    }

    #[test]
    fn quotes_make_text_and_one_line_break_is_cut_off() {
        check("\"42\"\n", &json!("42"), &json!("42"));
        check("\"a \\\" b\"", &json!("a \\\" b"), &json!("a \\\" b"));
        check(
            "\"a\" and \"b\"",
            &json!("\"a\" and \"b\""),
            &json!("\"a\" and \"b\""),
        );
        check("\"", &json!("\""), &json!("\""));
        check("two\n\n", &json!("two\n"), &json!("two\n"));
    }

    #[test]
    fn json_is_read() {
        check("[1,2]", &json!([1, 2]), &json!("[1,2]"));
        check("null", &json!(null), &json!("null"));
        check("{\"a\": 1}", &json!({"a": 1}), &json!("{\"a\": 1}"));
        check(" ", &json!(" "), &json!(" "));
    }
}
