//! Reads YAML text into a tree that knows where everything stands.

use std::borrow::Cow;
use std::ops::Range;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, Tag};

use super::YamlError;
use super::lines::Reader;
use super::tree::{Document, Node, Place, Properties, Scalar, Style};

/// Lists and mappings within each other, at most.
const DEPTH: usize = 200;

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
        let at = span.start;
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let properties = Properties::new(anchor, tag);
                let scalar = self.scalar(text.into_owned(), style, properties, start..end);
                self.close(Node::Scalar(scalar));
            }
            Event::Alias(anchor) => {
                self.cursor = end;
                self.close(Node::Alias {
                    anchor,
                    span: start..end,
                });
            }
            Event::SequenceStart(anchor, tag) => {
                let (properties, bracketed) =
                    (Properties::new(anchor, tag), self.opens(start..end));
                let span = start..end;
                self.start(
                    Node::List {
                        items: Vec::new(),
                        properties,
                        span,
                        bracketed,
                    },
                    at,
                )?;
            }
            Event::MappingStart(anchor, tag) => {
                let (properties, bracketed) =
                    (Properties::new(anchor, tag), self.opens(start..end));
                let span = start..end;
                self.start(
                    Node::Map {
                        entries: Vec::new(),
                        properties,
                        span,
                        bracketed,
                    },
                    at,
                )?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(start),
            Event::DocumentStart(_) => self.cursor = self.cursor.max(end),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn start(&mut self, node: Node, at: Marker) -> Result<(), YamlError> {
        if DEPTH <= self.open.len() {
            let message = format!("more than {DEPTH} levels");
            return Err(YamlError::Syntax {
                line: at.line(),
                column: at.col() + 1,
                message,
            });
        }
        let bracketed = matches!(
            node,
            Node::List {
                bracketed: true,
                ..
            } | Node::Map {
                bracketed: true,
                ..
            }
        );
        let in_flow = self.in_flow() || bracketed;
        self.cursor = self.cursor.max(node.span().end);
        self.open.push(Open {
            node,
            key: None,
            in_flow,
        });
        Ok(())
    }

    fn end(&mut self, at: usize) {
        let Some(mut open) = self.open.pop() else {
            return;
        };
        let last = match &open.node {
            Node::List {
                bracketed: false,
                items,
                ..
            } => items.last(),
            Node::Map {
                bracketed: false,
                entries,
                ..
            } => entries.last().map(|(_, value)| value),
            Node::List { .. } | Node::Map { .. } | Node::Scalar(_) | Node::Alias { .. } => None,
        };
        // What has no bracket at its end is said to end where the next thing begins, and what has
        // one is said to end after the comment that follows.
        let end = last
            .map_or(at + 1, |last| last.span().end)
            .min(self.text.len());
        if let Node::List { span, .. } | Node::Map { span, .. } = &mut open.node {
            span.end = end.max(span.start);
        }
        self.cursor = self.cursor.max(end);
        self.close(open.node);
    }

    /// Whether a bracket or brace opens here, after properties perhaps.
    fn opens(&self, at: Range<usize>) -> bool {
        self.text
            .get(at)
            .is_some_and(|text| text.ends_with(['[', '{']))
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

impl Properties {
    fn new(anchor: usize, tag: Option<Cow<'_, Tag>>) -> Self {
        Self {
            anchor,
            tag: tag.map(|tag| format!("{}{}", tag.handle, tag.suffix)),
        }
    }
}
