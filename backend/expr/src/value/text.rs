//! Strings, and the text of values that are none.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::Value;
use crate::number;

/// A string. It may be marked as verbatim: a template that is nothing but an expression which gives such
/// a string leaves it as it is. What is made of it is an ordinary string again.
#[derive(Clone, Debug)]
pub struct Text {
    text: Arc<str>,
    verbatim: bool,
}

impl Text {
    /// A string that no template takes for a number or for JSON.
    pub fn verbatim(text: impl Into<Arc<str>>) -> Self {
        Self {
            text: text.into(),
            verbatim: true,
        }
    }

    /// Whether it was made with [`verbatim`](Self::verbatim).
    #[must_use]
    pub fn is_verbatim(&self) -> bool {
        self.verbatim
    }

    pub(crate) fn shared(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<T: Into<Arc<str>>> From<T> for Text {
    fn from(text: T) -> Self {
        Self {
            text: text.into(),
            verbatim: false,
        }
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Value {
    /// The text of a value for people: `nil` is `<nil>`, arrays are `[1 2]`, maps are `map[a:1]`.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Nil => "<nil>".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => number::float_text(*value),
            Self::String(text) => (**text).to_owned(),
            Self::Bytes(bytes) => {
                format!("[{}]", join(bytes.iter().map(ToString::to_string)))
            }
            Self::Array(list) => format!("[{}]", join(list.items().iter().map(Self::to_text))),
            Self::Map(map) => {
                let entries = map
                    .iter()
                    .map(|(key, value)| format!("{}:{}", key.text(), value.to_text()));
                format!("map[{}]", join(entries))
            }
            Self::Time(time) => time.text(),
            Self::Duration(nanoseconds) => crate::time::duration_text(*nanoseconds),
            Self::Zone(zone) => zone.name().to_owned(),
            Self::Month(month) => crate::time::month_name(*month).to_owned(),
            Self::Weekday(day) => crate::time::weekday_name(*day).to_owned(),
            Self::Object(object) => object.text(),
        }
    }
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(" ")
}
