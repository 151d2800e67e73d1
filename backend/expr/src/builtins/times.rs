//! Functions that make times, durations and time zones.

use std::sync::Arc;

use super::{Builtin, Param, Scene, arg, text, wrong};
use crate::check::Type;
use crate::env::check_arity;
use crate::error::Fault;
use crate::time::{self, Time, Zone};
use crate::value::Value;

use Param::{Any, Text};

pub(super) const TABLE: &[Builtin] = &[
    Builtin {
        name: "now",
        arity: (0, 1),
        params: &[Param::Zone],
        gives: |_| Type::Time,
        run: now,
    },
    Builtin {
        name: "date",
        arity: (1, 4),
        params: &[Any],
        gives: |_| Type::Time,
        run: date,
    },
    Builtin {
        name: "duration",
        arity: (1, 1),
        params: &[Text],
        gives: |_| Type::Duration,
        run: duration,
    },
    Builtin {
        name: "timezone",
        arity: (1, 1),
        params: &[Text],
        gives: |_| Type::Zone,
        run: timezone,
    },
];

fn now(scene: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    let zone = match args {
        [] => Arc::new(Zone::utc()),
        [Value::Zone(zone)] => Arc::clone(zone),
        other => return Err(wrong("now", "a time zone", arg(other, 0))),
    };
    let now = scene
        .env
        .now()
        .ok_or_else(|| Fault::failed("the time is not known here"))?;
    Ok(Value::Time(Arc::new(Time::new(now, zone))))
}

/// `date(text)`, `date(text, layout)`, `date(text, layout, zone)`, each with a zone before it if wanted.
fn date(_: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    let (zone, args) = match args {
        [Value::Zone(zone), rest @ ..] => (Some(Arc::clone(zone)), rest),
        rest => (None, rest),
    };
    check_arity("date", &(1..=3), args.len())?;
    let written = text("date", args, 0)?;
    let zone = match args.len() {
        3 => Some(Arc::new(Zone::named(text("date", args, 2)?)?)),
        _ => zone,
    };
    let time = match args.len() {
        1 => time::parse_any(written, zone.as_ref()),
        _ => time::parse(written, text("date", args, 1)?, zone.as_ref()),
    };
    time.map(|time| Value::Time(Arc::new(time)))
}

fn duration(_: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    time::parse_duration(text("duration", args, 0)?).map(Value::Duration)
}

fn timezone(_: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    let zone = Zone::named(text("timezone", args, 0)?)?;
    Ok(Value::Zone(Arc::new(zone)))
}
