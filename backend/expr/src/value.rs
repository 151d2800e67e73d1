//! What an expression computes with.

mod compare;
mod convert;
mod map;
mod object;
mod text;
mod weight;

use std::sync::Arc;

pub use convert::Numbers;
pub use map::{Key, Map};
pub use object::Object;
pub use text::Text;

pub(crate) use compare::{order, sort};
pub(crate) use convert::{compact, indented, json_number};

pub(crate) use weight::Weight;

use crate::time::{Time, Zone};

/// A value. Copies are cheap: everything large is shared.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing.
    Nil,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number, and every number of a JSON document.
    Float(f64),
    /// Text.
    String(Text),
    /// Raw bytes, which JSON shows in Base64.
    Bytes(Arc<[u8]>),
    /// Values in order.
    Array(Arc<List>),
    /// Values by key, sorted by key.
    Map(Arc<Map>),
    /// An instant in a time zone.
    Time(Arc<Time>),
    /// Nanoseconds.
    Duration(i64),
    /// A time zone.
    Zone(Arc<Zone>),
    /// A month, 1 to 12, as `date(…).Month()` gives it.
    Month(u8),
    /// A day of the week, 0 for Sunday.
    Weekday(u8),
    /// Something of the host with fields and methods.
    Object(Arc<dyn Object>),
}

/// The items of an array.
#[derive(Clone, Debug, Default)]
pub struct List {
    items: Vec<Value>,
    weight: Weight,
}

impl List {
    /// Puts values into an array.
    #[must_use]
    pub fn new(items: Vec<Value>) -> Self {
        let weight = Weight::around(&items);
        Self { items, weight }
    }

    /// The items.
    #[must_use]
    pub fn items(&self) -> &[Value] {
        &self.items
    }
}

impl Value {
    /// An array of these.
    #[must_use]
    pub fn array(items: Vec<Self>) -> Self {
        Self::Array(Arc::new(List::new(items)))
    }

    /// A map with text keys.
    pub fn map<K: Into<Arc<str>>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Map(Arc::new(Map::text(entries)))
    }

    /// What `type()` says, which is also how messages name the type.
    #[must_use]
    pub fn type_name(&self) -> &str {
        match self {
            Self::Nil => "nil",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::String(_) => "string",
            Self::Bytes(_) | Self::Array(_) => "array",
            Self::Map(_) => "map",
            Self::Time(_) => "time.Time",
            Self::Duration(_) => "time.Duration",
            Self::Zone(_) => "time.Location",
            Self::Month(_) => "time.Month",
            Self::Weekday(_) => "time.Weekday",
            Self::Object(object) => object.type_name(),
        }
    }

    /// Something of the host's.
    #[must_use]
    pub fn object(object: impl Object) -> Self {
        Self::Object(Arc::new(object))
    }

    /// The host's own type, if it is one.
    #[must_use]
    pub fn downcast<T: Object>(&self) -> Option<&T> {
        match self {
            Self::Object(object) => {
                let object: &dyn std::any::Any = &**object;
                object.downcast_ref()
            }
            _ => None,
        }
    }

    /// Whether it is nil.
    #[must_use]
    pub fn is_nil(&self) -> bool {
        matches!(self, Self::Nil)
    }

    /// The text, if it is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number, also if it is written as a float.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Float(number) => crate::number::whole(*number),
            Self::Month(number) | Self::Weekday(number) => Some(i64::from(*number)),
            _ => None,
        }
    }

    /// Any number as a float.
    #[must_use]
    pub fn as_float(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "a float is asked for")]
            Self::Int(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            Self::Month(number) | Self::Weekday(number) => Some(f64::from(*number)),
            _ => None,
        }
    }
}

/// The item of an array at a place, or the byte of a text. Negative places count from the end.
pub(crate) fn at(base: &Value, index: i64) -> Option<Value> {
    let bytes = match base {
        Value::Array(list) => {
            return place(index, list.items().len()).map(|at| list.items()[at].clone());
        }
        Value::String(text) => text.as_bytes(),
        Value::Bytes(bytes) => bytes,
        _ => return None,
    };
    place(index, bytes.len()).map(|at| Value::Int(i64::from(bytes[at])))
}

/// A place counted from the start, if it is within `length`.
fn place(index: i64, length: usize) -> Option<usize> {
    let from_start = if index < 0 {
        index.checked_add(i64::try_from(length).ok()?)?
    } else {
        index
    };
    usize::try_from(from_start).ok().filter(|at| *at < length)
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        compare::equal(self, other)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::String(Text::from(value))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::String(Text::from(value))
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Map(Arc::new(map))
    }
}

impl From<Vec<Self>> for Value {
    fn from(items: Vec<Self>) -> Self {
        Self::array(items)
    }
}
