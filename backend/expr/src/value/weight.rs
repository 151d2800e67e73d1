//! How large a value is when it is walked. Parts may be shared, so memory says nothing about that.

use super::Value;
use crate::error::Fault;

/// How deep arrays and maps may hold one another.
const MAX_NESTING: u32 = 200;
/// How much a value may weigh.
const MAX_BYTES: usize = 64 << 20;
/// What an item weighs besides its text.
const ITEM: usize = 16;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Weight {
    /// Levels of arrays and maps.
    nesting: u32,
    bytes: usize,
}

impl Weight {
    /// The weight of an array or map that holds these.
    pub(crate) fn around<'a>(values: impl IntoIterator<Item = &'a Value>) -> Self {
        values.into_iter().map(Value::weight).fold(
            Self {
                nesting: 1,
                bytes: ITEM,
            },
            |all, one| Self {
                nesting: all.nesting.max(one.nesting + 1),
                bytes: all.bytes.saturating_add(one.bytes),
            },
        )
    }
}

impl Value {
    pub(crate) fn weight(&self) -> Weight {
        let text = |length: usize| Weight {
            nesting: 0,
            bytes: ITEM + length,
        };
        match self {
            Self::Array(list) => list.weight,
            Self::Map(map) => map.weight(),
            Self::String(string) => text(string.len()),
            Self::Bytes(bytes) => text(bytes.len()),
            Self::Nil
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Float(_)
            | Self::Time(_)
            | Self::Duration(_)
            | Self::Zone(_)
            | Self::Month(_)
            | Self::Weekday(_)
            | Self::Object(_) => text(0),
        }
    }

    /// How many steps it takes to walk all of it.
    pub(crate) fn steps(&self) -> usize {
        self.weight().bytes / ITEM
    }

    /// Refuses what is too large or too deep to be walked.
    pub(crate) fn bounded(self) -> Result<Self, Fault> {
        let weight = self.weight();
        if MAX_NESTING < weight.nesting {
            return Err(Fault::limit("arrays and maps are nested too deeply"));
        }
        if MAX_BYTES < weight.bytes {
            return Err(Fault::limit("the value is too large"));
        }
        Ok(self)
    }
}
