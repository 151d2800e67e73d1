//! The types that the checker tells apart.

use std::fmt;

/// What is known of a value before it is computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// Anything: it comes from outside.
    Unknown,
    Nil,
    Bool,
    Int,
    Float,
    String,
    Bytes,
    Array(Box<Self>),
    Map {
        any_keys: bool,
        of: Box<Self>,
    },
    Time,
    Duration,
    Zone,
    Month,
    Weekday,
}

impl Type {
    pub(crate) fn array(of: Self) -> Self {
        Self::Array(Box::new(of))
    }

    pub(crate) fn text_map(of: Self) -> Self {
        Self::Map {
            any_keys: false,
            of: Box::new(of),
        }
    }

    pub(crate) fn any_map(of: Self) -> Self {
        Self::Map {
            any_keys: true,
            of: Box::new(of),
        }
    }

    /// What an array, a map or bytes hold.
    pub(crate) fn item(&self) -> Self {
        match self {
            Self::Array(of) | Self::Map { of, .. } => of.as_ref().clone(),
            Self::Bytes => Self::Int,
            _ => Self::Unknown,
        }
    }

    /// A number to compute with. Months and weekdays only compare.
    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Float)
    }

    pub(crate) fn is_array(&self) -> bool {
        matches!(self, Self::Array(_) | Self::Bytes)
    }

    /// Whether `==` of the two may ever hold.
    pub(crate) fn comparable_to(&self, other: &Self) -> bool {
        let numeric = |of: &Self| of.is_number() || matches!(of, Self::Month | Self::Weekday);
        match (self, other) {
            (Self::Unknown | Self::Nil, _) | (_, Self::Unknown | Self::Nil) => true,
            (
                Self::Map { any_keys: left, .. },
                Self::Map {
                    any_keys: right, ..
                },
            ) => left == right,
            (left, right) => {
                left == right
                    || (left.is_array() && right.is_array())
                    || (numeric(left) && numeric(right))
            }
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "something unknown",
            Self::Nil => "nil",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Float => "float",
            Self::String => "string",
            Self::Bytes | Self::Array(_) => "array",
            Self::Map { .. } => "map",
            Self::Time => "time",
            Self::Duration => "duration",
            Self::Zone => "time zone",
            Self::Month => "month",
            Self::Weekday => "weekday",
        })
    }
}
