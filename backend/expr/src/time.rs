//! Instants, zones and durations, with the names, methods and layouts of Go's `time` package.

mod duration;
mod format;
mod layout;
mod methods;
mod parse;

use std::sync::{Arc, OnceLock};

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};

use crate::error::Fault;

pub(crate) use duration::{parse as parse_duration, text as duration_text};
pub(crate) use methods::{call, method_type};
pub(crate) use parse::{parse, parse_any};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// The English name of a month, 1 to 12.
pub(crate) fn month_name(month: u8) -> &'static str {
    MONTHS
        .get(usize::from(month).wrapping_sub(1))
        .copied()
        .unwrap_or("")
}

/// The English name of a day of the week, 0 for Sunday.
pub(crate) fn weekday_name(day: u8) -> &'static str {
    WEEKDAYS.get(usize::from(day)).copied().unwrap_or("")
}

/// A time zone: one of the tz database, or a fixed offset that may have an abbreviation.
#[derive(Clone, Debug)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

impl Zone {
    /// UTC.
    #[must_use]
    pub fn utc() -> Self {
        Self {
            name: "UTC".to_owned(),
            zone: TimeZone::UTC,
        }
    }

    /// A zone of the tz database, which is compiled in.
    pub(crate) fn named(name: &str) -> Result<Self, Fault> {
        static DATABASE: OnceLock<TimeZoneDatabase> = OnceLock::new();
        if name.is_empty() || name == "UTC" {
            return Ok(Self::utc());
        }
        if name == "Local" {
            return Ok(Self {
                name: "Local".to_owned(),
                zone: TimeZone::UTC,
            });
        }
        let zone = DATABASE
            .get_or_init(TimeZoneDatabase::bundled)
            .get(name)
            .map_err(|_| Fault::wrong_argument(format!("there is no time zone {name:?}")))?;
        Ok(Self {
            name: name.to_owned(),
            zone,
        })
    }

    /// So many seconds east of UTC, without a name or with an abbreviation.
    pub(crate) fn fixed(seconds: i32, abbreviation: &str) -> Result<Self, Fault> {
        let offset = Offset::from_seconds(seconds)
            .map_err(|_| Fault::wrong_argument("the offset of the time zone is too large"))?;
        Ok(Self {
            name: abbreviation.to_owned(),
            zone: TimeZone::fixed(offset),
        })
    }

    /// `Europe/Zurich`, `UTC`, `CET`, or nothing for a bare offset.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn is_fixed(&self) -> bool {
        self.zone.to_fixed_offset().is_ok()
    }

    /// The instant at which clocks in this zone show `civil`.
    pub(crate) fn instant(&self, civil: DateTime) -> Result<Timestamp, Fault> {
        self.zone.to_timestamp(civil).map_err(|_| out_of_range())
    }
}

fn out_of_range() -> Fault {
    Fault::arithmetic("the time is out of range")
}

/// An instant in a time zone.
#[derive(Clone, Debug)]
pub struct Time {
    instant: Timestamp,
    zone: Arc<Zone>,
}

impl Time {
    /// An instant as seen in a zone.
    #[must_use]
    pub fn new(instant: Timestamp, zone: Arc<Zone>) -> Self {
        Self { instant, zone }
    }

    /// The instant.
    #[must_use]
    pub fn instant(&self) -> Timestamp {
        self.instant
    }

    /// The zone.
    #[must_use]
    pub fn zone(&self) -> &Arc<Zone> {
        &self.zone
    }

    fn civil(&self) -> DateTime {
        self.zone.zone.to_datetime(self.instant)
    }

    /// Seconds east of UTC.
    fn offset(&self) -> i32 {
        self.zone.zone.to_offset(self.instant).seconds()
    }

    /// `CET`, `UTC`, or `+02` where the zone has no letters for it.
    fn abbreviation(&self) -> String {
        if self.zone.name == "Local" {
            return "UTC".to_owned();
        }
        if self.zone.is_fixed() && self.zone.name != "UTC" && !self.zone.name.contains('/') {
            return self.zone.name.clone();
        }
        self.zone
            .zone
            .to_offset_info(self.instant)
            .abbreviation()
            .to_owned()
    }

    /// Later by so many nanoseconds.
    pub(crate) fn plus(&self, nanoseconds: i64) -> Result<Self, Fault> {
        let instant = self
            .instant
            .checked_add(SignedDuration::from_nanos(nanoseconds))
            .map_err(|_| out_of_range())?;
        Ok(Self {
            instant,
            zone: Arc::clone(&self.zone),
        })
    }

    /// How many nanoseconds it is after `other`. Go stops at 292 years, and so does this.
    pub(crate) fn since(&self, other: &Self) -> i64 {
        let nanoseconds = self.instant.as_nanosecond() - other.instant.as_nanosecond();
        let limit = if nanoseconds < 0 { i64::MIN } else { i64::MAX };
        i64::try_from(nanoseconds).unwrap_or(limit)
    }

    /// `2024-02-29T10:00:00.5+01:00`
    pub(crate) fn rfc3339(&self) -> String {
        format::format(self, "2006-01-02T15:04:05.999999999Z07:00")
    }

    /// `2024-02-29 10:00:00 +0100 CET`
    pub(crate) fn text(&self) -> String {
        format::format(self, "2006-01-02 15:04:05.999999999 -0700 MST")
    }
}
