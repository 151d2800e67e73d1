//! A time read after a layout.

use std::sync::Arc;

use jiff::civil::{Date, DateTime, Time as Clock};

use super::layout::{OffsetForm, Part, parts};
use super::{MONTHS, Time, WEEKDAYS, Zone};
use crate::error::Fault;

/// The layouts that `date()` tries if it is given none.
const LAYOUTS: [&str; 7] = [
    "2006-01-02",
    "15:04:05",
    "2006-01-02 15:04:05",
    "2006-01-02T15:04:05Z07:00",
    "02 Jan 06 15:04 MST",
    "Monday, 02-Jan-06 15:04:05 MST",
    "Mon, 02 Jan 2006 15:04:05 MST",
];

/// Reads a time in one of the usual forms. `zone` holds where the text does not name one.
pub(crate) fn parse_any(text: &str, zone: Option<&Arc<Zone>>) -> Result<Time, Fault> {
    LAYOUTS
        .iter()
        .find_map(|layout| parse(text, layout, zone).ok())
        .ok_or_else(|| {
            Fault::wrong_argument(format!("{text:?} is not a date in any of the usual forms"))
        })
}

/// Reads a time after a layout.
pub(crate) fn parse(text: &str, layout: &str, zone: Option<&Arc<Zone>>) -> Result<Time, Fault> {
    read(text, layout)
        .and_then(|found| found.time(zone))
        .ok_or_else(|| Fault::wrong_argument(format!("{text:?} is not a date like {layout:?}")))
}

/// What has been read. Go's year is 0 if the layout has none, month and day are 1.
#[derive(Debug, Default)]
struct Found {
    year: i16,
    month: Option<i8>,
    day: Option<i8>,
    year_day: Option<i16>,
    hour: i8,
    minute: i8,
    second: i8,
    nanosecond: i32,
    afternoon: Option<bool>,
    offset: Option<i32>,
    utc: bool,
    abbreviation: String,
}

fn read(text: &str, layout: &str) -> Option<Found> {
    let mut found = Found::default();
    let mut rest = text;
    let parts = parts(layout);
    for (at, part) in parts.iter().enumerate() {
        rest = found.part(*part, rest)?;
        let second = matches!(part, Part::Second | Part::ZeroSecond);
        let fraction_next = matches!(parts.get(at + 1), Some(Part::Fraction { .. }));
        // A fraction of the second is read even if the layout does not ask for it.
        if second && !fraction_next && fraction_length(rest).is_some() {
            rest = found.fraction(rest)?;
        }
    }
    rest.is_empty().then_some(found)
}

/// One or two digits, or exactly two.
fn number(text: &str, fixed: bool) -> Option<(i8, &str)> {
    let digits = text
        .chars()
        .take(2)
        .take_while(char::is_ascii_digit)
        .count();
    if digits == 0 || (fixed && digits == 1) {
        return None;
    }
    let (number, rest) = text.split_at(digits);
    Some((number.parse().ok()?, rest))
}

fn digits(text: &str, count: usize) -> Option<(i16, &str)> {
    let number = text.get(..count)?;
    number
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then_some(())?;
    Some((number.parse().ok()?, text.get(count..)?))
}

/// The place of a name, of which only `length` letters are written.
fn name<'t>(text: &'t str, names: &[&str], length: Option<usize>) -> Option<(usize, &'t str)> {
    names.iter().enumerate().find_map(|(at, name)| {
        let name = name.get(..length.unwrap_or(name.len()))?;
        let written = text.get(..name.len())?;
        written
            .eq_ignore_ascii_case(name)
            .then(|| text.get(name.len()..))?
            .map(|rest| (at, rest))
    })
}

/// The digits after a point or comma.
fn fraction_length(text: &str) -> Option<usize> {
    let after = text.strip_prefix(['.', ','])?;
    Some(after.bytes().take_while(u8::is_ascii_digit).count()).filter(|count| 0 < *count)
}

impl Found {
    fn part<'t>(&mut self, part: Part<'_>, text: &'t str) -> Option<&'t str> {
        let set = |place: &mut i8, fixed: bool| {
            let (number, rest) = number(text, fixed)?;
            *place = number;
            Some(rest)
        };
        match part {
            Part::Literal(literal) => skip(text, literal),
            Part::LongMonth => self.month_name(text, None),
            Part::Month => self.month_name(text, Some(3)),
            Part::NumMonth => set(self.month.insert(0), false),
            Part::ZeroMonth => set(self.month.insert(0), true),
            Part::LongWeekday => name(text, &WEEKDAYS, None).map(|(_, rest)| rest),
            Part::Weekday => name(text, &WEEKDAYS, Some(3)).map(|(_, rest)| rest),
            Part::Day => set(self.day.insert(0), false),
            Part::SpaceDay => {
                let (number, rest) = number(text.strip_prefix(' ').unwrap_or(text), false)?;
                self.day = Some(number);
                Some(rest)
            }
            Part::ZeroDay => set(self.day.insert(0), true),
            Part::SpaceYearDay | Part::ZeroYearDay => {
                let padded = text.trim_start_matches(' ');
                let padding = if part == Part::SpaceYearDay {
                    text.len() - padded.len()
                } else {
                    0
                };
                let (day, rest) = digits(text.get(padding..)?, 3_usize.checked_sub(padding)?)?;
                self.year_day = Some(day);
                Some(rest)
            }
            Part::Hour => set(&mut self.hour, false).filter(|_| self.hour < 24),
            Part::Hour12 => set(&mut self.hour, false).filter(|_| self.hour <= 12),
            Part::ZeroHour12 => set(&mut self.hour, true).filter(|_| self.hour <= 12),
            Part::Minute => set(&mut self.minute, false),
            Part::ZeroMinute => set(&mut self.minute, true),
            Part::Second => set(&mut self.second, false),
            Part::ZeroSecond => set(&mut self.second, true),
            Part::LongYear => {
                let (year, rest) = digits(text, 4)?;
                self.year = year;
                Some(rest)
            }
            Part::Year => {
                let (year, rest) = digits(text, 2)?;
                self.year = if year < 69 { 2000 + year } else { 1900 + year };
                Some(rest)
            }
            Part::UpperPm => self.half(text, ["AM", "PM"]),
            Part::LowerPm => self.half(text, ["am", "pm"]),
            Part::Abbreviation => self.abbreviation(text),
            Part::Offset(form) => self.offset(text, form),
            Part::Fraction { trimmed: true, .. } if fraction_length(text).is_none() => Some(text),
            Part::Fraction {
                digits, trimmed, ..
            } => {
                (trimmed || fraction_length(text) == Some(digits)).then_some(())?;
                self.fraction(text)
            }
        }
    }

    fn month_name<'t>(&mut self, text: &'t str, length: Option<usize>) -> Option<&'t str> {
        let (at, rest) = name(text, &MONTHS, length)?;
        self.month = i8::try_from(at + 1).ok();
        Some(rest)
    }

    fn half<'t>(&mut self, text: &'t str, [morning, afternoon]: [&str; 2]) -> Option<&'t str> {
        self.afternoon = Some(text.starts_with(afternoon));
        text.strip_prefix(afternoon)
            .or_else(|| text.strip_prefix(morning))
    }

    fn fraction<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        let length = fraction_length(text)?;
        let digits = text.get(1..=length)?;
        let nine = format!("{digits:0<9}");
        self.nanosecond = nine.get(..9)?.parse().ok()?;
        text.get(length + 1..)
    }

    fn offset<'t>(&mut self, text: &'t str, form: OffsetForm) -> Option<&'t str> {
        if form.z && text.starts_with('Z') {
            self.utc = true;
            return text.get(1..);
        }
        let sign = match text.chars().next()? {
            '+' => 1,
            '-' => -1,
            _ => return None,
        };
        let (hours, mut rest) = number(text.get(1..)?, true)?;
        let mut seconds = i32::from(hours) * 3600;
        for (present, unit) in [(form.minutes, 60), (form.seconds, 1)] {
            if !present {
                continue;
            }
            if form.colons {
                rest = rest.strip_prefix(':')?;
            }
            let (part, after) = number(rest, true)?;
            (part < 60).then_some(())?;
            seconds += i32::from(part) * unit;
            rest = after;
        }
        self.offset = Some(sign * seconds);
        Some(rest)
    }

    /// `UTC`, `CET`, `GMT+3`, `+03`.
    fn abbreviation<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        if let Some(rest) = text.strip_prefix("UTC") {
            self.utc = true;
            return Some(rest);
        }
        let letters = text.bytes().take_while(u8::is_ascii_uppercase).count();
        let signed = |text: &str| {
            let sign = text.starts_with(['+', '-']);
            let digits = text.bytes().skip(1).take_while(u8::is_ascii_digit).count();
            if sign && 0 < digits && digits <= 2 {
                1 + digits
            } else {
                0
            }
        };
        let length = match letters {
            0 => Some(signed(text)).filter(|length| *length == 3)?,
            3 if text.starts_with("GMT") => 3 + signed(text.get(3..)?),
            3 | 4 => letters,
            5 if text.as_bytes().get(4) == Some(&b'T') => 5,
            _ => return None,
        };
        text.get(..length)?.clone_into(&mut self.abbreviation);
        text.get(length..)
    }

    fn time(self, wanted: Option<&Arc<Zone>>) -> Option<Time> {
        let civil = DateTime::from_parts(self.date()?, self.clock()?);
        let default = || wanted.cloned().unwrap_or_else(|| Arc::new(Zone::utc()));
        if self.utc {
            let zone = Arc::new(Zone::utc());
            return Some(Time::new(zone.instant(civil).ok()?, zone));
        }
        if let Some(seconds) = self.offset {
            let fixed = Zone::fixed(seconds, &self.abbreviation).ok()?;
            let instant = fixed.instant(civil).ok()?;
            // The zone that was asked for is kept if it has this offset at that time.
            let usual = Time::new(instant, default());
            let fits = usual.offset() == seconds;
            return Some(if fits {
                usual
            } else {
                Time::new(instant, Arc::new(fixed))
            });
        }
        if !self.abbreviation.is_empty() {
            let zone = default();
            let instant = zone.instant(civil).ok()?;
            let time = Time::new(instant, zone);
            if time.abbreviation() == self.abbreviation {
                return Some(time);
            }
            let hours: i32 = self
                .abbreviation
                .trim_start_matches("GMT")
                .parse()
                .unwrap_or(0);
            let zone = Arc::new(Zone::fixed(hours * 3600, &self.abbreviation).ok()?);
            return Some(Time::new(zone.instant(civil).ok()?, zone));
        }
        let zone = default();
        Some(Time::new(zone.instant(civil).ok()?, zone))
    }

    fn date(&self) -> Option<Date> {
        if let Some(day) = self.year_day {
            let date = Date::new(self.year, 1, 1)
                .ok()?
                .with()
                .day_of_year(day)
                .build()
                .ok()?;
            let agrees = self.month.is_none_or(|month| month == date.month())
                && self.day.is_none_or(|day| day == date.day());
            return agrees.then_some(date);
        }
        Date::new(self.year, self.month.unwrap_or(1), self.day.unwrap_or(1)).ok()
    }

    fn clock(&self) -> Option<Clock> {
        let hour = match (self.afternoon, self.hour) {
            (Some(true), hour) if hour < 12 => hour + 12,
            (Some(false), 12) => 0,
            (_, hour) => hour,
        };
        Clock::new(hour, self.minute, self.second, self.nanosecond).ok()
    }
}

/// Goes past literal text, in which a space stands for any number of them.
fn skip<'t>(mut text: &'t str, literal: &str) -> Option<&'t str> {
    let mut wanted = literal;
    while let Some(c) = wanted.chars().next() {
        if c == ' ' {
            if !text.is_empty() && !text.starts_with(' ') {
                return None;
            }
            wanted = wanted.trim_start_matches(' ');
            text = text.trim_start_matches(' ');
        } else {
            wanted = wanted.get(c.len_utf8()..)?;
            text = text.strip_prefix(c)?;
        }
    }
    Some(text)
}
