//! Durations in text: `1h30m`, `1.5s`, `100ms`.

use crate::error::Fault;

/// Each unit with its nanoseconds, longer names first.
const UNITS: [(&str, i128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Nanoseconds of a text such as `-1h15.5m`.
pub(crate) fn parse(text: &str) -> Result<i64, Fault> {
    let wrong = || Fault::wrong_argument(format!("{text:?} is not a duration"));
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if unsigned == "0" {
        return Ok(0);
    }
    if unsigned.is_empty() {
        return Err(wrong());
    }
    let mut total: i128 = 0;
    let mut rest = unsigned;
    while !rest.is_empty() {
        let number_end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(wrong)?;
        let (number, after) = rest.split_at(number_end);
        let unit_end = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let nanoseconds = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .map(|(_, length)| *length)
            .ok_or_else(wrong)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return Err(wrong());
        }
        let whole: i128 = if whole.is_empty() {
            0
        } else {
            whole.parse().map_err(|_| wrong())?
        };
        total = whole
            .checked_mul(nanoseconds)
            .and_then(|length| total.checked_add(length))
            .and_then(|total| total.checked_add(part(fraction, nanoseconds)))
            .ok_or_else(wrong)?;
        rest = after;
    }
    let total = if negative { -total } else { total };
    i64::try_from(total).map_err(|_| wrong())
}

/// The nanoseconds of a decimal fraction of a unit.
fn part(fraction: &str, unit: i128) -> i128 {
    let mut total = 0;
    let mut place = unit;
    for digit in fraction.chars().filter_map(|c| c.to_digit(10)).take(18) {
        // Digit by digit and truncated at the end, so nothing is lost above a nanosecond.
        place *= 1_000_000;
        place /= 10;
        total += i128::from(digit) * place;
        place /= 1_000_000;
    }
    total / 1_000_000
}

/// `1h30m0s`, `1.5s`, `100ms`, `0s`.
pub(crate) fn text(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let magnitude = nanoseconds.unsigned_abs();
    if magnitude == 0 {
        return "0s".to_owned();
    }
    if magnitude < 1_000_000_000 {
        let (unit, length) = match magnitude {
            1_000_000..1_000_000_000 => ("ms", 1_000_000),
            1_000..1_000_000 => ("µs", 1_000),
            _ => ("ns", 1),
        };
        return format!("{sign}{}{unit}", decimal(magnitude, length));
    }
    let (minutes, seconds) = (magnitude / 60_000_000_000, magnitude % 60_000_000_000);
    let seconds = decimal(seconds, 1_000_000_000);
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

/// `amount / unit` with as many decimals as there are, `unit` a power of ten.
fn decimal(amount: u64, unit: u64) -> String {
    let (whole, fraction) = (amount / unit, amount % unit);
    if fraction == 0 {
        return whole.to_string();
    }
    let width = unit.to_string().len() - 1;
    let digits = format!("{fraction:0>width$}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_survive_a_round_trip() {
        for written in [
            "1h30m0s", "1.5s", "100ms", "0s", "-2m3.25s", "1.5µs", "7ns", "1h0m0s",
        ] {
            assert_eq!(text(parse(written).unwrap()), written);
        }
        assert_eq!(parse("1.5h").unwrap(), 5_400_000_000_000);
        assert_eq!(parse("+0.1s.5ms").unwrap(), 100_500_000);
        assert_eq!(parse("0.333333333s").unwrap(), 333_333_333);
        assert_eq!(parse("9223372036854775807ns").unwrap(), i64::MAX);
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "", "1", "h", "1x", "1h ", ".s", "1..5s", "9999999h", "-", "1d",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
