//! Go's layouts: a sample time, `Mon Jan 2 15:04:05 MST 2006`, of which each part stands for itself.

/// One part of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// Text that is taken as it is.
    Literal(&'a str),
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    SpaceDay,
    ZeroDay,
    SpaceYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperPm,
    LowerPm,
    Abbreviation,
    Offset(OffsetForm),
    /// A point or comma and this many digits; `trimmed` leaves out trailing zeros.
    Fraction {
        separator: char,
        digits: usize,
        trimmed: bool,
    },
}

/// How an offset is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OffsetForm {
    /// `Z` for UTC.
    pub z: bool,
    pub colons: bool,
    pub minutes: bool,
    pub seconds: bool,
}

impl OffsetForm {
    /// The form of a sample such as `Z07:00`.
    fn of(sample: &str) -> Self {
        let digits = sample.bytes().filter(u8::is_ascii_digit).count();
        Self {
            z: sample.starts_with('Z'),
            colons: sample.contains(':'),
            minutes: 4 <= digits,
            seconds: 6 <= digits,
        }
    }
}

/// Offsets in every form. Of two that begin alike the longer comes first.
const OFFSETS: [&str; 10] = [
    "-070000",
    "-07:00:00",
    "-0700",
    "-07:00",
    "-07",
    "Z070000",
    "Z07:00:00",
    "Z0700",
    "Z07:00",
    "Z07",
];

/// What a layout may contain. Of two that begin alike the longer comes first.
const PARTS: &[(&str, Part<'static>)] = &[
    ("January", Part::LongMonth),
    ("Jan", Part::Month),
    ("Monday", Part::LongWeekday),
    ("Mon", Part::Weekday),
    ("MST", Part::Abbreviation),
    ("002", Part::ZeroYearDay),
    ("01", Part::ZeroMonth),
    ("02", Part::ZeroDay),
    ("03", Part::ZeroHour12),
    ("04", Part::ZeroMinute),
    ("05", Part::ZeroSecond),
    ("06", Part::Year),
    ("15", Part::Hour),
    ("1", Part::NumMonth),
    ("2006", Part::LongYear),
    ("2", Part::Day),
    ("__2", Part::SpaceYearDay),
    ("_2", Part::SpaceDay),
    ("3", Part::Hour12),
    ("4", Part::Minute),
    ("5", Part::Second),
    ("PM", Part::UpperPm),
    ("pm", Part::LowerPm),
];

/// The parts of a layout in order.
pub(super) fn parts(layout: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut literal = 0;
    let mut at = 0;
    while at < layout.len() {
        let Some(rest) = layout.get(at..) else {
            at += 1;
            continue;
        };
        let Some((length, part)) = first(rest) else {
            at += 1;
            continue;
        };
        if let Some(text) = layout.get(literal..at).filter(|text| !text.is_empty()) {
            parts.push(Part::Literal(text));
        }
        parts.push(part);
        at += length;
        literal = at;
    }
    if let Some(text) = layout.get(literal..).filter(|text| !text.is_empty()) {
        parts.push(Part::Literal(text));
    }
    parts
}

fn first(rest: &str) -> Option<(usize, Part<'static>)> {
    if rest.starts_with("_2006") {
        return None;
    }
    if let Some(found) = fraction(rest) {
        return Some(found);
    }
    if let Some(sample) = OFFSETS.iter().find(|sample| rest.starts_with(**sample)) {
        return Some((sample.len(), Part::Offset(OffsetForm::of(sample))));
    }
    let (sample, part) = PARTS.iter().find(|(sample, _)| rest.starts_with(sample))?;
    // `January` is one, but `Janus` and `Month` are words.
    let lower_follows = rest
        .get(sample.len()..)
        .is_some_and(|after| after.starts_with(|c: char| c.is_ascii_lowercase()));
    let word = matches!(part, Part::Month | Part::Weekday) && lower_follows;
    (!word).then_some((sample.len(), *part))
}

/// `.000` or `,999`, not followed by another digit.
fn fraction(rest: &str) -> Option<(usize, Part<'static>)> {
    let separator = rest.chars().next().filter(|c| matches!(c, '.' | ','))?;
    let after = rest.get(1..)?;
    let digit = after.chars().next().filter(|c| matches!(c, '0' | '9'))?;
    let digits = after.chars().take_while(|c| *c == digit).count();
    if after
        .get(digits..)
        .is_some_and(|after| after.starts_with(|c: char| c.is_ascii_digit()))
    {
        return None;
    }
    Some((
        digits + 1,
        Part::Fraction {
            separator,
            digits,
            trimmed: digit == '9',
        },
    ))
}
