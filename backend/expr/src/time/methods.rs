//! The methods of times, durations, months, weekdays and zones.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;

use super::{Time, Zone, duration_text, format, out_of_range};
use crate::check::Type;
use crate::env::check_arity;
use crate::error::Fault;
use crate::value::Value;

/// Name, number of arguments, what it gives.
type Method = (&'static str, usize, Type);

const TIME: &[Method] = &[
    ("Add", 1, Type::Time),
    ("AddDate", 3, Type::Time),
    ("After", 1, Type::Bool),
    ("Before", 1, Type::Bool),
    ("Compare", 1, Type::Int),
    ("Day", 0, Type::Int),
    ("Equal", 1, Type::Bool),
    ("Format", 1, Type::String),
    ("Hour", 0, Type::Int),
    ("ISOWeek", 0, Type::Int),
    ("In", 1, Type::Time),
    ("IsZero", 0, Type::Bool),
    ("Local", 0, Type::Time),
    ("Location", 0, Type::Zone),
    ("Minute", 0, Type::Int),
    ("Month", 0, Type::Month),
    ("Nanosecond", 0, Type::Int),
    ("Round", 1, Type::Time),
    ("Second", 0, Type::Int),
    ("String", 0, Type::String),
    ("Sub", 1, Type::Duration),
    ("Truncate", 1, Type::Time),
    ("UTC", 0, Type::Time),
    ("Unix", 0, Type::Int),
    ("UnixMicro", 0, Type::Int),
    ("UnixMilli", 0, Type::Int),
    ("UnixNano", 0, Type::Int),
    ("Weekday", 0, Type::Weekday),
    ("Year", 0, Type::Int),
    ("YearDay", 0, Type::Int),
    ("Zone", 0, Type::String),
];

const DURATION: &[Method] = &[
    ("Abs", 0, Type::Duration),
    ("Hours", 0, Type::Float),
    ("Microseconds", 0, Type::Int),
    ("Milliseconds", 0, Type::Int),
    ("Minutes", 0, Type::Float),
    ("Nanoseconds", 0, Type::Int),
    ("Round", 1, Type::Duration),
    ("Seconds", 0, Type::Float),
    ("String", 0, Type::String),
    ("Truncate", 1, Type::Duration),
];

const NAMED: &[Method] = &[("String", 0, Type::String)];

/// The methods that values of a type have, none for types without methods.
fn methods_of(of: &Type) -> &'static [Method] {
    match of {
        Type::Time => TIME,
        Type::Duration => DURATION,
        Type::Zone | Type::Month | Type::Weekday => NAMED,
        Type::Unknown
        | Type::Nil
        | Type::Bool
        | Type::Int
        | Type::Float
        | Type::String
        | Type::Bytes
        | Type::Array(_)
        | Type::Map { .. } => &[],
    }
}

/// How many arguments a method takes and what it gives.
pub(crate) fn method_type(of: &Type, name: &str) -> Option<(usize, Type)> {
    methods_of(of)
        .iter()
        .find(|(known, ..)| *known == name)
        .map(|(_, arguments, gives)| (*arguments, gives.clone()))
}

/// Calls a method, `None` if the value has none of that name.
pub(crate) fn call(value: &Value, name: &str, args: &[Value]) -> Option<Result<Value, Fault>> {
    let of = match value {
        Value::Time(_) => Type::Time,
        Value::Duration(_) => Type::Duration,
        Value::Zone(_) => Type::Zone,
        Value::Month(_) => Type::Month,
        Value::Weekday(_) => Type::Weekday,
        Value::Nil
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::String(_)
        | Value::Bytes(_)
        | Value::Array(_)
        | Value::Map(_)
        | Value::Object(_) => return None,
    };
    let (arguments, _) = method_type(&of, name)?;
    Some(
        check_arity(name, &(arguments..=arguments), args.len()).and_then(|()| match value {
            Value::Time(time) => of_time(time, name, args),
            Value::Duration(nanoseconds) => of_duration(*nanoseconds, name, args),
            other => Ok(Value::from(other.to_text())),
        }),
    )
}

fn wanted(method: &str, type_name: &str, given: &Value) -> Fault {
    Fault::wrong_type(format!(
        "`{method}` takes a {type_name}, not {}",
        given.type_name()
    ))
}

fn time_of<'a>(method: &str, args: &'a [Value]) -> Result<&'a Time, Fault> {
    match args {
        [Value::Time(time), ..] => Ok(time),
        other => Err(wanted(method, "time", other.first().unwrap_or(&Value::Nil))),
    }
}

fn duration_of(method: &str, args: &[Value]) -> Result<i64, Fault> {
    match args {
        [Value::Duration(nanoseconds), ..] => Ok(*nanoseconds),
        other => Err(wanted(
            method,
            "duration",
            other.first().unwrap_or(&Value::Nil),
        )),
    }
}

fn of_time(time: &Arc<Time>, name: &str, args: &[Value]) -> Result<Value, Fault> {
    let civil = time.civil();
    let at = |zone: Arc<Zone>| Value::Time(Arc::new(Time::new(time.instant, zone)));
    let number = |number: i64| Ok(Value::Int(number));
    match name {
        "Year" => number(i64::from(civil.year())),
        "Month" => Ok(Value::Month(civil.month().unsigned_abs())),
        "Day" => number(i64::from(civil.day())),
        "Hour" => number(i64::from(civil.hour())),
        "Minute" => number(i64::from(civil.minute())),
        "Second" => number(i64::from(civil.second())),
        "Nanosecond" => number(i64::from(civil.subsec_nanosecond())),
        "YearDay" => number(i64::from(civil.day_of_year())),
        "ISOWeek" => number(i64::from(civil.date().iso_week_date().year())),
        "Weekday" => Ok(Value::Weekday(
            civil.weekday().to_sunday_zero_offset().unsigned_abs(),
        )),
        "Unix" => number(time.instant.as_second()),
        "UnixMilli" => number(time.instant.as_millisecond()),
        "UnixMicro" => number(time.instant.as_microsecond()),
        "UnixNano" => i64::try_from(time.instant.as_nanosecond())
            .map(Value::Int)
            .map_err(|_| out_of_range()),
        "Format" => match args {
            [Value::String(layout)] => Ok(Value::from(format::format(time, layout))),
            other => Err(wanted(name, "string", other.first().unwrap_or(&Value::Nil))),
        },
        "String" => Ok(Value::from(time.text())),
        "Zone" => Ok(Value::from(time.abbreviation())),
        "Add" => Ok(Value::Time(Arc::new(time.plus(duration_of(name, args)?)?))),
        "AddDate" => add_date(time, civil, args),
        "Sub" => Ok(Value::Duration(time.since(time_of(name, args)?))),
        "Before" => Ok(Value::Bool(time.instant < time_of(name, args)?.instant)),
        "After" => Ok(Value::Bool(time_of(name, args)?.instant < time.instant)),
        "Equal" => Ok(Value::Bool(time.instant == time_of(name, args)?.instant)),
        "Compare" => number(time.instant.cmp(&time_of(name, args)?.instant) as i64),
        "IsZero" => Ok(Value::Bool(time.instant.as_nanosecond() == YEAR_ONE)),
        "UTC" | "Local" => Ok(at(Arc::new(Zone::utc()))),
        "In" => match args {
            [Value::Zone(zone)] => Ok(at(Arc::clone(zone))),
            other => Err(wanted(
                name,
                "time zone",
                other.first().unwrap_or(&Value::Nil),
            )),
        },
        "Location" => Ok(Value::Zone(Arc::clone(&time.zone))),
        "Truncate" | "Round" => {
            let rounded = round(
                time.instant.as_nanosecond() - YEAR_ONE,
                i128::from(duration_of(name, args)?),
                name == "Round",
            );
            let instant =
                Timestamp::from_nanosecond(rounded + YEAR_ONE).map_err(|_| out_of_range())?;
            Ok(Value::Time(Arc::new(Time::new(
                instant,
                Arc::clone(&time.zone),
            ))))
        }
        _ => Err(Fault::name(format!("a time has no method `{name}`"))),
    }
}

/// The first of January of the year 1, in nanoseconds: where Go's times begin.
const YEAR_ONE: i128 = -62_135_596_800_000_000_000;

/// Years, months and days later. The 31st of a short month is a day of the next one, as in Go.
fn add_date(time: &Time, civil: DateTime, args: &[Value]) -> Result<Value, Fault> {
    let mut parts = [0_i64; 3];
    for (part, arg) in parts.iter_mut().zip(args) {
        *part = arg
            .as_int()
            .ok_or_else(|| wanted("AddDate", "whole number", arg))?;
    }
    let [years, months, days] = parts;
    let total = i64::from(civil.year())
        .checked_add(years)
        .and_then(|year| year.checked_mul(12))
        .and_then(|total| total.checked_add(i64::from(civil.month()) - 1))
        .and_then(|total| total.checked_add(months))
        .ok_or_else(out_of_range)?;
    let year = i16::try_from(total.div_euclid(12)).map_err(|_| out_of_range())?;
    let month = i8::try_from(total.rem_euclid(12) + 1).map_err(|_| out_of_range())?;
    let days = days
        .checked_add(i64::from(civil.day()) - 1)
        .ok_or_else(out_of_range)?;
    let span = jiff::Span::new()
        .try_days(days)
        .map_err(|_| out_of_range())?;
    let date = jiff::civil::Date::new(year, month, 1)
        .and_then(|first| first.checked_add(span))
        .map_err(|_| out_of_range())?;
    let instant = time
        .zone
        .instant(DateTime::from_parts(date, civil.time()))?;
    Ok(Value::Time(Arc::new(Time::new(
        instant,
        Arc::clone(&time.zone),
    ))))
}

/// To a multiple of `unit`: downwards, or to the nearest with halves upwards.
fn round(amount: i128, unit: i128, nearest: bool) -> i128 {
    if unit <= 0 {
        return amount;
    }
    let over = amount.rem_euclid(unit);
    if nearest && unit <= over * 2 {
        amount - over + unit
    } else {
        amount - over
    }
}

fn of_duration(nanoseconds: i64, name: &str, args: &[Value]) -> Result<Value, Fault> {
    // As Go does it: whole units first, then the rest, so that nothing is lost.
    let units = |unit: i64| {
        #[expect(clippy::cast_precision_loss, reason = "both parts are far below 2^53")]
        let amount = (nanoseconds / unit) as f64 + (nanoseconds % unit) as f64 / unit as f64;
        Ok(Value::Float(amount))
    };
    match name {
        "Hours" => units(3_600_000_000_000),
        "Minutes" => units(60_000_000_000),
        "Seconds" => units(1_000_000_000),
        "Milliseconds" => Ok(Value::Int(nanoseconds / 1_000_000)),
        "Microseconds" => Ok(Value::Int(nanoseconds / 1_000)),
        "Nanoseconds" => Ok(Value::Int(nanoseconds)),
        "String" => Ok(Value::from(duration_text(nanoseconds))),
        "Abs" => Ok(Value::Duration(nanoseconds.saturating_abs())),
        "Truncate" | "Round" => {
            let unit = i128::from(duration_of(name, args)?);
            let rounded = round(
                i128::from(nanoseconds.unsigned_abs()),
                unit,
                name == "Round",
            );
            let signed = if nanoseconds < 0 { -rounded } else { rounded };
            let limit = if nanoseconds < 0 { i64::MIN } else { i64::MAX };
            Ok(Value::Duration(i64::try_from(signed).unwrap_or(limit)))
        }
        _ => Err(Fault::name(format!("a duration has no method `{name}`"))),
    }
}
