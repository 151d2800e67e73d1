//! What a YAML text says, and where each part of it stands.

use std::ops::Range;

use serde_json::{Map, Value};

use super::meaning::plain_value;

/// One document of a text.
#[derive(Debug)]
pub struct Document {
    /// What the document holds.
    pub root: Node,
}

/// A value.
#[derive(Debug)]
pub enum Node {
    /// A single value.
    Scalar(Scalar),
    /// A reference to an anchor.
    Alias {
        /// Number of the anchor, in order of appearance.
        anchor: usize,
        /// Where it is.
        span: Range<usize>,
    },
    /// A list.
    List {
        /// Its elements.
        items: Vec<Self>,
        /// Its anchor and tag, if it has them.
        properties: Properties,
        /// Where it begins and ends, brackets included.
        span: Range<usize>,
        /// Whether it is in brackets.
        bracketed: bool,
    },
    /// A mapping.
    Map {
        /// Its keys and values.
        entries: Vec<(Self, Self)>,
        /// Its anchor and tag, if it has them.
        properties: Properties,
        /// Where it begins and ends, braces included.
        span: Range<usize>,
        /// Whether it is in braces.
        bracketed: bool,
    },
}

/// What stands before a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Properties {
    /// Number of the anchor, or zero.
    pub anchor: usize,
    /// The tag, in full.
    pub tag: Option<String>,
}

/// A single value.
#[derive(Debug)]
pub struct Scalar {
    /// Its text, without quotes and escapes.
    pub text: String,
    /// How it is written.
    pub style: Style,
    /// Its anchor and tag, if it has them.
    pub properties: Properties,
    /// Where its tag is, if it has one.
    pub tag_at: Option<Range<usize>>,
    /// Where it is.
    pub place: Place,
    /// Whether it is inside brackets or braces.
    pub in_flow: bool,
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In `'`.
    Single,
    /// In `"`.
    Double,
    /// As a block, after `|` or `>`.
    Block,
}

/// Where a scalar is, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Here, quotes included.
    Inline(Range<usize>),
    /// It is empty and would be here, after this much that must come before it.
    Empty {
        /// The position.
        at: usize,
        /// What to write before the value.
        before: &'static str,
    },
    /// In lines of its own.
    Block {
        /// The indicators, as `|2-`.
        header: Range<usize>,
        /// From the end of the header's line to the end of the last line.
        body: Range<usize>,
        /// Spaces before each line.
        indent: usize,
    },
    /// Where it cannot be told.
    Unknown,
}

impl Node {
    /// Where the node begins and ends. An empty value begins and ends where it would be.
    pub fn span(&self) -> Range<usize> {
        match self {
            Self::Scalar(scalar) => match &scalar.place {
                Place::Inline(range) => range.clone(),
                Place::Empty { at, .. } => *at..*at,
                Place::Block { header, body, .. } => header.start..body.end,
                Place::Unknown => 0..0,
            },
            Self::Alias { span, .. } | Self::List { span, .. } | Self::Map { span, .. } => {
                span.clone()
            }
        }
    }

    /// The value as JSON has it, or none if a part of it stands elsewhere or has no JSON form.
    pub fn value(&self) -> Option<Value> {
        match self {
            Self::Scalar(scalar) => Some(scalar.value()),
            Self::Alias { .. } => None,
            Self::List { items, .. } => items.iter().map(Self::value).collect(),
            Self::Map { entries, .. } => {
                let field = |(key, value): &(Self, Self)| match key {
                    Self::Scalar(key) => Some((key.text.clone(), value.value()?)),
                    Self::Alias { .. } | Self::List { .. } | Self::Map { .. } => None,
                };
                entries
                    .iter()
                    .map(field)
                    .collect::<Option<Map<_, _>>>()
                    .map(Value::Object)
            }
        }
    }

    /// The value of the key, if the node is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map { entries, .. } = self else {
            return None;
        };
        entries
            .iter()
            .find(|(name, _)| name.is(key))
            .map(|(_, value)| value)
    }

    /// Whether the node is a scalar with this text.
    pub fn is(&self, text: &str) -> bool {
        matches!(self, Self::Scalar(scalar) if scalar.text == text)
    }

    /// The element or value of this number.
    pub fn child(&self, number: usize) -> Option<&Self> {
        match self {
            Self::List { items, .. } => items.get(number),
            Self::Map { entries, .. } => entries.get(number).map(|(_, value)| value),
            Self::Scalar(_) | Self::Alias { .. } => None,
        }
    }
}

impl Scalar {
    /// What readers of YAML 1.2 see in it.
    pub fn value(&self) -> Value {
        let is_text = matches!(
            self.properties.tag.as_deref(),
            Some("!" | "tag:yaml.org,2002:str")
        );
        if self.style == Style::Plain && !is_text {
            plain_value(&self.text)
        } else {
            Value::String(self.text.clone())
        }
    }

    /// Whether it says that there is no value.
    pub fn is_null(&self) -> bool {
        self.value().is_null()
    }
}
