//! A time written after a layout.

use std::fmt::Write as _;

use super::layout::{OffsetForm, Part, parts};
use super::{Time, month_name, weekday_name};

pub(super) fn format(time: &Time, layout: &str) -> String {
    let mut out = String::new();
    for part in parts(layout) {
        // Writing to a string cannot fail.
        _ = write_part(time, part, &mut out);
    }
    out
}

fn write_part(time: &Time, part: Part<'_>, out: &mut String) -> std::fmt::Result {
    let civil = time.civil();
    let month = civil.month().unsigned_abs();
    let weekday = weekday_name(civil.weekday().to_sunday_zero_offset().unsigned_abs());
    let hour12 = match civil.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    match part {
        Part::Literal(text) => out.write_str(text),
        Part::LongMonth => out.write_str(month_name(month)),
        Part::Month => out.write_str(month_name(month).get(..3).unwrap_or("")),
        Part::NumMonth => write!(out, "{month}"),
        Part::ZeroMonth => write!(out, "{month:02}"),
        Part::LongWeekday => out.write_str(weekday),
        Part::Weekday => out.write_str(weekday.get(..3).unwrap_or("")),
        Part::Day => write!(out, "{}", civil.day()),
        Part::SpaceDay => write!(out, "{:2}", civil.day()),
        Part::ZeroDay => write!(out, "{:02}", civil.day()),
        Part::SpaceYearDay => write!(out, "{:3}", civil.day_of_year()),
        Part::ZeroYearDay => write!(out, "{:03}", civil.day_of_year()),
        Part::Hour => write!(out, "{:02}", civil.hour()),
        Part::Hour12 => write!(out, "{hour12}"),
        Part::ZeroHour12 => write!(out, "{hour12:02}"),
        Part::Minute => write!(out, "{}", civil.minute()),
        Part::ZeroMinute => write!(out, "{:02}", civil.minute()),
        Part::Second => write!(out, "{}", civil.second()),
        Part::ZeroSecond => write!(out, "{:02}", civil.second()),
        Part::LongYear => write!(out, "{:04}", civil.year()),
        Part::Year => write!(out, "{:02}", civil.year().rem_euclid(100)),
        Part::UpperPm => out.write_str(if civil.hour() < 12 { "AM" } else { "PM" }),
        Part::LowerPm => out.write_str(if civil.hour() < 12 { "am" } else { "pm" }),
        Part::Abbreviation => match time.abbreviation() {
            // Without a name the offset stands in.
            name if name.is_empty() => {
                let form = OffsetForm {
                    z: false,
                    colons: false,
                    minutes: true,
                    seconds: false,
                };
                write_offset(time.offset(), form, out)
            }
            name => out.write_str(&name),
        },
        Part::Offset(form) => write_offset(time.offset(), form, out),
        Part::Fraction {
            separator,
            digits,
            trimmed,
        } => {
            let nanoseconds = format!(
                "{:0<width$}",
                format!("{:09}", civil.subsec_nanosecond()),
                width = digits
            );
            let written = nanoseconds.get(..digits).unwrap_or("");
            let written = if trimmed {
                written.trim_end_matches('0')
            } else {
                written
            };
            if written.is_empty() {
                Ok(())
            } else {
                write!(out, "{separator}{written}")
            }
        }
    }
}

fn write_offset(seconds: i32, form: OffsetForm, out: &mut String) -> std::fmt::Result {
    if form.z && seconds == 0 {
        return out.write_char('Z');
    }
    let sign = if seconds < 0 { '-' } else { '+' };
    let total = seconds.unsigned_abs();
    write!(out, "{sign}{:02}", total / 3600)?;
    let colon = if form.colons { ":" } else { "" };
    if form.minutes {
        write!(out, "{colon}{:02}", total / 60 % 60)?;
    }
    if form.seconds {
        write!(out, "{colon}{:02}", total % 60)?;
    }
    Ok(())
}
