//! How numbers are read and written. Go's forms, because that is what people's manifests were written against.

/// A float in Go's grammar: decimal or hexadecimal, `_` between digits, `inf`, `infinity` and `nan` in
/// any case. `None` also if the number is too large for a float.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let lower = unsigned.to_ascii_lowercase();
    let magnitude = match lower.as_str() {
        "inf" | "infinity" => Some(f64::INFINITY),
        "nan" => Some(f64::NAN),
        _ => match lower.strip_prefix("0x") {
            Some(hexadecimal) => parse_hexadecimal(hexadecimal),
            None => parse_decimal(&lower),
        },
    }?;
    Some(if negative { -magnitude } else { magnitude })
}

/// `text` without its underscores, if each stands between two digits.
fn without_underscores(text: &str, is_digit: impl Fn(u8) -> bool) -> Option<String> {
    let bytes = text.as_bytes();
    let placed = bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'_')
        .all(|(at, _)| {
            let before = at.checked_sub(1).and_then(|before| bytes.get(before));
            let after = bytes.get(at + 1);
            before.is_some_and(|byte| is_digit(*byte)) && after.is_some_and(|byte| is_digit(*byte))
        });
    placed.then(|| text.replace('_', ""))
}

fn parse_decimal(lower: &str) -> Option<f64> {
    let text = without_underscores(lower, |byte| byte.is_ascii_digit())?;
    let (mantissa, exponent) = match text.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text.as_str(), None),
    };
    let digits = mantissa.replacen('.', "", 1);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if let Some(exponent) = exponent {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
    }
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// The part after `0x`: `1.8p3`. The exponent is a power of two and must be there.
fn parse_hexadecimal(lower: &str) -> Option<f64> {
    let lower = lower.strip_prefix('_').unwrap_or(lower);
    let text = without_underscores(lower, |byte| byte.is_ascii_hexdigit())?;
    let (mantissa, exponent) = text.split_once('p')?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0.0;
    for digit in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let places = i32::try_from(fraction.len()).ok()?.checked_mul(4)?;
    let value = value * 2f64.powi(exponent.checked_sub(places)?);
    value.is_finite().then_some(value)
}

/// A float in text, the same everywhere: `3`, `2.5`, `1e+21`, `1e-7`, `+Inf`, `NaN`.
pub(crate) fn float_text(value: f64) -> String {
    if value.is_infinite() {
        return if 0.0 < value { "+Inf" } else { "-Inf" }.to_owned();
    }
    let magnitude = value.abs();
    if magnitude == 0.0 || value.is_nan() || (1e-6..1e21).contains(&magnitude) {
        return format!("{value}");
    }
    let scientific = format!("{value:e}");
    match scientific.split_once('e') {
        Some((mantissa, exponent)) if !exponent.starts_with('-') => {
            format!("{mantissa}e+{exponent}")
        }
        _ => scientific,
    }
}

/// The integer that a float stands for, if it is whole and small enough to be exact.
pub(crate) fn whole(value: f64) -> Option<i64> {
    let exact = value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "checked to be whole and in range"
    )]
    exact.then_some(value as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_read_as_go_reads_them() {
        let check = |text, wanted| assert_eq!(parse_float(text), wanted, "{text}");
        check("1.50", Some(1.5));
        check(".5", Some(0.5));
        check("5.", Some(5.0));
        check("1e3", Some(1000.0));
        check("-1_000", Some(-1000.0));
        check("0x1p4", Some(16.0));
        check("0x_1.8p1", Some(3.0));
        check("Infinity", Some(f64::INFINITY));
        for text in [
            "", ".", "e5", "1e", "1__0", "_1", "1_", "0x10", "1e400", "1 ", "+-1", "1.2.3",
        ] {
            check(text, None);
        }
        assert!(parse_float("NaN").unwrap().is_nan());
    }

    #[test]
    fn floats_are_written_without_an_exponent_where_people_would() {
        for (value, text) in [
            (3.0, "3"),
            (-0.5, "-0.5"),
            (1_234_567.0, "1234567"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (0.000_01, "0.00001"),
            (1e-7, "1e-7"),
            (f64::INFINITY, "+Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(float_text(value), text);
        }
    }
}
