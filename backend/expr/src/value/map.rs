//! Maps. Nearly all have text keys; `groupBy` and `fromPairs` make others.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Value, Weight};
use crate::error::Fault;
use crate::number;

/// A key of a map. Whole numbers are one key, however they are written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// `nil`
    Nil,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Another number, by its bits.
    Float(u64),
    /// Text.
    Text(Arc<str>),
}

impl Key {
    /// The key that a value is, if it can be one.
    pub fn of(value: &Value) -> Result<Self, Fault> {
        match value {
            Value::Nil => Ok(Self::Nil),
            Value::Bool(value) => Ok(Self::Bool(*value)),
            Value::Int(value) => Ok(Self::Int(*value)),
            Value::Float(value) => {
                Ok(number::whole(*value).map_or_else(|| Self::Float(value.to_bits()), Self::Int))
            }
            Value::String(text) => Ok(Self::Text(text.shared())),
            Value::Month(number) | Value::Weekday(number) => Ok(Self::Int(i64::from(*number))),
            other => Err(Fault::wrong_type(format!(
                "{} cannot be a key of a map",
                other.type_name()
            ))),
        }
    }

    /// The key as a value again.
    #[must_use]
    pub fn value(&self) -> Value {
        match self {
            Self::Nil => Value::Nil,
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::Int(*value),
            Self::Float(bits) => Value::Float(f64::from_bits(*bits)),
            Self::Text(text) => Value::String(Arc::clone(text).into()),
        }
    }

    /// The key in a JSON object, where every key is text.
    #[must_use]
    pub fn text(&self) -> String {
        self.value().to_text()
    }
}

#[derive(Clone, Debug)]
enum Entries {
    Text(BTreeMap<Arc<str>, Value>),
    Any(BTreeMap<Key, Value>),
}

/// Values by key, in the order of the keys.
#[derive(Clone, Debug)]
pub struct Map {
    entries: Entries,
    /// What a key that is not there gives.
    absent: Value,
    weight: Weight,
}

impl Map {
    /// A map whose keys are all text, as JSON's are.
    pub fn text<K: Into<Arc<str>>>(entries: impl IntoIterator<Item = (K, Value)>) -> Self {
        let entries: BTreeMap<Arc<str>, Value> = entries
            .into_iter()
            .map(|(key, value)| (key.into(), value))
            .collect();
        let weight = Weight::around(entries.values());
        Self {
            entries: Entries::Text(entries),
            absent: Value::Nil,
            weight,
        }
    }

    /// A map with keys of any type.
    pub fn any(entries: impl IntoIterator<Item = (Key, Value)>) -> Self {
        let entries: BTreeMap<Key, Value> = entries.into_iter().collect();
        let weight = Weight::around(entries.values());
        Self {
            entries: Entries::Any(entries),
            absent: Value::Nil,
            weight,
        }
    }

    /// Changes what a key that is not there gives, which is nil otherwise.
    #[must_use]
    pub fn with_absent(self, absent: Value) -> Self {
        Self { absent, ..self }
    }

    pub(crate) fn weight(&self) -> Weight {
        self.weight
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.entries {
            Entries::Text(entries) => entries.len(),
            Entries::Any(entries) => entries.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value at a text key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        match &self.entries {
            Entries::Text(entries) => entries.get(key),
            Entries::Any(entries) => entries.get(&Key::Text(Arc::from(key))),
        }
    }

    /// The value at any key. A map with text keys refuses others.
    pub(crate) fn find(&self, key: &Value) -> Result<Option<&Value>, Fault> {
        match (&self.entries, key) {
            (Entries::Text(entries), Value::String(key)) => Ok(entries.get(&**key)),
            // As in Go, nil stands for the empty key.
            (Entries::Text(entries), Value::Nil) => Ok(entries.get("")),
            (Entries::Text(_), other) => Err(Fault::wrong_type(format!(
                "the keys of the map are strings, {} is none",
                other.type_name()
            ))),
            (Entries::Any(entries), key) => Ok(entries.get(&Key::of(key)?)),
        }
    }

    pub(crate) fn absent(&self) -> Value {
        self.absent.clone()
    }

    /// Keys and values in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &Value)> {
        let (text, any) = match &self.entries {
            Entries::Text(entries) => (Some(entries), None),
            Entries::Any(entries) => (None, Some(entries)),
        };
        let text = text
            .into_iter()
            .flatten()
            .map(|(key, value)| (Key::Text(Arc::clone(key)), value));
        text.chain(
            any.into_iter()
                .flatten()
                .map(|(key, value)| (key.clone(), value)),
        )
    }
}
