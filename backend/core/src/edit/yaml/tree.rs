//! What a YAML text says, and where each scalar stands in it.

use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use super::YamlError;
use super::lines::Reader;

/// Lists and mappings within each other, at most.
const DEPTH: usize = 200;

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
    },
    /// A list.
    List {
        /// Its elements.
        items: Vec<Self>,
        /// Its anchor and tag, if it has them.
        properties: Properties,
        /// Where it begins and ends: of a list in brackets, with the brackets.
        span: Range<usize>,
    },
    /// A mapping.
    Map {
        /// Its keys and values.
        entries: Vec<(Self, Self)>,
        /// Its anchor and tag, if it has them.
        properties: Properties,
        /// Where it begins and ends: of a mapping in braces, with the braces.
        span: Range<usize>,
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

/// Reads all documents of a text.
///
/// # Errors
/// Where the text stops being YAML.
pub fn parse(text: &str) -> Result<Vec<Document>, YamlError> {
    let mut builder = Builder::new(text);
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| syntax(&error))?;
        builder.add(event, span)?;
    }
    Ok(builder.documents)
}

fn syntax(error: &ScanError) -> YamlError {
    let marker = error.marker();
    let (line, column) = (marker.line(), marker.col() + 1);
    YamlError::Syntax {
        line,
        column,
        message: error.info().to_owned(),
    }
}

struct Builder<'a> {
    text: &'a str,
    /// The byte at which each character starts, if that is not the same number.
    bytes: Option<Vec<usize>>,
    documents: Vec<Document>,
    open: Vec<Open>,
    /// The end of what was read last.
    cursor: usize,
}

/// A list or mapping that is not complete.
struct Open {
    node: Node,
    /// Of a mapping, the key whose value comes next.
    key: Option<(Node, usize)>,
    in_flow: bool,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str) -> Self {
        let bytes = (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).collect());
        Self {
            text,
            bytes,
            documents: Vec::new(),
            open: Vec::new(),
            cursor: 0,
        }
    }

    fn add(&mut self, event: Event<'_>, span: Span) -> Result<(), YamlError> {
        let (start, end) = (self.byte(span.start.index()), self.byte(span.end.index()));
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.map(|tag| format!("{}{}", tag.handle, tag.suffix));
                let properties = Properties { anchor, tag };
                let scalar = self.scalar(text.into_owned(), style, properties, start..end);
                self.close(Node::Scalar(scalar));
            }
            Event::Alias(anchor) => {
                self.cursor = end;
                self.close(Node::Alias { anchor });
            }
            Event::SequenceStart(anchor, tag) => {
                let tag = tag.map(|tag| format!("{}{}", tag.handle, tag.suffix));
                let properties = Properties { anchor, tag };
                let node = Node::List {
                    items: Vec::new(),
                    properties,
                    span: start..end,
                };
                self.start(node, start..end, span)?;
            }
            Event::MappingStart(anchor, tag) => {
                let tag = tag.map(|tag| format!("{}{}", tag.handle, tag.suffix));
                let properties = Properties { anchor, tag };
                let node = Node::Map {
                    entries: Vec::new(),
                    properties,
                    span: start..end,
                };
                self.start(node, start..end, span)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(mut open) = self.open.pop() {
                    self.cursor = self.cursor.max(end);
                    if let Node::List { span, .. } | Node::Map { span, .. } = &mut open.node {
                        span.end = end.max(span.start);
                    }
                    self.close(open.node);
                }
            }
            Event::DocumentStart(_) => self.cursor = self.cursor.max(end),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn start(&mut self, node: Node, at: Range<usize>, span: Span) -> Result<(), YamlError> {
        if DEPTH <= self.open.len() {
            let (line, column) = (span.start.line(), span.start.col() + 1);
            let message = format!("more than {DEPTH} levels");
            return Err(YamlError::Syntax {
                line,
                column,
                message,
            });
        }
        let opens = self.text.get(at.clone()).unwrap_or_default();
        let in_flow = self.in_flow() || opens.ends_with(['[', '{']);
        self.cursor = self.cursor.max(at.end);
        self.open.push(Open {
            node,
            key: None,
            in_flow,
        });
        Ok(())
    }

    /// Puts a complete node where it belongs.
    fn close(&mut self, node: Node) {
        let Some(open) = self.open.last_mut() else {
            self.documents.push(Document { root: node });
            return;
        };
        match (&mut open.node, open.key.take()) {
            (Node::List { items, .. }, _) => items.push(node),
            (Node::Map { entries, .. }, Some((key, _))) => entries.push((key, node)),
            (Node::Map { .. }, None) => open.key = Some((node, self.cursor)),
            (Node::Scalar(_) | Node::Alias { .. }, _) => {}
        }
    }

    fn scalar(
        &mut self,
        text: String,
        style: ScalarStyle,
        properties: Properties,
        span: Range<usize>,
    ) -> Scalar {
        let (style, found) = match style {
            ScalarStyle::Plain => (Style::Plain, self.plain(&text, &properties, &span)),
            ScalarStyle::SingleQuoted => (Style::Single, self.quoted(&span)),
            ScalarStyle::DoubleQuoted => (Style::Double, self.quoted(&span)),
            ScalarStyle::Literal | ScalarStyle::Folded => (Style::Block, self.block(&text)),
        };
        let (place, tag_at) = found.unwrap_or((Place::Unknown, None));
        self.cursor = match &place {
            Place::Inline(range) => range.end,
            Place::Block { body, .. } => body.end,
            Place::Empty { at, .. } => self.cursor.max(*at),
            Place::Unknown => self.cursor.max(span.end),
        };
        Scalar {
            text,
            style,
            properties,
            tag_at,
            place,
            in_flow: self.in_flow(),
        }
    }

    fn plain(&self, text: &str, properties: &Properties, span: &Range<usize>) -> Option<Found> {
        let has_properties = properties.anchor != 0 || properties.tag.is_some();
        let mut reader = Reader::new(self.text, span.start);
        let mut tag_at = None;
        let mut after_properties = span.start;
        if has_properties {
            while let Some(property) = reader.property() {
                after_properties = property.end;
                if self.text[property.clone()].starts_with('!') {
                    tag_at = Some(property);
                }
                reader.skip_blank();
            }
        }
        if !text.is_empty() {
            // Blanks at the end are not part of it, whatever the parser says.
            let written = self.text.get(reader.at..span.end)?.trim_end();
            return Some((Place::Inline(reader.at..reader.at + written.len()), tag_at));
        }
        if has_properties {
            return Some((
                Place::Empty {
                    at: after_properties,
                    before: " ",
                },
                tag_at,
            ));
        }
        let place = match self.open.last() {
            Some(Open {
                node: Node::Map { .. },
                key: Some((_, key_end)),
                in_flow,
            }) => {
                let mut reader = Reader::new(self.text, *key_end);
                reader.skip_blank();
                match reader.peek() {
                    Some(b':') => Place::Empty {
                        at: reader.at + 1,
                        before: " ",
                    },
                    Some(_) | None if *in_flow => Place::Empty {
                        at: *key_end,
                        before: ": ",
                    },
                    Some(_) | None => Place::Unknown,
                }
            }
            Some(Open {
                node: Node::List { .. },
                ..
            }) if self.text[..span.start].ends_with('-') => Place::Empty {
                at: span.start,
                before: " ",
            },
            Some(_) | None => Place::Unknown,
        };
        Some((place, None))
    }

    fn quoted(&self, span: &Range<usize>) -> Option<Found> {
        let mut reader = Reader::new(self.text, span.start);
        let mut tag_at = None;
        while let Some(property) = reader.property() {
            if self.text[property.clone()].starts_with('!') {
                tag_at = Some(property);
            }
            reader.skip_blank();
        }
        Some((Place::Inline(reader.quoted()?), tag_at))
    }

    fn block(&self, value: &str) -> Option<Found> {
        let mut reader = Reader::new(self.text, self.cursor);
        let properties = reader.seek_block()?;
        let tag_at = properties
            .into_iter()
            .find(|p| self.text[p.clone()].starts_with('!'));
        let header_start = reader.at;
        reader.at += 1;
        reader.skip(|b| matches!(b, b'+' | b'-' | b'0'..=b'9'));
        let header = header_start..reader.at;
        let keeps = self.text[header.clone()].contains('+');
        let body_start = reader.line_end();
        let first = value.split('\n').find(|line| !line.is_empty());
        let (mut end, mut indent) = (body_start, None);
        while let Some(next) = reader.next_line() {
            reader.at = next;
            let line = &self.text[next..reader.line_end()];
            let spaces = line.len() - line.trim_start_matches(' ').len();
            if line.len() == spaces {
                // An empty line counts if a line of the value follows, or if it is kept.
                if keeps && next < self.text.len() {
                    end = reader.line_end();
                }
                continue;
            }
            let Some(first) = first else { break };
            let own = first.len() - first.trim_start_matches(' ').len();
            let indent = *indent.get_or_insert(spaces.saturating_sub(own));
            if spaces < indent {
                break;
            }
            end = reader.line_end();
        }
        let place = Place::Block {
            header,
            body: body_start..end,
            indent: indent.unwrap_or(0),
        };
        Some((place, tag_at))
    }

    fn in_flow(&self) -> bool {
        self.open.last().is_some_and(|open| open.in_flow)
    }

    fn byte(&self, character: usize) -> usize {
        match &self.bytes {
            Some(bytes) => bytes.get(character).copied().unwrap_or(self.text.len()),
            None => character.min(self.text.len()),
        }
    }
}

/// Where a scalar is, and where its tag is.
type Found = (Place, Option<Range<usize>>);
