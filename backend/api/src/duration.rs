//! Durations as Go writes them: `5m`, `1h30m`, `24h0m0s`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A duration of whole nanoseconds, at most about 292 years, read and written in Go's notation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GoDuration(i64);

/// The text is not a duration in Go's notation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseDurationError(String);

impl fmt::Display for ParseDurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a duration such as 90s, 5m or 1h30m", self.0)
    }
}

impl std::error::Error for ParseDurationError {}

const MICRO: i64 = 1_000;
const MILLI: i64 = 1_000_000;
const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

impl GoDuration {
    /// A duration of whole seconds; saturates at what fits.
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(SECOND))
    }

    /// A duration of whole nanoseconds.
    pub const fn from_nanos(nanoseconds: i64) -> Self {
        Self(nanoseconds)
    }

    /// The whole length in nanoseconds.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// The length in whole seconds, towards zero.
    pub const fn as_secs(self) -> i64 {
        self.0 / SECOND
    }

    /// The length for timers. A negative duration is zero.
    pub fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_nanos(u64::try_from(self.0).unwrap_or(0))
    }

    /// The length for calculations with timestamps.
    pub fn to_signed(self) -> jiff::SignedDuration {
        jiff::SignedDuration::from_nanos(self.0)
    }

    /// The nearest duration that fits.
    pub fn from_signed(length: jiff::SignedDuration) -> Self {
        let bound = if length.is_negative() {
            i64::MIN
        } else {
            i64::MAX
        };
        Self(i64::try_from(length.as_nanos()).unwrap_or(bound))
    }
}

impl FromStr for GoDuration {
    type Err = ParseDurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text)
            .map(Self)
            .ok_or_else(|| ParseDurationError(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut total: i128 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, tail) = rest.split_at(end);
        let end = tail
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        total = total.checked_add(amount(number, unit_length(unit)?)?)?;
        rest = tail;
    }
    i64::try_from(if negative { -total } else { total }).ok()
}

fn unit_length(unit: &str) -> Option<i64> {
    Some(match unit {
        "ns" => 1,
        "us" | "\u{b5}s" | "\u{3bc}s" => MICRO,
        "ms" => MILLI,
        "s" => SECOND,
        "m" => MINUTE,
        "h" => HOUR,
        _ => return None,
    })
}

/// A decimal number of units in nanoseconds, cut to whole ones.
fn amount(number: &str, unit: i64) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let unit = i128::from(unit);
    let whole: i128 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    // More than 15 digits are below a nanosecond even of an hour.
    let fraction = fraction.get(..15).unwrap_or(fraction);
    let scale = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    let part: i128 = if fraction.is_empty() {
        0
    } else {
        fraction.parse().ok()?
    };
    whole.checked_mul(unit)?.checked_add(part * unit / scale)
}

impl fmt::Display for GoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [u64; 5] = [
            MICRO as u64,
            MILLI as u64,
            SECOND as u64,
            MINUTE as u64,
            HOUR as u64,
        ];
        let [micro, milli, second, minute, hour] = UNITS;
        if self.0 < 0 {
            f.write_str("-")?;
        }
        match self.0.unsigned_abs() {
            0 => f.write_str("0s"),
            n if n < micro => write!(f, "{n}ns"),
            n if n < milli => write!(f, "{}\u{b5}s", decimal(n, micro)),
            n if n < second => write!(f, "{}ms", decimal(n, milli)),
            n => {
                if hour <= n {
                    write!(f, "{}h", n / hour)?;
                }
                if minute <= n {
                    write!(f, "{}m", n % hour / minute)?;
                }
                write!(f, "{}s", decimal(n % minute, second))
            }
        }
    }
}

/// A number of nanoseconds in units, with as many decimals as it needs.
fn decimal(nanoseconds: u64, unit: u64) -> String {
    let (whole, part) = (nanoseconds / unit, nanoseconds % unit);
    if part == 0 {
        return whole.to_string();
    }
    let width = unit.to_string().len() - 1;
    let digits = format!("{part:0width$}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

impl Serialize for GoDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GoDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for GoDuration {
    fn schema_name() -> Cow<'static, str> {
        "GoDuration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^([0-9]+(\.[0-9]+)?(s|m|h))+$",
            "maxLength": 63,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, written: Option<&str>) {
        let read = text
            .parse::<GoDuration>()
            .ok()
            .map(|length| length.to_string());
        assert_eq!(read.as_deref(), written, "{text}");
    }

    #[test]
    fn durations_are_written_as_go_writes_them() {
        check("24h", Some("24h0m0s"));
        check("5m", Some("5m0s"));
        check("90s", Some("1m30s"));
        check("1.5h", Some("1h30m0s"));
        check("1h1ms", Some("1h0m0.001s"));
        check("250ms", Some("250ms"));
        check("1500us", Some("1.5ms"));
        check("1.5µs", Some("1.5µs"));
        check("7ns", Some("7ns"));
        check("0", Some("0s"));
        check("-1m.5s", Some("-1m0.5s"));
        check("2540400h10m10.000000000s", Some("2540400h10m10s"));
        check("9223372036854775807ns", Some("2562047h47m16.854775807s"));
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for text in [
            "", "3", "-", "s", ".", "-.", ".s", "+.s", "1e3s", "5 m", "1.2.3s", "3000000h",
        ] {
            check(text, None);
        }
    }
}
